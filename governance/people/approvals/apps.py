from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "governance.people.approvals"
    label = "approvals"
    verbose_name = "Approvals"

    def ready(self) -> None:
        from governance.foundation.core.events import reinstated, withdrawn
        from governance.people.approvals.suspending import lift_what_it_suspended, suspend_what_was_affected

        withdrawn.connect(suspend_what_was_affected, dispatch_uid="approvals")
        reinstated.connect(lift_what_it_suspended, dispatch_uid="approvals")
