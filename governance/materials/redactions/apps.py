from django.apps import AppConfig


class RedactionsConfig(AppConfig):
    name = "governance.materials.redactions"
    label = "redactions"
    verbose_name = "Redactions"

    def ready(self) -> None:
        from governance.foundation.jobs import errands
        from governance.materials.redactions.models import Redaction

        errands.register(Redaction)
