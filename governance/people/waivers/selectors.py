"""Questions about waivers and picked licences; what the rule table says once both are laid over it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotFound
from governance.foundation.core.records import one_of
from governance.law.licences import rules as licences
from governance.people.approvals import selectors as approvals
from governance.people.approvals import subjects
from governance.people.approvals.rules import State as Asked
from governance.people.approvals.subjects import Fact
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.people.waivers import rules
from governance.people.waivers.models import LicenceChoice, Waiver


@runtime_checkable
class Licensed(Protocol):
    """A material that a model is made from, with what has to be judged about its licence."""

    kind: ClassVar[str]

    @property
    def pk(self) -> UUID: ...

    @property
    def licence(self) -> str: ...

    @property
    def content_digest(self) -> str: ...

    @classmethod
    def licensed_all(cls, materials: Sequence[Any]) -> dict[UUID, list[licences.LicensedInput]]:
        """Of each of these, by its id: itself first, then what its licence cannot be told apart from, and what it was
        made from. In as many queries for many as for one."""


@dataclass(frozen=True)
class Finding:
    """What a waiver could cover, and the input that it is about, as the verdict names it."""

    input: str
    waivable: licences.Waivable


@dataclass(frozen=True)
class Decided:
    """A waiver that holds, or a pick that stands, and who signed it."""

    record: Waiver | LicenceChoice
    says: str


def visible_to(actor: Actor) -> QuerySet[Waiver]:
    return Waiver.objects.filter(projects.within(actor)).select_related("project__organisation")


def visible(actor: Actor, waiver_id: UUID) -> Waiver:
    return one_of(visible_to(actor), waiver_id)


def choices_visible_to(actor: Actor) -> QuerySet[LicenceChoice]:
    return LicenceChoice.objects.filter(projects.within(actor)).select_related("project")


def material(project: Project, kind: str, subject_id: UUID) -> Licensed:
    """A base model or dataset version that `project` may use. Raises NotFound."""
    subject = subjects.load(kind, subject_id)
    if not isinstance(subject, Licensed) or not subjects.belongs_to(subject, project.pk):
        raise NotFound("material")
    return subject


def verdict(
    project: Project, materials: Sequence[Licensed], purpose: licences.Purpose | None = None
) -> licences.Verdict:
    """What the rule table says today about `materials` together in `project`, with what people decided there.

    With `purpose` for that one alone; otherwise for what the project does, its distribution included.
    """
    inputs = [item for items in _inputs(project, materials).values() for item in items]
    return projects.licence_verdict(project, inputs, purpose)


def verdicts(project: Project, materials: Sequence[Licensed]) -> dict[UUID, licences.Verdict]:
    """`verdict` on each alone, by its id, in as many queries for many as for one."""
    return {pk: projects.licence_verdict(project, items) for pk, items in _inputs(project, materials).items()}


def by_purpose(project: Project, one: Licensed) -> list[licences.Verdict]:
    """`verdict` for each purpose, for one material: a run's verdict looks at the others too; it can only be harder."""
    items = _inputs(project, [one])[one.pk]
    return [projects.licence_verdict(project, items, purpose) for purpose in licences.PURPOSES]


def _inputs(project: Project, materials: Sequence[Licensed]) -> dict[UUID, list[licences.LicensedInput]]:
    """What each comes with, covered by what people decided."""
    found = licensed(materials)
    known = [record_of(each) for each in in_force(project, digests(materials, found))]
    return {one.pk: [rules.covered(item, one.content_digest, known) for item in found[one.pk]] for one in materials}


def licensed(materials: Iterable[Licensed]) -> dict[UUID, list[licences.LicensedInput]]:
    """What has to be judged of each, by its id."""
    by_type: dict[type[Licensed], list[Licensed]] = {}
    for one in materials:
        by_type.setdefault(type(one), []).append(one)
    return {pk: items for kind, ones in by_type.items() for pk, items in kind.licensed_all(ones).items()}


def digests(materials: Iterable[Licensed], found: Mapping[UUID, list[licences.LicensedInput]]) -> set[str]:
    """Of whatever somebody may have decided about for these: the materials, and the records that stand behind them."""
    return {digest for one in materials for digest in (one.content_digest, *(item.about for item in found[one.pk]))}


def in_force(project: Project, about: Iterable[str]) -> list[Decided]:
    """Waivers that hold today and the picks that stand, about inputs of these content digests."""
    wanted = list(about)
    asked = Waiver.objects.filter(
        project=project, subject_digest__in=wanted, revoked_at=None, expires_on__gte=timezone.localdate()
    )
    answers = approvals.standings(asked, project.pk)
    held = [
        Decided(one, f"{answers[one.pk].by}, until {one.expires_on:%d %b %Y}")
        for one in asked
        if answers[one.pk].granted
    ]
    picked = {
        choice.subject_digest: Decided(choice, f"{choice.by_name} on {choice.created_at:%d %b %Y}")
        for choice in LicenceChoice.objects.filter(project=project, subject_digest__in=wanted).order_by("created_at")
    }
    return [*held, *picked.values()]


def record_of(decided: Decided) -> dict[str, Any]:
    """The content of what was decided, with its id and who signed it, for `rules.covered`."""
    return {**decided.record.content(), "id": str(decided.record.pk), "says": decided.says}


def waivable(project: Project, one: Licensed) -> list[Finding]:
    """The findings about a material that a waiver could cover and none does: for what the project does as it does it,
    for other purposes as if nothing reached others."""
    now = verdict(project, [one])
    judged = {project.use, *(["publish"] if project.distribution == "weights" else [])}
    answers = [now, *(each for each in by_purpose(project, one) if each.purpose not in judged)]
    found = {
        finding: Finding(row.name, finding) for each in answers for row in each.per_input for finding in row.waivable
    }
    return list(found.values())


def alternatives(one: Licensed) -> list[str]:
    """What a person may pick for a material whose licence offers a choice; the pick that stands is on offer again.

    Raises TooManyAlternatives.
    """
    return licences.alternatives(one.licence)


def states(asked: Sequence[Waiver]) -> dict[UUID, rules.State]:
    """Where each stands today, in two queries a project."""
    answers = approvals.standings(asked)
    today = timezone.localdate()
    found = {}
    for waiver in asked:
        answer = answers[waiver.pk]
        waits = answer.request is not None and answer.request.state == Asked.OPEN
        found[waiver.pk] = rules.state(
            granted=answer.granted,
            waits=waits,
            revoked=waiver.revoked_at is not None,
            expires_on=waiver.expires_on,
            today=today,
        )
    return found


def summary(waiver: Waiver, project: Project) -> Iterable[Fact]:
    """What a decider needs to know: what the rule says, of what, for which purpose, why, and how long."""
    yield Fact("About", waiver.subject_name)
    yield Fact("The rule says", waiver.because, f"rule {waiver.rule}, table {waiver.rule_set}", warns=True)
    yield Fact("For", f"{dict(Project.Use.choices)[waiver.purpose]} in {project}, nothing else")
    yield Fact("Reason", waiver.reason)
    yield Fact("Last day", f"{waiver.expires_on:%d %b %Y}")
    yield Fact("Asked by", waiver.asked_by_name)
