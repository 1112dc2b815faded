"""Django's name for the regulation room; it holds rules and data, no tables."""

from django.apps import AppConfig


class RegulationConfig(AppConfig):
    name = "governance.law.regulation"
    label = "regulation"
    verbose_name = "Regulation"
