from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    name = "governance.materials.datasets"
    label = "datasets"
    verbose_name = "Datasets"

    def ready(self) -> None:
        from governance.foundation.jobs import errands
        from governance.materials.datasets import measuring, selectors
        from governance.materials.datasets.models import DatasetVersion, Import, QualityProfile, Split
        from governance.materials.datasets.services import registered
        from governance.people.approvals import subjects

        errands.register(Import, Split, QualityProfile)
        registered.connect(measuring.measure_registered, dispatch_uid="quality")
        subjects.register(DatasetVersion, summary=selectors.summary, earlier=selectors.earlier)
