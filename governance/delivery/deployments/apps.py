from django.apps import AppConfig


class DeploymentsConfig(AppConfig):
    name = "governance.delivery.deployments"
    label = "deployments"
    verbose_name = "Deployments"

    def ready(self) -> None:
        from governance.delivery.deployments import notices, selectors
        from governance.delivery.deployments.models import Deployment
        from governance.people.approvals import subjects

        subjects.register(
            Deployment, summary=selectors.summary, follows=("release__model_version__run__evaluation_plan",)
        )
        subjects.touch_also(Deployment, selectors.touched)
        notices.register()
