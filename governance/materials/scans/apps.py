from django.apps import AppConfig


class ScansConfig(AppConfig):
    name = "governance.materials.scans"
    label = "scans"
    verbose_name = "Scans for personal data"

    def ready(self) -> None:
        from governance.foundation.jobs import errands
        from governance.materials.datasets.models import DatasetVersion
        from governance.materials.datasets.services import registered
        from governance.materials.scans import selectors
        from governance.materials.scans.models import Scan
        from governance.materials.scans.services import scan_what_was_registered
        from governance.people.approvals import subjects

        errands.register(Scan)
        registered.connect(scan_what_was_registered, dispatch_uid="scans")
        subjects.tell_also(DatasetVersion, selectors.told_to_deciders)
