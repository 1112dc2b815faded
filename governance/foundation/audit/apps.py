from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "governance.foundation.audit"
    label = "audit"
    verbose_name = "Audit trail"
