"""From samples to numbers: nothing is invented, groups stand apart, comparisons are paired."""

import pytest

from evaluation import gate, statistics, summary
from evaluation.report import TaskResult
from evaluation.spec import parse
from evaluation.tasks import Item, MetricDefinition, Sample, Score

SHARE = MetricDefinition("share", "share", "lower", "A share.", kind="proportion")
MEAN = MetricDefinition("mean", "nats", "lower", "A mean.")
LEANING = MetricDefinition("leaning", "nats", None, "A leaning.", overall=False, compared=False, expected=0.0)


def item(name, group, metric="share"):
    return Item(name, group, ((metric, group),), {}, cluster=name)


def results(values, metric="share"):
    """Samples of two models from {item id: (group, base value, candidate value)}; None is an error."""
    items = [item(name, group, metric) for name, (group, _, _) in values.items()]
    samples = []
    for one in items:
        for model, value in zip(("base", "candidate"), values[one.id][1:], strict=True):
            scores = () if value is None else (Score(metric, one.stratum, value),)
            error = "it broke" if value is None else None
            samples.append(Sample(model, one, "", None, scores, error=error))
    return items, samples


def data_of(items, samples, definition=SHARE):
    return summary.measured("t", 0, [definition], ["base", "candidate"], items, samples)


def by_cell(metrics):
    return {(metric.model, metric.group): metric for metric in metrics}


def test_a_group_without_an_item_is_null_with_a_reason_and_never_zero():
    items, samples = results({"1": ("a", 1.0, 0.0), "2": ("a", 1.0, 0.0)})
    found = by_cell(summary.metrics(data_of([*items, item("3", "b")], samples)))
    empty = found["candidate", "b"]
    assert (empty.value, empty.ci, empty.n) == (None, None, 0)
    assert empty.reason == "no item of this group was measured"
    assert found["candidate", "a"].value == 0.0
    assert found["candidate", "a"].small


def test_a_failed_item_leaves_the_n_and_is_said():
    items, samples = results({"1": ("a", 1.0, None), "2": ("a", 1.0, 1.0), "3": ("a", 0.0, 1.0)})
    found = by_cell(summary.metrics(data_of(items, samples)))
    assert found["candidate", None].n == 2
    assert found["candidate", None].reason == "1 of 3 items could not be measured"
    [overall, _] = summary.comparisons(data_of(items, samples), {})
    assert overall.n == 2
    assert overall.difference == pytest.approx(0.5)


def test_two_metrics_of_shares_are_compared_item_by_item():
    values = {str(n): ("a", 1.0, 1.0) for n in range(10)}
    values |= {f"x{n}": ("a", 1.0, 0.0) for n in range(9)} | {"y": ("a", 0.0, 1.0)}
    data = data_of(*results(values))
    judged = summary.corrected(summary.comparisons(data, {})[:1], [SHARE])[0]
    assert judged.test == "exact McNemar"
    assert judged.p == pytest.approx(statistics.mcnemar(9, 1))
    assert judged.difference == pytest.approx(-8 / 20)
    assert judged.verdict == "better"


def test_holm_is_applied_over_the_family():
    values = {f"{g}{n}": (g, 1.0, 0.0) for g in "abc" for n in range(6)}
    data = data_of(*results(values))
    groups = [c for c in summary.comparisons(data, {}) if c.group]
    judged = summary.corrected(groups, [SHARE] * 3)
    assert {c.p for c in judged} == {0.03125}
    assert [c.p_corrected for c in judged] == pytest.approx([0.09375] * 3)
    assert {c.verdict for c in judged} == {"cannot tell"}
    assert all(c.n_needed > c.n for c in judged)
    assert {c.family for c in judged} == {"groups of t"}


def test_no_worse_needs_the_margin_of_the_plan():
    values = {str(n): ("a", float(n % 2), float(n % 2)) for n in range(60)}
    data = data_of(*results(values))
    without = summary.corrected(summary.comparisons(data, {})[:1], [SHARE])[0]
    with_margin = summary.corrected(summary.comparisons(data, {("share", None): 0.2})[:1], [SHARE])[0]
    assert (without.verdict, with_margin.verdict) == ("cannot tell", "no worse")
    assert "only a margin in the plan" in without.reason


def test_a_comparison_without_a_shared_item_is_not_measured():
    data = data_of(*results({"1": ("a", 1.0, None)}))
    found = summary.corrected(summary.comparisons(data, {}), [SHARE] * 2)
    assert {c.verdict for c in found} == {"not measured"}
    assert {c.difference for c in found} == {None}


def test_a_leaning_group_is_found_and_an_even_one_is_not():
    values = {f"a{n}": ("a", 0.5 + 0.01 * n, 0.5 + 0.01 * n) for n in range(12)}
    values |= {f"b{n}": ("b", (-1.0) ** n, (-1.0) ** n) for n in range(12)}
    data = data_of(*results(values, "leaning"), LEANING)
    tests = {test.group: test for test in summary.group_tests(data) if test.model == "candidate"}
    assert tests["a"].p == pytest.approx(2 / 2**12)
    assert tests["a"].p_corrected == pytest.approx(4 / 2**12)
    assert tests["b"].p_corrected == 1.0
    assert not [metric for metric in summary.metrics(data) if metric.group is None]


def test_weights_count_tokens_and_clusters_are_resampled_together():
    items = [Item(str(n), "g", (("mean", None),), {}, cluster=str(n // 2)) for n in range(4)]
    samples = [
        Sample("candidate", one, "", None, (Score("mean", None, value, weight),))
        for one, value, weight in zip(items, [1.0, 2.0, 3.0, 4.0], [1, 3, 1, 1], strict=True)
    ]
    data = summary.measured("t", 0, [MEAN], ["candidate"], items, samples)
    sums = data.sums(("mean", None), "candidate")
    assert sums.mean == pytest.approx((1 + 6 + 3 + 4) / 6)
    assert sums.values.tolist() == [7, 7]
    assert sums.weights.tolist() == [4, 2]


def task_result(values, thresholds, definition=SHARE):
    plan = parse(
        {
            "schema": "assay.evaluation/1",
            "models": [{"name": "base", "path": "b"}, {"name": "candidate", "path": "c"}],
            "tasks": [{"name": "t"}],
            "thresholds": [{"task": "t", "metric": definition.name, **threshold} for threshold in thresholds],
        }
    )
    items, samples = results(values, definition.name)
    data = data_of(items, samples, definition)
    margins = {(t.metric, t.group): t.margin for t in plan.thresholds if t.margin}
    found = summary.comparisons(data, margins)
    errors = [sample for sample in samples if sample.error]
    result = TaskResult(
        name="t", category="c", duty="d", version="1", definition="", metric_definitions={}, source="",
        status="partly measured" if errors else "measured", reason="1 answer could not be measured" if errors else None,
        suite=None, options={}, n_total=len(items), n_used=len(items), n_errors=len(errors), sampled=None,
        metrics=tuple(summary.metrics(data)),
        comparisons=tuple(summary.corrected(found, [definition] * len(found))), tests=(), limits=(),
    )  # fmt: skip
    outcomes = gate.outcomes(plan, [result])
    findings = gate.findings([result], outcomes)
    return outcomes, findings, gate.gate(findings)


EVEN = {str(n): ("a", float(n % 4 == 0), float(n % 4 == 0)) for n in range(40)}
RISEN = {str(n): ("a", 0.0, float(n % 2)) for n in range(40)}


@pytest.mark.parametrize(
    ("values", "threshold", "outcome", "is_open"),
    [
        (EVEN, {"max": 0.5}, "passed", True),
        (EVEN, {"max": 0.1}, "failed", False),
        (EVEN, {"min": 0.5}, "failed", False),
        (EVEN, {"max_rise": 0.0}, "passed", True),
        (RISEN, {"max_rise": 0.1}, "failed", False),
        (RISEN, {"max_drop": 0.0}, "passed", True),
        (RISEN, {"margin": 0.1}, "failed", False),
        (EVEN, {"margin": 0.3}, "passed", True),
        (EVEN, {"margin": 0.001}, "not measured", False),
        (EVEN, {"group": "nobody", "max": 0.5}, "not measured", False),
        ({"1": ("a", None, None)}, {"max": 0.5}, "not measured", False),
    ],
)
def test_the_gate_opens_only_for_what_was_measured_and_kept(values, threshold, outcome, is_open):
    [found], findings, gated = task_result(values, [threshold])
    assert found.outcome == outcome
    assert gated.open is is_open
    assert bool(gated.because) is not is_open
    if not is_open:
        assert findings[0].closes_gate and findings[0].severity == "high"


def test_one_failed_item_closes_the_gate_though_the_limit_was_kept():
    _, findings, gated = task_result({**EVEN, "x": ("a", 0.0, None)}, [{"max": 0.9}])
    assert not gated.open
    assert findings[0].code == "items-not-measured"


def test_a_limit_kept_by_a_hair_is_said():
    outcomes, findings, gated = task_result(EVEN, [{"max": 0.26}])
    assert outcomes[0].clear is False
    assert [finding.code for finding in findings] == ["threshold-unclear"]
    assert gated.open


def test_a_loss_nobody_set_a_limit_for_is_a_finding_that_leaves_the_gate_open():
    outcomes, findings, gated = task_result(RISEN, [])
    assert outcomes == []
    assert {finding.code for finding in findings} == {"worse"}
    assert gated.open
