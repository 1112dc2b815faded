from django.apps import AppConfig


class RenderingsConfig(AppConfig):
    name = "governance.documents.renderings"
    label = "renderings"
    verbose_name = "Renderings"
