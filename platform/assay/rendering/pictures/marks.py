"""Small marks that stand in text: where a thing comes from, how complete it is, the shapes of the chips."""

import math
from collections.abc import Mapping
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_lazy

from assay.rendering.pictures.canvas import Picture, element, plain

#: The five sources in their order, with their words. Shape first, tone second: only `missing` takes a
#: colour, because it alone waits for a person.
SOURCES: Final = {
    "measured": gettext_lazy("measured"),
    "declared": gettext_lazy("declared"),
    "attached": gettext_lazy("attached"),
    "missing": gettext_lazy("missing"),
    "na": gettext_lazy("not applicable"),
}
_INK, _QUIET, _AMBER = "#1a1f1c", "#5d645f", "#744600"


def _mark_shape(source: str, ink: str) -> str:
    """The drawing of a source in a box of 12; `ink` is `currentColor` on a page, a fixed tone on paper."""
    match source:
        case "measured":
            return element("circle", cx=6, cy=6, r=5, fill=ink)
        case "declared":
            return element("circle", cx=6, cy=6, r=4.4, fill="none", stroke=ink, stroke_width=1.3) + element(
                "path", d="M6 1.6a4.4 4.4 0 0 0 0 8.8z", fill=ink
            )
        case "attached":
            return element("rect", x=1.4, y=1.4, width=9.2, height=9.2, fill=ink)
        case "missing":
            return element("circle", cx=6, cy=6, r=4.4, fill="none", stroke=ink, stroke_width=1.6)
        case "na":
            return element("path", d="M1.5 6h9", fill="none", stroke=ink, stroke_width=2)
        case _:
            raise ValueError(f"{source!r} is no source; known: {', '.join(SOURCES)}")


def mark(source: str, *, on_paper: bool = False, named: bool = True) -> SafeString:
    """The mark of `source` (`not_applicable` is read as `na`).

    `named` gives it its word for those who do not see it; turn it off where the word stands beside it.
    `on_paper` fixes the tone and the size for documents, where no style sheet reaches into SVG.
    Raises ValueError for an unknown source.
    """
    source = "na" if source == "not_applicable" else source
    ink = {"missing": _AMBER, "na": _QUIET}.get(source, _INK) if on_paper else "currentColor"
    drawing = _mark_shape(source, ink)
    return element(
        "svg",
        drawing,
        xmlns="http://www.w3.org/2000/svg",
        class_=f"a-mark {source}",
        viewBox="0 0 12 12",
        width=10 if on_paper else 11,
        height=10 if on_paper else 11,
        role="img" if named else None,
        aria_label=str(SOURCES[source]) if named else None,
        aria_hidden=None if named else "true",
    )


_SHAPES: Final = {
    "ring": '<circle cx="4" cy="4" r="3" fill="none" stroke="currentColor" stroke-width="1.4"/>',
    "play": '<path d="M1.5 .8 7 4 1.5 7.2z" fill="currentColor"/>',
    "triangle": '<path d="M4 .4 7.7 7.4H.3z" fill="currentColor"/>',
    "tick": '<path d="M.8 4.4 3 6.6 7.2 1.6" fill="none" stroke="currentColor" stroke-width="1.7"/>',
    "cross": '<path d="M1.2 1.2l5.6 5.6M6.8 1.2 1.2 6.8" stroke="currentColor" stroke-width="1.7"/>',
    "pause": '<path d="M2.2 1v6M5.8 1v6" stroke="currentColor" stroke-width="1.8"/>',
}


def shape(name: str) -> SafeString:
    """The shape that belongs to a state's colour. It never stands without its word, hence hidden to readers."""
    return mark_safe(  # noqa: S308 - constants only
        f'<svg class="a-shape" viewBox="0 0 8 8" width="8" height="8" aria-hidden="true">{_SHAPES[name]}</svg>'
    )


def arrow(direction: str) -> SafeString:
    """A small arrow `left`, `right` or `down`; drawn, because the fonts' own arrows are not carried along."""
    strokes = {"left": "M9 4H1.4M4.2 1 1.2 4l3 3", "right": "M1 4h7.6M5.8 1l3 3-3 3", "down": "M1 2l4 4 4-4"}
    drawing = element("path", d=strokes[direction], fill="none", stroke="currentColor", stroke_width=1.4)
    return element("svg", drawing, class_="a-arrow", viewBox="0 0 10 8", width=10, height=8, aria_hidden="true")


def ring(counts: Mapping[str, int]) -> SafeString:
    """How far one point is met: a ring whose arcs are the met prompts by source, whose gap is what is missing.

    `counts` has the sources as keys (absent is zero). Measured is the darkest arc, then attached, then
    declared; a thin ring means that nothing here applies. The count in words always stands beside it.
    """
    circumference = 2 * math.pi * 5
    prompts = sum(counts.get(source, 0) for source in ("measured", "declared", "attached", "missing"))
    arcs = [element("circle", tone="p-axis", cx=7, cy=7, r=5, stroke_width=1)]
    turned = 0.0
    for source, strength in (("measured", 1), ("declared", 0.45), ("attached", 0.7)):
        share = counts.get(source, 0) / prompts if prompts else 0
        if share:
            dash = f"{share * circumference:.2f} {(1 - share) * circumference:.2f}"
            arcs.append(
                element(
                    "circle",
                    tone="p-ink-line",
                    cx=7,
                    cy=7,
                    r=5,
                    stroke_width=4,
                    stroke_opacity=strength,
                    stroke_dasharray=dash,
                    stroke_dashoffset=f"{-turned * circumference:.2f}",
                    transform="rotate(-90 7 7)",
                )
            )
        turned += share
    if not prompts and counts.get("na", 0):
        arcs.append(element("circle", tone="p-axis", cx=7, cy=7, r=5, stroke_width=1.5))
    return element("svg", *arcs, class_="a-ring", viewBox="0 0 14 14", width=14, height=14, aria_hidden="true")


def completeness_bar(counts: Mapping[str, int], width: float = 600, height: float = 10) -> Picture:
    """All prompts as one bar: solid measured, hatched declared, grey attached, outlined missing, pale not applicable.

    Segments are proportional to their counts, parted by two units, in the order of `SOURCES`. No prompts
    at all gives an empty bar that says so.
    """
    total = sum(counts.get(source, 0) for source in SOURCES)
    words = [f"{counts.get(source, 0)} {name}" for source, name in SOURCES.items()]
    sentence = gettext("%(counts)s of %(total)d prompts") % {"counts": ", ".join(words), "total": total}
    present = [source for source in SOURCES if counts.get(source, 0)]
    room = width - 2 * max(len(present) - 1, 0) - 1
    parts, left = [], 0.5
    for source in present:
        length = room * counts[source] / total
        if source == "declared":
            parts.append(element("path", tone="p-hatch", d=_hatching(left, left + length, height)))
        else:
            parts.append(_segment(_SEGMENTS[source], left, length, height))
        left += length + 2
    if not present:
        parts.append(_segment("p-na", 0.5, width - 1, height))
    markup = element(
        "svg",
        element("title", escape(sentence)),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        class_="bar",
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        preserveAspectRatio="none",
        role="img",
        aria_label=sentence,
    )
    rows = [(str(name), str(counts.get(source, 0))) for source, name in SOURCES.items()]
    return Picture(markup, sentence, (gettext("Source"), gettext("Prompts")), rows)


_SEGMENTS: Final = {"measured": "p-ink", "attached": "p-ink-3", "missing": "p-gap", "na": "p-na"}


def _segment(tone: str, left: float, length: float, height: float) -> SafeString:
    return element(
        "rect", tone=tone, x=left, y=0.5, width=length, height=height - 1, vector_effect="non-scaling-stroke"
    )


def _hatching(left: float, right: float, height: float, step: float = 5) -> str:
    """Path data of slanting strokes that fill [left, right] x [0, height], cut off at both ends.

    Drawn stroke by stroke, because a pattern needs an id and two bars on one page would share it.
    """
    strokes = []
    start = left - height
    while start < right:
        x_low, x_high = max(start, left), min(start + height, right)
        if x_high > x_low:
            y_low, y_high = height - (x_low - start), height - (x_high - start)
            strokes.append(f"M{plain(x_low)} {plain(y_low)}L{plain(x_high)} {plain(y_high)}")
        start += step
    return "".join(strokes)
