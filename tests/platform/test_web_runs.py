"""Run pages: what a choice says of its approval, what a failure says, and which act is offered when."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from assay.web.forms.runs import RunForm, as_the_form_says, initial_of
from governance.foundation.jobs.models import Job
from governance.people.approvals import services as approvals
from governance.work.runs import services
from governance.work.runs.models import Run
from governance.work.runs.rules import State, can_end_otherwise
from tests import factories
from tests.people import PASSWORD, House


@pytest.fixture(autouse=True)
def quick_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "estimate", lambda run: {"reason": "not asked in this test"})


@pytest.fixture
def page(home: House, models_dir: object) -> Callable[[str, str], str]:
    """What somebody reads at an address."""

    def read(who: str, url: str) -> str:
        client = Client()
        assert client.login(username=who, password=PASSWORD)
        response = client.get(url)
        assert response.status_code == 200
        return " ".join(response.content.decode().split())

    return read


def draft(home: House, **changed: Any) -> Run:
    given: dict[str, Any] = {
        "base_model_id": factories.base_model(home).pk, "data": [factories.dataset_version(home).pk],
        "evaluation_plan_id": factories.evaluation_plan(home).pk, "training": {"hyperparameters": {"max_steps": 5}},
    }  # fmt: skip
    return services.prepare(actor=home.ada, project_id=home.project.pk, **given | changed)


def failed(home: House, **error: str) -> Run:
    run = factories.launched_run(home)
    Run.objects.filter(pk=run.pk).update(state="failed", error=error)
    return run


def at(run: Run) -> str:
    return reverse("run-detail", args=[run.pk])


def test_a_failure_names_settings_as_the_form_does(home: House, page: Callable[[str, str], str]) -> None:
    message = "No row has a token to learn from within 16 tokens; raise hyperparameters.max_length."
    shown = page("ada", at(failed(home, code="no-training-rows", message=message, where="data.train", fault="user")))
    assert "raise “Longest row, tokens” (max_length)." in shown
    assert "“Training data” (train)" in shown


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Lower batch_size or max_length.", "Lower “Batch” (batch_size) or “Longest row, tokens” (max_length)."),
        ("spec.method.r", "“Rank r” (r)"),
        ("spec.base_model_sha256", "spec.base_model_sha256"),
        ("/srv/data.jsonl was not read", "/srv/data.jsonl was not read"),
    ],
)
def test_only_settings_are_renamed(said: str, read: str) -> None:
    assert as_the_form_says(said) == read


def test_what_would_fail_again_is_not_offered_again(home: House, page: Callable[[str, str], str]) -> None:
    run = failed(home, code="too-long", message="Too long.", where="", fault="user")
    shown = page("ada", at(run))
    assert "Take it up again" not in shown
    assert f"{reverse('run-create', args=[home.project.pk])}?from={run.pk}" in shown
    run = failed(home, code="worker-lost", message="The worker was lost.", where="worker", fault="platform")
    assert "Take it up again" in page("ada", at(run))
    assert "Take it up again" not in page("vera", at(run))


@pytest.mark.parametrize(
    ("code", "fault", "can"),
    [
        ("invalid-rows", "user", False),
        ("budget-used-up", "user", False),
        ("diverged", "platform", False),
        ("base-model-changed", "user", True),
        ("energy-not-measured", "user", True),
        ("too-little-memory", "platform", True),
    ],
)
def test_whether_the_same_plan_can_end_otherwise(code: str, fault: str, can: bool) -> None:
    assert can_end_otherwise({"code": code, "fault": fault}) is can


def test_a_draft_offers_one_way_to_ask(home: House, page: Callable[[str, str], str]) -> None:
    run = draft(home)
    for tab in ("overview", "approvals"):
        shown = page("ada", f"{at(run)}?tab={tab}")
        assert "Submit for approval" in shown and "Ask for approval" not in shown
    request = services.submit(actor=home.ada, run_id=run.pk)
    approvals.withdraw(actor=home.ada, request_id=request.pk)
    shown = page("ada", at(run))
    assert "Ask for approval" in shown and "Submit for approval" not in shown


def test_a_choice_says_whether_it_is_approved(home: House, page: Callable[[str, str], str]) -> None:
    model = factories.base_model(home)
    version = factories.dataset_version(home)
    form = reverse("run-create", args=[home.project.pk])
    assert f"{model} (approved)" in page("ada", form)
    type(version).objects.filter(pk=version.pk).update(licence="MIT")
    shown = page("ada", form)
    assert "Void: changed since" in shown and "needed to submit" in shown


def test_the_only_choice_is_made_already_and_a_copy_keeps_what_it_left_open(home: House, models_dir: object) -> None:
    run = draft(home, evaluation_plan_id=None)
    plan = factories.evaluation_plan(home)
    made = RunForm(project=home.project).initial
    assert made == {"base_model": run.base_model_id, "data": [run.data()[0].pk], "evaluation_plan": plan.pk}
    assert RunForm(project=home.project, initial=initial_of(run)).initial["evaluation_plan"] is None
    factories.dataset_version(home, rows=5)
    assert "data" not in RunForm(project=home.project).initial


def test_rows_held_out_are_asked_for_in_per_cent(home: House, models_dir: object) -> None:
    run = draft(home, training={"data": {"validation_fraction": 0.07}, "hyperparameters": {"max_steps": 5}})
    shown = initial_of(run)
    assert shown["validation_fraction"] == "7"
    form = RunForm({**shown, "device": "auto", "precision": "auto"}, project=home.project)
    assert form.is_valid(), form.errors
    assert form.plan()["training"]["data"]["validation_fraction"] == 0.07


def test_a_run_between_two_workers_says_that_it_waits(home: House, page: Callable[[str, str], str]) -> None:
    run = factories.launched_run(home)
    Run.objects.filter(pk=run.pk).update(state=State.RUNNING)
    for url in (at(run), reverse("run-list"), reverse("home")):
        assert "Waits to be taken up again" in page("ada", url)
    Job.objects.filter(subject_id=run.pk).update(state="running", lease_until=run.created_at)
    assert "Waits to be taken up again" not in page("ada", at(run))


def test_the_page_is_fetched_anew_when_a_worker_takes_the_run(home: House, models_dir: object) -> None:
    run = factories.launched_run(home)
    client = Client()
    client.login(username="ada", password=PASSWORD)
    live = reverse("run-live", args=[run.pk])
    assert "HX-Refresh" not in client.get(live, {"look": "queued"})
    Run.objects.filter(pk=run.pk).update(state=State.RUNNING)
    assert client.get(live, {"look": "queued"})["HX-Refresh"] == "true"


def test_a_version_to_validate_on_is_planned_and_comes_back(home: House) -> None:
    learnt, held_out = factories.dataset_version(home), factories.dataset_version(home, rows=9)
    run = draft(home, validation_data=[held_out.pk])
    shown = initial_of(run)
    assert (shown["data"], shown["validation_data"]) == ([learnt.pk], [held_out.pk])
    form = RunForm({**shown, "device": "auto", "precision": "auto"}, project=home.project)
    assert form.is_valid(), form.errors
    assert form.plan()["validation_data"] == [held_out.pk]
    kept = services.revise(actor=home.ada, run_id=run.pk, **form.plan())
    assert [(link.role, link.dataset_version_id) for link in kept.links()] == [
        ("train", learnt.pk),
        ("validation", held_out.pk),
    ]
