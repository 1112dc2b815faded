from django.apps import AppConfig


class EvaluationsConfig(AppConfig):
    name = "governance.work.evaluations"
    label = "evaluations"
    verbose_name = "Evaluations"

    def ready(self) -> None:
        from governance.foundation.jobs.services import abandoned
        from governance.work.evaluations import notices
        from governance.work.evaluations.worker import after_run, follow_abandoned_job
        from governance.work.runs.worker import succeeded

        notices.register()
        succeeded.connect(after_run, dispatch_uid="evaluations")
        abandoned.connect(follow_abandoned_job, dispatch_uid="evaluations")
