from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "governance.foundation.jobs"
    label = "jobs"
    verbose_name = "Jobs"

    def ready(self) -> None:
        from governance.foundation.jobs.errands import follow_abandoned_job
        from governance.foundation.jobs.services import abandoned

        abandoned.connect(follow_abandoned_job, dispatch_uid="errands")
