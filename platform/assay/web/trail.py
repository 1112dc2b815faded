"""The audit trail as a person would tell it: who did what to which record. The vocabulary of acts stands here."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assay.web import addresses, places
from governance.foundation.audit import selectors
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.records import Record, kinds
from governance.law.regulation import rules as regulation
from governance.people.projects.models import Member

_t = gettext_lazy

# action -> what somebody did; the record's name follows, so each ends where that name fits.
ACTS: Mapping[str, str | Promise] = {
    "approval.asked": _t("asked for approval of"),
    "approval.decided.approve": _t("approved"),
    "approval.decided.changes": _t("asked for changes of"),
    "approval.decided.reject": _t("rejected"),
    "approval.decided.abstain": _t("took no side on"),
    "approval.carried": _t("counted for the new request"),
    "approval.commented": _t("commented:"),
    "approval.expired": _t("found that its time ended the approval of"),
    "approval.reminded": _t("reminded of the request about"),
    "approval.escalated": _t("found late the request about"),
    "approval.replaced": _t("found that a later decision replaced the approval of"),
    "approval.voided": _t("found that a change ended the approval of"),
    "approval.withdrawn": _t("took back the request about"),
    "approval.opened": _t("opened a part of what is asked about in the request about"),
    "approval.passed": _t("found approved beforehand:"),
    "envelope.written": _t("wrote the"),
    "envelope.revoked": _t("revoked the"),
    "envelope.passed": _t("let pass"),
    "approval.suspended": _t("suspended the approval of"),
    "approval.reinstated": _t("gave its force again to the approval of"),
    "base-model.asked": _t("asked a worker to read the base model"),
    "base-model.refused": _t("found what keeps it from being registered:"),
    "base-model.failed": _t("could not register the base model"),
    "base-model.registered": _t("registered the base model"),
    "dataset.created": _t("opened the dataset"),
    "data.withdrawn": _t("put on record the"),
    "data.withdrawal-reached": _t("registered what is reached by the"),
    "data.reinstated": _t("took back the"),
    "trail.key-made": _t("made the key that signs the audit trail"),
    "trail.key-rotated": _t("changed the key that signs the audit trail"),
    "trail.records-adopted": _t("took records into the audit trail as they stand"),
    "examination.asked": _t("asked a worker for the"),
    "examination.done": _t("finished the"),
    "examination.failed": _t("could not finish the"),
    "examination.cancelled": _t("ended the"),
    "trace.asked": _t("asked a worker to look through other versions:"),
    "trace.done": _t("looked through other versions:"),
    "trace.failed": _t("could not look through all versions:"),
    "trace.cancelled": _t("ended the"),
    "dataset-version.registered": _t("registered the data"),
    "dataset-version.row-proved": _t("took the proof of a row of"),
    "import.asked": _t("sent the file"),
    "import.cancelled": _t("stopped the reading of"),
    "import.refused": _t("found what keeps it from being registered in"),
    "import.failed": _t("could not read through"),
    "import.discarded": _t("discarded the file"),
    "dataset-version.file-taken": _t("downloaded the file of"),
    "dataset-version.exported": _t("took the description of"),
    "dataset-version.file-refused": _t("was refused the file of"),
    "dataset-split.asked": _t("asked a worker for"),
    "dataset-split.made": _t("made"),
    "dataset-split.failed": _t("could not make"),
    "dataset-split.cancelled": _t("ended the making of"),
    "quality-profile.asked": _t("asked a worker for the"),
    "quality-profile.measured": _t("measured the"),
    "quality-profile.failed": _t("could not measure the"),
    "quality-profile.cancelled": _t("ended the measuring of the"),
    "redaction.asked": _t("asked a worker for the"),
    "redaction.done": _t("registered a version from the"),
    "redaction.refused": _t("found what keeps a version from being made by the"),
    "redaction.failed": _t("could not carry out the"),
    "redaction.cancelled": _t("ended the"),
    "redaction.pseudonym-seen": _t("looked behind a pseudonym of the"),
    "redaction.pseudonym-refused": _t("was refused to look behind a pseudonym of the"),
    "redaction.pseudonyms-erased": _t("erased the pseudonyms of the"),
    "search.asked": _t("asked a worker to look for a person or a phrase:"),
    "search.done": _t("looked through all rows:"),
    "search.failed": _t("could not look through all rows:"),
    "search.cancelled": _t("ended the"),
    "search.tried": _t("asked whether something was sought by the"),
    "search.expired": _t("destroyed what was found by the"),
    "annotation-task.asked": _t("asked people for the"),
    "annotation-task.opened": _t("drew the rows of the"),
    "annotation-task.refused": _t("found what keeps its rows from being shown in the"),
    "annotation-task.failed": _t("could not draw the rows of the"),
    "annotation-task.cancelled": _t("ended the drawing of rows of the"),
    "annotation-task.begun": _t("sat down to answer the"),
    "annotation-task.answered": _t("answered about every row of the"),
    "annotation-task.closed": _t("closed the"),
    "annotation-task.version-made": _t("registered a version from the"),
    "synthesis.asked": _t("asked a worker for the"),
    "synthesis.done": _t("registered a version from the"),
    "synthesis.refused": _t("found what keeps a version from being made by the"),
    "synthesis.failed": _t("could not carry out the"),
    "synthesis.cancelled": _t("ended the"),
    "erasure.proposed": _t("asked that rows are erased:"),
    "erasure.asked": _t("asked a worker to carry out the"),
    "erasure.held": _t("held back the"),
    "erasure.taken-up": _t("took up again the"),
    "erasure.refused": _t("did not confirm the"),
    "erasure.done": _t("erased the rows of the"),
    "erasure.destroyed": _t("destroyed what the files kept of the"),
    "erasure.failed": _t("could not carry out the"),
    "erasure.cancelled": _t("ended the"),
    "retention-rule.set": _t("set the"),
    "disposal.proposed": _t("proposed what to delete:"),
    "disposal.confirmed": _t("confirmed the"),
    "disposal.asked": _t("asked a worker to carry out the"),
    "disposal.kept": _t("found what keeps it, and did not delete:"),
    "disposal.let-go": _t("let go of the bytes of"),
    "disposal.destroyed": _t("deleted the bytes of"),
    "disposal.refused": _t("deleted nothing of the"),
    "disposal.done": _t("carried out the"),
    "disposal.failed": _t("could not carry out all of the"),
    "disposal.cancelled": _t("ended the"),
    "hold.placed": _t("had data kept:"),
    "hold.lifted": _t("lifted the"),
    "scan.asked": _t("asked a worker to look for personal data:"),
    "scan.done": _t("looked for personal data:"),
    "scan.failed": _t("could not look for personal data:"),
    "scan.cancelled": _t("ended the"),
    "special-categories.answered": _t("answered the question of"),
    "dossier.opened": _t("opened"),
    "dossier.declared": _t("declared text for"),
    "dossier.marked-not-applicable": _t("signed as not applicable"),
    "dossier.text-taken-back": _t("took back the text for"),
    "dossier.fact-stated": _t("stated the fact"),
    "dossier.frozen": _t("froze"),
    "dossier.exported": _t("took a file of"),
    "evaluation.asked": _t("queued the"),
    "evaluation.started": _t("began the"),
    "evaluation.succeeded": _t("recorded the report of the"),
    "evaluation.failed": _t("could not finish the"),
    "evaluation.cancelled": _t("cancelled the"),
    "evaluation.retried": _t("queued anew the"),
    "evaluation.exported": _t("took a file of the report of the"),
    "evaluation-plan.written": _t("wrote the evaluation plan"),
    "evaluation-plan.revised": _t("changed the evaluation plan"),
    "evaluation-plan.copied": _t("copied an evaluation plan as"),
    "evaluation-plan.pinned": _t("pinned the suites of"),
    "evaluation-plan.locked": _t("locked the evaluation plan"),
    "evidence.exported": _t("sealed the"),
    "model-card.frozen": _t("wrote the"),
    "model-card.exported": _t("took a file of the"),
    "model-version.made": _t("made the model"),
    "organisation.created": _t("entered the organisation"),
    "organisation.described": _t("changed the details of"),
    "organisation.member-added": _t("added"),
    "delegation.made": _t("put on record:"),
    "delegation.ended": _t("ended the loan of a role:"),
    "policy.drafted": _t("wrote the draft of"),
    "policy.revised": _t("changed the draft of"),
    "policy.discarded": _t("discarded the draft of a policy"),
    "policy.published": _t("published"),
    "policy.retired": _t("retired"),
    "project.created": _t("opened the project"),
    "project.described": _t("changed the description of"),
    "project.appointed": _t("gave"),
    "project.dismissed": _t("took from"),
    "project.classified": _t("signed the"),
    "reauthentication.failed": _t("did not show who they are: wrong password, code or key"),
    "factor.added": _t("set up a second factor"),
    "factor.removed": _t("removed a second factor"),
    "factor.codes-made": _t("made recovery codes"),
    "factor.recovery-code-used": _t("used a recovery code"),
    "factor.reset": _t("reset the second factor of"),
    "release.proposed": _t("proposed the"),
    "release.released": _t("signed off the"),
    "release.withdrawn": _t("withdrew the"),
    "rendering.made": _t("made the file"),
    "rendering.failed": _t("could not make the file"),
    "run.prepared": _t("prepared the run"),
    "run.revised": _t("changed the plan of the run"),
    "run.submitted": _t("submitted the run"),
    "run.launched": _t("launched the run"),
    "run.started": _t("began the run"),
    "run.succeeded": _t("finished the run"),
    "run.failed": _t("could not finish the run"),
    "run.cancelled": _t("cancelled the run"),
    "run.resumed": _t("took up again the run"),
    "waiver.asked": _t("asked for the"),
    "waiver.revoked": _t("revoked the"),
    "licence-text.kept": _t("kept the licence text"),
    "licence.picked": _t("signed for a licence:"),
    "access.reviewed": _t("looked through who has access, and signed the"),
    "organisation.member-changed": _t("changed how somebody belongs:"),
    "organisation.member-removed": _t("took away"),
    "engagement.planned": _t("planned the audit"),
    "engagement.revised": _t("changed the audit's plan"),
    "engagement.opened": _t("laid open the scope of"),
    "engagement.exported": _t("took the report of"),
    "engagement.closed": _t("closed, with its report,"),
    "audit-request.asked": _t("asked to be shown something:"),
    "audit-request.answered": _t("gave an"),
    "audit-request.sent-back": _t("said what is missing, in an"),
    "audit-request.settled": _t("settled the"),
    "audit-finding.raised": _t("raised the"),
    "audit-finding.answered": _t("said what is done about the"),
    "audit-finding.closed": _t("closed the"),
    "act.refused": _t("was refused an act on"),
    "record.read": _t("read, as an auditor,"),
    "account.created": _t("made an account"),
    "account.address-changed": _t("changed the address for their letters"),
    "notifications.chosen": _t("chose how they are told of things"),
    "calendar.opened": _t("opened a calendar of deadlines"),
    "calendar.renewed": _t("gave their calendar another secret address"),
    "calendar.closed": _t("closed their calendar"),
    "account.changed": _t("found an account written by a command or a library"),
    "account.password-kept-anew": _t("kept a password in today's way that was kept in a former one"),
    "factor.changed": _t("found a second factor written by a command or a library"),
    "token.changed": _t("found an API token written by a command or a library"),
    "account.password-changed": _t("changed their password"),
    "token.created": _t("made an API token"),
    "token.revoked": _t("revoked an API token"),
}

# What an entry can be about, as the log's filter offers it: the first part of the action.
NOUNS: Mapping[str, str | Promise] = {
    "run.": _t("Runs"),
    "dataset": _t("Data"),
    "annotation-task.": _t("Annotation tasks"),
    "synthesis.": _t("Rows by models"),
    "base-model.": _t("Base models"),
    "evaluation-plan.": _t("Evaluation plans"),
    "evaluation.": _t("Evaluations"),
    "model-": _t("Models and cards"),
    "dossier.": _t("Dossiers"),
    "approval.": _t("Approvals"),
    "policy.": _t("Policies"),
    "delegation.": _t("Loans of a role"),
    "waiver.": _t("Waivers"),
    "licence": _t("Licences"),
    "release.": _t("Releases"),
    "project.": _t("Projects and people"),
    "organisation.": _t("Organisation"),
    "access.": _t("Access reviews"),
    "engagement.": _t("Audit engagements"),
    "audit-": _t("Auditors' requests and findings"),
    "act.refused": _t("Refused acts"),
    "record.read": _t("What auditors read"),
    "rendering.": _t("Files of documents"),
    "evidence.": _t("Evidence"),
}

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
