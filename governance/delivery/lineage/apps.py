from django.apps import AppConfig


class LineageConfig(AppConfig):
    name = "governance.delivery.lineage"
    label = "lineage"
    verbose_name = "Lineage"

    def ready(self) -> None:
        from governance.delivery.lineage import selectors
        from governance.delivery.lineage.models import Trace, Withdrawal
        from governance.delivery.lineage.services import look_at_what_was_registered
        from governance.delivery.releases.models import Release
        from governance.documents.dossiers.models import DossierVersion
        from governance.foundation.jobs import errands
        from governance.materials.datasets.models import DatasetVersion
        from governance.materials.datasets.services import registered
        from governance.people.approvals import subjects
        from governance.work.runs.models import Run

        errands.register(Trace)
        subjects.register(Withdrawal, summary=selectors.summary, follows=("version__dataset__project",))
        subjects.touch_also(Withdrawal, selectors.parts)
        registered.connect(look_at_what_was_registered, dispatch_uid="lineage")
        subjects.forbid_also(DatasetVersion, selectors.why_not_approve)
        subjects.tell_also(DatasetVersion, selectors.told_about_data)
        subjects.tell_also(Run, selectors.told_about_run)
        subjects.tell_also(DossierVersion, selectors.told_about_dossier)
        subjects.tell_also(Release, selectors.told_about_release)
