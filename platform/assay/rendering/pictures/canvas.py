"""What every picture is drawn with: elements, tones, scales, ticks and a frame with named axes."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

from assay.rendering.numerals import MINUS, power_of_ten

Point = tuple[float, float]
Scale = Callable[[float], float]

# The paper's tones: the class is what a page restyles, the attributes are what a PDF draws.
TONES: dict[str, dict[str, str]] = {
    "p-grid": {"stroke": "#e4e7e2", "fill": "none"},
    "p-axis": {"stroke": "#b5bbb4", "fill": "none"},
    "p-zero": {"stroke": "#5d645f", "fill": "none"},
    "p-raw": {"stroke": "#6f7f90", "fill": "none", "stroke-width": "1.1"},
    "p-main": {"stroke": "#173f6d", "fill": "none", "stroke-width": "2.2", "stroke-linejoin": "round"},
    "p-check": {"stroke": "#1a1f1c", "fill": "none", "stroke-width": "1.2", "stroke-dasharray": "5 3"},
    "p-check-mark": {"fill": "#ffffff", "stroke": "#1a1f1c", "stroke-width": "1.6"},
    "p-dot": {"fill": "#173f6d"},
    "p-solid": {"fill": "#173f6d"},
    "p-mid": {"fill": "#6f7f90"},
    "p-mid-mark": {"fill": "#6f7f90"},
    "p-open-mark": {"fill": "#ffffff", "stroke": "#6f7f90", "stroke-width": "1.4"},
    "p-limit": {"stroke": "#971b1b", "fill": "none", "stroke-width": "1.8", "stroke-dasharray": "4 2"},
    "p-fill": {"fill": "#c8d7e8"},
    "p-future": {"fill": "#eef0ed", "fill-opacity": ".6"},
    "p-ink": {"fill": "#1a1f1c"},
    "p-ink-line": {"stroke": "#1a1f1c", "fill": "none"},
    "p-ink-3": {"fill": "#5d645f"},
    "p-gap": {"fill": "#fcf2dc", "stroke": "#744600"},
    "p-na": {"fill": "#eef0ed", "stroke": "#b5bbb4"},
    "p-hatch": {"stroke": "#434a46", "fill": "none", "stroke-width": "2.4"},
    "p-box": {"fill": "#ffffff", "stroke": "#858c87"},
    "p-box here": {"fill": "#ffffff", "stroke": "#1b4d84", "stroke-width": "2"},
    "p-box gone": {"fill": "#f0ebf9", "stroke": "#56368d", "stroke-dasharray": "5 3"},
    "p-stripe grey": {"fill": "#4d5450"},
    "p-stripe blue": {"fill": "#1b4d84"},
    "p-stripe amber": {"fill": "#744600"},
    "p-stripe green": {"fill": "#175a32"},
    "p-stripe red": {"fill": "#971b1b"},
    "p-stripe violet": {"fill": "#56368d"},
    "p-edge": {"stroke": "#5d645f", "fill": "none", "stroke-width": "1.2"},
    "p-edge-head": {"fill": "#5d645f"},
}
# on paper each script of a font is a family of its own (see the print style sheet)
PAPER_FONTS = "Inter, Inter Ext, Inter Greek, Inter Cyrillic, sans-serif"
TEXT_TONES = {"": "#5d645f", "l": "#434a46", "v": "#1a1f1c", "b": "#1a1f1c", "lim": "#971b1b"}


class Picture(SafeString):
    """An SVG as safe markup, with the sentence and the table that say the same in words and numbers."""

    sentence: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __new__(
        cls, markup: str, sentence: str, headers: Sequence[str] = (), rows: Iterable[Sequence[str]] = ()
    ) -> Self:
        picture = super().__new__(cls, markup)
        picture.sentence = sentence
        picture.headers = tuple(headers)
        picture.rows = tuple(tuple(row) for row in rows)
        return picture


def element(name: str, *children: str, **attributes: object) -> SafeString:
    """One SVG element. Children are safe markup; attributes are escaped, `_` in a name becomes `-`.

    `tone` gives the class together with its paper attributes; explicit attributes win over those.
    """
    tone = str(attributes.pop("tone", ""))
    merged: dict[str, object] = {"class": tone, **TONES[tone]} if tone else {}
    merged |= {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    text = "".join(f' {key}="{escape(plain(value))}"' for key, value in merged.items())
    body = "".join(children)
    return mark_safe(f"<{name}{text}>{body}</{name}>" if body else f"<{name}{text}/>")  # noqa: S308 - built of escaped parts


def label(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> SafeString:
    """Text at (x, y), escaped unless it is safe already (a superscript). `kind` is a key of `TEXT_TONES`."""
    return element(
        "text",
        conditional_escape(words),
        class_=kind or None,
        x=x,
        y=y,
        text_anchor=None if anchor == "start" else anchor,
        fill=TEXT_TONES[kind],
        font_weight="600" if kind in ("v", "b") else None,
    )


def path(points: str, tone: str, **attributes: object) -> SafeString:
    return element("path", tone=tone, d=points, **attributes)


def svg(
    parts: Iterable[str], width: float, height: float, title: str, sentence: str, css: str = "a-pic", role: str = "img"
) -> str:
    """The picture around `parts`, named for those who do not see it; `role` is "group" where it holds links."""
    return element(
        "svg",
        element("title", escape(title)),
        element("desc", escape(sentence)),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        class_=css,
        viewBox=f"0 0 {plain(width)} {plain(height)}",
        width=width,
        height=height,
        font_family=PAPER_FONTS,
        font_size=11,
        role=role,
        aria_label=f"{title}. {sentence}" if title else sentence,
    )


def polyline(points: Iterable[Point | None]) -> str:
    """Path data through `points`; `None` lifts the pen, so what was not measured leaves a gap."""
    commands, pen_down = [], False
    for point in points:
        if point is None:
            pen_down = False
            continue
        commands.append(f"{'L' if pen_down else 'M'}{plain(point[0])} {plain(point[1])}")
        pen_down = True
    return "".join(commands)


def finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """From [low, high] in the data to [start, end] on the canvas; a single value lies in the middle.

    Halves are taken before subtracting, so that the two ends of the float range do not overflow.
    """
    span = high / 2 - low / 2
    if span == 0:
        return lambda value: (start + end) / 2
    return lambda value: start + (value / 2 - low / 2) / span * (end - start)


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers, `count` or a few more, that enclose [low, high]: 1, 2, 2.5 or 5 times a power of ten apart."""
    if high - low <= max(abs(low), abs(high)) * 1e-9:  # one value, or two that a float can hardly part
        pad = abs(low) * 0.1 or 1.0
        low, high = low - pad, high + pad
    rough = (high / max(count - 1, 1)) - (low / max(count - 1, 1))
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= rough * 0.75)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [index * step for index in range(first, last + 1)]


@dataclass(frozen=True)
class TickWords:
    """Labels for ticks, and the power of ten that was taken out of them and belongs to the axis name."""

    labels: list[str]
    exponent: int

    @classmethod
    def of(cls, ticks: Sequence[float]) -> Self:
        largest = max((abs(tick) for tick in ticks), default=0.0)
        exponent = power_of_ten(largest)[1] if largest and not 1e-3 <= largest < 1e5 else 0
        step = abs(ticks[1] - ticks[0]) if len(ticks) > 1 else largest or 1.0
        decimals = max(0, exponent - math.floor(math.log10(step) + 1e-9)) if step else 0
        scaled_step = step / 10.0**exponent
        if decimals < 6 and abs(round(scaled_step, decimals) - scaled_step) > scaled_step * 1e-6:
            decimals += 1  # a step of 2.5 needs one place more than its first digit says
        labels = [f"{tick / 10.0**exponent:,.{decimals}f}".replace("-", MINUS) for tick in ticks]
        return cls(labels, exponent)


def axis_name(words: str, exponent: int) -> SafeString:
    """The axis' name with its power of ten, raised by hand: no style sheet reaches into a document's SVG."""
    if not exponent:
        return mark_safe(escape(words))  # noqa: S308 - escaped here
    power = element("tspan", escape(str(exponent).replace("-", MINUS)), dy=-4, font_size=8)
    rest = element("tspan", escape(f" {words}"), dy=4) if words else ""
    return mark_safe(f"× 10{power}{rest}")  # noqa: S308 - built of escaped parts


@dataclass(frozen=True)
class Box:
    """The part of the canvas that the data fill."""

    left: float
    top: float
    right: float
    bottom: float


def frame(box: Box, y_ticks: Sequence[float], y: Scale, x_ticks: Sequence[float], x: Scale) -> list[str]:
    """Grid, tick labels and base line. The axes' names are the caller's, by `name_axes`."""
    parts: list[str] = []
    for tick, words in zip(y_ticks, TickWords.of(y_ticks).labels, strict=True):
        parts.append(path(f"M{plain(box.left)} {plain(y(tick))}H{plain(box.right)}", "p-grid"))
        parts.append(label(box.left - 7, y(tick) + 4, words, anchor="end"))
    for tick, words in zip(x_ticks, TickWords.of(x_ticks).labels, strict=True):
        parts.append(path(f"M{plain(x(tick))} {plain(box.bottom)}v4", "p-axis"))
        parts.append(label(x(tick), box.bottom + 16, words, anchor="middle"))
    parts.append(path(f"M{plain(box.left)} {plain(box.bottom)}H{plain(box.right)}", "p-axis"))
    return parts


def name_axes(
    box: Box, x_words: str, y_words: str, x_ticks: Sequence[float], y_ticks: Sequence[float]
) -> list[SafeString]:
    return [
        label(box.right, box.bottom + 31, axis_name(x_words, TickWords.of(x_ticks).exponent), anchor="end"),
        label(max(box.left - 30, 4), box.top - 10, axis_name(y_words, TickWords.of(y_ticks).exponent)),
    ]


def thin(points: Sequence[Point | None], limit: int = 600) -> list[Point | None]:
    """At most about `limit` points: of each stretch its lowest and highest, so that no spike is lost."""
    if len(points) <= limit:
        return list(points)
    kept: list[Point | None] = []
    size = math.ceil(len(points) / (limit // 2))
    for start in range(0, len(points), size):
        stretch = points[start : start + size]
        present = [point for point in stretch if point is not None]
        if present:
            ends = {min(present, key=lambda point: point[1]), max(present, key=lambda point: point[1])}
            kept.extend(sorted(ends))
        if len(present) < len(stretch):
            kept.append(None)
    return kept


def plain(value: object) -> str:
    """A coordinate with two decimals and no trailing zeros, so that the same data give the same bytes."""
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
