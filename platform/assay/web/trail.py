"""The audit trail as a person would tell it: who did what to which record."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from assay.web import addresses, places
from assay.web.acts import ACTS
from governance.foundation.audit import selectors
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.records import Record, kinds
from governance.law.regulation import rules as regulation
from governance.people.projects.models import Member

# What a record's own name rests on, so that naming many takes one query a kind.
_WITH: Mapping[str, tuple[str, ...]] = {
    "member": ("user",),
    "membership": ("user", "organisation"),
    "dataset_version": ("dataset",),
    "split": ("version__dataset",),
    "quality_profile": ("version__dataset",),
    "annotation_task": ("version__dataset",),
    "synthesis": ("dataset", "source__dataset", "base_model"),
    "decision": ("request",),
    "carried_decision": ("decision__request",),
    "comment": ("request",),
    "dossier_draft": ("model_version",),
    "dossier": ("dossier__model_version",),
    "bundle": ("dossier_version__dossier__model_version",),
    "release": ("model_version",),
    "model_card": ("model_version",),
    "evaluation": ("model_version",),
    "classification": ("project",),
    "declaration": ("dossier",),
    "stated_fact": ("dossier",),
    "access_review": ("project", "organisation"),
    "audit_request": ("engagement",),
    "audit_finding": ("engagement",),
    "audit_answer": ("request__engagement",),
}


@dataclass(frozen=True)
class Told:
    """One entry in words. `what` is the record's name ("" where it is gone), `url` its page ("" where it has none)."""

    event: AuditEvent
    who: str
    did: str
    what: str
    url: str
    notes: list[str]

    @property
    def at(self) -> datetime:
        return self.event.at


def told(events: Iterable[AuditEvent]) -> list[Told]:
    """`events` in words, in their order; one query for the people and one for each kind of record."""
    rows = list(events)
    people = selectors.names(rows)
    found = records((event.subject_kind, event.subject_id) for event in rows)
    return [_tell(event, people, found) for event in rows]


# So many entries of one kind, each within so short a time of the next, are told in one line.
BURST, BURST_PAUSE = 4, timedelta(minutes=5)


def bursts(rows: Iterable[Told]) -> Iterator[list[Told]]:
    """`rows` in their order, in groups: a burst of like acts by one person together, every other entry alone."""
    group: list[Told] = []
    for row in rows:
        if group and not _alike(group[-1], row):
            yield from _group(group)
            group = []
        group.append(row)
    yield from _group(group)


def _alike(one: Told, other: Told) -> bool:
    a, b = one.event, other.event
    same = (a.actor, a.action, a.subject_kind, a.project) == (b.actor, b.action, b.subject_kind, b.project)
    return same and one.did == other.did and abs(a.at - b.at) <= BURST_PAUSE


def _group(rows: list[Told]) -> list[list[Told]]:
    return [rows] if len(rows) >= BURST else [[row] for row in rows]


def did(event: AuditEvent) -> str:
    """The act in words; a word that this version does not know is shown as it was written."""
    action = event.action
    if action == "approval.decided":
        action += f".{json.loads(event.body)['facts']['verdict']}"
    return str(ACTS.get(action, event.action))


# Acts whose entries name the page that was asked for.
_BY_PAGE: Mapping[str, Callable[[dict[str, Any]], str]] = {
    "act.refused": places.refused,
    "record.read": lambda facts: places.spoken(facts["page"]),
}


def _tell(event: AuditEvent, people: Mapping[Any, str], found: Mapping[tuple[str, str], Record]) -> Told:
    record = found.get((event.subject_kind, event.subject_id))
    personal = json.loads(event.personal.text) if hasattr(event, "personal") else {}
    notes = [str(value) for value in personal.values() if value]
    if event.action in _BY_PAGE:
        notes.append(_BY_PAGE[event.action](json.loads(event.body)["facts"]))
    return Told(
        event=event,
        who=(people.get(event.actor) or _("(erased)")) if event.actor else "Assay",
        did=did(event),
        what=_NAMES.get(event.subject_kind, str)(record) if record is not None else "",
        url=_page(event, record),
        notes=notes,
    )


def records(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Record]:
    """The records behind (kind, id) pairs, one query a kind; what is gone is left out."""
    ids: dict[str, set[str]] = defaultdict(set)
    for kind, pk in wanted:
        ids[kind].add(pk)
    found: dict[tuple[str, str], Record] = {}
    for kind in ids.keys() & kinds().keys():
        rows = kinds()[kind]._default_manager.select_related(*_WITH.get(kind, ())).filter(pk__in=ids[kind])
        found |= {(kind, str(record.pk)): record for record in rows}
    return found


@lru_cache(maxsize=8)
def _questions(edition: str) -> Mapping[str, str]:
    """What each prompt of an edition asks, by its id."""
    return {prompt.id: prompt.ask for prompt in regulation.edition(edition).prompts()}


def _member(record: Any) -> str:
    member: Member = record
    name = member.user.get_full_name() or member.user.get_username()
    return _("%(name)s the role of %(role)s") % {"name": name, "role": member.get_role_display()}


def _membership(record: Any) -> str:
    name = record.user.get_full_name() or record.user.get_username()
    return _("%(name)s to %(organisation)s") % {"name": name, "organisation": record.organisation}


def _inside_a_sentence(record: Any) -> str:
    name = str(record)
    return name[:1].lower() + name[1:]


# Kinds whose records are named by a phrase.
_SENTENCES = (
    "annotation_task",
    "synthesis",
    "erasure",
    "evaluation",
    "hold",
    "disposal",
    "retention_rule",
    "model_card",
    "release",
    "deployment",
    "search",
    "dossier_draft",
)

_NAMES: Mapping[str, Callable[[Any], str]] = {
    **dict.fromkeys(_SENTENCES, _inside_a_sentence),
    "member": _member,
    "membership": _membership,
    "decision": lambda decision: str(decision.request),
    "carried_decision": lambda carried: str(carried.decision.request),
    "comment": lambda comment: str(comment.request),
    "classification": lambda found: _("classification of %(project)s") % {"project": found.project},
    "declaration": lambda text: f"“{_questions(text.dossier.edition).get(text.prompt, text.prompt)}”",
    "stated_fact": lambda fact: str(fact.fact).replace("_", " "),
    "bundle": lambda bundle: _("evidence bundle of %(dossier)s") % {"dossier": bundle.dossier_version},
}


def _page(event: AuditEvent, record: Record | None) -> str:
    """The record's page; for a part of something, the page of the whole."""
    match event.subject_kind:
        case "decision" | "carried_decision" | "comment":
            return addresses.of("approval_request", getattr(record, "request_id", None))
        case "declaration" | "stated_fact":
            return addresses.of("dossier_draft", getattr(record, "dossier_id", None))
        case "audit_answer":
            return addresses.of("audit_request", getattr(record, "request_id", None))
        case "member":
            return addresses.of("project", event.project)
        case "membership":
            return addresses.of("organisation", event.organisation)
    return addresses.of(event.subject_kind, event.subject_id)
