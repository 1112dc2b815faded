from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "governance.work.runs"
    label = "runs"
    verbose_name = "Runs"

    def ready(self) -> None:
        from governance.work.runs.models import Run
        from governance.people.approvals import subjects

        subjects.register(Run)
