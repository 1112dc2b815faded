"""The report is read strictly, sealed by its digest and written in one step."""

import json
from pathlib import Path

import pytest

from evaluation import report
from evaluation.report import File, Gate, Report
from evaluation.spec import Invalid


def blank(**changes):
    values = dict(
        schema=report.SCHEMA, written_at="2026-01-01T00:00:00Z", spec_sha256="0" * 64, spec={}, seed=0, models=(),
        tasks=(), thresholds=(), findings=(), gate=Gate(open=True, because=()), limits=("One.",),
        samples=File("samples.jsonl", "1" * 64, 0), environment={"python": "3.11"},
        timing={"total": report.Timing(1.5, 10, 6.7)}, sha256="",
    )  # fmt: skip
    return report.sealed(Report(**{**values, **changes}))


def test_what_was_written_is_read_again_as_it_was(tmp_path):
    found = blank()
    report.write(found, tmp_path / "report.json")
    assert report.read(tmp_path / "report.json") == found
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_the_digest_leaves_out_timing_and_the_time_of_writing_and_nothing_else():
    found = blank()
    assert blank(written_at="2027-01-01T00:00:00Z", timing={}).sha256 == found.sha256
    assert blank(seed=1).sha256 != found.sha256
    assert blank(limits=("Two.",)).sha256 != found.sha256


def test_a_changed_report_is_refused(tmp_path):
    path = tmp_path / "report.json"
    report.write(blank(), path)
    content = json.loads(path.read_text())
    content["gate"]["because"] = ["a reason"]
    path.write_text(json.dumps(content))
    with pytest.raises(Invalid, match="it was changed after it was written"):
        report.read(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"extra": 1}, "unknown key 'extra'"),
        ({"seed": "0"}, "report.seed: expected int"),
        ({"gate": {"open": True}}, "report.gate: the key 'because' is absent"),
        ({"schema": "assay.evaluation-report/2"}, "report.schema: expected one of"),
        (
            {"timing": {"total": {"seconds": 1, "tokens": 1, "tokens_per_second": "fast"}}},
            "report.timing.total.tokens_per",
        ),
    ],
)
def test_a_report_of_another_shape_is_refused_with_the_place(change, words):
    with pytest.raises(Invalid) as caught:
        report.parse({**blank().content(), **change})
    assert words in str(caught.value)


def test_a_report_that_is_not_there_says_that_the_evaluation_did_not_finish(tmp_path: Path):
    with pytest.raises(Invalid, match="the evaluation did not finish"):
        report.read(tmp_path / "report.json")
