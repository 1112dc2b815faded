from django.apps import AppConfig


class WaiversConfig(AppConfig):
    name = "governance.people.waivers"
    label = "waivers"
    verbose_name = "Waivers"

    def ready(self) -> None:
        from governance.people.approvals import subjects
        from governance.people.waivers import selectors
        from governance.people.waivers.models import Waiver

        subjects.register(Waiver, summary=selectors.summary)
