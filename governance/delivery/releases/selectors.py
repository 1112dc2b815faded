"""Questions about releases: what may be used today, and for what."""

from uuid import UUID

from django.db.models import QuerySet

from governance.delivery.releases.models import Release
from governance.delivery.releases.rules import State
from governance.documents.sources.records import Source
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotFound
from governance.people.projects import selectors as projects
from governance.work.model_versions.models import ModelVersion


def visible_to(actor: Actor) -> QuerySet[Release]:
    return Release.objects.filter(project__in=projects.visible_to(actor)).select_related(
        "project", "model_version", "dossier_version", "evaluation"
    )


def visible(actor: Actor, release_id: UUID) -> Release:
    try:
        return visible_to(actor).get(pk=release_id)
    except Release.DoesNotExist:
        raise NotFound("release") from None


def live(model_version: ModelVersion) -> Release | None:
    """The release that is proposed or in force for a model version."""
    return Release.objects.filter(
        model_version=model_version, state__in=[State.PROPOSED.value, State.RELEASED.value]
    ).first()


def as_sources(model_version: ModelVersion) -> list[Source]:
    """The releases of a model version that are in force, as documents cite them."""
    in_force = Release.objects.filter(model_version=model_version, state=State.RELEASED.value)
    return [
        Source(
            kind=each.kind,
            id=str(each.pk),
            sha256=each.content_digest,
            name=str(each),
            facts={
                "released_at": each.released_at,
                "released_by": each.released_by_name,
                "purpose": each.purpose,
            },
            by=each.released_by_name,
            at=each.released_at,
        )
        for each in in_force.select_related("model_version", "dossier_version", "evaluation")
    ]


def released(actor: Actor, digest: str) -> list[Release]:
    """Releases in force today of the composed digest, in projects that `actor` sees."""
    return list(visible_to(actor).filter(model_version__digest=digest, state=State.RELEASED.value))
