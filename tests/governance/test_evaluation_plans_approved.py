"""Where a policy asks for it, what is measured and its limits are approved before a run under them is launched."""

import pytest

from governance.foundation.core.errors import GateClosed, NotAllowed, WrongState
from governance.people.approvals import selectors as approvals
from governance.people.approvals import services as asking
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.selectors import standing
from governance.work.evaluation_plans import services
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.runs import gates
from governance.work.runs import services as runs
from governance.work.runs.models import Run
from tests import factories
from tests.people import House

pytestmark = pytest.mark.django_db
TERMS = {"steps": [{"name": "Limits", "roles": ["risk_owner", "compliance_officer", "ml_engineer"]}]}


@pytest.fixture(autouse=True)
def quick_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The estimate has tests of its own; here it would start a process for each submission."""
    monkeypatch.setattr(runs, "estimate", lambda run: {"reason": "not asked for in this test"})


def ask(home: House, plan: EvaluationPlan) -> ApprovalRequest:
    return asking.ask(actor=home.ada, subject=plan, project_id=home.project.pk)


def submitted(home: House, plan: EvaluationPlan) -> Run:
    """A run that lacks nothing but what is asked of its evaluation plan."""
    factories.classification(home)
    run = runs.prepare(
        actor=home.ada, project_id=home.project.pk, base_model_id=factories.base_model(home).pk,
        data=[factories.dataset_version(home).pk], evaluation_plan_id=plan.pk, training={},
    )  # fmt: skip
    factories.approve(home.rita, runs.submit(actor=home.ada, run_id=run.pk))
    return Run.objects.select_related("evaluation_plan", "project", "base_model").get(pk=run.pk)


def test_without_a_policy_nobody_is_asked_and_nothing_waits(home: House) -> None:
    plan = factories.evaluation_plan(home)
    with pytest.raises(WrongState, match="No policy here asks for the approval of evaluation plans"):
        ask(home, plan)
    run = submitted(home, plan)
    assert list(gates.limits(run.evaluation_plan)) == []
    runs.launch(actor=home.ada, run_id=run.pk)


def test_where_a_policy_asks_for_it_no_run_is_launched_under_a_plan_that_nobody_approved(home: House) -> None:
    factories.governed(home, TERMS, "evaluation_plan")
    plan = factories.evaluation_plan(home)
    run = submitted(home, plan)
    with pytest.raises(GateClosed) as shut:
        runs.launch(actor=home.ada, run_id=run.pk)
    (missing,) = shut.value.missing
    assert missing.what.startswith("Support, limited risk needs one ") and missing.id == str(plan.pk)
    plan.refresh_from_db()
    factories.approve(home.rita, ask(home, plan))
    runs.launch(actor=home.ada, run_id=run.pk)


def test_what_was_approved_is_what_is_locked_with_the_run(home: House) -> None:
    """Asking pins the suites, so that locking changes nothing of what was signed."""
    factories.governed(home, TERMS, "evaluation_plan")
    plan = factories.evaluation_plan(home)
    before = plan.content_digest
    factories.approve(home.rita, ask(home, plan))
    assert plan.content_digest != before and all("sha256" in task for task in plan.tasks if task["name"] == "safety")
    run = submitted(home, plan)
    assert run.evaluation_plan is not None and run.evaluation_plan.locked_at is not None
    assert standing(run.evaluation_plan).granted
    runs.launch(actor=home.ada, run_id=run.pk)


def test_whoever_wrote_any_of_the_limits_does_not_approve_them(home: House) -> None:
    factories.governed(home, TERMS, "evaluation_plan")
    plan = factories.evaluation_plan(home)
    services.revise(actor=home.cleo, plan_id=plan.pk, thresholds=factories.THRESHOLDS[:2])
    plan.refresh_from_db()
    request = ask(home, plan)
    assert [request.pk in {each.pk for each in approvals.inbox(who)} for who in (home.ada, home.cleo, home.rita)] == [
        False, False, True,
    ]  # fmt: skip
    with pytest.raises(NotAllowed, match="Cleo wrote this evaluation plan and cannot decide on it"):
        factories.approve(home.cleo, request)


def test_an_edited_limit_takes_the_approval_away_for_good(home: House) -> None:
    """Also where somebody writes back what had been approved: those who did not write it are asked anew."""
    factories.governed(home, TERMS, "evaluation_plan")
    plan = factories.evaluation_plan(home)
    factories.approve(home.rita, ask(home, plan))
    services.revise(actor=home.ada, plan_id=plan.pk, thresholds=factories.THRESHOLDS[:1])
    plan.refresh_from_db()
    assert not standing(plan).granted and standing(plan).changed
    services.revise(actor=home.ada, plan_id=plan.pk, thresholds=factories.THRESHOLDS)
    plan.refresh_from_db()
    assert not standing(plan).granted
    again = ask(home, plan)
    assert again.state == "granted", "what Rita approved is carried over: it is the same, and she wrote none of it"
