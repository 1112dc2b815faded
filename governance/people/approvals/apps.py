from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "governance.people.approvals"
    label = "approvals"
    verbose_name = "Approvals"
