from django.apps import AppConfig


class EvaluationsConfig(AppConfig):
    name = "governance.work.evaluations"
    label = "evaluations"
    verbose_name = "Evaluations"
