"""Curves over steps: loss, learning rate, any few series, and the small line beside a number."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from assay.rendering.numerals import number, power_of_ten
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


@dataclass(frozen=True)
class Series:
    """One named curve. `main` is thick, `raw` thin, `check` dashed with square marks."""

    name: str
    points: Sequence[tuple[float, Value]]
    kind: Kind = "main"

    def drawable(self) -> list[Point | None]:
        return [(float(x), float(y)) if y is not None and finite(y) else None for x, y in self.points]


@dataclass(frozen=True)
class _Plot:
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


def loss_curve(
    steps: Sequence[int],
    train: Sequence[Value],
    *,
    validation: Sequence[tuple[int, Value]] = (),
    total_steps: int | None = None,
    epoch_marks: Sequence[tuple[int, str]] = (),
    validation_n: int | None = None,
    window: int = 9,
    width: float = 660,
) -> Picture:
    """Training loss by step (thin), its running mean over `window` steps (thick), validation (squares).

    `validation` has (step, loss) pairs over `validation_n` rows; `epoch_marks` (step, words) where an
    epoch begins. Up to `total_steps` the part that has not happened yet is shaded. Losses are in nats a
    token. A loss that is not finite leaves a gap and is counted in the sentence.
    """
    title = gettext("Loss")
    raw: list[Point | None] = [
        (float(step), float(loss)) if loss is not None and finite(loss) else None
        for step, loss in zip(steps, train, strict=True)
    ]
    smooth = _running_mean(raw, window)
    checks = [(float(step), float(loss)) for step, loss in validation if loss is not None and finite(loss)]
    present = [point for point in raw if point]
    lost = len(raw) - len(present)
    sentence = _loss_sentence(present, smooth, checks, lost, total_steps)
    table = _loss_table(smooth, checks)
    if not present and not checks:
        return _nothing(title, sentence, width, 286)
    last = int(max(point[0] for point in present + checks))
    end = max(total_steps or 0, last, 1)
    plot = _frame_for(present + checks, (0.0, float(end)), width, 286, gettext("step"), gettext("nats a token"))
    _shade_future(plot, last, end)
    for step, words in epoch_marks:
        if 0 < step < end:
            plot.parts.append(
                path(f"M{plain(plot.x(step))} {plot.box.top}V{plot.box.bottom}", "p-axis", stroke_dasharray="2 3")
            )
            plot.parts.append(label(plot.x(step) + 5, plot.box.top + 9, words))
    plot.curve(raw, "p-raw", stroke_opacity=0.75)
    plot.curve(smooth, "p-main")
    _draw_checks(plot, checks, validation_n)
    _name_last(plot, smooth, gettext("training"), avoid=checks[-1][1] if checks else None)
    return Picture(svg(plot.parts, width, 286, title, sentence, "a-pic wide"), sentence, *table)


def learning_rate(
    steps: Sequence[int],
    values: Sequence[Value],
    *,
    planned: Sequence[tuple[int, float]] = (),
    total_steps: int | None = None,
    width: float = 330,
) -> Picture:
    """The learning rate that was used (solid, dot at the last step) and what is planned after it (dotted)."""
    title = gettext("Learning rate")
    used: list[Point | None] = [
        (float(step), float(value)) if value is not None and finite(value) else None
        for step, value in zip(steps, values, strict=True)
    ]
    present = [point for point in used if point]
    if not present:
        return _nothing(title, gettext("No learning rate was recorded."), width, 286)
    last = present[-1]
    to_come: list[Point | None] = [last, *((float(s), float(v)) for s, v in planned if s > last[0] and finite(v))]
    points = present + [point for point in to_come if point]
    end = float(max(total_steps or 0, int(max(point[0] for point in points)), 1))
    sentence = gettext("Learning rate at most %(peak)s; %(last)s at step %(step)d.") % {
        "peak": _scientific(max(point[1] for point in present)),
        "last": _scientific(last[1]),
        "step": last[0],
    }
    plot = _frame_for([*points, (0.0, 0.0)], (0.0, end), width, 286, gettext("step"), "")
    if len(to_come) > 1:
        plot.parts.append(path(polyline(plot.at(to_come)), "p-raw", stroke_dasharray="3 3", stroke_width=1.4))
    plot.curve(used, "p-main")
    x, y = plot.x(last[0]), plot.y(last[1])
    plot.parts.append(element("circle", tone="p-dot", cx=x, cy=y, r=4))
    plot.parts.append(_beside(plot, x, y - 6, _scientific(last[1])))
    rows = [(f"{int(step):,}", _scientific(value)) for step, value in _sampled(present)]
    return Picture(
        svg(plot.parts, width, 286, title, sentence, "a-pic"), sentence, (gettext("Step"), gettext("Rate")), rows
    )


def line(
    series: Sequence[Series],
    *,
    title: str,
    x_label: str,
    y_label: str,
    sentence: str = "",
    limit: float | None = None,
    limit_label: str = "",
    from_zero: bool = False,
    width: float = 660,
    height: float = 286,
) -> Picture:
    """Up to three named series over one axis; names stand at the curves' ends, told apart by their stroke.

    `limit` is drawn dashed across the picture and lies inside the axis. `from_zero` puts zero on the axis.
    Raises ValueError for more than three series: they could not be told apart in grey.
    """
    if len(series) > 3:
        raise ValueError(f"{len(series)} series in one picture; three can be told apart without colour")
    drawn = [one.drawable() for one in series]
    present = [point for points in drawn for point in points if point]
    sentence = sentence or _series_sentence(series, drawn)
    if not present:
        return _nothing(title, sentence, width, height)
    anchors: list[Point] = [(present[0][0], value) for value in ([limit] if limit is not None else [])]
    anchors += [(present[0][0], 0.0)] if from_zero else []
    span = (min(point[0] for point in present), max(point[0] for point in present))
    plot = _frame_for(present + anchors, span, width, height, x_label, y_label)
    for one, points in zip(series, drawn, strict=True):
        plot.curve(points, f"p-{one.kind}")
        if one.kind == "check":
            plot.parts.extend(_squares(plot, [point for point in points if point]))
    if limit is not None:
        plot.parts.append(path(f"M{plot.box.left} {plain(plot.y(limit))}H{plot.box.right}", "p-limit"))
        words = limit_label or gettext("limit")
        plot.parts.append(label(plot.box.right, plot.y(limit) - 5, words, "lim", "end"))
    for one, points in zip(series, drawn, strict=True):
        _name_last(plot, points, one.name)
    rows = [
        (one.name, number(x), number(y))
        for one, points in zip(series, drawn, strict=True)
        for x, y in _sampled([point for point in points if point])
    ]
    markup = svg(plot.parts, width, height, title, sentence, "a-pic wide")
    return Picture(markup, sentence, (gettext("Series"), x_label, y_label), rows)


def sparkline(values: Sequence[Value], *, width: float = 150, height: float = 22) -> SafeString:
    """A small line beside a number that says the same; decoration to a reader, so it has no name.

    Drawn from the lowest to the highest value; a single level lies in the middle, gaps stay gaps.
    """
    points: list[Point | None] = [
        (float(index), float(value)) if value is not None and finite(value) else None
        for index, value in enumerate(values)
    ]
    present = [point for point in points if point]
    parts = [path(f"M0 {plain(height - 1)}H{plain(width)}", "p-grid")]
    if present:
        x = linear(0.0, float(max(len(values) - 1, 1)), 0, width)
        lowest, highest = min(point[1] for point in present), max(point[1] for point in present)
        y = linear(lowest, highest, height - 2, 2)
        plot = _Plot(Box(0, 0, width, height), x, y, parts)
        plot.curve(points, "p-main", stroke_width=1.4, vector_effect="non-scaling-stroke")
    return element(
        "svg",
        *parts,
        class_="spark",
        viewBox=f"0 0 {plain(width)} {plain(height)}",
        width=width,
        height=height,
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _frame_for(points: Sequence[Point], span: Point, width: float, height: float, x_words: str, y_words: str) -> _Plot:
    y_ticks = nice_ticks(min(point[1] for point in points), max(point[1] for point in points))
    x_ticks = [tick for tick in nice_ticks(*span) if span[0] <= tick <= span[1]]
    box = Box(46, 26, width - 20, height - 46)
    x_ends = span if span[0] < span[1] else (span[0] - 1, span[1] + 1)
    plot = _Plot(box, linear(*x_ends, box.left, box.right), linear(y_ticks[0], y_ticks[-1], box.bottom, box.top))
    plot.parts.extend(frame(box, y_ticks, plot.y, x_ticks or [span[0]], plot.x))
    plot.parts.extend(name_axes(box, x_words, y_words, x_ticks or [span[0]], y_ticks))
    return plot


def _shade_future(plot: _Plot, last: int, end: int) -> None:
    if last >= end:
        return
    left, box = plot.x(last), plot.box
    plot.parts.append(
        element("rect", tone="p-future", x=left, y=box.top, width=box.right - left, height=box.bottom - box.top)
    )
    if box.right - left > 60:
        plot.parts.append(label(left + 7, box.bottom - 8, gettext("to come")))


def _draw_checks(plot: _Plot, checks: Sequence[Point], n: int | None) -> None:
    if not checks:
        return
    plot.parts.append(path(polyline(plot.at(checks)), "p-check"))
    plot.parts.extend(_squares(plot, checks))
    named = checks[-4:] if len(checks) <= 6 else checks[-1:]
    for step, loss in named[:-1]:
        if plot.x(step) > plot.box.left + 20:
            plot.parts.append(label(plot.x(step) + 8, plot.y(loss) - 8, f"{loss:.3f}", "v"))
    words = gettext("validation") + (f", n {n:,}" if n is not None else "")
    step, loss = checks[-1]
    plot.parts.append(_beside(plot, plot.x(step), plot.y(loss) - 9, f"{loss:.3f} {words}"))


def _squares(plot: _Plot, points: Sequence[Point]) -> list[SafeString]:
    return [
        element("rect", tone="p-check-mark", x=plot.x(x) - 4, y=plot.y(y) - 4, width=8, height=8) for x, y in points
    ]


def _name_last(plot: _Plot, points: Sequence[Point | None], name: str, avoid: float | None = None) -> None:
    """Write the last value and the name at the curve's end; below the line where `avoid` lies just above it."""
    present = [point for point in points if point]
    if not present:
        return
    step, value = present[-1]
    crowded = avoid is not None and abs(plot.y(avoid) - plot.y(value)) < 22
    shift = 18 if crowded else 4
    plot.parts.append(_beside(plot, plot.x(step), plot.y(value) + shift, f"{_short(value)} {name}"))


def _beside(plot: _Plot, x: float, y: float, words: str) -> SafeString:
    """A value beside its point; on the left where it would run out of the picture on the right."""
    room = plot.box.right + 14 - x
    too_long = len(words) * 6.2 > room
    return label(x - 8 if too_long else x + 7, max(y, plot.box.top + 4), words, "v", "end" if too_long else "start")


def _running_mean(points: Sequence[Point | None], window: int) -> list[Point | None]:
    """The mean over the `window` points around each one; where the middle is missing, so is the mean."""
    reach = window // 2
    means: list[Point | None] = []
    for index, point in enumerate(points):
        if point is None:
            means.append(None)
            continue
        near = [other[1] for other in points[max(0, index - reach) : index + reach + 1] if other]
        means.append((point[0], sum(value / len(near) for value in near)))
    return means


def _loss_sentence(
    train: Sequence[Point],
    smooth: Sequence[Point | None],
    checks: Sequence[Point],
    lost: int,
    total_steps: int | None,
) -> str:
    said = []
    if train:
        means = [point for point in smooth if point]
        goal = gettext(" of %(total)d") % {"total": total_steps} if total_steps else ""
        said.append(
            gettext("Training loss goes from %(first)s to %(last)s by step %(step)d%(goal)s.")
            % {"first": _short(means[0][1]), "last": _short(means[-1][1]), "step": train[-1][0], "goal": goal}
        )
    if checks:
        said.append(
            gettext("Validation loss goes from %(first).3f at step %(from)d to %(last).3f at step %(to)d.")
            % {"first": checks[0][1], "from": checks[0][0], "last": checks[-1][1], "to": checks[-1][0]}
        )
    if lost:
        said.append(gettext("%(count)d steps have no finite loss and leave a gap.") % {"count": lost})
    return " ".join(said) or gettext("No loss has been recorded yet.")


def _series_sentence(series: Sequence[Series], drawn: Sequence[Sequence[Point | None]]) -> str:
    said = []
    for one, points in zip(series, drawn, strict=True):
        present = [point for point in points if point]
        if present:
            said.append(
                gettext("%(name)s goes from %(first)s to %(last)s.")
                % {"name": one.name, "first": _short(present[0][1]), "last": _short(present[-1][1])}
            )
        else:
            said.append(gettext("%(name)s was not measured.") % {"name": one.name})
    return " ".join(said) or gettext("Nothing has been measured yet.")


def _loss_table(
    smooth: Sequence[Point | None], checks: Sequence[Point]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Step, mean training loss, validation loss: at every validation, or at ten even steps without one."""
    means = {point[0]: point[1] for point in smooth if point}
    at = dict(checks) or dict.fromkeys([step for step, _ in _sampled([point for point in smooth if point])])
    headers = (gettext("Step"), gettext("Training, running mean"), gettext("Validation"))
    rows = []
    for step in at:
        train, check = means.get(step), at[step]
        rows.append(
            (
                f"{int(step):,}",
                _short(train) if train is not None else gettext("not measured"),
                f"{check:.3f}" if check is not None else gettext("not measured"),
            )
        )
    return headers, rows


def _sampled(points: Sequence[Point], count: int = 10) -> list[Point]:
    if len(points) <= count:
        return list(points)
    return [points[round(index * (len(points) - 1) / (count - 1))] for index in range(count)]


def _short(value: float) -> str:
    return f"{value:.2f}" if 0.1 <= abs(value) < 1000 else number(value, 3)


def _scientific(value: float) -> str:
    """ "2e-4" as people write a learning rate; zero is "0"."""
    if value == 0:
        return "0"
    mantissa, exponent = power_of_ten(value)
    return f"{mantissa.removesuffix('.0')}e{exponent}"


def _nothing(title: str, sentence: str, width: float, height: float) -> Picture:
    """The picture of something that has not been measured: its frame, and the sentence that says so."""
    parts = [
        path(f"M46 {plain(height - 46)}H{plain(width - 20)}", "p-axis"),
        label(width / 2, height / 2, sentence, "l", "middle"),
    ]
    return Picture(svg(parts, width, height, title, sentence), sentence)
