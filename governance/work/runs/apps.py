from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "governance.work.runs"
    label = "runs"
    verbose_name = "Runs"

    def ready(self) -> None:
        from governance.foundation.core.events import withdrawn
        from governance.foundation.jobs.services import abandoned
        from governance.people.approvals import subjects
        from governance.work.runs import notices, selectors
        from governance.work.runs.models import Run
        from governance.work.runs.services import end_what_was_affected
        from governance.work.runs.worker import follow_abandoned_job

        subjects.register(Run, summary=selectors.summary, follows=("evaluation_plan",))
        subjects.touch_also(Run, selectors.touched)
        notices.register()
        abandoned.connect(follow_abandoned_job, dispatch_uid="runs")
        withdrawn.connect(end_what_was_affected, dispatch_uid="runs")
