"""What goes before what, typed here from the order that the rules state: hold, retention, erasure, project rule."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from governance.foundation.core.errors import NotAllowed, NotFound, Unusable, WrongState
from governance.materials.datasets import services as datasets
from governance.oversight.retention import rules, selectors, services
from governance.oversight.retention.rules import Basis, Held
from tests.people import House

TODAY = date(2026, 5, 4)


@pytest.mark.parametrize(
    ("basis", "keeps"),
    [(Basis.LEGAL_HOLD, True), (Basis.STATUTORY, True), (Basis.PROJECT_RULE, False)],
)
def test_what_keeps_rows_from_being_erased(basis: Basis, keeps: bool) -> None:
    assert rules.goes_before(basis) is keeps


@pytest.mark.parametrize(
    ("until", "is_lifted", "holds"),
    [
        (None, False, True),
        (TODAY, False, True),  # its last day
        (TODAY - timedelta(days=1), False, False),
        (TODAY + timedelta(days=1), False, True),
        (None, True, False),
        (TODAY + timedelta(days=1), True, False),
    ],
)
def test_when_a_hold_is_in_force(until: date | None, is_lifted: bool, holds: bool) -> None:
    assert rules.in_force(Held(Basis.LEGAL_HOLD, until, is_lifted), TODAY) is holds


def test_the_weightiest_comes_first_and_of_one_basis_what_lasts_longest() -> None:
    rule, short = Held(Basis.PROJECT_RULE, None), Held(Basis.STATUTORY, TODAY)
    long, claim = Held(Basis.STATUTORY, TODAY + timedelta(days=9)), Held(Basis.LEGAL_HOLD, TODAY)
    over = Held(Basis.LEGAL_HOLD, TODAY - timedelta(days=1))
    assert rules.ordered([rule, short, over, long, claim], TODAY) == [claim, long, short, rule]
    assert rules.ordered([over], TODAY) == []


pytestmark = pytest.mark.django_db


def test_a_hold_is_on_one_dataset_or_on_all(home: House) -> None:
    one = datasets.create(actor=home.ada, project_id=home.project.pk, name="One")
    other = datasets.create(actor=home.ada, project_id=home.project.pk, name="Other")
    told = {"actor": home.cleo, "project_id": home.project.pk}
    rule = services.place(basis=Basis.PROJECT_RULE, ground="Two years.", **told)
    assert selectors.on(other) == [rule] and selectors.before_erasure(other) is None
    hold = services.place(basis=Basis.LEGAL_HOLD, ground="A claim.", dataset_id=one.pk, **told)
    assert selectors.on(one) == [hold, rule] and selectors.on(other) == [rule]
    assert selectors.before_erasure(one) == hold
    services.lift(actor=home.paula, hold_id=hold.pk, reason="Settled.")
    assert selectors.before_erasure(one) is None
    with pytest.raises(WrongState):
        services.lift(actor=home.paula, hold_id=hold.pk, reason="Again.")


def test_who_places_a_hold_and_what_it_needs(home: House) -> None:
    told = {"project_id": home.project.pk, "basis": Basis.LEGAL_HOLD, "ground": "A claim."}
    for actor in (home.ada, home.ben, home.rita, home.omar, home.vera, home.admin):
        with pytest.raises(NotAllowed, match="a compliance officer or a data protection officer"):
            services.place(actor=actor, **told)
    with pytest.raises(NotFound):
        services.place(actor=home.dev, **told)
    for wrong, field in (
        ({"ground": " "}, "ground"),
        ({"basis": Basis.STATUTORY}, "until"),
        ({"until": timezone.localdate() - timedelta(days=1)}, "until"),
    ):
        with pytest.raises(Unusable) as refused:
            services.place(actor=home.cleo, **(told | wrong))  # type: ignore[arg-type]
        assert [fault.field for fault in refused.value.faults] == [field]
    elsewhere = datasets.create(actor=home.dev, project_id=home.elsewhere.pk, name="Theirs")
    with pytest.raises(NotFound):
        services.place(actor=home.cleo, dataset_id=elsewhere.pk, **told)
    hold = services.place(actor=home.cleo, **told)
    with pytest.raises(NotFound):
        services.lift(actor=home.dev, hold_id=hold.pk, reason="Mine?")
    with pytest.raises(Unusable):
        services.lift(actor=home.cleo, hold_id=hold.pk, reason=" ")
