from django.apps import AppConfig


class EvaluationPlansConfig(AppConfig):
    name = "governance.work.evaluation_plans"
    label = "evaluation_plans"
    verbose_name = "Evaluation plans"
