"""Lend a deciding role to another member for some days, and take it back."""

from datetime import date, timedelta
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Faults, NotAllowed, Unusable, WrongState
from governance.foundation.core.records import one_of
from governance.people.approvals.models import Delegation
from governance.people.projects import selectors as projects
from governance.people.projects.models import Member
from governance.people.projects.rules import READERS, SPOKEN, Role

LONGEST = timedelta(days=92)  # an absence that is longer takes an appointment


def visible_to(actor: Actor) -> QuerySet[Delegation]:
    return Delegation.objects.filter(projects.within(actor)).select_related("project")


def takers(actor: Actor, project_id: UUID) -> list[tuple[str, str]]:
    """(username, name) of the members to whom `actor` could lend a role."""
    members = Member.objects.filter(project=project_id).exclude(user=actor.lookup_id).select_related("user")
    auditors = {each.user_id for each in members if each.role == Role.AUDITOR}
    people = {each.user.get_username(): Actor.of(each.user).name for each in members if each.user_id not in auditors}
    return list(people.items())


@transaction.atomic
def delegate(
    *, actor: Actor, project_id: UUID, username: str, role: Role, starts_on: date, ends_on: date, reason: str
) -> Delegation:
    """Lend `role`, which `actor` holds in the project, to another member. Whether they may decide on a request is asked
    of each: never on their own work, and never in the stead of somebody who is barred there.

    Raises NotFound, NotAllowed (not the lender's role), Unusable.
    """
    project = projects.visible(actor, project_id)
    role = Role(role)
    if actor.user_id is None or role not in projects.roles(actor, project_id) - READERS:
        raise NotAllowed(f"Only a {SPOKEN[role]} of {project} who decides can lend that role.")
    taker = get_user_model().objects.filter(username=username, is_active=True, project_roles__project=project).first()
    if taker is None or taker.pk == actor.user_id:
        said = f"“{username}” is no other member of {project}."
        raise Unusable([Fault("username", said, "Lend it to somebody who is.")])
    faults = Faults()
    if Role.AUDITOR in projects.roles(Actor.of(taker), project.pk):
        faults.add("username", "An auditor reads and never decides.", "Lend it to somebody else.")
    if starts_on < timezone.localdate():
        faults.add("starts_on", "It cannot have begun already.", "Today is the earliest day.")
    if not timedelta() <= ends_on - starts_on <= LONGEST:
        faults.add("ends_on", f"It ends on its first day at the earliest, and after {LONGEST.days} days at the latest.")
    if not reason.strip():
        faults.add("reason", "Say why.", "“On leave” is enough.")
    faults.raise_if_any()
    made = Delegation.objects.create(
        project=project,
        role=role.value,
        lender_id=actor.user_id,
        lender_name=actor.name,
        taker=taker,
        taker_name=Actor.of(taker).name,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason.strip(),
    )
    facts = {"role": role.value, "starts_on": starts_on, "ends_on": ends_on}
    record(actor, "delegation.made", subject=made, facts=facts, personal={"reason": made.reason})
    return made


@transaction.atomic
def end(*, actor: Actor, delegation_id: UUID) -> Delegation:
    """Take a loan back before its last day; the lender may, and who appoints people. Raises NotFound, NotAllowed,
    WrongState."""
    seen = one_of(visible_to(actor), delegation_id)
    if seen.lender_id != actor.user_id:
        projects.require(actor, seen.project_id, "appoint people")
    found = Delegation.objects.select_for_update().get(pk=seen.pk)
    if found.ended_at is not None or found.ends_on < timezone.localdate():
        raise WrongState("This delegation is over already.")
    found.ended_at, found.ended_by_name = timezone.now(), actor.name
    found.save(update_fields=["ended_at", "ended_by_name"])
    record(actor, "delegation.ended", subject=found)
    return found
