"""Questions about exported evidence."""

from uuid import UUID

from django.db.models import QuerySet

from governance.delivery.evidence.models import Bundle
from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.people.projects import selectors as projects


def visible_to(actor: Actor) -> QuerySet[Bundle]:
    return Bundle.objects.filter(projects.within(actor)).select_related("project", "dossier_version")


def visible(actor: Actor, bundle_id: UUID) -> Bundle:
    return one_of(visible_to(actor), bundle_id, "evidence bundle")
