"""Questions about waivers and picked licences; what the rule table says once both are laid over it."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotFound
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
    def content_digest(self) -> str: ...

    def licensed(self) -> list[licences.LicensedInput]:
        """The material itself first, then what its licence cannot be told apart from."""


def visible_to(actor: Actor) -> QuerySet[Waiver]:
    return Waiver.objects.filter(project__in=projects.visible_to(actor)).select_related("project__organisation")


def visible(actor: Actor, waiver_id: UUID) -> Waiver:
    try:
        return visible_to(actor).get(pk=waiver_id)
    except Waiver.DoesNotExist:
        raise NotFound("waiver") from None


def choices_visible_to(actor: Actor) -> QuerySet[LicenceChoice]:
    return LicenceChoice.objects.filter(project__in=projects.visible_to(actor)).select_related("project")


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
    known = [record_of(each) for each in in_force(project, [one.content_digest for one in materials])]
    inputs = [rules.covered(item, one.content_digest, known) for one in materials for item in one.licensed()]
    return projects.licence_verdict(project, inputs, purpose)


def by_purpose(project: Project, one: Licensed) -> list[licences.Verdict]:
    """`verdict` for each purpose, for one material: a run's verdict looks at the others too; it can only be harder."""
    return [verdict(project, [one], purpose) for purpose in licences.PURPOSES]


def in_force(project: Project, digests: Iterable[str]) -> list[Waiver | LicenceChoice]:
    """Waivers that hold today and the picks that stand, about inputs of these content digests."""
    wanted = list(digests)
    asked = Waiver.objects.filter(
        project=project, subject_digest__in=wanted, revoked_at=None, expires_on__gte=timezone.localdate()
    )
    answers = approvals.standings(asked, project.pk)
    picked: dict[str, LicenceChoice] = {}
    for choice in LicenceChoice.objects.filter(project=project, subject_digest__in=wanted).order_by("created_at"):
        picked[choice.subject_digest] = choice
    return [*(one for one in asked if answers[one.pk].granted), *picked.values()]


def record_of(decided: Waiver | LicenceChoice) -> dict[str, Any]:
    """The content of what was decided, with its id and who signed it, for `rules.covered`."""
    if isinstance(decided, LicenceChoice):
        says = f"{decided.by_name} on {decided.created_at:%d %b %Y}"
    else:
        says = f"{approvals.standing(decided).by}, until {decided.expires_on:%d %b %Y}"
    return {**decided.content(), "id": str(decided.pk), "says": says}


def waivable(project: Project, one: Licensed) -> dict[licences.Waivable, str]:
    """The findings about a material that a waiver could cover and none does, with what the rule says."""
    answers = (verdict(project, [one]), *by_purpose(project, one))
    return {finding: finding.because for each in answers for row in each.per_input for finding in row.waivable}


def alternatives(project: Project, one: Licensed) -> list[str]:
    """What a person may pick for a material whose licence offers a choice; the pick that stands is on offer again."""
    return sorted({each for item in one.licensed()[:1] for each in licences.alternatives(item.expression)})


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
