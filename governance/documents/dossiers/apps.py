from django.apps import AppConfig


class DossiersConfig(AppConfig):
    name = "governance.documents.dossiers"
    label = "dossiers"
    verbose_name = "Dossiers"

    def ready(self) -> None:
        from governance.documents.dossiers.models import DossierVersion
        from governance.people.approvals import subjects

        subjects.register(DossierVersion)
