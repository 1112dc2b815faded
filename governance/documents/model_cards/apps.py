from django.apps import AppConfig


class ModelCardsConfig(AppConfig):
    name = "governance.documents.model_cards"
    label = "model_cards"
    verbose_name = "Model cards"

    def ready(self) -> None:
        from governance.documents.model_cards.services import after_evaluation
        from governance.work.evaluations.worker import recorded

        recorded.connect(after_evaluation, dispatch_uid="model_cards")
