"""Questions about exported evidence."""

from uuid import UUID

from django.db.models import QuerySet

from governance.delivery.evidence.models import Bundle
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotFound
from governance.people.projects import selectors as projects


def visible_to(actor: Actor) -> QuerySet[Bundle]:
    return Bundle.objects.filter(project__in=projects.visible_to(actor)).select_related("project", "dossier_version")


def visible(actor: Actor, bundle_id: UUID) -> Bundle:
    try:
        return visible_to(actor).get(pk=bundle_id)
    except Bundle.DoesNotExist:
        raise NotFound("evidence bundle") from None
