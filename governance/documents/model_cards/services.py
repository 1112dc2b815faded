"""Model cards write themselves: assembled from records and frozen; a new state of the records is a new number."""

from typing import Any
from uuid import UUID

from django.db import transaction

from governance.documents.model_cards import rules, selectors
from governance.documents.model_cards.markdown import markdown
from governance.documents.model_cards.models import ModelCard
from governance.documents.sources.gathering import sources_of
from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM, Actor
from governance.people.projects import selectors as projects
from governance.work.evaluations.models import Evaluation
from governance.work.model_versions import selectors as model_versions
from governance.work.model_versions.models import ModelVersion


def after_evaluation(sender: type[Evaluation], evaluation: Evaluation, **_: Any) -> None:
    """A report was recorded: the model version it is about gets a card that tells of it."""
    freeze(model_version=evaluation.model_version)


@transaction.atomic
def renew(*, actor: Actor, model_version_id: UUID) -> ModelCard:
    """Freeze the card anew from today's records. Raises NotAllowed, NotFound."""
    model_version = model_versions.visible(actor, model_version_id)
    projects.require(actor, model_version.project_id, "freeze a document")
    return freeze(model_version=model_version, actor=actor)


def freeze(*, model_version: ModelVersion, actor: Actor = PLATFORM) -> ModelCard:
    """Freeze the card in the caller's transaction; the newest is given back when it says the very same."""
    ModelVersion.objects.select_for_update().get(pk=model_version.pk)
    document = rules.assemble(sources_of(model_version))
    last = selectors.newest(model_version)
    if last is not None and last.sha256 == document["sha256"]:
        return last
    card = ModelCard.objects.create(
        project_id=model_version.project_id,
        model_version=model_version,
        number=last.number + 1 if last else 1,
        document=document,
        sha256=document["sha256"],
        markdown=markdown(document),
    )
    record(actor, "model-card.frozen", subject=card, facts={"sha256": card.sha256})
    return card
