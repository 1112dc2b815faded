from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "governance.foundation.audit"
    label = "audit"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        from governance.foundation.audit import checks, sealing  # noqa: F401

        sealing.watch()
