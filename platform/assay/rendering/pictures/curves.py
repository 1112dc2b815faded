"""Curves over steps: the learning rate, any few series, and the small line beside a number."""

from collections.abc import Sequence

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from assay.rendering.numerals import number, power_of_ten
from assay.rendering.pictures.canvas import (
    Box,
    Picture,
    Point,
    element,
    finite,
    label,
    linear,
    path,
    plain,
    polyline,
    svg,
)
from assay.rendering.pictures.plot import (
    HEIGHT,
    Plot,
    Series,
    Value,
    beside,
    drawable,
    frame_for,
    name_ends,
    nothing,
    sampled,
    short,
    squares,
)


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
    used = drawable(zip(steps, values, strict=True))
    present = [point for point in used if point]
    if not present:
        return nothing(title, gettext("No learning rate was recorded."), width)
    last = present[-1]
    to_come: list[Point | None] = [last, *((float(s), float(v)) for s, v in planned if s > last[0] and finite(v))]
    points = present + [point for point in to_come if point]
    end = float(max(total_steps or 0, int(max(point[0] for point in points)), 1))
    sentence = gettext("Learning rate at most %(peak)s; %(last)s at step %(step)d.") % {
        "peak": _scientific(max(point[1] for point in present)),
        "last": _scientific(last[1]),
        "step": last[0],
    }
    plot = frame_for([*points, (0.0, 0.0)], (0.0, end), (width, HEIGHT), (gettext("step"), ""))
    if len(to_come) > 1:
        plot.parts.append(path(polyline(plot.at(to_come)), "p-raw", stroke_dasharray="3 3", stroke_width=1.4))
    plot.curve(used, "p-main")
    x, y = plot.x(last[0]), plot.y(last[1])
    plot.parts.append(element("circle", tone="p-dot", cx=x, cy=y, r=4))
    plot.parts.append(beside(plot, x, y - 6, _scientific(last[1])))
    rows = [(f"{int(step):,}", _scientific(value)) for step, value in sampled(present)]
    markup = svg(plot.parts, width, HEIGHT, title, sentence)
    return Picture(markup, sentence, (gettext("Step"), gettext("Rate")), rows)


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
    height: float = HEIGHT,
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
        return nothing(title, sentence, width)
    anchors: list[Point] = [(present[0][0], value) for value in ([limit] if limit is not None else [])]
    anchors += [(present[0][0], 0.0)] if from_zero else []
    span = (min(point[0] for point in present), max(point[0] for point in present))
    plot = frame_for(present + anchors, span, (width, height), (x_label, y_label))
    for one, points in zip(series, drawn, strict=True):
        plot.curve(points, f"p-{one.kind}")
        if one.kind == "check":
            plot.parts.extend(squares(plot, [point for point in points if point]))
    if limit is not None:
        _draw_limit(plot, limit, limit_label or gettext("limit"))
    lasts = [(one.name, [point for point in points if point][-1:]) for one, points in zip(series, drawn, strict=True)]
    name_ends(plot, [(last, f"{short(last[1])} {name}") for name, ends in lasts for last in ends])
    markup = svg(plot.parts, width, height, title, sentence, "a-pic wide")
    return Picture(markup, sentence, (gettext("Series"), x_label, y_label), _rows(series, drawn))


def _draw_limit(plot: Plot, limit: float, words: str) -> None:
    y = plot.y(limit)
    plot.parts.append(path(f"M{plain(plot.box.left)} {plain(y)}H{plain(plot.box.right)}", "p-limit"))
    plot.parts.append(label(plot.box.left + 4, y - 5, words, "lim"))


def _rows(series: Sequence[Series], drawn: Sequence[Sequence[Point | None]]) -> list[tuple[str, str, str]]:
    return [
        (one.name, number(x), number(y))
        for one, points in zip(series, drawn, strict=True)
        for x, y in sampled([point for point in points if point])
    ]


def sparkline(values: Sequence[Value], *, width: float = 150, height: float = 22) -> SafeString:
    """A small line beside a number that says the same; decoration to a reader, so it has no name.

    Drawn from the lowest to the highest value; a single level lies in the middle, gaps stay gaps.
    """
    points = drawable(enumerate(values))
    present = [point for point in points if point]
    parts: list[str] = [path(f"M0 {plain(height - 1)}H{plain(width)}", "p-grid")]
    if present:
        x = linear(0.0, float(max(len(values) - 1, 1)), 0, width)
        lowest, highest = min(point[1] for point in present), max(point[1] for point in present)
        y = linear(lowest, highest, height - 2, 2)
        plot = Plot(Box(0, 0, width, height), x, y, parts)
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


def _series_sentence(series: Sequence[Series], drawn: Sequence[Sequence[Point | None]]) -> str:
    said = []
    for one, points in zip(series, drawn, strict=True):
        present = [point for point in points if point]
        if present:
            said.append(
                gettext("%(name)s goes from %(first)s to %(last)s.")
                % {"name": one.name, "first": short(present[0][1]), "last": short(present[-1][1])}
            )
        else:
            said.append(gettext("%(name)s was not measured.") % {"name": one.name})
    return " ".join(said) or gettext("Nothing has been measured yet.")


def _scientific(value: float) -> str:
    """ "2e-4" as people write a learning rate; zero is "0"."""
    if value == 0:
        return "0"
    mantissa, exponent = power_of_ten(value)
    return f"{mantissa.removesuffix('.0')}e{exponent}"
