from django.apps import AppConfig


class BaseModelsConfig(AppConfig):
    name = "governance.materials.base_models"
    label = "base_models"
    verbose_name = "Base models"

    def ready(self) -> None:
        from governance.foundation.jobs.services import abandoned
        from governance.materials.base_models import selectors
        from governance.materials.base_models.models import BaseModel
        from governance.materials.base_models.services import follow_abandoned_job
        from governance.people.approvals import subjects

        abandoned.connect(follow_abandoned_job, dispatch_uid="base_models")
        subjects.register(BaseModel, summary=selectors.summary)
