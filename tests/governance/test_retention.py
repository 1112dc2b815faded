"""What goes before what, typed here from the order that the rules state: hold, retention, erasure, project rule."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from governance.foundation.core.errors import NotAllowed, NotFound, Unusable, WrongState
from governance.law.regulation import rules as regulation
from governance.materials.datasets import services as datasets
from governance.oversight.retention import periods, rules, selectors, services
from governance.oversight.retention.rules import Basis, Ground, Held, Thing
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


DAYS = st.dates(date(2020, 1, 1), date(2060, 1, 1))
GROUNDS = st.builds(
    Ground, basis=st.sampled_from(Basis), says=st.sampled_from(["a", "b"]), until=st.none() | DAYS, ends=st.just("then")
)


@given(st.lists(GROUNDS), GROUNDS, DAYS)
def test_a_ground_more_never_lets_anything_go_earlier(grounds: list[Ground], more: Ground, today: date) -> None:
    assert not rules.standing(grounds, today) or rules.standing([*grounds, more], today)
    before, after = rules.free_from(grounds), rules.free_from([*grounds, more])
    assert after is None or (before is not None and before <= after)


@given(st.lists(GROUNDS), DAYS, st.randoms())
def test_their_order_changes_nothing(grounds: list[Ground], today: date, dice: Any) -> None:
    shuffled = dice.sample(grounds, len(grounds))
    assert rules.standing(shuffled, today) == rules.standing(grounds, today)
    assert rules.free_from(shuffled) == rules.free_from(grounds)


@given(st.lists(GROUNDS), GROUNDS, DAYS)
def test_a_hold_or_a_running_period_always_keeps_and_answers_first(
    grounds: list[Ground], held: Ground, today: date
) -> None:
    weighty = [Basis.LEGAL_HOLD, Basis.STATUTORY]
    if held.basis not in weighty or (held.until is not None and held.until < today):
        return
    found = rules.standing([*grounds, held], today)
    assert rules.standing([*grounds, held], today) and found[0].basis in weighty
    # typed here from the order in words: none of a lighter basis stands before one of a weightier
    weight = ["legal-hold", "statutory-retention", "needed", "project-rule"]
    places = [weight.index(one.basis.value) for one in found]
    assert places == sorted(places)


@given(st.lists(GROUNDS), DAYS)
def test_a_thing_may_go_from_the_day_after_its_last_ground(grounds: list[Ground], today: date) -> None:
    free = rules.free_from(grounds)
    assert (not rules.standing(grounds, today)) == (free is not None and free <= today)
    assert [Ground.of(one.as_json()) for one in grounds] == grounds


def test_a_rule_keeps_to_its_last_day_and_without_days_for_good() -> None:
    kept = rules.by_rule(Thing.DATA, date(2026, 5, 4), {"data": 30}, "Retention rule 2")
    assert kept.until == date(2026, 6, 2)  # the thirtieth day, the first counted
    assert kept.words == (
        "Retention rule 2 keeps it for 30 days after it was registered, or a run last had it, until 02 June 2026"
    )
    for nothing in ({}, {"data": None}):
        assert rules.by_rule(Thing.DATA, date(2026, 5, 4), nothing, "").until is None


def duties(*ids: str) -> dict[str, Any]:
    return {"duties": [{"id": name} for name in ids]}


def test_which_period_is_counted_from_which_day() -> None:
    let_go = periods.LetGo("clerk-1", date(2028, 2, 29), (duties("art-9", "art-18"), duties("art-18", "art-54")))
    assert {(one.ref, one.until) for one in periods.grounds(let_go, Basis.STATUTORY)} == {
        ("Article 18(1)", date(2038, 2, 28)), ("Article 54(3), point (b)", date(2038, 2, 28)),
    }  # fmt: skip
    waits = periods.LetGo("clerk-1", None, (duties("art-18"),))
    assert [(one.until, one.ends) for one in periods.grounds(waits, Basis.NEEDED)] == [
        (None, "10 years from the release, which has not happened")
    ]
    assert (
        periods.grounds(periods.LetGo("clerk-1", date(2028, 1, 1), (duties("art-26", "art-50"),)), Basis.NEEDED) == []
    )


def test_every_period_that_is_counted_stands_in_the_edition_under_its_duty() -> None:
    law = regulation.latest()
    assert set(periods.PERIOD_OF) <= set(law.duties)
    for duty, period in periods.PERIOD_OF.items():
        assert law.retention[period].ref.startswith(law.duties[duty].ref) and not law.retention[period].voluntary


pytestmark = pytest.mark.django_db


def test_a_rule_is_set_and_kept_as_it_was(home: House) -> None:
    told = {"actor": home.cleo, "project_id": home.project.pk, "reason": "Storage."}
    first = services.set_rule(days={"data": 30}, **told)
    second = services.set_rule(days={"unfinished-runs": 7}, **told)
    assert (first.number, second.number, selectors.rule(home.project.pk)) == (1, 2, second)
    assert second.days == {"unregistered-files": None, "unfinished-runs": 7, "data": None}
    with pytest.raises(Unusable, match="no kind of thing"):
        services.set_rule(days={"weights": 3}, **told)
    with pytest.raises(Unusable, match="no time to keep"):
        services.set_rule(days={"data": 0}, **told)
    with pytest.raises(NotAllowed):
        services.set_rule(days={"data": 3}, **{**told, "actor": home.ada})
    with pytest.raises(NotFound):
        services.set_rule(days={"data": 3}, **{**told, "actor": home.dev})


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
