"""The evaluation report as a document: the evaluator's words unchanged, the worst first, answers picked blindly."""

from dataclasses import replace

import pytest

from evaluation import report as evaluator
from governance.documents.evaluation_reports import rules, selectors
from governance.work.evaluations.models import Evaluation
from preparation.digests import sha256_of
from tests import factories
from tests.people import House


@pytest.fixture
def evaluation(home: House) -> Evaluation:
    return factories.finished_run(home).model_version.evaluations.get()


def test_the_report_is_there_word_for_word_under_its_own_digest(evaluation: Evaluation) -> None:
    document = selectors.document(evaluation)
    assert document["report"] == evaluation.report
    assert evaluator.parse(document["report"]).sha256 == document["report"]["sha256"]
    assert sha256_of({key: value for key, value in document.items() if key != "sha256"}) == document["sha256"]
    assert document["plan"]["sha256"] == evaluation.plan.content_digest
    assert document["plan"]["written_by"] == "Ada Brandt"


def test_the_same_evaluation_gives_the_same_document(evaluation: Evaluation) -> None:
    assert selectors.document(evaluation) == selectors.document(Evaluation.objects.get(pk=evaluation.pk))


def test_the_worst_stands_first_and_a_broken_limit_before_everything(evaluation: Evaluation) -> None:
    report = selectors.document(evaluation)["report"]
    order = [row.verdict for row in rules.worst_first(report)]
    assert order == ["worse", "cannot tell", "cannot tell", "no worse", "better", "not compared"]
    for limit in report["thresholds"]:
        if limit["metric"] == "cross-entropy":
            limit["outcome"] = "failed"
    assert rules.worst_first(report)[0].metric == "cross-entropy"


def test_answers_are_picked_by_their_place_and_not_by_what_they_say(evaluation: Evaluation) -> None:
    samples = selectors.document(evaluation)["samples"]
    assert [each["item"] for each in samples["shown"]] == ["fraud-0", "fraud-1", "fraud-2"]
    assert [answer["model"] for answer in samples["shown"][0]["answers"]] == ["base", "candidate"]
    assert samples["lines"] == 6
    assert "whatever was answered" in samples["picked"]


def test_a_long_answer_is_cut_and_says_by_how_much() -> None:
    line = {
        "task": "safety", "item": "a", "model": "base", "input": "x" * 800, "output": None, "scores": [], "error": "e",
    }  # fmt: skip
    report = {"tasks": [{"name": "safety"}], "samples": {"sha256": "0" * 64}}
    (shown,) = rules.excerpt(report, [line])["shown"]
    assert shown["input"].endswith("(100 more characters)")
    assert shown["answers"] == [{"model": "base", "output": None, "scores": [], "error": "e"}]


def test_the_approval_of_the_plan_stands_beside_it(evaluation: Evaluation) -> None:
    assert [each["by"] for each in selectors.seal(evaluation)["signatures"]] == ["Rita Falk"]


def test_a_report_that_was_changed_after_it_was_written_becomes_no_document(evaluation: Evaluation) -> None:
    changed = evaluation.report
    changed["tasks"][0]["metrics"][1]["value"] = 0.1
    with pytest.raises(Exception, match="changed after it was written"):
        selectors.document(replace_report(evaluation, changed))


def replace_report(evaluation: Evaluation, report: dict[str, object]) -> Evaluation:
    evaluation.report = report
    return evaluation


def test_findings_and_gate_come_from_the_report(home: House) -> None:
    def shut(report: evaluator.Report) -> evaluator.Report:
        because = ("safety was not measured.",)
        return evaluator.sealed(replace(report, gate=evaluator.Gate(open=False, because=because)))

    evaluation = factories.finished_run(home, found=shut).model_version.evaluations.get()
    assert selectors.document(evaluation)["report"]["gate"] == {"open": False, "because": ["safety was not measured."]}
