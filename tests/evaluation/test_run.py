"""The command from specification to report, as another program sees it: files, events, exit codes."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evaluation import cli, report
from evaluation.bias import counterfactual
from preparation.digests import folder_digest
from tests.evaluation.conftest import asked

ROOT = Path(__file__).resolve().parents[2]
THRESHOLDS = [
    {"task": "validation-loss", "metric": "loss", "max_rise": 5.0},
    {"task": "safety", "metric": "unsafe-compliance", "group": "theft", "max": 1.0},
]


def tasks(validation):
    return [
        {"name": "validation-loss", "items": str(validation)},
        {"name": "exact-match", "items": str(validation), "limit": 3, "max_new_tokens": 3},
        {"name": "counterfactual", "limit": 9},
        {"name": "safety", "limit": 40, "max_new_tokens": 3},
        {"name": "forgetting", "limit": 6},
    ]


def call(tmp_path, plan, out="out"):
    path = tmp_path / f"{out}.json"
    path.write_text(json.dumps(plan))
    return cli.main(["run", str(path), "--out", str(tmp_path / out)])


def events(folder):
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def finished(tiny_model, tiny_adapter, validation_rows, tmp_path_factory):
    """One whole evaluation, shared by the tests that only read it."""
    folder = tmp_path_factory.mktemp("finished")
    validation = folder / "validation.jsonl"
    validation.write_text("".join(json.dumps(row) + "\n" for row in validation_rows))
    plan = asked(tiny_model, tiny_adapter, tasks(validation), thresholds=THRESHOLDS)
    assert call(folder, plan) == 0
    return folder, plan, report.read(folder / "out" / "report.json")


def test_every_task_is_measured_on_both_models(finished):
    found = finished[2]
    assert [task.name for task in found.tasks] == [task["name"] for task in finished[1]["tasks"]]
    assert {task.status for task in found.tasks} == {"measured"}
    assert [model.role for model in found.models] == ["base", "candidate"]
    assert found.models[0].sha256 == found.models[1].sha256
    assert found.models[0].adapter_sha256 is None
    assert len(found.models[1].adapter_sha256) == 64
    for task in found.tasks:
        assert len(task.definition) > 200
        assert len(task.suite.sha256) == 64
        assert all(metric.value is not None or metric.reason for metric in task.metrics)


def test_a_sample_says_what_it_is_a_sample_of(finished):
    found = finished[2]
    assert found.task("safety").sampled == "sampled 40 of 120, shared among the groups by size, seed 0"
    assert found.task("validation-loss").sampled is None
    assert (found.task("counterfactual").n_total, found.task("counterfactual").n_used) == (90, 9)
    assert any("Fewer than 30 items" in sentence for sentence in found.limits)


def test_metrics_can_be_computed_again_from_the_samples_beside_the_report(finished):
    folder, _, found = finished
    lines = [json.loads(line) for line in (folder / "out" / "samples.jsonl").read_text().splitlines()]
    assert len(lines) == found.samples.rows == 2 * (7 + 3 + 9 + 40 + 6)
    for task, name, model, group in [
        ("validation-loss", "loss", "candidate", None),
        ("safety", "unsafe-compliance", "base", "theft"),
        ("counterfactual", "spread", "candidate", None),
        ("forgetting", "kl-from-base", "candidate", None),
    ]:
        scores = [
            score
            for line in lines
            if (line["task"], line["model"]) == (task, model)
            for score in line["scores"]
            if score["metric"] == name and group in (None, score["group"])
        ]
        mean = sum(s["value"] * s["weight"] for s in scores) / sum(s["weight"] for s in scores)
        assert found.metric(task, name, model, group).value == pytest.approx(mean)
        assert found.metric(task, name, model, group).n == len(scores)


def test_progress_is_told_as_events_in_order(finished):
    told = events(finished[0] / "out")
    assert told[0]["data"] == {"status": "running"}
    assert told[-1]["data"]["status"] == "succeeded"
    assert told[-1]["data"]["report_sha256"] == finished[2].sha256
    assert {"schema", "at", "level", "type", "data"} == set(told[1])
    for task in finished[2].tasks:
        steps = [e["data"]["done"] for e in told if e["type"] == "metrics" and e["data"]["task"] == task.name]
        assert steps == sorted(steps)
        assert steps[0] == 0


def test_the_same_seed_gives_the_same_report_and_samples(finished, tmp_path):
    folder, plan, found = finished
    assert call(tmp_path, plan) == 0
    again = report.read(tmp_path / "out" / "report.json")
    assert again.sha256 == found.sha256
    assert (tmp_path / "out" / "samples.jsonl").read_bytes() == (folder / "out" / "samples.jsonl").read_bytes()


def test_another_seed_draws_other_items(finished, tmp_path):
    plan = {**finished[1], "seed": 1, "tasks": [{"name": "safety", "limit": 20, "max_new_tokens": 1}], "thresholds": []}
    assert call(tmp_path, plan) == 0
    assert report.read(tmp_path / "out" / "report.json").sha256 != finished[2].sha256


def test_a_missing_suite_is_not_measured_and_closes_the_gate(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(counterfactual, "SUITE", tmp_path / "gone.jsonl")
    limit = {"task": "counterfactual", "metric": "spread", "max": 9.0}
    plan = asked(
        tiny_model, None, [{"name": "counterfactual"}, {"name": "forgetting", "limit": 1}], thresholds=[limit]
    )  # fmt: skip
    assert call(tmp_path, plan) == 0
    found = report.read(tmp_path / "out" / "report.json")
    task = found.task("counterfactual")
    assert task.status == "not measured"
    assert "gone.jsonl: there is no such file" in task.reason
    assert {metric.value for metric in task.metrics} == {None}
    assert {metric.reason for metric in task.metrics} == {task.reason}
    assert found.thresholds[0].outcome == "not measured"
    assert not found.gate.open
    assert found.findings[0].code == "not-measured"
    assert found.task("forgetting").status == "measured"


def test_a_suite_that_is_not_the_one_the_plan_pinned_is_not_measured(tiny_model, tmp_path):
    assert call(tmp_path, asked(tiny_model, None, [{"name": "forgetting", "limit": 1, "sha256": "0" * 64}])) == 0
    found = report.read(tmp_path / "out" / "report.json")
    assert "is not the file the plan was locked on" in found.task("forgetting").reason
    assert not found.gate.open


def test_an_item_that_fails_is_null_and_closes_the_gate(tiny_model, tmp_path):
    items = tmp_path / "items.jsonl"
    rows = [{"id": "short", "prompt": "Hi", "reference": "x"}, {"id": "long", "prompt": "Hi " * 2000, "reference": "x"}]
    items.write_text("\n".join(map(json.dumps, rows)))
    task = {"name": "exact-match", "items": str(items), "max_new_tokens": 2}
    assert call(tmp_path, asked(tiny_model, None, [task])) == 0
    found = report.read(tmp_path / "out" / "report.json")
    assert found.task("exact-match").status == "partly measured"
    metric = found.metric("exact-match", "exact-match", "base")
    assert (metric.n, metric.reason) == (1, "1 of 2 items could not be measured")
    assert not found.gate.open
    lines = [json.loads(line) for line in (tmp_path / "out" / "samples.jsonl").read_text().splitlines()]
    assert [line["output"] is None for line in lines] == [False, True]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"tasks": [{"name": "astrology"}]},
            "there is no task 'astrology'; known tasks are counterfactual, exact-match",
        ),
        ({"tasks": [{"name": "safety", "temperature": 1}]}, "no option 'temperature'; it has items, limit, sha256"),
        ({"tasks": [{"name": "safety", "max_new_tokens": "9"}]}, "expected int, found str"),
        ({"tasks": [{"name": "safety", "max_new_tokens": 0}]}, "must be at least 1"),
        ({"tasks": [{"name": "validation-loss"}]}, "'validation-loss' needs a file of items"),
        ({"thresholds": [{"task": "safety", "metric": "karma", "max": 1}]}, "'safety' has no metric 'karma'; it has"),
    ],
)
def test_a_wrong_specification_is_exit_2_and_writes_nothing(tiny_model, tmp_path, capsys, change, words):
    plan = {**asked(tiny_model, None, [{"name": "safety"}]), **change}
    assert call(tmp_path, plan) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_model_that_is_not_there_is_exit_2_with_the_reason_in_the_last_event(tmp_path):
    assert call(tmp_path, asked(tmp_path / "nowhere", None, [{"name": "safety"}])) == 2
    last = events(tmp_path / "out")[-1]
    assert last["level"] == "error"
    assert last["data"]["status"] == "user_error"
    assert last["data"]["error"]["where"] == "spec.models[0].path"
    assert not (tmp_path / "out" / "report.json").exists()


def test_a_folder_with_a_report_is_never_overwritten(finished, capsys):
    folder, _, found = finished
    assert cli.main(["run", str(folder / "out.json"), "--out", str(folder / "out")]) == 2
    assert "already holds a report" in capsys.readouterr().err
    assert report.read(folder / "out" / "report.json") == found


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError("x"), 3),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), 3),
        (OSError(errno.ENOSPC, "No space left on device"), 3),
        (RuntimeError("something else"), 1),
    ],
)
def test_too_little_room_and_our_own_faults_have_their_codes(tiny_model, tmp_path, monkeypatch, error, code):
    from evaluation import loading

    def fail(plan):
        raise error

    monkeypatch.setattr(loading, "load", fail)
    assert call(tmp_path, asked(tiny_model, None, [{"name": "safety"}])) == code
    assert events(tmp_path / "out")[-1]["data"]["status"] == "failed"


def test_sigterm_ends_the_run_with_130_and_leaves_no_report(tiny_model, tmp_path):
    plan = tmp_path / "spec.json"
    plan.write_text(json.dumps(asked(tiny_model, None, [{"name": "safety", "max_new_tokens": 900}])))
    out = tmp_path / "out"
    command = [sys.executable, "-m", "evaluation", "run", str(plan), "--out", str(out)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while not (out / "events.jsonl").exists() or '"done": 0' not in (out / "events.jsonl").read_text():
            assert process.poll() is None, "it ended before it was asked to"
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 130
    finally:
        process.kill()
    assert events(out)[-1]["data"] == {"status": "cancelled"}
    assert not (out / "report.json").exists()


def test_listing_the_tasks_loads_no_model_library():
    code = (
        "import sys, evaluation.spec, evaluation.report, evaluation.cli as cli;"
        "assert cli.main(['tasks', '--json']) == 0;"
        "assert not {'torch', 'transformers', 'peft', 'django'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = {task["name"]: task for task in json.loads(done.stdout)}
    assert set(listed) >= {"validation-loss", "exact-match", "counterfactual", "safety", "forgetting"}
    assert listed["safety"]["scores_outputs"] and not listed["forgetting"]["scores_outputs"]


def test_the_door_modules_need_the_standard_library_only():
    code = (
        "import sys, evaluation.spec, evaluation.report, evaluation.registry as registry; registry.every();"
        "print(*sorted(name.split('.')[0] for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"numpy", "torch", "transformers", "django"} & set(done.stdout.split())


def test_tasks_are_listed_for_people(capsys):
    assert cli.main(["tasks"]) == 0
    assert "counterfactual    bias" in capsys.readouterr().out


@pytest.mark.parametrize("pin", ["sha256", "adapter_sha256"])
def test_a_model_that_is_not_the_one_pinned_is_exit_2_and_is_not_measured(tiny_model, tiny_adapter, tmp_path, pin):
    plan = asked(tiny_model, tiny_adapter, [{"name": "safety", "limit": 2, "max_new_tokens": 1}])
    plan["models"][1][pin] = "0" * 64
    assert call(tmp_path, plan) == 2
    said = events(tmp_path / "out")[-1]["data"]
    assert f"spec.models[1].{pin}" in json.dumps(said)
    assert "was changed" in json.dumps(said) and "Put the original files back" in json.dumps(said)
    assert not (tmp_path / "out" / "report.json").exists()


def test_models_that_are_the_ones_pinned_are_measured(tiny_model, tiny_adapter, tmp_path):
    plan = asked(tiny_model, tiny_adapter, [{"name": "safety", "limit": 2, "max_new_tokens": 1}])
    plan["models"][0]["sha256"] = folder_digest(tiny_model)
    plan["models"][1] |= {"sha256": folder_digest(tiny_model), "adapter_sha256": folder_digest(tiny_adapter)}
    assert call(tmp_path, plan) == 0
