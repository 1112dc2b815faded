"""The page's vocabulary: state chips, source marks, numbers, times, form fields, and the parts of a page.

Load it with `{% load assay %}`. Tags render `templates/components/`; numbers come from
`assay.rendering.numerals`, pictures from `assay.rendering.pictures`, states from `assay.web.states`, so
that a page, a document and a test read the same words.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from difflib import SequenceMatcher
from typing import Any

import nh3
from django import template
from django.core.paginator import Page
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext
from markdown_it import MarkdownIt

from assay.rendering import numerals, pictures
from assay.web import trail
from assay.web.forms import runs
from assay.web.states import look
from governance.foundation.audit.models import AuditEvent
from governance.law.regulation import rules as regulation
from governance.people.approvals.methods import SPOKEN, Method
from governance.people.approvals.rules import opened_in_words

register = template.Library()

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_TEXT_TAGS = {"p", "br", "em", "strong", "del", "ul", "ol", "li", "blockquote", "code", "pre", "hr", "a"}
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TEXT_TAGS |= {"h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"}

# --- states and sources ---------------------------------------------------------------------------------------


@register.inclusion_tag("components/chip.html")
def chip(state: object, label: str = "") -> dict[str, Any]:
    """The chip of `state`; `label` replaces its word ("Waits for Rita"), never its colour."""
    found = look(state)
    return {"colour": found.colour, "shape": pictures.shape(found.shape), "label": label or found.label}


@register.simple_tag
def state_words(state: object) -> str:
    """The word of a state's chip, where a list of choices names it."""
    return str(look(state).label)


@register.simple_tag
def shape(name: str) -> SafeString:
    """One of the chips' shapes, beside words that say the same."""
    return pictures.shape(name)


@register.simple_tag
def arrow(direction: str) -> SafeString:
    return pictures.arrow(direction)


@register.simple_tag
def mark(source: str, words: str = "") -> SafeString:
    """The mark of a source; with `words`, the mark beside them ("63 measured")."""
    if not words:
        return pictures.mark(source)
    return format_html('<span class="a-src">{} {}</span>', pictures.mark(source, named=False), words)


@register.simple_tag
def ring(counts: Mapping[str, int]) -> SafeString:
    return pictures.ring(counts)


@register.inclusion_tag("components/completeness.html")
def completeness(counts: Mapping[str, int], url: str = "", missing_in_duties: int | None = None) -> dict[str, Any]:
    """The sheet with the bar and the counts in words. `counts` is a dossier's `completeness`.

    `missing_in_duties` says how many of the missing prompts belong to a duty; `url` lists the missing ones.
    """
    by_source = {source: counts.get("not_applicable" if source == "na" else source, 0) for source in pictures.SOURCES}
    total = sum(by_source.values())
    return {
        "bar": pictures.completeness_bar(by_source),
        "counts": [
            {
                "source": source,
                "count": count,
                "word": pictures.SOURCES[source],
                "mark": pictures.mark(source, named=False),
            }
            for source, count in by_source.items()
        ],
        "met": total - by_source["missing"],
        "total": total,
        "missing": by_source["missing"],
        "missing_in_duties": missing_in_duties,
        "url": url,
    }


# --- numbers -------------------------------------------------------------------------------------------------


@register.simple_tag
def not_measured(reason: str = "") -> SafeString:
    """What stands where a number would: never blank, never zero."""
    words = gettext("not measured (%(reason)s)") % {"reason": reason} if reason else gettext("not measured")
    return format_html('<span class="a-none">{}</span>', words)


def _absent(value: Any) -> bool:
    """`None`, or the empty string that a template gives for a variable that is not there."""
    return value is None or value == ""


@register.filter
def number(value: Any, unit: str = "") -> str:
    """`58493|number:"tokens"`; `None` is "not measured"."""
    if _absent(value):
        return not_measured()
    return f"{numerals.number(value)}{numerals.NBSP}{unit}" if unit else numerals.number(value)


@register.filter
def score(value: Any, decimals: int = 3) -> str:
    """A value in a results table, ".088"."""
    return not_measured() if _absent(value) else numerals.fixed(value, decimals)


@register.filter
def difference(value: Any, decimals: int = 3) -> str:
    """A signed value in a results table, "+.063"."""
    return not_measured() if _absent(value) else numerals.fixed(value, decimals, sign=True)


@register.simple_tag
def interval(low: Any, high: Any, decimals: int = 3, sign: bool = False) -> str:
    if _absent(low) or _absent(high):
        return not_measured(gettext("no interval"))
    return numerals.interval(low, high, decimals, sign=sign)


@register.filter
def percent(share: Any, decimals: int = 1) -> str:
    return not_measured() if _absent(share) else numerals.percent(share, decimals)


@register.filter
def flops(value: Any) -> str:
    """Floating-point operations as "1.2 × 10¹⁵ FLOP"."""
    return not_measured() if _absent(value) else numerals.power_markup(value, "FLOP")


@register.filter
def duration(seconds: Any) -> str:
    return not_measured() if _absent(seconds) else numerals.duration(seconds)


@register.filter("bytes")
def bytes_(count: Any) -> str:
    return not_measured() if _absent(count) else numerals.size(count)


@register.simple_tag  # a page holds a hundred of them, and a template for each would take a tenth of its time
def digest(value: str | None) -> SafeString:
    """Twelve characters of a digest, the whole one in the title and, by a click, on the clipboard."""
    if not value:
        return format_html('<span class="a-none">{}</span>', gettext("no digest"))
    return format_html(
        '<span class="a-digest a-mono" title="sha256 {0}" data-digest="{0}" data-copy-label="{1}" data-copied="{2}">{3}'
        "</span>",
        value,
        gettext("Copy digest"),
        gettext("copied"),
        numerals.short_digest(value),
    )


@register.inclusion_tag("components/progress.html")
def progress(done: float | None, total: float | None, label: str = "") -> dict[str, Any]:
    """A bar from nothing to `total`. Without a total it shows that something goes on, not how far."""
    known = bool(total) and done is not None
    return {"done": min(done, total) if known and done and total else 0, "total": total, "known": known, "label": label}


# --- times ---------------------------------------------------------------------------------------------------


def _absolute(moment: date | datetime) -> str:
    """ "10 Nov 2026, 10:39 CET", in the reader's zone; a plain day has no time."""
    if not isinstance(moment, datetime):
        return date_format(moment, "j M Y")
    return date_format(timezone.localtime(moment), "j M Y, H:i T")


def _relative(seconds: float) -> str:
    """ "3 s ago", "in 9 d": one unit, rounded down, so that nothing is called older or later than it is."""
    future, left = seconds < 0, abs(seconds)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if left >= length or unit == "s":
            amount = f"{int(left // length):,}{numerals.NBSP}{unit}"
            break
    if left < 1:
        return gettext("just now")
    return gettext("in %(time)s") % {"time": amount} if future else gettext("%(time)s ago") % {"time": amount}


@register.simple_tag  # as for `digest`
def when(moment: date | datetime | None, style: str = "relative", now: datetime | None = None) -> SafeString:
    """A time. `relative` ("2 h ago", the absolute one in the title), `absolute` or `day`.

    Older or later than thirty days, `relative` gives the day: "412 d ago" helps nobody.
    """
    if moment is None:
        return format_html('<span class="a-none">{}</span>', gettext("not recorded"))
    absolute = _absolute(moment)
    words = absolute
    if style == "day" or not isinstance(moment, datetime):
        words = date_format(timezone.localtime(moment) if isinstance(moment, datetime) else moment, "j M Y")
    elif style == "relative":
        seconds = ((now or timezone.now()) - moment).total_seconds()
        words = _relative(seconds) if abs(seconds) < 30 * 86400 else date_format(timezone.localtime(moment), "j M Y")
    elif style != "absolute":
        raise ValueError(f"{style!r} is no style of a time; known: relative, absolute, day")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), absolute, words)


# --- text ----------------------------------------------------------------------------------------------------


@register.filter
def document_text(source: str | None) -> SafeString:
    """Markdown as clean markup: no raw HTML, no pictures, no scripts; links only to web and mail addresses."""
    cleaned = nh3.clean(
        _MARKDOWN.render(source or ""),
        tags=_TEXT_TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(cleaned)  # noqa: S308 - cleaned one line above


@register.simple_tag
def text_diff(before: str | None, after: str | None) -> SafeString:
    """What changed, word by word: `<del>` what went, `<ins>` what came; the rest once."""
    old, new = (before or "").split(), (after or "").split()
    parts: list[SafeString] = []
    for what, old_from, old_to, new_from, new_to in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        gone, came = " ".join(old[old_from:old_to]), " ".join(new[new_from:new_to])
        if what == "equal":
            parts.append(format_html("{}", came))
            continue
        if gone:
            parts.append(format_html("<del>{}</del>", gone))
        if came:
            parts.append(format_html("<ins>{}</ins>", came))
    return format_html_join(" ", "{}", ((part,) for part in parts))


@register.filter
def kind_of(value: object) -> str:
    """What a JSON value is, so that a template can lay it out: "map", "list", "row" (of plain values), "none", "digest"
    or "value"."""
    if value is None:
        return "none"
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return "digest"
    if isinstance(value, list | tuple):
        plain = all(isinstance(one, int | float) or kind_of(one) == "value" for one in value)
        return "row" if value and plain else "list"
    return "map" if isinstance(value, Mapping) else "value"


@register.filter
def as_the_form_says(text: object) -> str:
    """The trainer's words with its settings under the labels of the run plan's form."""
    return runs.as_the_form_says(str(text))


@register.filter
def way_shown(method: str) -> str:
    """How a signer showed who they are, in words."""
    return gettext(SPOKEN[Method(method)])


@register.filter
def opened_words(opened: Sequence[Mapping[str, Any]]) -> str:
    """What a decision keeps of what its signer opened, in the reader's time."""
    return opened_in_words(opened, lambda at: date_format(timezone.localtime(datetime.fromisoformat(at)), "j M H:i"))


@register.filter
def spoken(key: object) -> str:
    """A key of a record as a person would say it: `max_length` is "max length", `over-refusal` "over refusal"."""
    return str(key).replace("_", " ").replace("-", " ")


@register.filter
def legal(words: str | Iterable[str], edition: str = "") -> str:
    """Names of the catalogue ("transparency", "downstream-modifier") as its edition spells them out for a reader."""
    law = regulation.edition(edition) if edition else regulation.latest()
    asked = [words] if isinstance(words, str) else list(words)
    return ", ".join(law.names.get(word, word) for word in asked)


@register.filter
def get(mapping: Mapping[Any, Any], key: object) -> Any:
    """`names|get:event.actor`: the value under a key that only the template knows; "" where there is none."""
    return mapping.get(key, "")


@register.inclusion_tag("components/diff.html")
def diff(rows: Iterable[Mapping[str, Any]], caption: str = "", first: str = "") -> dict[str, Any]:
    """A table before and after. Rows have `label`, `before`, `after`, and may have `by` (who, when)."""
    return {"rows": list(rows), "caption": caption, "first": first or gettext("Fact")}


@register.simple_tag
def told(events: Iterable[AuditEvent]) -> list[trail.Told]:
    """`{% told events as rows %}`: entries of the audit trail in words."""
    return trail.told(events)


# --- parts of a page -----------------------------------------------------------------------------------------


@register.simple_block_tag
def sheet(content: str, title: str = "", note: str = "", footer: str = "", css: str = "", anchor: str = "") -> str:
    """`{% sheet title note footer %}…{% endsheet %}`: a sheet with its header line and footer."""
    parts = {"content": content, "title": title, "note": note, "footer": footer, "css": css, "anchor": anchor}
    return _part("sheet", parts)


@register.simple_block_tag
def band(content: str, colour: str, title: str = "", role: str = "status") -> str:
    """`{% band "amber" "Title" %}…{% endband %}`: one sentence that changes what you do next."""
    return _part("band", {"content": content, "colour": colour, "title": title, "role": role})


@register.simple_block_tag
def empty(content: str, title: str, action: str = "", url: str = "") -> str:
    """`{% empty "No runs yet" "Plan a run" url %}What this page is for.{% endempty %}`.

    Directly inside a `{% for %}` the word belongs to the loop: put it into an `{% if %}` beside the loop.
    """
    return _part("empty", {"content": content, "title": title, "action": action, "url": url})


def _part(name: str, parts: Mapping[str, Any]) -> SafeString:
    return mark_safe(render_to_string(f"components/{name}.html", dict(parts)))  # noqa: S308 - a template escapes


@register.simple_tag
def sparkline(values: Iterable[float | None]) -> SafeString:
    """The small line beside a number that says the same; gaps where nothing was measured."""
    return pictures.sparkline(list(values or []))


@register.inclusion_tag("components/figure.html")
def figure(picture: pictures.Picture, title: str = "", caption: str = "", css: str = "a-sheet a-pad") -> dict[str, Any]:
    """A picture with its name, what its strokes mean, and its numbers as a table to unfold."""
    return {"picture": picture, "title": title, "caption": caption, "css": css}


@register.inclusion_tag("components/gates.html")
def gates(rows: Iterable[Any], css: str = "") -> dict[str, Any]:
    """What must be so before the act.

    Gates as the rules give them (`light`, `label`, `says`, `cure`), or rows of `state` (passed, waits, shut,
    open), `title`, `detail`, `url`, `action`.
    """
    return {"gates": [_gate(_gate_row(row)) for row in rows], "css": css}


_LIGHTS = {"green": "passed", "amber": "waits", "red": "shut"}


def _gate_row(row: Any) -> Mapping[str, Any]:
    if isinstance(row, Mapping):
        return row
    return {"state": _LIGHTS[row.light], "title": row.label, "detail": " ".join(filter(None, [row.says, row.cure]))}


def _gate(row: Mapping[str, Any]) -> dict[str, Any]:
    words = {
        "passed": ("tick", gettext("passed")),
        "waits": ("triangle", gettext("waits for a person")),
        "shut": ("cross", gettext("shut")),
        "open": ("ring", gettext("not decided")),
    }
    drawn, said = words[row["state"]]
    return {**row, "shape": pictures.shape(drawn), "said": said}


@register.simple_tag
def gates_summary(rows: Iterable[Any]) -> str:
    """ "5 passed, 1 waits" for a sheet's header line; states that do not occur are not named."""
    states = [_gate_row(row)["state"] for row in rows]
    count = {state: states.count(state) for state in ("passed", "waits", "shut", "open")}
    said = [
        gettext("%(count)d passed") % {"count": count["passed"]} if count["passed"] else "",
        ngettext("%(count)d waits", "%(count)d wait", count["waits"]) % {"count": count["waits"]}
        if count["waits"]
        else "",
        gettext("%(count)d shut") % {"count": count["shut"]} if count["shut"] else "",
        gettext("%(count)d not decided") % {"count": count["open"]} if count["open"] else "",
    ]
    return ", ".join(one for one in said if one)


@register.inclusion_tag("components/tabs.html")
def tabs(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The tabs of a detail page: rows of `label`, `url`, `current`, and perhaps `count`."""
    return {"tabs": rows}


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(context: template.Context, page: Page[Any]) -> dict[str, Any]:
    """First to last of the total, and the way back and on; the filter in the address is kept."""
    return {"page": page, "request": context.get("request")}


@register.simple_tag
def heat(value: float | None, limit: float | None, good: str, n: int | None = None, needs: int = 0) -> str:
    """The class of a heat cell: the nearer to the limit, the stronger; `over` beyond it; `few` under `needs` items.

    Nearness is value / limit where low is good, and 1 - (value - limit) / (1 - limit) for a share where
    high is good: strength 1 from .6, 2 from .8, 3 at the limit.
    """
    if value is None or (n is not None and n < needs):
        return "few"
    if limit is None:
        return ""
    beyond = value > limit if good == "lower" else value < limit
    if good == "lower":
        nearness = value / limit if limit else (2.0 if value > 0 else 0.0)
    else:
        nearness = 1 - (value - limit) / (1 - limit) if limit < 1 else (1.0 if value >= 1 else 2.0)
    strength = 3 if beyond or nearness >= 1 else 2 if nearness >= 0.8 else 1 if nearness >= 0.6 else 0
    return " ".join(part for part in (f"heat-{strength}" if strength else "", "over" if beyond else "") if part)
