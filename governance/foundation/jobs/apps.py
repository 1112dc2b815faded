from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "governance.foundation.jobs"
    label = "jobs"
    verbose_name = "Jobs"
