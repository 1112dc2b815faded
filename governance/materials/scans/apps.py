from django.apps import AppConfig


class ScansConfig(AppConfig):
    name = "governance.materials.scans"
    label = "scans"
    verbose_name = "Scans for personal data"

    def ready(self) -> None:
        from governance.foundation.jobs.services import abandoned
        from governance.materials.datasets.models import DatasetVersion
        from governance.materials.datasets.services import registered
        from governance.materials.scans import selectors
        from governance.materials.scans.services import scan_what_was_registered
        from governance.materials.scans.worker import follow_abandoned_job
        from governance.people.approvals import subjects

        abandoned.connect(follow_abandoned_job, dispatch_uid="scans")
        registered.connect(scan_what_was_registered, dispatch_uid="scans")
        subjects.tell_also(DatasetVersion, selectors.told_to_deciders)
