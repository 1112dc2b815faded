"""Questions about notices, about what changed since a person looked, and about how they are told."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from governance.foundation.audit import selectors as audit
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotFound
from governance.foundation.core.records import Record
from governance.people.approvals.models import ApprovalRequest, Decision
from governance.people.engagements import selectors as engagements
from governance.people.engagements.models import Engagement
from governance.people.notifications.models import Feed, Look, Notice, Preferences
from governance.people.projects import selectors as projects

# So many of the records that a person opened last are watched for changes.
WATCHED = 100


@dataclass(frozen=True)
class Change:
    """What was done last to a record, or decided about it, since a person opened its page."""

    subject_kind: str
    subject_id: UUID
    looked_at: datetime
    event: AuditEvent


def visible_to(actor: Actor) -> QuerySet[Notice]:
    """`actor`'s own, in projects that they see today: with the role go the notices."""
    own = Notice.objects.filter(person_id=actor.lookup_id)
    return own.filter(sight(actor)).select_related("project")


def sight(actor: Actor) -> Q:
    """Which notices may be told to `actor` at all: those of projects that they see today, and of their audits."""
    audits = engagements.visible_to(actor).order_by().values("pk")
    return projects.within(actor) | Q(subject_kind=Engagement.kind, subject_id__in=audits)


def sees(actor: Actor, about: Record) -> bool:
    """Whether `actor` may be told of `about`: an audit of theirs, or a record of a project that they see."""
    if isinstance(about, Engagement):
        return engagements.visible_to(actor).filter(pk=about.pk).exists()
    project_id = getattr(about, "project_id", None)
    return project_id is not None and projects.visible_to(actor).filter(pk=project_id).exists()


def visible(actor: Actor, notice_id: UUID) -> Notice:
    found = visible_to(actor).filter(pk=notice_id).first()
    if found is None:
        raise NotFound("notice")
    return found


def unseen(actor: Actor) -> int:
    return visible_to(actor).filter(seen_at=None).count()


def preferences(actor: Actor) -> Preferences:
    """As chosen, or as they hold for who chose nothing."""
    found = Preferences.objects.filter(person_id=actor.lookup_id).first()
    return found or Preferences(person_id=actor.lookup_id)


def feed(actor: Actor) -> Feed | None:
    return Feed.objects.filter(person_id=actor.lookup_id).first()


def changes(actor: Actor) -> list[Change]:
    """What others did to the records that `actor` opened, since then, newest first.

    What was decided about a record counts as done to it, and an act of one's own as a look. The number of queries
    follows neither the trail nor the records.
    """
    looks = {look.subject_id: look for look in Look.objects.filter(person_id=actor.lookup_id)[:WATCHED]}
    watched = {(look.subject_kind, str(pk)): look for pk, look in looks.items()}
    asked = ApprovalRequest.objects.filter(Q(pk__in=looks) | Q(subject_id__in=looks)).only("subject_id")
    for request in asked.prefetch_related(Prefetch("decisions", Decision.objects.only("request_id"))):
        # Of a request and its subject the later look counts: what was decided was seen there.
        look = max((looks[pk] for pk in (request.pk, request.subject_id) if pk in looks), key=lambda look: look.seq)
        watched |= {(part.kind, str(part.pk)): look for part in (request, *request.decisions.all())}
    since = {subject: look.seq for subject, look in watched.items()}
    seen = projects.within(actor, at="at")
    own = audit.pseudonym(actor)
    latest: dict[UUID, Change] = {}
    for subject, event in audit.newest_about(since, seen=seen).items():
        look = watched[subject]
        before = latest.get(look.subject_id)
        if before is None or before.event.seq < event.seq:
            latest[look.subject_id] = Change(look.subject_kind, look.subject_id, look.at, event)
    of_others = [change for change in latest.values() if change.event.actor is None or change.event.actor != own]
    return sorted(of_others, key=lambda change: -change.event.seq)
