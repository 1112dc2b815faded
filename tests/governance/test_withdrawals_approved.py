"""Where a policy asks for it, others approve before withdrawn data may be used again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.delivery.lineage import services as lineage
from governance.delivery.lineage.models import Withdrawal
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import GateClosed, NotAllowed, WrongState
from governance.people.approvals import reauthentication, subjects
from governance.people.approvals import services as asking
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import State, Verdict
from governance.people.approvals.selectors import standing
from governance.people.projects import services as projects
from governance.people.projects.rules import Role
from tests import factories
from tests.callers import by_session
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db
TERMS = {"steps": [{"name": "Return", "roles": ["risk_owner", "data_steward", "data_protection_officer"]}]}


@pytest.fixture
def withdrawal(home: House) -> Withdrawal:
    """Cleo withdrew what Ada registered and Ben approved."""
    version = factories.dataset_version(home)
    return lineage.withdraw(actor=home.cleo, version_id=version.pk, reason="Consent was taken back.")


@pytest.fixture
def governed(home: House) -> None:
    factories.governed(home, TERMS, "withdrawal")


def ask(home: House, withdrawal: Withdrawal) -> ApprovalRequest:
    return asking.ask(actor=home.cleo, subject=withdrawal, project_id=home.project.pk)


def take_back(actor: Actor, withdrawal: Withdrawal) -> Withdrawal:
    proof = reauthentication.by_password(
        actor=actor, password=PASSWORD, subject_digest=withdrawal.content_digest, verdict=Verdict.APPROVE
    )
    return lineage.take_back(actor=actor, withdrawal_id=withdrawal.pk, reason="It was a mix-up.", proof=proof)


def test_without_a_policy_nobody_is_asked(home: House, withdrawal: Withdrawal) -> None:
    with pytest.raises(WrongState, match="No policy here asks for the approval of reinstatements"):
        ask(home, withdrawal)
    assert take_back(home.paula, withdrawal).taken_back_at


@pytest.mark.usefixtures("governed")
def test_with_one_it_is_taken_back_once_others_approved(home: House, withdrawal: Withdrawal) -> None:
    with pytest.raises(GateClosed) as shut:
        take_back(home.paula, withdrawal)
    assert "needs" in shut.value.missing[0].what
    factories.approve(home.rita, ask(home, withdrawal))
    assert take_back(home.paula, withdrawal).taken_back_at
    assert standing(withdrawal.version, home.project.pk).granted


@pytest.mark.usefixtures("governed")
def test_who_withdrew_it_or_had_a_part_in_what_it_reached_does_not_approve(home: House, withdrawal: Withdrawal) -> None:
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="cleo", role=Role.RISK_OWNER)
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="ada", role=Role.RISK_OWNER)
    request = ask(home, withdrawal)
    for barred in (home.cleo, home.ada):
        with pytest.raises(NotAllowed):
            factories.approve(barred, request)


@pytest.mark.usefixtures("governed")
def test_who_approved_it_does_not_take_it_back(home: House, withdrawal: Withdrawal) -> None:
    factories.approve(home.rita, ask(home, withdrawal))
    with pytest.raises(NotAllowed, match="You decided on it"):
        take_back(home.rita, withdrawal)
    assert take_back(home.paula, withdrawal).taken_back_at


@pytest.mark.usefixtures("governed")
def test_who_had_a_part_is_asked_of_many_withdrawals_as_of_one(home: House, withdrawal: Withdrawal) -> None:
    def queries() -> int:
        found = subjects.load_all("withdrawal", list(Withdrawal.objects.values_list("pk", flat=True)))
        with CaptureQueriesContext(connection) as asked:
            touched = subjects.touched_all(list(found.values()))
        assert all({home.cleo.user_id, home.ada.user_id} <= {one.person for one in each} for each in touched.values())
        return len(asked)

    one = queries()
    for row in (1, 2):
        lineage.withdraw(actor=home.cleo, version_id=withdrawal.version_id, rows=[row], reason="Not theirs to give.")
    assert queries() == one


@pytest.mark.usefixtures("governed")
def test_should_it_reach_more_it_is_asked_about_anew(home: House, withdrawal: Withdrawal) -> None:
    request = ask(home, withdrawal)
    factories.approve(home.rita, request)
    factories.registered_version(home, rows=9, derived_from_versions=[str(withdrawal.version_id)])
    assert withdrawal.affected.count() == 2
    request.refresh_from_db()
    assert request.state == State.VOID
    with pytest.raises(GateClosed, match="cannot be taken back"):
        take_back(home.paula, withdrawal)


@pytest.mark.usefixtures("governed")
def test_the_page_asks_and_says_what_it_waits_for(home: House, withdrawal: Withdrawal) -> None:
    cleo = by_session(home.cleo)
    page = cleo.get(f"/withdrawals/{withdrawal.pk}/").content.decode()
    assert "Ask for approval" in page
    assert "It is taken back here once that is approved." not in page  # Cleo withdrew it, and is told that
    paula = by_session(home.paula).get(f"/withdrawals/{withdrawal.pk}/").content.decode()
    assert "It is taken back here once that is approved." in paula
    assert cleo.post(f"/projects/{home.project.pk}/ask/withdrawal/{withdrawal.pk}/", {"note": ""}).status_code == 302
    request = ApprovalRequest.objects.get(subject_kind="withdrawal")
    shown = by_session(home.rita).get(f"/approvals/{request.pk}/").content.decode()
    for fact in subjects.summary(withdrawal, home.project):
        assert f"<dt>{fact.label}</dt>" in shown
    factories.approve(home.rita, request)
    assert 'action="/withdrawals/' in by_session(home.paula).get(f"/withdrawals/{withdrawal.pk}/").content.decode()


@pytest.mark.usefixtures("governed")
def test_what_was_taken_back_is_no_subject_any_more(home: House, withdrawal: Withdrawal) -> None:
    factories.approve(home.rita, ask(home, withdrawal))
    with pytest.raises(WrongState, match="taken back already"):
        ask(home, take_back(home.paula, withdrawal))
