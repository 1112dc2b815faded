"""Intervals, tests and verdicts against published figures and against brute force."""

import itertools
import math

import numpy as np
import pytest

from evaluation import statistics
from evaluation.statistics import Sums


def sums(values, weights=None):
    values = np.array(values, dtype=float)
    return Sums(values, np.ones_like(values) if weights is None else np.array(weights, dtype=float))


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_intervals_newcombe_published_for_method_3(successes, n, low, high):
    assert statistics.wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_of_nothing_is_an_error_not_zero():
    with pytest.raises(ValueError, match="nothing"):
        statistics.wilson(0, 0)


@pytest.mark.parametrize(("first", "second", "p"), [(5, 15, 0.04139), (0, 6, 0.03125), (3, 3, 1.0), (0, 0, 1.0)])
def test_mcnemar_equals_the_binomial_tail(first, second, p):
    assert statistics.mcnemar(first, second) == pytest.approx(p, abs=5e-6)
    assert statistics.mcnemar(second, first) == statistics.mcnemar(first, second)


def test_holm_on_a_worked_example():
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_binomial_test_with_a_fair_coin_is_mcnemar_and_sums_to_one_over_everything():
    assert statistics.binomial_test(5, 20, 0.5) == pytest.approx(statistics.mcnemar(5, 15))
    assert statistics.binomial_test(4, 12, 1 / 3) == pytest.approx(1.0)


def test_paired_proportions_cover_the_true_difference_over_every_possible_table():
    n, chances = 12, (0.4, 0.25, 0.1, 0.25)
    truth, covered = chances[2] - chances[1], 0.0
    for both, first, second in itertools.product(range(n + 1), repeat=3):
        neither = n - both - first - second
        if neither < 0:
            continue
        ways = math.factorial(n) / math.prod(map(math.factorial, (both, first, second, neither)))
        chance = ways * math.prod(p**k for p, k in zip(chances, (both, first, second, neither), strict=True))
        low, high = statistics.paired_proportions(both, first, second, neither)
        covered += chance * (low <= truth <= high)
    assert covered > 0.93


def test_paired_proportions_keep_a_width_when_no_item_differs():
    low, high = statistics.paired_proportions(30, 0, 0, 10)
    assert low < 0 < high


def test_swapping_the_two_models_mirrors_the_interval():
    low, high = statistics.paired_proportions(20, 7, 3, 10)
    assert statistics.paired_proportions(20, 3, 7, 10) == pytest.approx((-high, -low))


def test_permutation_agrees_with_swapping_every_subset_by_hand():
    base, candidate = [1.0, 2.0, 0.5, 3.0, 1.5, 2.2], [1.4, 2.1, 0.9, 2.9, 2.5, 2.6]
    weights = [1, 2, 1, 3, 1, 1]
    first = sums([v * w for v, w in zip(base, weights, strict=True)], weights)
    second = sums([v * w for v, w in zip(candidate, weights, strict=True)], weights)
    observed = abs(np.average(candidate, weights=weights) - np.average(base, weights=weights))
    as_far = 0
    for swap in itertools.product([False, True], repeat=6):
        a = [c if s else b for b, c, s in zip(base, candidate, swap, strict=True)]
        b = [b if s else c for b, c, s in zip(base, candidate, swap, strict=True)]
        as_far += abs(np.average(b, weights=weights) - np.average(a, weights=weights)) >= observed - 1e-9
    found = statistics.paired_permutation(first, second, statistics.random_source(0))
    assert found == pytest.approx(as_far / 64)


def test_bootstrap_is_close_to_the_normal_interval_for_many_items():
    values = np.random.default_rng(1).normal(3, 2, 400)
    low, high = statistics.bootstrap(sums(values), statistics.random_source(0, "x"))
    half = 1.96 * values.std() / math.sqrt(400)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.04)


def test_one_cluster_has_no_interval():
    assert statistics.bootstrap(sums([1.0]), statistics.random_source(0)) is None


def test_a_paired_bootstrap_sees_what_two_separate_intervals_would_hide():
    rng = np.random.default_rng(2)
    base = rng.normal(0, 5, 60)
    candidate = base + 0.3 + rng.normal(0, 0.1, 60)
    low, high = statistics.paired_bootstrap(sums(base), sums(candidate), statistics.random_source(0))
    assert 0.2 < low < high < 0.4


def test_random_numbers_depend_on_the_name_and_not_on_the_order():
    first = statistics.random_source(7, "a").random()
    statistics.random_source(7, "b").random()
    assert statistics.random_source(7, "a").random() == first
    assert statistics.random_source(8, "a").random() != first


@pytest.mark.parametrize(
    ("difference", "interval", "p", "better", "margin", "verdict"),
    [
        (-0.2, (-0.3, -0.1), 0.01, "lower", None, "better"),
        (0.2, (0.1, 0.3), 0.01, "lower", None, "worse"),
        (0.01, (0.002, 0.018), 0.01, "lower", 0.02, "no worse"),
        (0.01, (0.002, 0.03), 0.01, "lower", 0.02, "worse"),
        (0.0, (-0.01, 0.01), 1.0, "lower", None, "cannot tell"),
        (0.0, (-0.01, 0.01), 1.0, "higher", 0.02, "no worse"),
        (-0.03, (-0.05, -0.01), 0.2, "higher", 0.02, "cannot tell"),
        (0.2, None, None, "higher", 0.1, "cannot tell"),
    ],
)
def test_verdicts(difference, interval, p, better, margin, verdict):
    assert statistics.verdict(difference, interval, p, better, margin) == verdict


def test_the_items_needed_would_indeed_settle_the_doubt():
    rng = np.random.default_rng(3)
    differences = rng.normal(0.1, 1.0, 40)
    zero, seen = sums(np.zeros(40)), sums(differences - differences.mean() + 0.1)
    interval = statistics.paired_bootstrap(zero, seen, statistics.random_source(0))
    needed = statistics.items_needed(40, 0.1, interval, "higher", None, comparisons=1)
    textbook = (1.96 + 0.8416) ** 2 * differences.var() / 0.1**2
    assert needed == pytest.approx(textbook, rel=0.2)


def test_a_margin_asks_for_fewer_items_than_a_difference():
    common = {"n": 40, "difference": 0.01, "interval": (-0.2, 0.22), "better": "higher", "comparisons": 1}
    assert statistics.items_needed(margin=0.1, **common) < statistics.items_needed(margin=None, **common)


def test_no_number_of_items_shows_no_worse_for_a_loss_beyond_the_margin():
    assert statistics.items_needed(40, -0.3, (-0.4, -0.2), "higher", 0.1, 1) is None
