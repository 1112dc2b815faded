from django.apps import AppConfig
from django.conf import settings


class AuditConfig(AppConfig):
    name = "governance.foundation.audit"
    label = "audit"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        from governance.foundation.audit import checks, covering, sealing  # noqa: F401

        covering.cover_pseudonyms(settings.AUTH_USER_MODEL)
        sealing.watch()
