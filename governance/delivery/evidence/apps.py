from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EvidenceConfig(AppConfig):
    name = "governance.delivery.evidence"
    label = "evidence"
    verbose_name = _("Evidence")

    def ready(self) -> None:
        from governance.delivery.evidence.models import Examination
        from governance.foundation.jobs import errands

        errands.register(Examination)
