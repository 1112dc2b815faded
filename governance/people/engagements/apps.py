from django.apps import AppConfig


class EngagementsConfig(AppConfig):
    name = "governance.people.engagements"
    label = "engagements"
    verbose_name = "Audit engagements"

    def ready(self) -> None:
        from governance.foundation.core import blobs
        from governance.people.engagements import selectors
        from governance.people.engagements.access import OpenEngagements
        from governance.people.organisations import sight

        sight.give(OpenEngagements())
        blobs.keep_for(selectors.is_attached)
