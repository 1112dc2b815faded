"""The plot that curves over steps share: scales, frame, curves with gaps, words at their ends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from django.utils.safestring import SafeString

from assay.rendering.numerals import number
from assay.rendering.pictures.canvas import (
    Box,
    Picture,
    Point,
    Scale,
    element,
    finite,
    frame,
    label,
    linear,
    name_axes,
    nice_ticks,
    path,
    plain,
    polyline,
    svg,
    thin,
)

Kind = Literal["main", "raw", "check"]
Value = float | None
HEIGHT = 286.0
LINE = 14.0  # from one row of words to the next


@dataclass(frozen=True)
class Series:
    """One named curve. `main` is thick, `raw` thin, `check` dashed with square marks."""

    name: str
    points: Sequence[tuple[float, Value]]
    kind: Kind = "main"

    def drawable(self) -> list[Point | None]:
        return drawable(self.points)


def drawable(pairs: Iterable[tuple[float, Value]]) -> list[Point | None]:
    """Points as numbers; a value that is missing or not finite becomes a gap."""
    return [(float(x), float(y)) if y is not None and finite(y) else None for x, y in pairs]


@dataclass(frozen=True)
class Plot:
    """Scales and frame shared by every curve of one picture."""

    box: Box
    x: Scale
    y: Scale
    parts: list[str] = field(default_factory=list)

    def at(self, points: Sequence[Point | None]) -> list[Point | None]:
        return [None if point is None else (self.x(point[0]), self.y(point[1])) for point in points]

    def curve(self, points: Sequence[Point | None], tone: str, **attributes: object) -> None:
        placed = thin(self.at(points))
        self.parts.append(path(polyline(placed), tone, **attributes))
        alone = [point for index, point in enumerate(placed) if point and _is_alone(placed, index)]
        self.parts.extend(element("circle", tone="p-dot", cx=x, cy=y, r=2.5) for x, y in alone)


def _is_alone(points: Sequence[Point | None], index: int) -> bool:
    """Whether a point has a gap on both sides, so that a line alone would not show it."""
    before = points[index - 1] if index else None
    after = points[index + 1] if index + 1 < len(points) else None
    return before is None and after is None


def frame_for(
    points: Sequence[Point],
    span: Point,
    size: tuple[float, float],
    words: tuple[str, str],
    x_ticks: Sequence[float] | None = None,
) -> Plot:
    """Frame and scales for `points` over `span`; `size` is width and height, `words` name the axes (x, y)."""
    y_ticks = nice_ticks(min(point[1] for point in points), max(point[1] for point in points))
    x_ticks = x_ticks or [tick for tick in nice_ticks(*span) if span[0] <= tick <= span[1]] or [span[0]]
    box = Box(46, 26, size[0] - 20, size[1] - 46)
    x_ends = span if span[0] < span[1] else (span[0] - 1, span[1] + 1)
    plot = Plot(box, linear(*x_ends, box.left, box.right), linear(y_ticks[0], y_ticks[-1], box.bottom, box.top))
    plot.parts.extend(frame(box, y_ticks, plot.y, x_ticks, plot.x))
    plot.parts.extend(name_axes(box, *words, x_ticks, y_ticks))
    return plot


def squares(plot: Plot, points: Sequence[Point]) -> list[SafeString]:
    return [
        element("rect", tone="p-check-mark", x=plot.x(x) - 4, y=plot.y(y) - 4, width=8, height=8) for x, y in points
    ]


def name_ends(plot: Plot, ends: Sequence[tuple[Point, str]]) -> None:
    """Words at the curves' ends, a line apart and inside the frame: the highest above its end, the lowest below."""
    placed = sorted((plot.y(value), plot.x(step), words) for (step, value), words in ends)
    rows: list[float] = []
    for index, (y, _x, _words) in enumerate(placed):
        wanted = y - 9 if index == 0 else y + 16 if index == len(placed) - 1 else y + 4
        rows.append(max(wanted, rows[-1] + LINE if rows else plot.box.top + 4))
    floor = plot.box.bottom - 4
    for index in reversed(range(len(rows))):
        rows[index] = min(rows[index], floor)
        floor = rows[index] - LINE
    plot.parts.extend(beside(plot, x, row, words) for (_y, x, words), row in zip(placed, rows, strict=True))


def beside(plot: Plot, x: float, y: float, words: str) -> SafeString:
    """A value beside its point; on the left where it would run out of the picture on the right."""
    room = plot.box.right + 14 - x
    too_long = width_of(words) > room
    return label(x - 8 if too_long else x + 7, max(y, plot.box.top + 4), words, "v", "end" if too_long else "start")


def width_of(words: str) -> float:
    """About how wide a label is; letters differ, and a little too much is better than too little."""
    return len(words) * 6.2


def sampled(points: Sequence[Point], count: int = 10) -> list[Point]:
    if len(points) <= count:
        return list(points)
    return [points[round(index * (len(points) - 1) / (count - 1))] for index in range(count)]


def short(value: float) -> str:
    return f"{value:.2f}" if 0.1 <= abs(value) < 1000 else number(value, 3)


def nothing(title: str, sentence: str, width: float) -> Picture:
    """The picture of something that has not been measured: a base line, and the sentence that says so."""
    width, height = min(width, 400.0), 120.0  # its letters stay readable on a narrow screen, where plots scroll
    parts = [
        path(f"M46 {plain(height - 30)}H{plain(width - 20)}", "p-axis"),
        label(width / 2, height / 2, sentence, "l", "middle"),
    ]
    return Picture(svg(parts, width, height, title, sentence), sentence)
