from django.apps import AppConfig


class ModelVersionsConfig(AppConfig):
    name = "governance.work.model_versions"
    label = "model_versions"
    verbose_name = "Model versions"
