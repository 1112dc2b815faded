from django.apps import AppConfig


class RefusalsConfig(AppConfig):
    name = "governance.foundation.refusals"
    label = "refusals"
    verbose_name = "Refused acts"
