"""Questions about redactions."""

from uuid import UUID

from django.db.models import QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.materials.redactions.models import Redaction
from governance.people.projects import selectors as projects


def visible_to(actor: Actor) -> QuerySet[Redaction]:
    return Redaction.objects.filter(projects.within(actor, "source__dataset__project")).select_related(
        "source__dataset__project", "version__dataset", "pseudonyms"
    )


def visible(actor: Actor, redaction_id: UUID) -> Redaction:
    return one_of(visible_to(actor), redaction_id)
