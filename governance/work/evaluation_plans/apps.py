from django.apps import AppConfig


class EvaluationPlansConfig(AppConfig):
    name = "governance.work.evaluation_plans"
    label = "evaluation_plans"
    verbose_name = "Evaluation plans"

    def ready(self) -> None:
        from governance.people.approvals import subjects
        from governance.work.evaluation_plans import selectors, services
        from governance.work.evaluation_plans.models import EvaluationPlan

        subjects.register(EvaluationPlan, summary=selectors.summary, fix=services.pin)
