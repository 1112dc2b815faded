from django.apps import AppConfig


class DisposalsConfig(AppConfig):
    name = "governance.delivery.disposals"
    label = "disposals"
    verbose_name = "Disposals"

    def ready(self) -> None:
        from governance.delivery.disposals.models import Disposal
        from governance.foundation.jobs import errands

        errands.register(Disposal)
