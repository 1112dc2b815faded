from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    name = "governance.people.organisations"
    label = "organisations"
    verbose_name = "Organisations"
