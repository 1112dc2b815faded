from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "assay.api"
    label = "assay_api"
