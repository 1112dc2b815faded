from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    name = "governance.materials.datasets"
    label = "datasets"
    verbose_name = "Datasets"

    def ready(self) -> None:
        from governance.materials.datasets import selectors
        from governance.materials.datasets.models import DatasetVersion
        from governance.people.approvals import subjects

        subjects.register(DatasetVersion, summary=selectors.summary, earlier=selectors.earlier)
