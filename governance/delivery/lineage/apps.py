from django.apps import AppConfig


class LineageConfig(AppConfig):
    name = "governance.delivery.lineage"
    label = "lineage"
    verbose_name = "Lineage"

    def ready(self) -> None:
        from governance.delivery.lineage import selectors
        from governance.delivery.releases.models import Release
        from governance.documents.dossiers.models import DossierVersion
        from governance.materials.datasets.models import DatasetVersion
        from governance.people.approvals import subjects
        from governance.work.runs.models import Run

        subjects.forbid_also(DatasetVersion, selectors.why_not_approve)
        subjects.tell_also(DatasetVersion, selectors.told_about_data)
        subjects.tell_also(Run, selectors.told_about_run)
        subjects.tell_also(DossierVersion, selectors.told_about_dossier)
        subjects.tell_also(Release, selectors.told_about_release)
