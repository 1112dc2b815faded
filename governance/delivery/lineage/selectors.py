"""Questions about withdrawals."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import F, QuerySet

from governance.delivery.lineage import radius, rules
from governance.delivery.lineage.models import Affected, Trace, Withdrawal
from governance.delivery.lineage.radius import Reached
from governance.delivery.releases.models import Release
from governance.documents.dossiers.models import DossierVersion
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Missing
from governance.foundation.core.records import one_of
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals import subjects
from governance.people.approvals.selectors import standing
from governance.people.approvals.subjects import Fact
from governance.people.policies import selectors as policies
from governance.people.policies.kinds import KINDS, Act, Touch
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.runs.models import Run


def visible_to(actor: Actor) -> QuerySet[Withdrawal]:
    return Withdrawal.objects.filter(projects.within(actor, "version__dataset__project")).select_related(
        "version__dataset__project__organisation"
    )


def visible(actor: Actor, withdrawal_id: UUID) -> Withdrawal:
    return one_of(visible_to(actor), withdrawal_id)


def visible_trace(actor: Actor, trace_id: UUID) -> Trace:
    return one_of(Trace.objects.filter(withdrawal__in=visible_to(actor)).select_related("withdrawal"), trace_id)


def reached(version: DatasetVersion, rows: Collection[int] | None) -> list[Reached]:
    """What rests on `version`, or on these of its rows, as it is now; what lies apart is not looked through."""
    return radius.of(version, rows, everywhere=False)


def apart(withdrawal: Withdrawal) -> QuerySet[DatasetVersion]:
    """The versions of the organisation that nothing has led the withdrawal to, as far as their rows are indexed."""
    known = withdrawal.affected.filter(kind=DatasetVersion.kind).values("object_id")
    if not withdrawal.version.index_sha256:
        return DatasetVersion.objects.none()
    return (
        DatasetVersion.objects.filter(dataset__project__organisation=withdrawal.project.organisation_id)
        .exclude(pk__in=known)
        .exclude(index_sha256="")
        .exclude(dataset=withdrawal.version.dataset_id)
    )


def why_not_take_back(actor: Actor, withdrawal: Withdrawal) -> str:
    """Why `actor` may not take it back, or ""."""
    return rules.why_not_take_back(
        person=actor.user_id,
        first_name=actor.first_name,
        withdrew=withdrawal.withdrawn_by_id,
        touched={person: did for person, _, did in reversed(subjects.touched(withdrawal))},
        approved={decision.by_id for decision in standing(withdrawal, withdrawal.project_id).decisions},
    )


def parts(withdrawals: Collection[UUID]) -> dict[UUID, list[Touch]]:
    """Who had a part in anything that these withdrawals reached in their projects, by the withdrawal: none of them has
    it used again. As many queries for many as for one."""
    reached = Affected.objects.filter(
        withdrawal__in=withdrawals, project=F("withdrawal__version__dataset__project")
    ).values_list("withdrawal", "kind", "object_id")
    by_kind: dict[str, dict[UUID, list[UUID]]] = defaultdict(lambda: defaultdict(list))
    for withdrawal, kind, pk in reached:
        by_kind[kind][pk].append(withdrawal)
    found: dict[UUID, list[Touch]] = defaultdict(list)
    for kind, ids in by_kind.items():
        for pk, touched in subjects.touched_all(list(subjects.load_all(kind, list(ids)).values())).items():
            for withdrawal in ids[pk]:
                found[withdrawal] += [Touch(person, Act.MADE, did) for person, _, did in touched]
    return found


def approval_lacks(withdrawal: Withdrawal) -> list[Missing]:
    """What keeps it from being taken back where a policy asks others first; nothing where none does."""
    if not policies.asks_for(Withdrawal.kind, withdrawal.project_id):
        return []
    answer = standing(withdrawal, withdrawal.project_id)
    lacks = f"Reinstating {withdrawal.what} needs {' and '.join(answer.missing)}."
    return [] if answer.granted else [Missing(lacks, answer.why, withdrawal.kind, str(withdrawal.pk))]


def summary(withdrawal: Withdrawal, project: Project) -> Iterable[Fact]:
    """What a decider needs to know: what was withdrawn and why, and what comes back with it."""
    said = f"{withdrawal.what}, by {withdrawal.withdrawn_by_name} on {withdrawal.created_at:%d %B %Y}"
    yield Fact("Withdrawn", said, withdrawal.reason, warns=True)
    if withdrawal.case_number:
        yield Fact("Case", withdrawal.case_number)
    own = Counter(row.kind for row in withdrawal.affected.all() if row.project_id == project.pk)
    for kind, count in own.items():
        noun = KINDS[kind].noun if kind in KINDS else kind.replace("_", " ")
        yield Fact("Comes back", f"{count} {noun}" if count == 1 else f"{count} {noun}s", "as far as it was suspended")
    elsewhere = withdrawal.affected.exclude(project=project).count()
    if elsewhere:
        yield Fact("Elsewhere", f"{elsewhere} of other projects", "Nothing of theirs was suspended for this.")
    trace = getattr(withdrawal, "trace", None)
    if trace is not None and trace.state != rules.TraceState.DONE:
        yield Fact(
            "Not looked through", "other versions of the organisation", f"The look is {trace.state}.", warns=True
        )


def affected_seen(actor: Actor, withdrawal: Withdrawal) -> tuple[list[Affected], int]:
    """(what it reached, as far as `actor` sees the projects; how many records lie elsewhere)."""
    every = list(withdrawal.affected.select_related("project"))
    seen = set(projects.visible_to(actor).values_list("pk", flat=True))
    shown = [each for each in every if each.project_id in seen]
    return shown, len(every) - len(shown)


def touching(ids: Iterable[UUID]) -> QuerySet[Withdrawal]:
    """Withdrawals in force that reached one of these records."""
    return (
        Withdrawal.objects.filter(taken_back_at=None, affected__object_id__in=list(ids))
        .select_related("version__dataset__project")
        .distinct()
    )


def is_withdrawn(version: DatasetVersion) -> bool:
    """Whether the whole of it is withdrawn."""
    return Withdrawal.objects.filter(version=version, rows__isnull=True, taken_back_at=None).exists()


def barred(versions: Collection[UUID]) -> set[UUID]:
    """Those of these versions that hold what was withdrawn."""
    found = Affected.objects.filter(object_id__in=versions, is_barred=True, withdrawal__taken_back_at=None)
    return set(found.values_list("object_id", flat=True))


def why_not_approve(version: DatasetVersion) -> str | None:
    """Why nobody can approve a version: it holds what was withdrawn."""
    found = Affected.objects.filter(object_id=version.pk, is_barred=True, withdrawal__taken_back_at=None)
    barred = found.select_related("withdrawal__version__dataset").first()
    if barred is None:
        return None
    because = barred.withdrawal
    cure = "Register a version without it." if because.rows else "Use other data."
    return f"{because.said} on {because.created_at:%d %B %Y} by {because.withdrawn_by_name}. {cure}"


def told_about_run(run: Run, project: Project) -> Iterable[Fact]:
    """What a decider on a run plan needs to know of withdrawn data."""
    yield from _facts([run.pk, *(version.pk for version in run.data())], project)


def told_about_dossier(dossier: DossierVersion, project: Project) -> Iterable[Fact]:
    model = dossier.dossier.model_version
    yield from _facts([dossier.pk, model.pk, *(version.pk for version in model.run.data())], project)


def told_about_release(release: Release, project: Project) -> Iterable[Fact]:
    model = release.model_version
    yield from _facts([release.pk, model.pk, *(version.pk for version in model.run.data())], project)


def told_about_data(version: DatasetVersion, project: Project) -> Iterable[Fact]:
    yield from _facts([version.pk], project)


def _facts(ids: Iterable[UUID], project: Project) -> Iterable[Fact]:
    """In full where it happened; of another project's withdrawal only that there was one."""
    for each in touching(ids):
        if each.project_id == project.pk:
            said = f"{each.what}, by {each.withdrawn_by_name} on {each.created_at:%d %B %Y}"
            yield Fact("Withdrawn", said, each.reason, warns=True)
        else:
            said = f"the same rows, in another project of the organisation, on {each.created_at:%d %B %Y}"
            yield Fact("Withdrawn elsewhere", said, "What follows here is for you to decide.", warns=True)
