"""A dossier laid out for reading: the rail of points, one point with its prompts, and the evidence beside it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from assay.web import addresses
from assay.web.forms.dossiers import DeclarationForm
from governance.documents.dossiers import rules, selectors
from governance.documents.dossiers.models import Dossier
from governance.law.regulation import rules as regulation

# What sort of record a card of evidence is about.
KINDS = {
    "run_manifest": _("run manifest"),
    "dataset_version": _("dataset version"),
    "base_model": _("base model"),
    "model_version": _("model version"),
    "evaluation_plan": _("evaluation plan"),
    "stated_fact": _("stated fact"),
    "model_card": _("model card"),
    "quality_profile": _("quality profile"),
    "annotation_task": _("expert review"),
}
# How a prompt stands, beside how it stood.
STANDS = {
    "measured": gettext_lazy("measured"),
    "declared": gettext_lazy("declared"),
    "attached": gettext_lazy("attached"),
    "missing": gettext_lazy("missing"),
    "not_applicable": gettext_lazy("not applicable"),
    rules.ABSENT: gettext_lazy("not in this dossier"),
}
# Evidence that is a part of another record is shown on that record's page.
PART_OF = {"run_manifest": "run"}


def groups(sections: Sequence[Mapping[str, Any]], changed: set[str]) -> list[dict[str, Any]]:
    """The rail: points by annex, each with its counts for the ring, and what an annex that is folded says of itself."""
    found: list[dict[str, Any]] = []
    for section in sections:
        name, short = split(section["ref"])
        if not found or found[-1]["name"] != name:
            found.append({"name": name, "duty": section["duty"], "points": [], "refs": set(), "met": 0, "asked": 0})
        counts = rules.completeness([section])
        asked = counts["prompts"] - counts["not_applicable"]
        met = asked - counts["missing"]
        found[-1]["refs"].add(section["ref"])
        found[-1]["met"] += met
        found[-1]["asked"] += asked
        found[-1]["points"].append(
            {
                "ref": section["ref"],
                "short": short,
                "title": section["title"],
                "counts": counts,
                "met": met,
                "asked": asked,
                "changed": section["ref"] in changed,
            }
        )
    return found


def split(ref: str) -> tuple[str, str]:
    """“Annex IV(2)(d)” is (“Annex IV”, “2(d)”); of “Annex XI, Section 1, point 2(d)” the second part is “2(d)” too."""
    if ", point " in ref:
        name, _comma, short = ref.partition(", point ")
        return name, short
    name, _bracket, rest = ref.partition("(")
    return name, rest.replace(")", "", 1) if rest else ""


def lead(section: Mapping[str, Any]) -> str:
    """ "7 prompts: 3 measured, 2 declared, 1 attached, 1 missing"."""
    counts = rules.completeness([section])
    words = {
        "measured": _("%(n)d measured"),
        "declared": _("%(n)d declared"),
        "attached": _("%(n)d attached"),
        "missing": _("%(n)d missing"),
        "not_applicable": _("%(n)d not applicable"),
    }
    said = [words[kind] % {"n": counts[kind]} for kind in words if counts[kind]]
    total = ngettext("%(n)d prompt", "%(n)d prompts", counts["prompts"]) % {"n": counts["prompts"]}
    return f"{total}: {', '.join(said)}" if said else total


def compared(changes: Sequence[rules.PointChange], edition: str) -> list[dict[str, Any]]:
    """Two dossiers beside each other: a row for each prompt that stands otherwise, and for each other duty."""
    rows = []
    for change in changes:
        if change.was != change.became:
            was, became = (_duty(each, edition) for each in (change.was, change.became))
            rows.append({"change": change, "asks": "", "was": was, "became": became, "before": (), "now": ()})
        rows += [
            {
                "change": change,
                "asks": prompt.ask,
                "was": STANDS[prompt.was],
                "became": STANDS[prompt.became],
                "before": prompt.before,
                "now": prompt.now,
            }
            for prompt in change.prompts
        ]
    return rows


def _duty(duty: rules.Duty | None, edition: str) -> str:
    if duty is None:
        return str(STANDS[rules.ABSENT])
    name, rule = duty
    words = _("duty") if name == "required" else _("voluntary")
    return f"{words}: {because(rule, edition)}"


def because(name: str, edition: str) -> str:
    """Why a point is a duty or voluntary, in words: by the rule of this name."""
    if name == "not-required":
        return _("the recorded outcome does not require it")
    found = next((rule for rule in regulation.edition(edition).rules if rule.id == name), None)
    return found.because if found is not None else name.replace("-", " ")


def point(
    section: Mapping[str, Any], dossier: Dossier, *, writable: bool, form: DeclarationForm | None
) -> dict[str, Any]:
    """One point as it is read: each prompt with its statements, and evidence cards numbered once."""
    cards: dict[tuple[str, str], dict[str, Any]] = {}
    standing_texts = {each.prompt: each for each in selectors.declarations(dossier)} if writable else {}
    prompts = []
    for prompt in section["prompts"]:
        text = standing_texts.get(prompt["id"])
        this = form if form is not None and form.data.get("prompt") == prompt["id"] else None
        initial = {"prompt": prompt["id"], "text": text.text if text else "", "seen": text.pk if text else None}
        prompts.append(
            {
                **prompt,
                "state": rules.kind_of(prompt, section),
                "statements": [_statement(section["statements"][index], cards) for index in prompt["met_by"]],
                "remarks": [_statement(each, cards) for each in rules.beside(prompt, section)],
                "form": (this or DeclarationForm(initial=initial, auto_id=f"{prompt['id']}-%s")) if writable else None,
                "open": this is not None,
                "declared": text,
                "not_applicable": _not_applicable(prompt, dossier),
            }
        )
    return {"prompts": prompts, "cards": list(cards.values())}


def facts_of_the_edition(dossier: Dossier) -> list[dict[str, Any]]:
    """The edition's facts with the answers that stand: by them rules say what does not apply."""
    answers = {stated.fact: stated for stated in selectors.stated_facts(dossier)}
    known = regulation.edition(dossier.edition).facts
    return [{"id": name, "says": says, "answer": answers.get(name)} for name, says in known.items()]


def _statement(statement: Mapping[str, Any], cards: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    numbers = []
    for cited in statement["evidence"]:
        key = (cited["kind"], cited["id"])
        card = cards.setdefault(key, _card(cited, len(cards) + 1))
        numbers.append(card["number"])
    return {**statement, "numbers": numbers, "at": _moment(statement["at"])}


def _card(cited: Mapping[str, Any], number: int) -> dict[str, Any]:
    kind, name = cited["kind"], cited.get("name", "")
    if kind == "declaration":  # its record is named by the prompt's id, which says nothing to a reader
        name = _("Text by %(who)s") % {"who": name.partition(" by ")[2]}
    return {
        **cited,
        "name": name,
        "number": number,
        "sort": KINDS.get(kind, kind.replace("_", " ")),
        "url": addresses.of(PART_OF.get(kind, kind), cited["id"]),
    }


def _not_applicable(prompt: Mapping[str, Any], dossier: Dossier) -> dict[str, Any] | None:
    """Why nothing is asked for here: the words of the rule, or a person's reason with name and date."""
    given = prompt["not_applicable"]
    if not given:
        return None
    rule = regulation.edition(dossier.edition).not_applicable_rules.get(given.get("rule") or "")
    return {
        "text": rule.says if rule is not None else given["because"],
        "rule": given.get("rule"),
        "by": given.get("by"),
        "at": _moment(given.get("at")),
    }


def _moment(text: Any) -> datetime | None:
    return parse_datetime(text) if isinstance(text, str) else text
