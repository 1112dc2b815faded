from django.apps import AppConfig


class RenderingsConfig(AppConfig):
    name = "governance.documents.renderings"
    label = "renderings"
    verbose_name = "Renderings"

    def ready(self) -> None:
        from governance.documents.renderings.services import follow_abandoned_job
        from governance.foundation.jobs.services import abandoned

        abandoned.connect(follow_abandoned_job, dispatch_uid="renderings")
