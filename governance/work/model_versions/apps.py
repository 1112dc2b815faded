from django.apps import AppConfig


class ModelVersionsConfig(AppConfig):
    name = "governance.work.model_versions"
    label = "model_versions"
    verbose_name = "Model versions"

    def ready(self) -> None:
        from governance.materials.datasets import licensing
        from governance.work.model_versions import selectors

        licensing.tell_tuned(selectors.tuned)
