from django.apps import AppConfig


class LicenceTextsConfig(AppConfig):
    name = "governance.materials.licence_texts"
    label = "licence_texts"
    verbose_name = "Licence texts"
