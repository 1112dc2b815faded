from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "governance.oversight.retention"
    label = "retention"
    verbose_name = "Retention"
