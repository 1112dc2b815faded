from django.apps import AppConfig


class ErasuresConfig(AppConfig):
    name = "governance.delivery.erasures"
    label = "erasures"
    verbose_name = "Erasures of rows"

    def ready(self) -> None:
        from governance.delivery.erasures import selectors
        from governance.delivery.erasures.models import Erasure
        from governance.delivery.erasures.services import follow_decision
        from governance.foundation.jobs import errands
        from governance.people.approvals import subjects
        from governance.people.approvals.services import closed

        errands.register(Erasure)
        subjects.register(Erasure, summary=selectors.summary)
        closed.connect(follow_decision, dispatch_uid="erasures")
