from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    name = "governance.people.policies"
    label = "policies"
    verbose_name = "Policies"
