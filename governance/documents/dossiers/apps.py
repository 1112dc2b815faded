from django.apps import AppConfig


class DossiersConfig(AppConfig):
    name = "governance.documents.dossiers"
    label = "dossiers"
    verbose_name = "Dossiers"

    def ready(self) -> None:
        from governance.documents.dossiers import selectors
        from governance.documents.dossiers.models import DossierVersion
        from governance.documents.dossiers.services import after_evaluation
        from governance.people.approvals import subjects
        from governance.work.evaluations.worker import recorded

        subjects.register(DossierVersion, summary=selectors.summary, earlier=selectors.earlier)
        recorded.connect(after_evaluation, dispatch_uid="dossiers")
