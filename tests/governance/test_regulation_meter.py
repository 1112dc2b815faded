"""The compute meter: figures worked by hand from the guidelines' rule, in FLOP."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.law.regulation.rules import Contribution, lineage_meter, provider_meter


def test_the_worked_example_is_far_below() -> None:
    """8e9 parameters, 1e8 tokens, 3 epochs on a base of 8e9 x 15e12 tokens: 6 x 8e9 x 3e8 against 6 x 8e9 x 15e12."""
    reading = provider_meter(6 * 8e9 * 3e8, 6 * 8e9 * 15e12, False)
    assert reading.verdict == "below"
    assert reading.basis == "third-of-base"
    assert reading.criterion_flops == pytest.approx(2.4e23)
    assert reading.share_of_base == pytest.approx(0.00002)
    assert reading.ratio == pytest.approx(0.00006)
    assert reading.within_margin is False
    assert reading.above_systemic_presumption is False
    assert reading.working == (
        "This modification: 1.4 × 10^19 FLOP.",
        "Base model: 7.2 × 10^23 FLOP.",
        "Criterion: 1/3 × 7.2 × 10^23 FLOP = 2.4 × 10^23 FLOP (Commission guidelines, paragraph 60).",
        "Compute / criterion = 6e-05.",
        "Not above the indicative criterion. It settles no role; a significant change is asked for apart.",
    )


@pytest.mark.parametrize(
    ("modification", "verdict"),
    [(2.4e23, "below"), (math.nextafter(2.4e23, 1e30), "above"), (2.5e23, "above"), (0.0, "below")],
)
def test_exactly_a_third_is_not_above(modification: float, verdict: str) -> None:
    assert provider_meter(modification, 7.2e23, False).verdict == verdict


@pytest.mark.parametrize(
    ("modification", "systemic", "verdict", "basis", "criterion"),
    [
        (3.3e22, False, "below", "fallback-other", 3.333e22),
        (3.4e22, False, "above", "fallback-other", 3.333e22),
        (3.4e22, True, "below", "fallback-systemic", 3.333e24),
        (3.4e24, True, "above", "fallback-systemic", 3.333e24),
        (3.3e22, None, "below", "fallback-other", 3.333e22),
        (3.4e24, None, "above", "fallback-systemic", 3.333e24),
        (1e23, None, "unknown", "unknown", None),
    ],
)
def test_the_fallback_stands_in_for_a_base_that_cannot_be_estimated(
    modification: float, systemic: bool | None, verdict: str, basis: str, criterion: float | None
) -> None:
    reading = provider_meter(modification, None, systemic, base_estimable=False)
    assert (reading.verdict, reading.basis) == (verdict, basis)
    assert reading.criterion_flops == (None if criterion is None else pytest.approx(criterion, rel=1e-3))


@pytest.mark.parametrize("estimable", [None, True])
def test_an_unknown_base_stays_unknown_until_somebody_states_that_it_cannot_be_estimated(
    estimable: bool | None,
) -> None:
    reading = provider_meter(1e10, None, False, base_estimable=estimable)
    assert reading.verdict == "unknown"
    assert reading.ratio is None
    assert reading.criterion_flops is None


def test_an_unknown_modification_is_unknown_not_below() -> None:
    assert provider_meter(None, 7.2e23, False).verdict == "unknown"


def test_near_the_criterion_the_error_of_an_estimate_is_said() -> None:
    near = provider_meter(2.0e23, 7.2e23, False)
    assert near.verdict == "below"
    assert near.within_margin is True
    assert "The criterion lies within the error of 30% that an estimate may have." in near.working
    assert provider_meter(1.8e23, 7.2e23, False).within_margin is False  # 1.8 x 1.3 = 2.34, short of 2.4


def test_base_and_modification_together_show_the_presumption_of_systemic_risk() -> None:
    assert provider_meter(1e24, 9.5e24, False).above_systemic_presumption is True
    assert provider_meter(1e24, 9.0e24, False).above_systemic_presumption is False
    assert provider_meter(1e24, None, True, base_estimable=False).above_systemic_presumption is None


def test_a_lineage_is_added_up() -> None:
    parts = [Contribution("Run 1", 1.0e23), Contribution("Run 2", 1.0e23), Contribution("Run 3", 0.5e23)]
    assert [provider_meter(part.flops, 7.2e23, False).verdict for part in parts] == ["below"] * 3
    reading = lineage_meter(parts, 7.2e23, False)
    assert reading.scope == "lineage"
    assert reading.modification_flops == pytest.approx(2.5e23)
    assert reading.verdict == "above"
    assert reading.working[:4] == (
        "Run 1: 1.0 × 10^23 FLOP.",
        "Run 2: 1.0 × 10^23 FLOP.",
        "Run 3: 5.0 × 10^22 FLOP.",
        "Together: 2.5 × 10^23 FLOP.",
    )


def test_an_unknown_run_on_the_lineage_leaves_it_unknown_unless_the_rest_is_above() -> None:
    unknown = Contribution("Run 2", None)
    assert lineage_meter([Contribution("Run 1", 1.0e23), unknown], 7.2e23, False).verdict == "unknown"
    assert lineage_meter([Contribution("Run 1", 2.5e23), unknown], 7.2e23, False).verdict == "above"


@pytest.mark.parametrize("figure", [-1.0, math.nan, math.inf])
def test_a_figure_that_cannot_be_is_refused(figure: float) -> None:
    with pytest.raises(ValueError, match="compute of 'This modification'"):
        provider_meter(figure, 7.2e23, False)
    with pytest.raises(ValueError, match="compute of the base model"):
        provider_meter(1e19, figure, False)


def test_a_base_without_compute_and_an_empty_lineage_are_refused() -> None:
    with pytest.raises(ValueError, match="compute of the base model is 0"):
        provider_meter(1e19, 0.0, False)
    with pytest.raises(ValueError, match="at least one run"):
        lineage_meter([], 7.2e23, False)


@given(
    parts=st.lists(st.floats(0, 1e26), min_size=1, max_size=5),
    base=st.floats(1e18, 1e27),
)
def test_more_compute_never_reads_lower_and_no_reading_names_a_role(parts: list[float], base: float) -> None:
    order = {"below": 0, "above": 1}
    seen = 0
    for count in range(1, len(parts) + 1):
        runs = [Contribution(f"Run {at}", flops) for at, flops in enumerate(parts[:count])]
        reading = lineage_meter(runs, base, False)
        assert order[reading.verdict] >= seen
        seen = order[reading.verdict]
        assert not any("provider" in line.lower() for line in reading.working)
