from django.apps import AppConfig


class ModelCardsConfig(AppConfig):
    name = "governance.documents.model_cards"
    label = "model_cards"
    verbose_name = "Model cards"
