"""Filters and tags of the documents' templates: times, digests, powers of ten, marks."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from assay.rendering import numerals, pictures
from governance.documents.dossiers.rules import KINDS
from governance.documents.sources import numbers

register = template.Library()
POWER = re.compile(r" ?× 10\^(\u2212|-)?(\d+)")
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


@register.filter
def sentence(text: str) -> SafeString:
    """A statement's words, escaped, with powers of ten raised and long digests set so that they may break."""
    safe = POWER.sub(_raised, str(escape(text)))
    safe = DIGEST.sub(lambda match: f'<span class="mono">{match.group()}</span>', safe)
    return mark_safe(safe)  # noqa: S308 - escaped above; only our own elements were added


def _raised(match: re.Match[str]) -> str:
    sign = "\u2212" if match.group(1) else ""
    return f'\u00a0×\u00a010<sup class="power">{sign}{match.group(2)}</sup>'


@register.filter
def day(moment: str | None) -> str:
    """“18 November 2026”, in UTC."""
    return numbers.day(_parsed(moment)) if moment else ""


@register.filter
def minute(moment: str | None) -> str:
    """“18 Nov 2026, 18:00” in UTC; the table's head or the cover says the zone."""
    if not moment:
        return ""
    at = _parsed(moment).astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M}"


@register.filter
def short(digest: str) -> str:
    return numerals.short_digest(digest)


@register.filter
def spoken(identifier: str) -> str:
    """“downstream-modifier” and “dataset_version” as words."""
    return str(identifier).replace("-", " ").replace("_", " ")


@register.filter
def amount(value: float | None) -> str:
    """A number at four significant digits; the caller says what stands for None."""
    return "" if value is None else numbers.amount(value)


@register.simple_tag
def mark(source: str) -> SafeString:
    """The mark of a source as paper shows it; its word always stands beside it."""
    return pictures.mark(source, on_paper=True, named=False)


@register.filter
def source_word(source: str) -> str:
    return str(pictures.SOURCES["na" if source == "not_applicable" else source])


@register.filter
def get(mapping: Any, key: str) -> Any:
    return mapping.get(key)


def _parsed(moment: str) -> datetime:
    text = str(moment)
    if len(text) == 10:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    return numbers.parsed(text)


@register.filter
def words(text: str) -> list[str]:
    return text.split()


@register.filter
def state_mark(state: str) -> str:
    """The mark of a whole point: a ring while something is missing, a dash where nothing applies, else a dot."""
    return {"met": "measured"}.get(state, state)


@register.filter
def within(ref: str, annex: str) -> str:
    """“Annex IV(2)(d)” within “Annex IV” is “2(d)”."""
    rest = ref.removeprefix(annex).removeprefix(", ")
    return rest.removeprefix("point ") if rest.startswith("point ") else rest.replace("(", "", 1).replace(")", "", 1)


@register.filter
def tally(counts: Mapping[str, int]) -> str:
    """“5 of 7”, of the prompts that apply; “does not apply” where none does."""
    asked = counts["prompts"] - counts["not_applicable"]
    return f"{asked - counts['missing']} {gettext('of')} {asked}" if asked else gettext("does not apply")


@register.filter
def lead(counts: Mapping[str, int]) -> str:
    """“7 prompts: 3 measured, 2 declared, 1 missing”."""
    kinds = [f"{counts[kind]} {source_word(kind)}" for kind in KINDS if counts[kind]]
    asked = ngettext("%(n)s prompt", "%(n)s prompts", counts["prompts"]) % {"n": counts["prompts"]}
    return f"{asked}: {', '.join(kinds)}"


@register.filter
def after_rule(because: str) -> str:
    """The words of a rule without its id, which stands in the margin."""
    return because.partition(": ")[2] or because


@register.filter
def counted(number: int) -> str:
    """“134,515,008”."""
    return numbers.count(number)
