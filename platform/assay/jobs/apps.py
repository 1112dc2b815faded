from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "assay.jobs"
    label = "assay_jobs"
