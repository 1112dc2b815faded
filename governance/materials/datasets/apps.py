from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    name = "governance.materials.datasets"
    label = "datasets"
    verbose_name = "Datasets"

    def ready(self) -> None:
        from governance.foundation.jobs.services import abandoned
        from governance.materials.datasets import measuring, selectors
        from governance.materials.datasets.models import DatasetVersion
        from governance.materials.datasets.services import registered
        from governance.materials.datasets.worker import follow_abandoned_job
        from governance.people.approvals import subjects

        abandoned.connect(follow_abandoned_job, dispatch_uid="datasets")
        registered.connect(measuring.measure_registered, dispatch_uid="quality")
        subjects.register(DatasetVersion, summary=selectors.summary, earlier=selectors.earlier)
