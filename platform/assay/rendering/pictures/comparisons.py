"""Values with their intervals beside a limit: differences in a row each, and bars from zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from assay.rendering.numerals import fixed, interval
from assay.rendering.pictures.canvas import (
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

Good = Literal["lower", "higher"]
ROW = 30
#: an arrow up or down names the good side (both lie in the carried fonts)
ARROWS: dict[Good | None, str] = {"lower": " \u2193", "higher": " \u2191", None: ""}


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval; any of the three may be missing. `n` is what it was measured on."""

    name: str
    estimate: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    limit: float | None = None
    good: Good | None = None
    reason: str = ""

    def numbers(self) -> list[float]:
        return [
            value for value in (self.estimate, self.low, self.high, self.limit) if value is not None and finite(value)
        ]

    @property
    def measured(self) -> bool:
        return finite(self.estimate)


Bar = Interval


def forest(
    rows: Sequence[Interval],
    *,
    title: str,
    x_label: str,
    reference: float = 0.0,
    decimals: int = 3,
    width: float = 660,
) -> Picture:
    """Differences, one row each: dot for the estimate, whisker for the interval, a line at `reference`.

    A row's `limit` is dashed on that row. What was not measured has words instead of a dot.
    """
    label_width, value_width = _label_width(rows), 150
    left, right = label_width + 8, width - value_width
    height = 12 + ROW * max(len(rows), 1) + 36
    sentence = _rows_sentence(rows, decimals, sign=True)
    numbers = [value for row in rows for value in row.numbers()]
    ticks = nice_ticks(min([*numbers, reference]), max([*numbers, reference]))
    x = linear(ticks[0], ticks[-1], left, right)
    bottom = 12 + ROW * max(len(rows), 1)
    parts = _value_axis(ticks, x, 8, bottom, x_label)
    parts.append(path(f"M{plain(x(reference))} 8V{bottom}", "p-zero"))
    for index, row in enumerate(rows):
        middle = 12 + ROW * index + ROW / 2
        parts.append(_row_name(row, label_width, middle))
        parts.extend(_whisker(row, x, middle))
        words = _value_words(row, decimals, sign=True) if row.measured else gettext("not measured")
        parts.append(label(right + 12, middle + 4, words, "b" if row.measured else ""))
    return Picture(
        svg(parts, width, height, title, sentence, "a-pic wide"), sentence, *_rows_table(rows, decimals, sign=True)
    )


def bars_with_threshold(
    rows: Sequence[Bar], *, title: str, x_label: str, decimals: int = 3, width: float = 500
) -> Picture:
    """Values as bars from zero, each with its interval as a whisker and its own limit dashed across the bar.

    The axis holds zero, every interval and every limit. The arrow in the name is the good side.
    """
    label_width = _label_width(rows)
    left, right = label_width + 8, width - 22
    bottom = 4 + ROW * max(len(rows), 1)
    height = bottom + 34
    sentence = _rows_sentence(rows, decimals)
    numbers = [value for row in rows for value in row.numbers()]
    ticks = nice_ticks(min([*numbers, 0.0]), max([*numbers, 0.0]) if numbers else 1.0)
    x = linear(ticks[0], ticks[-1], left, right)
    parts = _value_axis(ticks, x, 4, bottom, x_label)
    parts.append(path(f"M{plain(x(0.0))} 4V{bottom}", "p-axis"))
    for index, row in enumerate(rows):
        middle = 2 + ROW * index + ROW / 2
        parts.append(_row_name(row, label_width, middle))
        if row.measured and row.estimate is not None:
            start, end = sorted((x(0.0), x(row.estimate)))
            parts.append(element("rect", tone="p-fill", x=start, y=middle - 7, width=max(end - start, 1), height=14))
            parts.extend(_whisker(row, x, middle, radius=3))
        else:
            parts.extend(_whisker(row, x, middle))
            after = x(row.limit) if row.limit is not None and finite(row.limit) else x(0.0)
            parts.append(label(max(after, x(0.0)) + 6, middle + 4, gettext("not measured")))
    return Picture(svg(parts, width, height, title, sentence, "a-pic mid"), sentence, *_rows_table(rows, decimals))


def whisker(
    estimate: float | None, low: float | None, high: float | None, *, reach: float, reference: float = 0.0
) -> SafeString:
    """One row's interval for a table column that spans `reference` ± `reach`; decoration beside the numbers.

    Empty when there is nothing to draw or when it lies outside the scale: the table's cell says so then.
    """
    row = Interval("", estimate, low, high)
    numbers = row.numbers()
    if not row.measured or any(abs(value - reference) > reach for value in numbers):
        return SafeString("")
    x = linear(reference - reach, reference + reach, 4, 128)
    parts = [path("M66 0V22", "p-axis"), *_whisker(row, x, 11, radius=3.6)]
    return element("svg", *parts, class_="a-whisker", viewBox="0 0 132 22", width=132, height=22, aria_hidden="true")


def _value_axis(ticks: Sequence[float], x: Scale, top: float, bottom: float, words: str) -> list[str]:
    named = TickWords.of(ticks)
    parts: list[str] = []
    for tick, text in zip(ticks, named.labels, strict=True):
        parts.append(path(f"M{plain(x(tick))} {plain(top)}V{plain(bottom)}", "p-grid"))
        parts.append(label(x(tick), bottom + 14, text, anchor="middle"))
    parts.append(
        label((x(ticks[0]) + x(ticks[-1])) / 2, bottom + 29, axis_name(words, named.exponent), anchor="middle")
    )
    return parts


def _whisker(row: Interval, x: Scale, middle: float, radius: float = 3.6) -> list[str]:
    """Interval, dot and limit of one row; each only where it is known."""
    parts: list[str] = []
    low, high = row.low, row.high
    if row.measured and low is not None and high is not None and finite(low) and finite(high):
        ends = f"M{plain(x(low))} {plain(middle)}H{plain(x(high))}"
        caps = "".join(f"M{plain(x(end))} {plain(middle - 4)}v8" for end in (low, high))
        parts.append(path(ends + caps, "p-main", stroke_width=1.6))
    if row.estimate is not None and row.measured:
        parts.append(element("circle", tone="p-dot", cx=x(row.estimate), cy=middle, r=radius))
    if row.limit is not None and finite(row.limit):
        parts.append(path(f"M{plain(x(row.limit))} {plain(middle - 11)}v22", "p-limit"))
    return parts


def _label_width(rows: Sequence[Interval]) -> float:
    """Room for the longest name at about 6 units a letter, between 80 and 230."""
    return min(max((len(_shown_name(row)) * 6.1 for row in rows), default=80.0), 230.0) + 4


def _shown_name(row: Interval) -> str:
    name = row.name if len(row.name) <= 36 else row.name[:35] + "\u2026"
    return name + ARROWS[row.good]


def _row_name(row: Interval, right: float, middle: float) -> SafeString:
    return label(right, middle + 4, _shown_name(row), "l", "end")


def _value_words(row: Interval, decimals: int, *, sign: bool = False) -> str:
    if row.estimate is None or not row.measured:
        return gettext("not measured") + (f" ({row.reason})" if row.reason else "")
    words = fixed(row.estimate, decimals, sign=sign)
    if row.low is not None and row.high is not None and finite(row.low) and finite(row.high):
        words += f"  {interval(row.low, row.high, decimals, sign=sign)}"
    return words


def _rows_sentence(rows: Sequence[Interval], decimals: int, *, sign: bool = False) -> str:
    said = []
    for row in rows:
        words = f"{row.name}: {_value_words(row, decimals, sign=sign)}"
        if row.n is not None:
            words += f", n {row.n:,}"
        if row.limit is not None:
            words += f", {gettext('limit')} {fixed(row.limit, decimals)}"
        said.append(words)
    return "; ".join(said) + "." if said else gettext("Nothing has been measured yet.")


def _rows_table(
    rows: Sequence[Interval], decimals: int, *, sign: bool = False
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    headers = (gettext("Metric"), "n", gettext("Value and interval"), gettext("Limit"))
    return headers, [
        (
            row.name,
            f"{row.n:,}" if row.n is not None else gettext("not stated"),
            _value_words(row, decimals, sign=sign),
            fixed(row.limit, decimals) if row.limit is not None else gettext("none"),
        )
        for row in rows
    ]
