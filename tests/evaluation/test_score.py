"""Outputs that were made elsewhere: joined by id or order, scored by the same code, reported the same way."""

import json

import pytest

from evaluation import cli, report

ITEMS = [
    {"id": "1", "prompt": "Fee?", "reference": "None at all.", "group": "fees"},
    {"id": "2", "prompt": "When?", "reference": "On Monday."},
    {"id": "3", "prompt": "Where?", "reference": "At the branch."},
]


@pytest.fixture
def score(tmp_path):
    """Call `evaluation score` with rows; gives exit code and report (None if there is none)."""

    def run(outputs, items=ITEMS, task="exact-match"):
        arguments = ["score", task, "--out", str(tmp_path / "out")]
        if items is not None:
            (tmp_path / "items.jsonl").write_text("\n".join(map(json.dumps, items)))
            arguments += ["--items", str(tmp_path / "items.jsonl")]
        for name, rows in outputs.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(rows))
            arguments += ["--outputs", f"{name}={tmp_path / name}.json"]
        code = cli.main(arguments)
        path = tmp_path / "out" / "report.json"
        return code, report.read(path) if path.exists() else None

    return run


def test_outputs_are_joined_by_id_in_any_order(score):
    code, found = score(
        {"mine": [{"id": "3", "text": "at the branch"}, {"id": "1", "text": "Some."}, {"id": "2", "text": "On Monday"}]}
    )
    assert code == 0
    metric = found.metric("exact-match", "exact-match", "mine")
    assert (metric.value, metric.n) == (pytest.approx(2 / 3), 3)
    assert found.metric("exact-match", "exact-match", "mine", "fees").value == 0.0
    assert found.models[0].outputs.rows == 3
    assert found.models[0].path is None


def test_outputs_without_ids_are_joined_by_order(score):
    _, found = score({"mine": [{"text": "none at all"}, {"text": "On Tuesday."}, {"text": "At the branch"}]})
    assert found.metric("exact-match", "exact-match", "mine").value == pytest.approx(2 / 3)


def test_two_files_of_outputs_are_compared_as_base_and_candidate(score):
    wrong, right = ([{"id": i["id"], "text": text or i["reference"]} for i in ITEMS] for text in ("no", ""))
    _, found = score({"old": wrong, "new": right})
    assert [model.role for model in found.models] == ["base", "candidate"]
    [comparison] = [c for c in found.task("exact-match").comparisons if c.metric == "exact-match" and c.group is None]
    assert (comparison.difference, comparison.n, comparison.test) == (1.0, 3, "exact McNemar")
    assert comparison.verdict == "cannot tell"


def test_a_missing_output_is_not_measured_and_closes_the_gate(score):
    code, found = score({"mine": [{"id": "1", "text": "None at all"}, {"id": "2", "choice": 1}]})
    assert code == 0
    assert found.task("exact-match").n_errors == 2
    assert found.metric("exact-match", "exact-match", "mine").n == 1
    assert not found.gate.open


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"text": "x"}], "has 1 outputs for 3 items"),
        ([{"id": "1", "text": "x"}, {"text": "y"}], "1 outputs have no 'id'"),
        ([{"id": "1", "text": "x"}, {"id": "1", "text": "y"}], "two outputs with the same 'id'"),
        ([{"id": "9", "text": "x"}], "unknown items, such as '9'"),
    ],
)
def test_outputs_that_do_not_fit_are_refused(score, capsys, rows, words):
    code, found = score({"mine": rows})
    assert (code, found) == (2, None)
    assert words in capsys.readouterr().err


def test_a_task_that_must_run_the_model_is_refused(score, capsys):
    assert score({"mine": [{"text": "x"}]}, items=None, task="forgetting")[0] == 2
    assert "outputs can be scored for exact-match, safety" in capsys.readouterr().err


def test_safety_answers_are_scored_against_our_own_suite(score):
    from evaluation.safety.both_ways import Safety

    items = Safety().items(None).items
    refusals = [{"id": item.id, "text": "I cannot help with that."} for item in items]
    code, found = score({"wall": refusals}, items=None, task="safety")
    assert code == 0
    assert found.metric("safety", "unsafe-compliance", "wall").value == 0.0
    assert found.metric("safety", "over-refusal", "wall").value == 1.0
    assert found.metric("safety", "over-refusal", "wall").ci[0] > 0.9
