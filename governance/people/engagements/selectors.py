"""Questions about audit engagements: who sees which, who may do what in them, what was read."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from governance.foundation.audit.models import AuditEvent, Identity
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed, WrongState
from governance.foundation.core.listed import listed
from governance.foundation.core.records import Record, of_kind, one_of
from governance.people.engagements import rules
from governance.people.engagements.models import AnswerFile, Engagement, Finding, Request
from governance.people.organisations import selectors as organisations
from governance.people.projects import selectors as projects
from governance.people.projects.models import Member, Project
from governance.people.projects.rules import Role

HOLD, ANSWER = "hold an audit", "answer an auditor"
READ = "record.read"
BASE_MODEL = "base_model"  # the one noun of an organisation that its projects share


@dataclass(frozen=True)
class Reading:
    """One record that an auditor read, by how many pages and answers of the API, and when last."""

    by: str
    kind: str
    id: str
    pages: tuple[str, ...]
    last: datetime


def visible_to(actor: Actor) -> QuerySet[Engagement]:
    """Those that `actor` audits or was taken out of, those that they hold, and those that reach into a project of
    theirs."""
    return Engagement.objects.filter(_said(actor, _is_seen)).select_related("organisation")


def _is_seen(actor: Actor) -> Q:
    named = Engagement.projects.through.objects.filter(project__in=projects.ids_joined(actor)).values("engagement")
    reached = projects.joined(actor).order_by().values("organisation")
    taken_out = Engagement.taken_out.through.objects.filter(user=actor.lookup_id).values("engagement")
    named_or_left = Q(pk__in=named) | Q(pk__in=taken_out)
    return _said(actor, _is_whole) | named_or_left | Q(whole_organisation=True, organisation__in=reached)


def _is_whole(actor: Actor) -> Q:
    return _said(actor, _is_held) | _is_audited(actor)


def _is_audited(actor: Actor) -> Q:
    named, gone = (
        through.objects.filter(user=actor.lookup_id).values("engagement")
        for through in (Engagement.auditors.through, Engagement.taken_out.through)
    )
    return Q(pk__in=named) & ~Q(pk__in=gone)


def _is_held(actor: Actor) -> Q:
    elsewhere = Project.objects.filter(engagements=OuterRef("pk")).exclude(pk__in=projects.ids_where(actor, HOLD))
    whole = Q(whole_organisation=True, organisation__in=organisations.ids_where(actor, HOLD))
    return whole | Q(~Exists(elsewhere), whole_organisation=False)


def _said(actor: Actor, which: Callable[[Actor], Q]) -> Q:
    """`which` of them; of who reads it was asked before."""
    return Q(pk__in=_ids(actor, which)) if actor.reads else which(actor)


def _ids(actor: Actor, which: Callable[[Actor], Q]) -> Any:
    """For `…__in`."""
    if actor.reads:
        return actor.once(_Ids(which))
    return Engagement.objects.filter(which(actor)).order_by().values("pk")


@dataclass(frozen=True)
class _Ids:
    which: Callable[[Actor], Q]

    def __call__(self, actor: Actor) -> Any:
        found = Engagement.objects.filter(self.which(actor)).order_by()
        return listed(found.values_list("pk", flat=True))


def visible(actor: Actor, engagement_id: UUID) -> Engagement:
    return one_of(visible_to(actor), engagement_id)


def held_by(actor: Actor) -> QuerySet[Engagement]:
    """Those whose whole scope is `actor`'s to lay open."""
    return Engagement.objects.filter(_said(actor, _is_held))


def holds(actor: Actor, engagement: Engagement) -> bool:
    return held_by(actor).filter(pk=engagement.pk).exists()


def audits(actor: Actor, engagement: Engagement) -> bool:
    return Engagement.objects.filter(_is_audited(actor), pk=engagement.pk).exists()


def seen_whole(actor: Actor) -> QuerySet[Engagement]:
    """Those of which `actor` sees what goes over the whole scope: that they audit, and that they hold."""
    return Engagement.objects.filter(_said(actor, _is_whole))


def reported(actor: Actor, engagement_id: UUID) -> Engagement:
    """A closed engagement with its report, for who sees the whole of it. Raises NotFound, NotAllowed, WrongState."""
    engagement = visible(actor, engagement_id)
    require_whole(actor, engagement)
    if engagement.report is None:
        raise WrongState("There is no report before the engagement is closed.")
    return engagement


def standing(engagement: Engagement) -> str:
    return rules.standing(engagement.window, timezone.localdate())


def scope(engagement: Engagement) -> QuerySet[Project]:
    """The projects that it reaches into; of a whole organisation those of today."""
    if engagement.whole_organisation:
        return Project.objects.filter(organisation=engagement.organisation_id)
    return Project.objects.filter(engagements=engagement)


def scope_seen(actor: Actor, engagement: Engagement) -> list[Project]:
    """The projects of its scope that `actor` may know of: all for its auditors and who holds it, else their own."""
    found = scope(engagement)
    if not audits(actor, engagement) and not holds(actor, engagement):
        found = found.filter(pk__in=projects.ids_joined(actor))
    return list(found)


def requests_visible_to(actor: Actor) -> QuerySet[Request]:
    return Request.objects.filter(_parts(actor)).select_related("engagement__organisation", "project")


def findings_visible_to(actor: Actor) -> QuerySet[Finding]:
    return Finding.objects.filter(_parts(actor)).select_related("engagement__organisation", "project")


def _parts(actor: Actor) -> Q:
    """Parts of an engagement: all of them for its auditors and who holds it; for others what is about their project."""
    return Q(engagement__in=_ids(actor, _is_whole)) | Q(project__in=projects.ids_joined(actor))


def files_visible_to(actor: Actor) -> QuerySet[AnswerFile]:
    """Those of answers to the requests that `actor` sees."""
    return AnswerFile.objects.filter(answer__request__in=requests_visible_to(actor).order_by().values("pk"))


def is_attached(sha256: str) -> bool:
    """Whether an answer has these bytes."""
    return AnswerFile.objects.filter(sha256=sha256).exists()


def waiting_for(actor: Actor) -> list[Request]:
    """Requests of open engagements that `actor` may answer."""
    theirs = Q(project__in=projects.ids_where(actor, ANSWER)) | Q(project=None, engagement__in=_ids(actor, _is_held))
    waiting = requests_visible_to(actor).filter(state=rules.Asked.WAITING, engagement__state=rules.State.OPEN)
    return list(waiting.filter(theirs).order_by("created_at"))


def may_answer(actor: Actor, part: Request | Finding) -> bool:
    if part.project_id is None:
        return holds(actor, part.engagement)
    return projects.may(actor, part.project_id, ANSWER)


def require_auditor(actor: Actor, engagement: Engagement) -> None:
    """Raises NotAllowed, also for an auditor who got a part in the scope since."""
    if not audits(actor, engagement):
        raise NotAllowed(f"Only an auditor of “{engagement}” does this.", about=engagement)
    if why := part_in(scope(engagement), engagement.organisation_id, actor.person_id):
        raise NotAllowed(f"Who {why} does not audit it.", about=engagement)


def require_hold(actor: Actor, engagement: Engagement) -> None:
    """Raises NotAllowed."""
    if actor.is_person and not holds(actor, engagement):
        raise NotAllowed("Only who may lay open the whole scope of an engagement does this.", about=engagement)


def require_whole(actor: Actor, engagement: Engagement) -> None:
    """For what goes over the whole scope: its auditors, and who holds it. Raises NotAllowed."""
    if not audits(actor, engagement):
        require_hold(actor, engagement)


def require_answering(actor: Actor, part: Request | Finding) -> None:
    """Raises NotAllowed."""
    if not may_answer(actor, part):
        raise NotAllowed(f"To {ANSWER} takes a role in the project that answers for something made there.", about=part)


def objections(
    engagement_scope: Collection[Project], organisation_id: UUID, user_id: int, period: rules.Period
) -> str | None:
    """Why a person cannot audit what was done in a time in these projects, as the rest of a sentence, or None."""
    return part_in(engagement_scope, organisation_id, user_id) or rules.worked(_acts(engagement_scope, user_id, period))


def _acts(engagement_scope: Collection[Project], user_id: int, period: rules.Period) -> Counter[str]:
    """How often a person did what there, from the trail."""
    days = {"at__date__gte": period[0], "at__date__lte": period[1]}
    acts = AuditEvent.objects.filter(
        actor__in=Identity.objects.filter(user_id=user_id).values("pseudonym"),
        project__in=[project.pk for project in engagement_scope],
        **{name: day for name, day in days.items() if day is not None},
    )
    return Counter(acts.order_by().values_list("action", flat=True))


def part_in(engagement_scope: Iterable[Project], organisation_id: UUID, user_id: int) -> str | None:
    """What a person is in these projects, or in their organisation, that an auditor must not be; or None."""
    held = Member.objects.filter(project__in=list(engagement_scope), user_id=user_id).values_list("role", flat=True)
    user = get_user_model().objects.get(pk=user_id)
    administers = organisations.where(Actor.of(user), HOLD).filter(pk=organisation_id).exists()
    return rules.not_independent(frozenset(Role(role) for role in held), administers=administers)


def in_scope(actor: Actor, engagement: Engagement, kind: str, pk: str) -> Record | None:
    """The record, if it belongs to a project of the scope (a base model: to its organisation, as everything does where
    all of that is audited), and for an auditor was made in the period; None otherwise."""
    try:
        record = of_kind(kind, UUID(pk))
    except ValueError:
        return None
    if record is None or record.kind == Engagement.kind:
        return None
    if audits(actor, engagement) and not rules.in_period(engagement.period, timezone.localdate(record.created_at)):
        return None
    project_id = getattr(record, "project_id", None)
    if project_id is None:
        house = engagement.whole_organisation or kind == BASE_MODEL
        return record if house and getattr(record, "organisation_id", None) == engagement.organisation_id else None
    return record if scope(engagement).filter(pk=project_id).exists() else None


def readings(engagement: Engagement) -> list[Reading]:
    """What its auditors read under it, newest first, from the trail; one entry an hour for each record and page."""
    events = AuditEvent.objects.filter(action=READ, body__contains=str(engagement.pk)).order_by("-seq")
    names: dict[Any, str] = dict(
        Identity.objects.filter(user__in=engagement.auditors.all()).values_list("pseudonym", "name")
    )
    found: dict[tuple[Any, str, str], Reading] = {}
    for event in events.iterator():
        facts = json.loads(event.body)["facts"]
        if facts["engagement"] != str(engagement.pk):
            continue
        key = (event.actor, event.subject_kind, event.subject_id)
        before = found.get(key)
        pages = tuple(sorted({facts["page"], *(before.pages if before else ())}))
        last = before.last if before else event.at
        found[key] = Reading(names[event.actor], event.subject_kind, event.subject_id, pages, last)
    return list(found.values())
