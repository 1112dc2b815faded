from django.apps import AppConfig


class RedactionsConfig(AppConfig):
    name = "governance.materials.redactions"
    label = "redactions"
    verbose_name = "Redactions"

    def ready(self) -> None:
        from governance.foundation.jobs.services import abandoned
        from governance.materials.redactions.worker import follow_abandoned_job

        abandoned.connect(follow_abandoned_job, dispatch_uid="redactions")
