"""How often a value occurs."""

from collections.abc import Sequence
from itertools import pairwise

from django.utils.translation import gettext

from assay.rendering.numerals import number
from assay.rendering.pictures.canvas import (
    Box,
    Picture,
    Scale,
    TickWords,
    axis_name,
    element,
    finite,
    label,
    linear,
    nice_ticks,
    path,
    plain,
    svg,
)

WIDTH, HEIGHT = 500.0, 214.0
BOX = Box(46, 26, WIDTH - 12, HEIGHT - 40)
Bin = tuple[tuple[float, float], int]


def histogram(
    edges: Sequence[float],
    counts: Sequence[int],
    *,
    title: str,
    x_label: str,
    y_label: str = "",
    limit: float | None = None,
    limit_label: str = "",
) -> Picture:
    """How many values lie in each bin; `edges` has one entry more than `counts`. n stands at the upper left.

    A `limit` is drawn dashed and always lies inside the axis. Raises ValueError when edges and counts do
    not fit, or the edges do not rise.
    """
    bins = _bins(edges, counts)
    total = sum(counts)
    sentence = _sentence(bins, total)
    count_name = y_label or gettext("count")
    rows = [(f"{number(low)} {gettext('to')} {number(high)}", f"{count:,}") for (low, high), count in bins]
    parts: list[str] = [path(f"M{plain(BOX.left)} {plain(BOX.bottom)}H{plain(BOX.right)}", "p-axis")]
    if total:
        shown = limit if limit is not None and finite(limit) else None
        ends = [edges[0], edges[-1], *([shown] if shown is not None else [])]
        x = linear(min(ends), max(ends), BOX.left, BOX.right)
        parts += _bars(bins, x)
        parts += _x_axis(min(ends), max(ends), x, x_label)
        parts.append(label(16, 14, f"{count_name}, n {total:,}"))
        parts += _limit(x(shown), limit_label or gettext("limit")) if shown is not None else []
    else:
        parts.append(label(WIDTH / 2, HEIGHT / 2, sentence, "l", "middle"))
    markup = svg(parts, WIDTH, HEIGHT, title, sentence, "a-pic mid")
    return Picture(markup, sentence, (x_label, count_name), rows)


def _bins(edges: Sequence[float], counts: Sequence[int]) -> list[Bin]:
    if len(edges) != len(counts) + 1 and (edges or counts):
        raise ValueError(f"{len(counts)} counts need {len(counts) + 1} edges, not {len(edges)}")
    if any(low >= high for low, high in pairwise(edges)):
        raise ValueError("the edges of a histogram must rise")
    return list(zip(pairwise(edges), counts, strict=True))


def _bars(bins: Sequence[Bin], x: Scale) -> list[str]:
    ticks = [tick for tick in nice_ticks(0, max(count for _, count in bins), 4) if tick == int(tick)]
    y = linear(0, ticks[-1], BOX.bottom, BOX.top)
    parts: list[str] = []
    for tick in ticks:
        parts.append(path(f"M{plain(BOX.left)} {plain(y(tick))}H{plain(BOX.right)}", "p-grid"))
        parts.append(label(BOX.left - 7, y(tick) + 4, f"{int(tick):,}", anchor="end"))
    for (low, high), count in bins:
        if count:
            left, top, width = x(low) + 0.5, y(count), max(x(high) - x(low) - 1, 1.0)
            parts.append(element("rect", tone="p-fill", x=left, y=top, width=width, height=BOX.bottom - top))
            parts.append(path(f"M{plain(left)} {plain(top)}h{plain(width)}", "p-main"))
    return parts


def _x_axis(low: float, high: float, x: Scale, words: str) -> list[str]:
    ticks = [tick for tick in nice_ticks(low, high) if low <= tick <= high]
    named = TickWords.of(ticks)
    parts: list[str] = []
    for tick, text in zip(ticks, named.labels, strict=True):
        parts.append(path(f"M{plain(x(tick))} {plain(BOX.bottom)}v4", "p-axis"))
        parts.append(label(x(tick), BOX.bottom + 16, text, anchor="middle"))
    parts.append(label(BOX.right, BOX.bottom + 31, axis_name(words, named.exponent), anchor="end"))
    return parts


def _limit(place: float, words: str) -> list[str]:
    on_the_right = place > (BOX.left + BOX.right) / 2
    name_at, anchor = (place - 5, "end") if on_the_right else (place + 5, "start")
    return [
        path(f"M{plain(place)} {plain(BOX.top)}V{plain(BOX.bottom)}", "p-limit"),
        label(name_at, BOX.top + 9, words, "lim", anchor),
    ]


def _sentence(bins: Sequence[Bin], total: int) -> str:
    if not total:
        return gettext("Nothing has been counted yet.")
    (low, high), count = max(bins, key=lambda one: one[1])
    return gettext("%(total)s values from %(low)s to %(high)s; most lie between %(from)s and %(to)s (%(count)s).") % {
        "total": f"{total:,}",
        "low": number(bins[0][0][0]),
        "high": number(bins[-1][0][1]),
        "from": number(low),
        "to": number(high),
        "count": f"{count:,}",
    }
