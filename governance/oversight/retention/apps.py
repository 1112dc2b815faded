from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "governance.oversight.retention"
    label = "retention"
    verbose_name = "Retention"

    def ready(self) -> None:
        from governance.oversight.retention.deadlines import ends
        from governance.people.notifications import deadlines

        deadlines.register(ends)
