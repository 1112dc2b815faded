from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "governance.people.notifications"
    label = "notifications"
    verbose_name = "Notifications"

    def ready(self) -> None:
        from governance.foundation.core.events import acted
        from governance.people.notifications import (
            about_approvals,
            about_classifications,
            about_engagements,
            about_waivers,
            tellings,
        )

        about_approvals.register()
        about_waivers.register()
        about_engagements.register()
        about_classifications.register()
        acted.connect(tellings.tell, dispatch_uid="notifications")
