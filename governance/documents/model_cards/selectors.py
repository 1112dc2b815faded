"""Questions about model cards."""

from uuid import UUID

from django.db.models import QuerySet

from governance.documents.model_cards.models import ModelCard
from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.people.projects import selectors as projects
from governance.work.model_versions.models import ModelVersion


def visible_to(actor: Actor) -> QuerySet[ModelCard]:
    return ModelCard.objects.filter(projects.within(actor)).select_related("project", "model_version__run__base_model")


def visible(actor: Actor, card_id: UUID) -> ModelCard:
    return one_of(visible_to(actor), card_id)


def newest(model_version: ModelVersion) -> ModelCard | None:
    return ModelCard.objects.filter(model_version=model_version).order_by("-number").first()
