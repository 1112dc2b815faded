from django.apps import AppConfig


class BaseModelsConfig(AppConfig):
    name = "governance.materials.base_models"
    label = "base_models"
    verbose_name = "Base models"

    def ready(self) -> None:
        from governance.foundation.jobs import errands
        from governance.materials.base_models import selectors
        from governance.materials.base_models.models import BaseModel, Registration
        from governance.people.approvals import subjects

        errands.register(Registration)
        subjects.register(BaseModel, summary=selectors.summary)
