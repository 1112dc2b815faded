"""A run plan from draft to queue: what keeps it from starting, and what a change does."""

from typing import Any

import pytest

from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import GateClosed, NotAllowed, NotFound, Unusable, WrongState
from governance.foundation.jobs.models import Job, Outbox
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals import services as approvals
from governance.people.approvals.rules import State as Asked
from governance.people.approvals.selectors import standing
from governance.people.policies.kinds import Act
from governance.people.projects import services as projects
from governance.people.projects.rules import Role
from governance.work.evaluation_plans import services as evaluation_plans
from governance.work.runs import gates, selectors, services
from governance.work.runs.models import Run
from governance.work.runs.rules import TRANSITIONS, State
from tests import factories
from tests.people import House


@pytest.fixture(autouse=True)
def quick_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The estimate has tests of its own; here it would start a process for each submission."""
    monkeypatch.setattr(services, "estimate", lambda run: {"reason": "not asked for in this test"})


def draft(home: House, **changed: Any) -> Run:
    asked: dict[str, Any] = {
        "base_model_id": factories.base_model(home).pk,
        "data": [factories.dataset_version(home).pk],
        "evaluation_plan_id": factories.evaluation_plan(home).pk,
        "training": {"method": {"name": "lora", "r": 8}},
    }
    return services.prepare(actor=home.ada, project_id=home.project.pk, **(asked | changed))


def red(run: Run) -> list[str]:
    return [gate.key.split(":")[0] for gate in gates.for_run(run) if gate.light == gates.Light.RED]


def test_a_plan_keeps_every_default_so_that_an_approval_covers_them(home: House) -> None:
    training = draft(home).training
    assert training["method"] == {"name": "lora", "r": 8, "alpha": 32, "dropout": 0.0, "target_modules": "all-linear"}
    assert training["hyperparameters"]["learning_rate"] == "auto"
    assert training["data"] == {"validation_fraction": None, "rendering": "auto"}


@pytest.mark.parametrize(
    ("training", "field"),
    [
        ({"method": {"name": "qlora"}}, "training.method.name"),
        ({"hyperparameters": {"learning_rates": 1}}, "training.hyperparameters.learning_rates"),
        ({"device": "tpu"}, "training.device"),
        ({"base_model": "other"}, "training.base_model"),
    ],
)
def test_a_setting_that_the_trainer_would_refuse_is_refused_with_its_field(
    home: House, training: dict[str, Any], field: str
) -> None:
    with pytest.raises(Unusable) as error:
        draft(home, training=training)
    assert error.value.faults[0].field == field
    assert not Run.objects.exists()


def test_another_projects_data_is_as_if_absent(home: House) -> None:
    run = draft(home)
    with pytest.raises(NotFound):
        services.prepare(
            actor=home.dev,
            project_id=home.elsewhere.pk,
            base_model_id=run.base_model_id,
            data=[version.pk for version in run.data()],
            training={},
        )


def test_nothing_starts_before_every_gate_is_open(home: House) -> None:
    run = draft(home)
    with pytest.raises(WrongState, match="only a submitted run"):
        services.launch(actor=home.ada, run_id=run.pk)
    request = services.submit(actor=home.ada, run_id=run.pk)
    with pytest.raises(GateClosed) as error:
        services.launch(actor=home.ada, run_id=run.pk)
    assert {missing.kind for missing in error.value.missing} == {"run"} | (
        {gate.split(":")[0] for gate in red(run)} - {"approval"}
    )
    assert not Job.objects.filter(subject_id=run.pk).exists()
    factories.approve(home.rita, request)
    assert standing(Run.objects.get(pk=run.pk)).granted


def test_an_approved_run_is_queued_with_its_message_in_one_act(home: House) -> None:
    run = factories.launched_run(home)
    assert run.state == State.QUEUED
    job = Job.objects.get(task="train", subject_id=run.pk)
    assert Outbox.objects.filter(job=job).count() == 1
    with pytest.raises(WrongState):
        services.launch(actor=home.ada, run_id=run.pk)


def test_the_engineer_cannot_approve_her_own_plan(home: House) -> None:
    request = services.submit(actor=home.ada, run_id=draft(home).pk)
    with pytest.raises(NotAllowed, match=r"Ada (submitted|prepared) the run plan|Ada wrote the run's thresholds"):
        factories.approve(home.ada, request)


def test_a_changed_setting_voids_the_approval_and_nothing_else(home: House) -> None:
    run = draft(home)
    factories.approve(home.rita, services.submit(actor=home.ada, run_id=run.pk))
    version = run.data()[0]
    before = standing(version).granted
    services.revise(
        actor=home.ada,
        run_id=run.pk,
        base_model_id=run.base_model_id,
        data=[version.pk],
        evaluation_plan_id=run.evaluation_plan_id,
        training={"method": {"name": "lora", "r": 16}},
    )
    run.refresh_from_db()
    assert run.state == State.DRAFT
    assert not standing(run).granted and standing(run).changed
    assert standing(version).granted == before


def test_changed_data_voids_the_plan_that_rests_on_it(home: House) -> None:
    run = draft(home)
    factories.approve(home.rita, services.submit(actor=home.ada, run_id=run.pk))
    assert standing(Run.objects.get(pk=run.pk)).granted
    DatasetVersion.objects.filter(pk=run.data()[0].pk).update(licence="CC-BY-NC-4.0")
    assert not standing(Run.objects.get(pk=run.pk)).granted


def test_a_licence_that_stands_in_the_way_stops_the_submission(home: House) -> None:
    version = factories.dataset_version(home, licence="CC-BY-NC-4.0", rows=31)
    project = home.project
    type(project).objects.filter(pk=project.pk).update(use="commercial")
    run = draft(home, data=[version.pk])
    with pytest.raises(GateClosed, match="rule against it"):
        services.submit(actor=home.ada, run_id=run.pk)
    run.refresh_from_db()
    assert run.state == State.DRAFT


def test_thresholds_are_locked_by_the_first_submission(home: House) -> None:
    run = draft(home)
    services.submit(actor=home.ada, run_id=run.pk)
    with pytest.raises(WrongState, match="locked"):
        evaluation_plans.revise(actor=home.ada, plan_id=run.evaluation_plan.pk, rationale="Later.")


def test_a_run_that_waits_is_cancelled_at_once(home: House) -> None:
    run = factories.launched_run(home)
    assert services.cancel(actor=home.rita, run_id=run.pk).state == State.CANCELLED
    assert Job.objects.get(subject_id=run.pk).state == "cancelled"


def test_a_viewer_may_look_and_do_nothing(home: House) -> None:
    run = draft(home)
    assert selectors.visible(home.vera, run.pk) == run
    for act in (services.submit, services.launch, services.cancel, services.resume):
        with pytest.raises(NotAllowed):
            act(actor=home.vera, run_id=run.pk)


def test_plan_and_observed_agree_on_what_was_done(home: House) -> None:
    run = factories.finished_run(home)
    rows = {row.fact: row.agrees for row in selectors.plan_and_observed(run)}
    assert rows["Base model"] is True and rows["method"] is True
    assert not [fact for fact, agrees in rows.items() if agrees is False]


def test_every_state_can_be_left_or_is_an_end() -> None:
    reachable = {to for steps in TRANSITIONS.values() for to in steps}
    assert reachable | {State.DRAFT} == set(State)
    assert [state for state, steps in TRANSITIONS.items() if not steps] == [State.SUCCEEDED]


def revised(home: House, run: Run, *, by: Actor | None = None, **changed: Any) -> Run:
    """The same plan written again, with `changed` in it."""
    same: dict[str, Any] = {
        "base_model_id": run.base_model_id,
        "data": [version.pk for version in run.data()],
        "evaluation_plan_id": run.evaluation_plan_id,
        "training": {"method": {"name": "lora", "r": 8}},
    }
    return services.revise(actor=by or home.ada, run_id=run.pk, **(same | changed))


def test_whoever_revised_a_plan_cannot_approve_it_though_somebody_else_submitted_it(home: House) -> None:
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="rita", role=Role.ML_ENGINEER)
    run = draft(home)
    revised(home, run, by=home.rita, training={"method": {"name": "lora", "r": 16}})
    request = services.submit(actor=home.ada, run_id=run.pk)
    with pytest.raises(NotAllowed, match="Rita revised the run plan and cannot decide on it"):
        factories.approve(home.rita, request)
    authors = [(author["name"], author["act"]) for author in Run.objects.get(pk=run.pk).authors]
    assert authors == [
        ("Ada Brandt", "prepared the run plan"),
        ("Rita Falk", "revised the run plan"),
        ("Ada Brandt", "submitted the run plan"),
    ]


def test_whoever_took_a_run_up_again_made_it_too(home: House) -> None:
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="rita", role=Role.ML_ENGINEER)
    run = factories.launched_run(home)
    services.cancel(actor=home.ada, run_id=run.pk)
    services.resume(actor=home.rita, run_id=run.pk)
    touched = Run.objects.get(pk=run.pk).touched_by()
    assert [(act, did) for person, act, did in touched if person == home.rita.user_id] == [
        (Act.MADE, "took the run up again")
    ]


def test_a_plan_that_is_rewritten_while_asked_about_can_be_asked_about_again(home: House) -> None:
    run = draft(home)
    first = services.submit(actor=home.ada, run_id=run.pk)
    revised(home, run, title="Another title")
    first.refresh_from_db()
    assert first.state == Asked.VOID
    answer = standing(Run.objects.get(pk=run.pk))
    assert (answer.granted, answer.changed, answer.why) == (False, False, "Nobody was asked yet.")
    second = services.submit(actor=home.ada, run_id=run.pk)
    assert (second.state, second.subject_digest) == (Asked.OPEN, first.subject_digest)
    factories.approve(home.rita, second)
    assert standing(Run.objects.get(pk=run.pk)).granted


def test_an_approved_plan_with_another_title_keeps_its_approval(home: House) -> None:
    run = draft(home)
    request = services.submit(actor=home.ada, run_id=run.pk)
    factories.approve(home.rita, request)
    revised(home, run, title="Another title")
    assert services.submit(actor=home.ada, run_id=run.pk) == request
    run.refresh_from_db()
    assert (run.state, run.title, standing(run).granted) == (State.SUBMITTED, "Another title", True)


def test_a_draft_is_not_asked_about(home: House) -> None:
    run = draft(home)
    with pytest.raises(WrongState, match="submitting it asks for its approval"):
        approvals.ask(actor=home.ada, subject=run, project_id=home.project.pk)


def test_cancelling_a_submitted_run_closes_what_is_asked_about_it(home: House) -> None:
    run = draft(home)
    request = services.submit(actor=home.ada, run_id=run.pk)
    services.cancel(actor=home.rita, run_id=run.pk)
    request.refresh_from_db()
    assert request.state == Asked.VOID
    event = AuditEvent.objects.get(action="approval.voided")
    assert event.subject_id == str(request.pk)
    with pytest.raises(WrongState, match="closed"):
        factories.approve(home.rita, request)


def test_a_request_that_outlived_its_plan_takes_no_decision(home: House) -> None:
    run = draft(home)
    request = services.submit(actor=home.ada, run_id=run.pk)
    Run.objects.filter(pk=run.pk).update(state=State.CANCELLED)
    with pytest.raises(WrongState, match="R-1 is cancelled"):
        factories.approve(home.rita, request)
    assert not request.decisions.exists()
