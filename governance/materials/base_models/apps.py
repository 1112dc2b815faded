from django.apps import AppConfig


class BaseModelsConfig(AppConfig):
    name = "governance.materials.base_models"
    label = "base_models"
    verbose_name = "Base models"

    def ready(self) -> None:
        from governance.materials.base_models import selectors
        from governance.materials.base_models.models import BaseModel
        from governance.people.approvals import subjects

        subjects.register(BaseModel, summary=selectors.summary)
