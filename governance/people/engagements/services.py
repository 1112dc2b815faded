"""Planning, opening and closing an audit engagement."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from governance.foundation.audit.models import Identity
from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Faults, NotFound, StaleSubject, Unusable, WrongState
from governance.foundation.core.moves import move
from governance.people.engagements import access, rules, selectors
from governance.people.engagements.models import Engagement
from governance.people.engagements.rules import TRANSITIONS, State
from governance.people.engagements.selectors import HOLD
from governance.people.organisations import selectors as organisations
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project


@transaction.atomic
def plan(
    *,
    actor: Actor,
    organisation_id: UUID,
    title: str,
    auditors: Collection[str],
    access_from: date,
    access_until: date,
    project_ids: Collection[UUID] = (),
    whole_organisation: bool = False,
    purpose: str = "",
    period_from: date | None = None,
    period_until: date | None = None,
) -> Engagement:
    """Plan an audit of some projects, or of the whole organisation. It lays nothing open yet.

    Raises NotFound, NotAllowed (each project of the scope has to be `actor`'s to lay open) and Unusable.
    """
    engagement = Engagement(
        organisation_id=organisation_id, title=title.strip(), purpose=purpose.strip(),
        whole_organisation=whole_organisation, period_from=period_from, period_until=period_until,
        access_from=access_from, access_until=access_until,
        planned_by_id=actor.user_id, planned_by_name=actor.name,
    )  # fmt: skip
    _keep(actor, engagement, project_ids, auditors)
    record(actor, "engagement.planned", subject=engagement, facts={"content": engagement.content_digest})
    return engagement


@transaction.atomic
def revise(*, actor: Actor, engagement_id: UUID, shown_sha256: str | None = None, **changes: Any) -> Engagement:
    """Change a plan, by the names of `plan`; of what is laid open already only the last day of access moves.
    `shown_sha256`: the content digest of what the change was made on.

    Raises NotFound, NotAllowed, StaleSubject, WrongState, Unusable.
    """
    engagement = held(actor, engagement_id, shown_sha256)
    if engagement.state == State.CLOSED:
        raise WrongState(f"{engagement} is closed; plan another.")
    if engagement.state == State.OPEN and changes.keys() - {"access_until"}:
        raise WrongState(f"{engagement} is laid open; only its last day moves. Close it, and plan another.")
    was, until = engagement.content_digest, engagement.access_until
    project_ids = changes.pop("project_ids", None)
    auditors = changes.pop("auditors", [user.get_username() for user in access.still_in(engagement)])
    for name, value in changes.items():
        setattr(engagement, name, value.strip() if isinstance(value, str) else value)
    if project_ids is None:
        project_ids = [] if engagement.whole_organisation else [each.pk for each in engagement.projects.all()]
    if engagement.state == State.OPEN and engagement.access_from <= engagement.access_until <= until:
        engagement.save()  # less is laid open than before, whatever became of its auditors
    else:
        _keep(actor, engagement, project_ids, auditors)
    if engagement.content_digest == was:
        return engagement
    facts = {"was": was, "content": engagement.content_digest, "until": engagement.access_until}
    record(actor, "engagement.revised", subject=engagement, facts=facts)
    return engagement


@transaction.atomic
def lay_open(*, actor: Actor, engagement_id: UUID, shown_sha256: str | None = None) -> Engagement:
    """From the first day of access on its auditors see its scope. `shown_sha256`: the content digest of the plan that
    the actor looked at. Raises NotFound, NotAllowed, StaleSubject, WrongState, Unusable."""
    engagement = held(actor, engagement_id, shown_sha256)
    faults = Faults()
    names = [user.get_username() for user in engagement.auditors.all()]
    _auditors(names, list(selectors.scope(engagement)), engagement.organisation_id, engagement.period, faults)
    faults.raise_if_any()
    move(engagement, TRANSITIONS, State.OPEN)
    facts = {"content": engagement.content_digest, "until": engagement.access_until}
    record(actor, "engagement.opened", subject=engagement, facts=facts)
    return engagement


@transaction.atomic
def take_out(*, actor: Actor, engagement_id: UUID, user_id: int, reason: str) -> Engagement:
    """End at once what an open engagement lays open to one of its auditors; it stays told that they audited.

    Raises NotFound (no auditor of it, or not any more), NotAllowed, WrongState, Unusable.
    """
    engagement = held(actor, engagement_id)
    if engagement.state != State.OPEN:
        raise WrongState(f"{engagement} is {engagement.state}: nothing is laid open to its auditors.")
    if not reason.strip():
        raise Unusable([Fault("reason", "Say why the auditor is taken out.", "One sentence is enough.")])
    user = next((user for user in access.still_in(engagement) if user.pk == user_id), None)
    if user is None:
        raise NotFound("auditor")
    identity, _ = Identity.objects.get_or_create(user=user, defaults={"name": user.get_full_name()})
    engagement.taken_out.add(user)
    engagement.save()
    facts = {"content": engagement.content_digest, "auditor": identity.pseudonym}
    record(actor, "engagement.auditor-taken-out", subject=engagement, facts=facts, personal={"reason": reason.strip()})
    return engagement


@transaction.atomic
def close(*, actor: Actor, engagement_id: UUID, conclusion: str) -> Engagement:
    """End the access at once and freeze the report: what was asked, answered, found and read.

    Its auditors may, and who holds it. Raises NotFound, NotAllowed, WrongState, Unusable.
    """
    engagement = locked(actor, engagement_id)
    selectors.require_whole(actor, engagement)
    if not conclusion.strip():
        raise Unusable([Fault("conclusion", "A report needs a conclusion.", "One or two sentences are enough.")])
    now = timezone.now()
    report = _report(engagement, conclusion.strip(), by=actor.name, at=now)
    move(engagement, TRANSITIONS, State.CLOSED, closed_at=now, closed_by_name=actor.name, report=report)
    record(actor, "engagement.closed", subject=engagement, facts={"report": report["sha256"]})
    return engagement


def locked(actor: Actor, engagement_id: UUID) -> Engagement:
    """The engagement under its row lock, as `actor` may see it. Raises NotFound."""
    selectors.visible(actor, engagement_id)
    return Engagement.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=engagement_id)


def held(actor: Actor, engagement_id: UUID, shown_sha256: str | None = None) -> Engagement:
    """The same, for whoever holds it, as it was shown to them. Raises NotFound, NotAllowed, StaleSubject."""
    engagement = locked(actor, engagement_id)
    selectors.require_hold(actor, engagement)
    if shown_sha256 is not None and shown_sha256 != engagement.content_digest:
        raise StaleSubject(f"{engagement} changed since it was shown to you. Look at it again; nothing was done.")
    return engagement


def _keep(actor: Actor, engagement: Engagement, project_ids: Collection[UUID], auditors: Collection[str]) -> None:
    """Save it with its scope and people. Raises NotFound, NotAllowed, Unusable."""
    whole = engagement.whole_organisation
    scope = _scope(actor, engagement.organisation_id, project_ids, whole=whole)
    faults = Faults()
    if not engagement.title:
        faults.add("title", "An engagement needs a title.", "Say who audits what, for which year.")
    if engagement.access_until < engagement.access_from:
        faults.add("access_until", "Access would end before it begins.", "Choose a later day.")
    first, last = engagement.period
    if first and last and last < first:
        faults.add("period_until", "The period would end before it begins.", "Choose a later day.")
    people = _auditors(auditors, scope, engagement.organisation_id, engagement.period, faults)
    faults.raise_if_any()
    engagement.save()
    engagement.auditors.set([*people, *engagement.taken_out.all()])
    engagement.projects.set([] if whole else scope)


def _scope(actor: Actor, organisation_id: UUID, project_ids: Collection[UUID], *, whole: bool) -> list[Project]:
    if whole:
        if project_ids:
            said = "The whole organisation is chosen, and projects of it."
            raise Unusable([Fault("projects", said, "Choose one or the other (whole_organisation: false).")])
        organisation = organisations.require(actor, organisation_id, HOLD)
        return list(organisation.projects.all())
    found = [projects.require(actor, pk, HOLD) for pk in dict.fromkeys(project_ids)]
    if not found or any(project.organisation_id != organisation_id for project in found):
        raise Unusable(
            [Fault("projects", "An engagement has a scope.", "Choose projects of one organisation, or all of it.")]
        )
    return found


def _auditors(
    names: Collection[str], scope: list[Project], organisation_id: UUID, period: rules.Period, faults: Faults
) -> list[Any]:
    """The accounts behind `names`; whoever is not there, or has a part in the scope, is a fault."""
    people = {user.get_username(): user for user in get_user_model().objects.filter(username__in=names, is_active=True)}
    if not names:
        faults.add("auditors", "An engagement needs an auditor.", "Name the account of one.")
    for name in sorted(set(names) - set(people)):
        faults.add("auditors", f"There is no account “{name}”.", "Ask the operator to make one.")
    for name, user in people.items():
        if why := selectors.objections(scope, organisation_id, user.pk, period):
            faults.add("auditors", f"{user.get_full_name() or name} {why}.", "Choose somebody without a part in it.")
    return list(people.values())


def _report(engagement: Engagement, conclusion: str, *, by: str, at: Any) -> dict[str, Any]:
    gone = list(engagement.taken_out.all())
    asked = engagement.requests.select_related("project").prefetch_related("answers__files")
    return rules.report(
        engagement.content(),
        organisation=engagement.organisation.name,
        projects=[{"id": project.pk, "name": project.name} for project in selectors.scope(engagement)],
        auditors=[user.get_full_name() or user.get_username() for user in engagement.auditors.all()],
        **({"taken_out": [user.get_full_name() or user.get_username() for user in gone]} if gone else {}),
        requests=[
            {
                **each.content(), "by": each.by_name, "at": each.created_at, "state": each.state,
                "about": each.project.name if each.project else None,
                "answers": [{**answer.content(), "at": answer.created_at} for answer in each.answers.all()],
            }
            for each in asked
        ],
        findings=[
            {
                **each.content(), "by": each.by_name, "at": each.created_at, "state": each.state,
                "about": each.project.name if each.project else None,
                "response": each.response, "responded_by": each.responded_by_name, "owner": each.owner_name,
                "due": each.due, "closed_how": each.closed_how, "closed_by": each.closed_by_name,
            }
            for each in engagement.findings.select_related("project")
        ],
        read=[vars(reading) for reading in selectors.readings(engagement)],
        conclusion=conclusion,
        closed={"by": by, "at": at},
    )  # fmt: skip
