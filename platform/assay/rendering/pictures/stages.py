"""How a few metrics moved from stage to stage: base, released, candidate."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from assay.rendering.numerals import fixed
from assay.rendering.pictures.canvas import Picture, element, finite, label, linear, path, plain, polyline, svg
from assay.rendering.pictures.comparisons import ARROWS, Good


@dataclass(frozen=True)
class Panel:
    """One metric over its stages: `values` from base to candidate, in the order of the picture's stages."""

    name: str
    values: Sequence[float | None]
    n: int | None = None
    limit: float | None = None
    good: Good | None = None


def progression(
    panels: Sequence[Panel], *, stages: Sequence[str], title: str, decimals: int = 3, width: float = 500
) -> Picture:
    """Small panels side by side, each from zero: hollow diamond for the first stage, square between, dot last.

    Raises ValueError when a panel has not one value a stage.
    """
    for panel in panels:
        if len(panel.values) != len(stages):
            raise ValueError(f"{panel.name}: {len(panel.values)} values for {len(stages)} stages")
    across = width / max(len(panels), 1)
    parts: list[str] = []
    for index, panel in enumerate(panels):
        parts.extend(_panel(panel, stages, index * across + 4, across, decimals))
    parts.extend(_stage_key(stages, width, any(panel.limit is not None for panel in panels)))
    said = [f"{panel.name}: {_journey(panel, stages, decimals)}" for panel in panels]
    sentence = ". ".join(said) + "." if said else gettext("Nothing has been measured yet.")
    headers = (gettext("Metric"), "n", *stages, gettext("Limit"))
    rows = [
        (
            panel.name,
            f"{panel.n:,}" if panel.n is not None else gettext("not stated"),
            *(_or_not_measured(value, decimals) for value in panel.values),
            fixed(panel.limit, decimals) if panel.limit is not None else gettext("none"),
        )
        for panel in panels
    ]
    return Picture(svg(parts, width, 214, title, sentence, "a-pic mid"), sentence, headers, rows)


def _or_not_measured(value: float | None, decimals: int) -> str:
    return fixed(value, decimals) if value is not None and finite(value) else gettext("not measured")


def _journey(panel: Panel, stages: Sequence[str], decimals: int) -> str:
    return ", ".join(
        f"{stage} {_or_not_measured(value, decimals)}" for stage, value in zip(stages, panel.values, strict=True)
    )


def _panel(panel: Panel, stages: Sequence[str], left: float, across: float, decimals: int) -> list[str]:
    top, bottom = 44.0, 158.0
    inner = max(across - 34, 20.0)
    known = [value for value in [*panel.values, panel.limit] if value is not None and finite(value)]
    highest, lowest = max([*known, 0.0]), min([*known, 0.0])
    y = linear(lowest, highest or 1.0, bottom, top)
    step = (inner - 16) / max(len(stages) - 1, 1)
    side = {"lower": gettext("lower"), "higher": gettext("higher"), None: ""}[panel.good]
    facts = [f"{ARROWS[panel.good].strip()} {side}".strip(), f"n {panel.n:,}" if panel.n is not None else ""]
    parts: list[str] = [
        label(left, 12, panel.name, "l"),
        label(left, 26, ", ".join(fact for fact in facts if fact)),
        path(f"M{plain(left)} {plain(y(0.0))}h{plain(inner)}", "p-axis"),
    ]
    if panel.limit is not None and finite(panel.limit):
        parts.append(path(f"M{plain(left)} {plain(y(panel.limit))}h{plain(inner)}", "p-limit", stroke_width=1.4))
    places = [left + 8 + step * index for index in range(len(stages))]
    points = [
        (place, y(value)) if value is not None and finite(value) else None
        for place, value in zip(places, panel.values, strict=True)
    ]
    parts.append(path(polyline(points), "p-raw", stroke_width=1.4))
    for index, point in enumerate(points):
        parts.append(label(places[index], 172, stages[index][:1], anchor="middle"))
        if point:
            parts.append(_stage_mark(index, len(stages), *point))
    last, value = points[-1] if points else None, panel.values[-1] if panel.values else None
    if last and value is not None:
        parts.append(label(last[0] + 8, last[1] + 4, fixed(value, decimals), "v"))
    return parts


def _stage_mark(index: int, count: int, x: float, y: float) -> SafeString:
    if index == count - 1:
        return element("circle", tone="p-dot", cx=x, cy=y, r=4.2)
    if index == 0:
        return path(f"M{plain(x)} {plain(y - 4.5)}l4.5 4.5-4.5 4.5-4.5-4.5z", "p-open-mark")
    return element("rect", tone="p-mid-mark", x=x - 3.5, y=y - 3.5, width=7, height=7)


def _stage_key(stages: Sequence[str], width: float, has_limit: bool) -> list[str]:
    parts: list[str] = []
    left = 10.0
    for index, stage in enumerate(stages):
        parts.append(_stage_mark(index, len(stages), left, 199))
        parts.append(label(left + 10, 203, stage))
        left += 10 + len(stage) * 6.2 + 18
    if has_limit:
        parts.append(path(f"M{plain(left)} 199h22", "p-limit", stroke_width=1.4))
        parts.append(label(left + 27, 203, gettext("limit"), "lim"))
    parts.append(label(width - 4, 203, gettext("each panel from 0"), anchor="end"))
    return parts
