from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    name = "governance.delivery.releases"
    label = "releases"
    verbose_name = "Releases"

    def ready(self) -> None:
        from governance.delivery.releases.models import Release
        from governance.delivery.releases.selectors import as_sources
        from governance.documents.sources import outlets
        from governance.people.approvals import subjects

        subjects.register(Release)
        outlets.register(as_sources)
