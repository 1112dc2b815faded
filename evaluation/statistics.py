"""Intervals, paired tests and verdicts. Closed forms where they exist, seeded resampling elsewhere.

Sources: Wilson 1927 (interval of a proportion); Newcombe 1998, Statistics in Medicine 17, 2635
(method 10: interval of a difference of paired proportions); McNemar 1947 in its exact binomial
form; Holm 1979; Efron and Tibshirani 1993 (percentile bootstrap, here by cluster); paired
permutation test by swapping the two models' results of a cluster.

A mean is a ratio of sums over clusters, `sum(weight * value) / sum(weight)`: items of one cluster
(the same template, the same passage) are resampled together. Shapes: n clusters, B resamples.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from evaluation.report import Better, Verdict

LEVEL = 0.95
ALPHA = 1 - LEVEL
POWER = 0.8
RESAMPLES = 2_000
PERMUTATIONS = 9_999
EXACT_UP_TO = 13
SMALL = 30

Floats = NDArray[np.float64]
Interval = tuple[float, float]


def normal_quantile(probability: float) -> float:
    """The standard normal quantile: 1.959964 for 0.975."""
    return NormalDist().inv_cdf(probability)


def random_source(seed: int, *names: object) -> np.random.Generator:
    """A generator that depends on `seed` and on what it is used for, never on the order of the calls."""
    key = hashlib.sha256("/".join(str(name) for name in (seed, *names)).encode()).digest()
    return np.random.default_rng(int.from_bytes(key[:8], "big"))


@dataclass(frozen=True)
class Sums:
    """Per cluster: the sum of weight x value and the sum of weights. Both have shape [n]."""

    values: Floats
    weights: Floats

    @property
    def mean(self) -> float:
        """The weighted mean over all clusters."""
        return float(self.values.sum() / self.weights.sum())


def wilson(successes: int, n: int, level: float = LEVEL) -> Interval:
    """Wilson's score interval of a proportion. Raises ValueError for n = 0: nothing has no interval."""
    if n == 0:
        raise ValueError("a proportion of nothing has no interval")
    z = normal_quantile(0.5 + level / 2)
    share = successes / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)
    return (max(0.0, low) if successes else 0.0, min(1.0, high) if successes < n else 1.0)


def paired_proportions(both: int, first: int, second: int, neither: int) -> Interval:
    """Interval of (second - first) for paired yes/no results: Newcombe's method 10.

    `first` counts the items that only the first has, `second` those that only the second has. It
    keeps a width when no item differs, where a bootstrap would claim certainty.
    """
    n = both + first + second + neither
    share_1, share_2 = (both + first) / n, (both + second) / n
    (low_1, high_1), (low_2, high_2) = wilson(both + first, n), wilson(both + second, n)
    product = (both + first) * (second + neither) * (both + second) * (first + neither)
    raw = both * neither - first * second
    determinant = max(raw - n / 2, 0) if raw > 0 else raw
    phi = determinant / math.sqrt(product) if product else 0.0
    down_1, up_1, down_2, up_2 = share_1 - low_1, high_1 - share_1, share_2 - low_2, high_2 - share_2
    below = math.sqrt(max(0.0, down_2**2 - 2 * phi * down_2 * up_1 + up_1**2))
    above = math.sqrt(max(0.0, up_2**2 - 2 * phi * up_2 * down_1 + down_1**2))
    difference = share_2 - share_1
    return (max(-1.0, difference - below), min(1.0, difference + above))


def mcnemar(first: int, second: int) -> float:
    """Exact two-sided p of McNemar's test from the counts of items that only one of the two has."""
    n = first + second
    tail = sum(math.comb(n, k) for k in range(min(first, second) + 1)) / 2**n
    return min(1.0, 2 * tail)


def bootstrap(sums: Sums, source: np.random.Generator) -> Interval | None:
    """Percentile interval of the weighted mean over resampled clusters; None for fewer than two clusters."""
    n = len(sums.values)
    if n < 2:
        return None
    counts = _resamples(n, source)
    weights = counts @ sums.weights
    return _percentiles((counts @ sums.values)[weights > 0] / weights[weights > 0])


def paired_bootstrap(base: Sums, candidate: Sums, source: np.random.Generator) -> Interval | None:
    """Percentile interval of candidate minus base, drawing the same clusters for both."""
    n = len(base.values)
    if n < 2:
        return None
    counts = _resamples(n, source)
    difference = (counts @ candidate.values) / (counts @ candidate.weights)
    return _percentiles(difference - (counts @ base.values) / (counts @ base.weights))


def paired_permutation(base: Sums, candidate: Sums, source: np.random.Generator) -> float:
    """Two-sided p of "it does not matter which model a result came from".

    Every cluster's two results may be swapped: all 2^n ways up to n = 13, then 9,999 drawn ones
    with the observed one counted in, so that p is never 0.
    """
    n = len(base.values)
    exact = n <= EXACT_UP_TO
    swaps = _all_swaps(n) if exact else source.integers(0, 2, size=(PERMUTATIONS, n)).astype(np.float64)
    keep = 1 - swaps
    first = (keep @ base.values + swaps @ candidate.values) / (keep @ base.weights + swaps @ candidate.weights)
    second = (swaps @ base.values + keep @ candidate.values) / (swaps @ base.weights + keep @ candidate.weights)
    observed = abs(candidate.mean - base.mean)
    as_far = int((np.abs(second - first) >= observed - 1e-12).sum())
    return as_far / len(swaps) if exact else (1 + as_far) / (1 + len(swaps))


def sign_flip(values: Floats, source: np.random.Generator) -> float:
    """Two-sided p of "the mean of `values` is 0 and either sign is as likely"."""
    zero = Sums(np.zeros_like(values), np.ones_like(values))
    return paired_permutation(zero, Sums(values, np.ones_like(values)), source)


def binomial_test(successes: int, n: int, share: float) -> float:
    """Exact two-sided p: the sum of the chances of all counts no likelier than the observed one."""
    chances = [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    return min(1.0, sum(c for c in chances if c <= chances[successes] * (1 + 1e-9)))


def holm(values: Sequence[float]) -> list[float]:
    """Holm's corrected p values, in the order given."""
    order = sorted(range(len(values)), key=values.__getitem__)
    corrected, highest = [0.0] * len(values), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[index]))
        corrected[index] = highest
    return corrected


def verdict(
    difference: float, interval: Interval | None, p_corrected: float | None, better: Better, margin: float | None
) -> Verdict:
    """The verdict on candidate minus base.

    *Better* or *worse*: the corrected p is below 0.05. *No worse*: the 95 % interval of the
    improvement lies above -margin; it goes before *worse*, since the plan calls a loss within the
    margin acceptable. Without an interval or a p: *cannot tell*.
    """
    sign = 1 if better == "higher" else -1
    sure = p_corrected is not None and p_corrected < ALPHA
    if sure and sign * difference > 0:
        return "better"
    if margin is not None and interval is not None and _near_edge(interval, sign) > -margin:
        return "no worse"
    return "worse" if sure and sign * difference < 0 else "cannot tell"


def items_needed(
    n: int, difference: float, interval: Interval | None, better: Better, margin: float | None, comparisons: int
) -> int | None:
    """How many items would settle a *cannot tell*, if difference and spread stayed as observed.

    The interval shrinks with the square root of n; it has to clear 0 (or -margin) with power 0.8
    after a Bonferroni correction for `comparisons`. None where the observed difference lies on the
    target or beyond it, since no number of items would then help.
    """
    if interval is None:
        return None
    sign = 1 if better == "higher" else -1
    improvement = sign * difference
    distance = abs(improvement) if margin is None else improvement + margin
    spread = (
        improvement - _near_edge(interval, sign)
        if improvement >= 0 or margin
        else _far_edge(interval, sign) - improvement
    )
    if distance <= 1e-12 or spread <= 0:
        return None
    level = ALPHA / max(1, comparisons) if margin is None else ALPHA
    stretch = (normal_quantile(1 - level / 2) + normal_quantile(POWER)) / normal_quantile(1 - ALPHA / 2)
    return max(n + 1, math.ceil(n * (stretch * spread / distance) ** 2))


def _near_edge(interval: Interval, sign: int) -> float:
    return interval[0] if sign > 0 else -interval[1]


def _far_edge(interval: Interval, sign: int) -> float:
    return interval[1] if sign > 0 else -interval[0]


def _resamples(n: int, source: np.random.Generator) -> Floats:
    return source.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(np.float64)


def _percentiles(values: Floats) -> Interval:
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return (float(low), float(high))


def _all_swaps(n: int) -> Floats:
    return ((np.arange(2**n)[:, None] >> np.arange(n)[None, :]) & 1).astype(np.float64)
