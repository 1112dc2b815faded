from django.apps import AppConfig


class EnvelopesConfig(AppConfig):
    name = "governance.work.envelopes"
    label = "envelopes"
    verbose_name = "Change envelopes"

    def ready(self) -> None:
        from governance.materials.datasets.models import DatasetVersion
        from governance.people.approvals import passing, subjects
        from governance.work.envelopes import candidates, notices, selectors, services
        from governance.work.envelopes.models import Envelope
        from governance.work.runs.models import Run

        subjects.register(Envelope, summary=selectors.summary, follows=("reference__evaluation_plan",))
        subjects.touch_also(Envelope, selectors.touched)
        for model, reader in ((DatasetVersion, candidates.version), (Run, candidates.run)):
            candidates.register(model, reader)
            subjects.tell_also(model, selectors.told)
        passing.register(services.RANGES)
        notices.register()
