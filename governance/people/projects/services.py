"""Mutations of projects, their people and their classification."""

from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import plain
from governance.foundation.core.errors import Fault, Faults, NotFound, Unusable
from governance.law.regulation import rules as regulation
from governance.people.organisations import selectors as organisations
from governance.people.organisations.models import Membership
from governance.people.projects import rules, selectors
from governance.people.projects.models import Classification, Member, Project
from governance.people.projects.rules import SPOKEN, Role

FIELDS = (
    "name",
    "intended_purpose",
    "foreseeable_misuse",
    "why_fine_tuning",
    "success_criteria",
    "use",
    "distribution",
    "research_only",
)


def hold(project_id: UUID) -> None:
    """Lock the project, in the caller's transaction, before anything else: acts of which one can take away what another
    relies on (deciding, launching, releasing, withdrawing) then follow one another, and each sees what the others did.
    """
    Project.objects.select_for_update(no_key=True).filter(pk=project_id).first()


@transaction.atomic
def create(*, actor: Actor, organisation_id: UUID, name: str, slug: str = "", **fields: Any) -> Project:
    """Open a project and make `actor` its owner. Raises NotFound, Unusable."""
    organisation = organisations.require(actor, organisation_id, "open a project")
    project = Project(
        organisation=organisation, slug=slug or slugify(name)[:50], created_by_id=actor.user_id, name=name
    )
    _describe(actor, project, fields)
    taken = Fault("name", f"{organisation} has a project “{project.slug}” already.", "Choose another name.")
    if Project.objects.filter(organisation=organisation, slug=project.slug).exists():
        raise Unusable([taken])
    try:
        with transaction.atomic():
            project.save()
    except IntegrityError:  # somebody took the name meanwhile
        raise Unusable([taken]) from None
    record(actor, "project.created", subject=project, facts=project.content())
    if actor.user_id is not None:
        _appoint(actor, project, actor, Role.OWNER)
    return project


@transaction.atomic
def describe(*, actor: Actor, project_id: UUID, **fields: Any) -> Project:
    """Change what the project says of itself. Raises NotAllowed, Unusable."""
    project = selectors.require(actor, project_id, "describe the project")
    _describe(actor, project, fields)
    project.save()
    record(actor, "project.described", subject=project, facts=project.content())
    return project


@transaction.atomic
def appoint(*, actor: Actor, project_id: UUID, username: str, role: Role) -> Member:
    """Give a member of the organisation a role. Owners and the organisation's administrators may."""
    project = selectors.require(actor, project_id, "appoint people")
    user = get_user_model().objects.filter(username=username).first()
    if user is None or not Membership.objects.filter(organisation=project.organisation, user=user).exists():
        raise Unusable(
            [Fault("username", f"“{username}” does not belong to {project.organisation}.", "Add them there first.")]
        )
    return _appoint(actor, project, Actor.of(user), Role(role))


@transaction.atomic
def dismiss(*, actor: Actor, member_id: UUID) -> UUID:
    """Take a role away; what the person did with it stays on record. Returns the project's id."""
    seen = Member.objects.filter(project__in=selectors.visible_to(actor))
    project_id = seen.filter(pk=member_id).values_list("project_id", flat=True).first()
    if project_id is None:
        raise NotFound("member")
    # One dismissal at a time: two owners who dismiss each other would leave the project without any.
    Project.objects.select_for_update().get(pk=project_id)
    member = seen.select_related("user").filter(pk=member_id).first()
    if member is None:
        raise NotFound("member")
    project = selectors.require(actor, project_id, "appoint people")
    if member.role == Role.OWNER and project.members.filter(role=Role.OWNER).count() == 1:
        raise Unusable([Fault("role", "A project keeps at least one owner.", "Appoint another owner first.")])
    project.members.filter(pk=member.pk).delete()
    record(actor, "project.dismissed", subject=member, facts={"role": member.role})
    return project.pk


@transaction.atomic
def classify(*, actor: Actor, project_id: UUID, answers: dict[str, str], reason: str) -> Classification:
    """Record a signed answer to the questionnaire. The outcome follows by rule; the person answers for it.

    Raises Unusable when a question is open or answered “unknown”.
    """
    project = selectors.require(actor, project_id, "answer the questionnaire")
    edition = regulation.latest()
    faults = Faults()
    try:
        question = regulation.next_question(answers)
    except regulation.NotAnAnswer as error:
        raise Unusable([Fault("answers", str(error), "Answer the questions as they are put.")]) from None
    if question is not None:
        faults.add(question.id, "This question is not answered.", "Answer it, or ask who can.")
    if not reason.strip():
        faults.add("reason", "Say why these answers hold.", "One or two sentences.")
    faults.raise_if_any()
    outcome = regulation.outcome(answers, on=timezone.localdate())
    # A forbidden practice is settled too, and must be on record; the gates look at what it blocks.
    if not outcome.settled:
        raise Unusable([Fault("answers", outcome.blocked_reason or "An answer is open.", "Find out before you sign.")])
    classification = Classification.objects.create(
        project=project,
        edition=edition.id,
        edition_sha256=edition.sha256,
        answers=answers,
        outcome={**plain(outcome), "role": outcome.role},
        reason=reason,
        decided_by_id=actor.person_id,
        decided_by_name=actor.name,
    )
    record(
        actor,
        "project.classified",
        subject=classification,
        facts={"outcome": classification.outcome, "edition": edition.id},
        personal={"reason": reason},
    )
    return classification


def _describe(actor: Actor, project: Project, fields: dict[str, Any]) -> None:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise TypeError(f"A project has no {', '.join(sorted(unknown))}")
    for name, value in fields.items():
        setattr(project, name, value)
    project.described_by_id = actor.user_id
    faults = Faults()
    if not project.name.strip():
        faults.add("name", "A project needs a name.")
    if project.use == Project.Use.PUBLISH and project.distribution != Project.Distribution.WEIGHTS:
        faults.add("distribution", "Publishing the weights means distributing them.", "Choose “as weights”.")
    faults.raise_if_any()


def _appoint(actor: Actor, project: Project, person: Actor, role: Role) -> Member:
    if clash := rules.clash(selectors.roles(person, project.pk), role):
        raise Unusable([Fault("role", clash, "Appoint somebody else, or dismiss them from the other part first.")])
    member, made = Member.objects.get_or_create(project=project, user_id=person.person_id, role=role.value)
    if not made:
        raise Unusable([Fault("role", f"They are {SPOKEN[role]} of {project} already.")])
    record(actor, "project.appointed", subject=member, facts={"role": role.value})
    return member
