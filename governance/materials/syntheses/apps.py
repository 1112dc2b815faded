from django.apps import AppConfig


class SynthesesConfig(AppConfig):
    name = "governance.materials.syntheses"
    label = "syntheses"
    verbose_name = "Syntheses"

    def ready(self) -> None:
        from governance.foundation.jobs import errands
        from governance.materials.syntheses.models import Synthesis

        errands.register(Synthesis)
