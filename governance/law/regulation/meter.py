"""The compute meter: where a modification stands against the indicative criterion. It never states a role.

Source: Commission guidelines on general-purpose AI models of July 2025 (not binding), paragraphs 59 to 61. The
criterion is a third of the base model's training compute; "above" means strictly greater. Only where that compute is
neither known nor can be estimated, a third of 10^25 FLOP stands in for a base with systemic risk and a third of
10^23 FLOP for any other. All figures are FLOP. What is not known stays unknown. Pure: no Django, no models.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from governance.law.regulation.clauses import Compute

Verdict = Literal["below", "above", "unknown"]
Basis = Literal["third-of-base", "fallback-systemic", "fallback-other", "unknown"]
Scope = Literal["modification", "lineage"]


@dataclass(frozen=True)
class Contribution:
    """One run on a lineage and its training compute in FLOP, or None where nobody knows it."""

    name: str
    flops: float | None


@dataclass(frozen=True)
class Meter:
    """A reading.

    `ratio` is compute over criterion (1 = at the criterion), `share_of_base` compute over the base's compute.
    `within_margin` says that an estimate may be off by enough to change the verdict. `above_systemic_presumption`
    compares base and modification together with Article 51(2), for the question on systemic risk.
    """

    scope: Scope
    modification_flops: float | None
    base_flops: float | None
    criterion_flops: float | None
    basis: Basis
    ratio: float | None
    share_of_base: float | None
    verdict: Verdict
    within_margin: bool | None
    above_systemic_presumption: bool | None
    working: tuple[str, ...]


@dataclass(frozen=True)
class _Criterion:
    """What the compute is held against: `of` is the whole, of which the fraction counts."""

    of: float | None
    basis: Basis
    line: str


def provider_meter(
    numbers: Compute,
    modification_flops: float | None,
    base_flops: float | None,
    base_has_systemic_risk: bool | None,
    *,
    base_estimable: bool | None = None,
) -> Meter:
    """Hold one modification against the criterion.

    `base_estimable=False` is a person's statement that the base's compute is neither known nor can be estimated;
    without it an unknown base leaves the verdict unknown. Raises ValueError for a negative or infinite figure.
    """
    part = Contribution("This modification", modification_flops)
    return _read("modification", numbers, (part,), base_flops, base_has_systemic_risk, base_estimable)


def lineage_meter(
    numbers: Compute,
    contributions: Sequence[Contribution],
    base_flops: float | None,
    base_has_systemic_risk: bool | None,
    *,
    base_estimable: bool | None = None,
) -> Meter:
    """Hold all runs on one lineage together against the criterion: the cautious choice.

    An unknown run leaves the verdict unknown, unless the known ones alone are above. Raises ValueError (see
    `provider_meter`), also for an empty lineage.
    """
    if not contributions:
        raise ValueError("A lineage has at least one run; name each with its compute, or None where it is unknown.")
    return _read("lineage", numbers, tuple(contributions), base_flops, base_has_systemic_risk, base_estimable)


def _read(
    scope: Scope,
    numbers: Compute,
    parts: tuple[Contribution, ...],
    base: float | None,
    systemic: bool | None,
    estimable: bool | None,
) -> Meter:
    for part in parts:
        _check(f"compute of {part.name!r}", part.flops, least=0.0)
    _check("compute of the base model", base, least=math.ulp(0.0))
    floor = sum(part.flops for part in parts if part.flops is not None)
    total = floor if all(part.flops is not None for part in parts) else None
    criterion = _criterion(numbers, floor, base, systemic, estimable)
    verdict = _verdict(numbers, criterion, floor, complete=total is not None)
    limit = None if criterion.of is None else criterion.of * numbers.numerator / numbers.denominator
    ratio = total / limit if total is not None and limit is not None else None
    within = _within_margin(numbers, ratio)
    resulting = base + total if base is not None and total is not None else None
    return Meter(
        scope=scope,
        modification_flops=total,
        base_flops=base,
        criterion_flops=limit,
        basis=criterion.basis,
        ratio=ratio,
        share_of_base=total / base if base is not None and total is not None else None,
        verdict=verdict,
        within_margin=within,
        above_systemic_presumption=None if resulting is None else resulting > numbers.systemic_presumption,
        working=_working(numbers, parts, total, criterion, limit, ratio, within, verdict),
    )


def _check(what: str, flops: float | None, *, least: float) -> None:
    if flops is not None and not (math.isfinite(flops) and flops >= least):
        raise ValueError(f"The {what} is {flops!r}; give a finite figure in FLOP, or None where it is unknown.")


def _criterion(
    numbers: Compute, floor: float, base: float | None, systemic: bool | None, estimable: bool | None
) -> _Criterion:
    if base is not None:
        return _Criterion(base, "third-of-base", f"Base model: {spell(base)}.")
    if estimable is not False:
        cure = "Estimate it" if estimable else "Enter it, or have a person state that it cannot be estimated"
        return _Criterion(None, "unknown", f"Base model: compute unknown. {cure}.")
    lead = "Base model: compute neither known nor to be estimated"
    low = _Criterion(numbers.fallback_other, "fallback-other", f"{lead}; {spell(numbers.fallback_other)} stands in.")
    high = _Criterion(
        numbers.fallback_systemic,
        "fallback-systemic",
        f"{lead}, systemic risk; {spell(numbers.fallback_systemic)} stands in.",
    )
    if systemic is not None:
        return high if systemic else low
    for candidate, settled in ((low, "below"), (high, "above")):
        if _side(numbers, candidate, floor) == settled:
            return candidate
    return _Criterion(None, "unknown", f"{lead}, and nobody knows whether it has systemic risk. Settle that first.")


def _side(numbers: Compute, criterion: _Criterion, flops: float) -> Verdict:
    if criterion.of is None:
        return "unknown"
    return "above" if flops * numbers.denominator > criterion.of * numbers.numerator else "below"


def _verdict(numbers: Compute, criterion: _Criterion, floor: float, *, complete: bool) -> Verdict:
    side = _side(numbers, criterion, floor)
    return side if complete or side == "above" else "unknown"


def _within_margin(numbers: Compute, ratio: float | None) -> bool | None:
    """Whether an error of the margin in the compute, either way, crosses the criterion."""
    if ratio is None:
        return None
    return ratio * (1 - numbers.error_margin) <= 1 <= ratio * (1 + numbers.error_margin)


def _working(
    numbers: Compute,
    parts: tuple[Contribution, ...],
    total: float | None,
    criterion: _Criterion,
    limit: float | None,
    ratio: float | None,
    within: bool | None,
    verdict: Verdict,
) -> tuple[str, ...]:
    lines = [f"{part.name}: {'unknown' if part.flops is None else spell(part.flops)}." for part in parts]
    if len(parts) > 1 and total is not None:
        lines.append(f"Together: {spell(total)}.")
    lines.append(criterion.line)
    if limit is not None and criterion.of is not None:
        fraction = f"{numbers.numerator}/{numbers.denominator}"
        ref = numbers.ref if criterion.basis == "third-of-base" else numbers.fallback_ref
        lines.append(f"Criterion: {fraction} × {spell(criterion.of)} = {spell(limit)} ({ref}).")
    if ratio is not None:
        lines.append(f"Compute / criterion = {ratio:.2g}.")
    if within:
        lines.append(f"The criterion lies within the error of {numbers.error_margin:.0%} that an estimate may have.")
    lines.append(_SAYS[verdict])
    return tuple(lines)


_SAYS: dict[Verdict, str] = {
    "below": "Not above the indicative criterion. It settles no role; a significant change is asked for apart.",
    "above": "Above the indicative criterion. It settles no role; a significant change is asked for apart.",
    "unknown": "Unknown, because a figure is missing. It settles no role.",
}


def spell(flops: float) -> str:
    """Two significant figures, as the guidelines ask for (paragraph 31): 2.3 × 10^25 FLOP."""
    if flops == 0:
        return "0 FLOP"
    mantissa, exponent = f"{flops:.1e}".split("e")
    return f"{mantissa} × 10^{int(exponent)} FLOP"
