"""Evaluation plans: what can be asked for, who wrote it, and that it is fixed before the run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evaluation import registry
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable, WrongState
from governance.people.approvals import selectors as approvals
from governance.people.projects import services as projects
from governance.people.projects.rules import Role
from governance.work.evaluation_plans import measures, services
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.runs import services as runs
from preparation.digests import sha256_file
from tests import factories
from tests.people import House

LOSS = {"name": "validation-loss"}
SAFETY = {"name": "safety", "limit": 40}


def write(home: House, actor: Actor | None = None, **changes: object) -> EvaluationPlan:
    given: dict = {"name": "Support", "tasks": [LOSS, SAFETY], "thresholds": []}
    return services.write(actor=actor or home.ada, project_id=home.project.pk, **(given | changes))


def refused(home: House, **changes: object) -> list[str]:
    """The faults, as they are shown; nothing may be written."""
    with pytest.raises(Unusable) as caught:
        write(home, **changes)
    assert not EvaluationPlan.objects.exists()
    return [str(fault) for fault in caught.value.faults]


def test_the_list_of_tasks_is_the_library_s_own() -> None:
    assert set(measures.known()) == {registered.name for registered in registry.every()}
    assert measures.known()["counterfactual"].definition == registry.get("counterfactual").definition
    assert {"validation-loss", "exact-match", "forgetting", "counterfactual", "safety"} <= set(measures.usable())


def test_listing_tasks_loads_no_model_library() -> None:
    code = (
        "import sys, governance.work.evaluation_plans.measures as m; m.known();"
        "print([n for n in ('torch', 'transformers', 'numpy', 'scipy') if n in sys.modules])"
    )
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tasks": [{"name": "toxicity"}]}, ["tasks[0].name: There is no task “toxicity”.", "counterfactual"]),
        ({"tasks": []}, ["tasks", "name at least one task"]),
        ({"tasks": [LOSS, {"name": "safety", "limit": 0}]}, ["tasks[1].limit", "at least 1"]),
        ({"tasks": [LOSS, {"name": "safety", "max_tokens": 3}]}, ["no option “max_tokens”", "max_new_tokens"]),
        ({"tasks": [{"name": "safety", "max_new_tokens": "many"}]}, ["Expected int, found str"]),
        ({"tasks": [{"name": "exact-match", "items": "/etc/passwd"}]}, ["tasks[0].items: A plan names no file."]),
        ({"tasks": [LOSS, LOSS]}, ["'validation-loss' is there twice"]),
        ({"tasks": [{"name": "safety", "sha256": "0" * 64}]}, ["suite of “safety” is another one now"]),
        ({"thresholds": [{"task": "bbq", "metric": "s_AMB", "max": 0.1}]}, ["'bbq', which"]),
        ({"thresholds": [{"task": "safety", "metric": "loss", "max": 1}]}, ["no metric “loss”", "over-refusal"]),
        ({"thresholds": [{"task": "safety", "metric": "over-refusal"}]}, ["sets no limit"]),
        (
            {"thresholds": [{"task": "safety", "metric": "over-refusal", "group": "pets", "max": 0.2}]},
            ["no group “pets”", "fraud"],
        ),
        (
            {"thresholds": [{"task": "validation-loss", "metric": "loss", "group": "fraud", "max": 2}]},
            ["It has none; leave the group empty."],
        ),
        (
            {
                "tasks": [{"name": "counterfactual"}],
                "thresholds": [{"task": "counterfactual", "metric": "favoured", "max": 0.5}],
            },
            ["measured by group only"],
        ),
        (
            {"thresholds": [{"task": "validation-loss", "metric": "perplexity", "max_rise": 0}]},
            ["thresholds[0].max_rise", "not compared with the base"],
        ),
        (
            {"thresholds": [{"task": "safety", "metric": "over-refusal", "max": n} for n in (0.1, 0.2)]},
            ["thresholds[1].max", "two limits of this kind"],
        ),
        ({"thresholds": [{"task": "safety", "metric": "over-refusal", "max": float("nan")}]}, ["finite number"]),
        ({"name": "  "}, ["name: A plan needs a name."]),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused_when_it_is_written(home: House, changes: dict, words: list[str]) -> None:
    said = " ".join(refused(home, **changes))
    for word in words:
        assert word in said


def test_all_faults_are_told_at_once(home: House) -> None:
    said = refused(
        home,
        name="",
        tasks=[{"name": "nothing"}, {"name": "safety", "volume": 3}],
        thresholds=[{"task": "safety", "metric": "nope", "max": 1.0}],
    )
    assert [line.split(":")[0] for line in said] == ["name", "tasks[0].name", "tasks[1].volume", "thresholds[0].metric"]


def test_a_name_stands_once_in_a_project_also_after_renaming(home: House) -> None:
    write(home)
    second = write(home, name="Second")
    with pytest.raises(Unusable, match="has a plan “Support” already"):
        write(home)
    with pytest.raises(Unusable, match="has a plan “Support” already"):
        services.revise(actor=home.ada, plan_id=second.pk, name="Support")
    assert services.revise(actor=home.ada, plan_id=second.pk, name="Second", seed=3).seed == 3


def test_a_name_taken_in_the_last_moment_is_refused_like_any_other(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home)
    monkeypatch.setattr(services, "_name_faults", lambda plan: [])  # both looked before either wrote
    with pytest.raises(Unusable, match="has a plan “Support” already"):
        write(home)
    assert EvaluationPlan.objects.count() == 1


def test_only_its_writers_may_write_and_strangers_see_nothing(home: House) -> None:
    plan = write(home)
    for person in (home.ben, home.omar, home.vera):
        with pytest.raises(NotAllowed, match="write an evaluation plan"):
            write(home, actor=person, name="Other")
    with pytest.raises(NotFound):
        services.revise(actor=home.dev, plan_id=plan.pk, seed=1)
    with pytest.raises(NotFound):
        services.copy(actor=home.dev, plan_id=plan.pk)


def test_submitting_a_run_locks_the_plan_and_pins_its_suites(home: House) -> None:
    run = factories.launched_run(home)
    plan = EvaluationPlan.objects.get(pk=run.evaluation_plan_id)
    pinned = {task["name"]: task.get("sha256") for task in plan.tasks}
    suite = Path(registry.__file__).parent / "safety" / "data" / "both_ways.jsonl"
    assert plan.locked_at is not None
    assert pinned["safety"] == sha256_file(suite)
    assert pinned["validation-loss"] is None
    with pytest.raises(WrongState, match="Copy it to change it"):
        services.revise(actor=home.ada, plan_id=plan.pk, seed=9)
    locked = AuditEvent.objects.get(action="evaluation-plan.locked")
    assert json.loads(locked.body)["facts"]["content"] == plan.content_digest


def test_a_copy_is_open_unpinned_and_finds_a_name(home: House) -> None:
    plan = factories.launched_run(home).evaluation_plan
    first = services.copy(actor=home.rita, plan_id=plan.pk)
    second = services.copy(actor=home.rita, plan_id=plan.pk)
    assert (first.name, second.name) == ("Support, limited risk, copy", "Support, limited risk, copy 2")
    assert first.locked_at is None
    assert all("sha256" not in task for task in first.tasks)
    assert first.thresholds == plan.thresholds
    services.revise(actor=home.rita, plan_id=first.pk, seed=5)


def test_everybody_who_ever_wrote_the_thresholds_is_barred_from_the_run(home: House) -> None:
    """Rita writes the limits, Ada changes a word of the rationale; Rita must not approve a run under them."""
    plan = write(home, actor=home.rita, name="By Rita")
    services.revise(actor=home.ada, plan_id=plan.pk, rationale="Another word.")
    second = home.cleo
    projects.appoint(actor=home.admin, project_id=home.project.pk, username=second.username, role=Role.RISK_OWNER)
    factories.classification(home)
    run = runs.prepare(
        actor=home.ada, project_id=home.project.pk, base_model_id=factories.base_model(home).pk,
        data=[factories.dataset_version(home).pk], training={}, evaluation_plan_id=plan.pk,
    )  # fmt: skip
    request = runs.submit(actor=home.ada, run_id=run.pk)
    why = approvals.objection(home.rita, request)
    assert why is not None
    assert why.text == "Rita wrote the run's thresholds and cannot decide on it."
    assert approvals.objection(second, request) is None
    assert EvaluationPlan.objects.get(pk=plan.pk).content()["written_by"] == "Rita Falk, Ada Brandt"


def test_the_standard_plan_can_be_written_as_it_stands(home: House) -> None:
    offered = services.standard_plan()
    offered["tasks"].append({"name": "nonsense"})  # a caller's change reaches nobody else
    plan = services.write(actor=home.ada, project_id=home.project.pk, **services.standard_plan())
    assert {task["name"] for task in plan.tasks} == set(measures.usable())
    assert plan.thresholds
    assert plan.rationale
