"""Questions about withdrawals."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import QuerySet

from governance.delivery.lineage import radius
from governance.delivery.lineage.models import Affected, Withdrawal
from governance.delivery.lineage.radius import Reached
from governance.delivery.releases.models import Release
from governance.documents.dossiers.models import DossierVersion
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotFound
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals.subjects import Fact
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.runs.models import Run


def visible_to(actor: Actor) -> QuerySet[Withdrawal]:
    return Withdrawal.objects.filter(version__dataset__project__in=projects.visible_to(actor)).select_related(
        "version__dataset__project__organisation"
    )


def visible(actor: Actor, withdrawal_id: UUID) -> Withdrawal:
    try:
        return visible_to(actor).get(pk=withdrawal_id)
    except Withdrawal.DoesNotExist:
        raise NotFound("withdrawal") from None


def reached(version: DatasetVersion, rows: Collection[int] | None) -> list[Reached]:
    """Everything in the organisation that rests on `version`, or on these of its rows, as it is now."""
    return radius.of_version(version) if rows is None else radius.of_rows(version, rows)


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
    return f"{because.what} was withdrawn on {because.created_at:%d %B %Y} by {because.withdrawn_by_name}. {cure}"


def told_about_run(run: Run, project: Project) -> Iterable[Fact]:
    """What a decider on a run plan needs to know of withdrawn data."""
    yield from _facts([run.pk, *(version.pk for version in run.data())])


def told_about_dossier(dossier: DossierVersion, project: Project) -> Iterable[Fact]:
    model = dossier.dossier.model_version
    yield from _facts([dossier.pk, model.pk, *(version.pk for version in model.run.data())])


def told_about_release(release: Release, project: Project) -> Iterable[Fact]:
    model = release.model_version
    yield from _facts([release.pk, model.pk, *(version.pk for version in model.run.data())])


def told_about_data(version: DatasetVersion, project: Project) -> Iterable[Fact]:
    yield from _facts([version.pk])


def _facts(ids: Iterable[UUID]) -> Iterable[Fact]:
    for each in touching(ids):
        said = f"{each.what}, by {each.withdrawn_by_name} on {each.created_at:%d %B %Y}"
        yield Fact("Withdrawn", said, each.reason, warns=True)
