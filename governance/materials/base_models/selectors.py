"""Questions about base models."""

from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotFound
from governance.materials.base_models.models import BaseModel


def visible_to(actor: Actor) -> QuerySet[BaseModel]:
    """Base models of the organisations to which `actor` belongs."""
    return BaseModel.objects.filter(organisation__memberships__user_id=actor.user_id)


def visible(actor: Actor, base_model_id: UUID) -> BaseModel:
    try:
        return visible_to(actor).select_related("organisation").get(pk=base_model_id)
    except BaseModel.DoesNotExist:
        raise NotFound("base model") from None


def offered() -> list[str]:
    """Folders that the operator put into the folder of models, by name."""
    root: Path = settings.ASSAY_MODELS_DIR
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))


def folder(base_model: BaseModel) -> Path:
    return Path(settings.ASSAY_MODELS_DIR) / base_model.folder
