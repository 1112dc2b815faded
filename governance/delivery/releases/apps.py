from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    name = "governance.delivery.releases"
    label = "releases"
    verbose_name = "Releases"

    def ready(self) -> None:
        from governance.delivery.releases.models import Release
        from governance.people.approvals import subjects

        subjects.register(Release)
