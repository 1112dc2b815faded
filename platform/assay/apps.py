from django.apps import AppConfig


class AssayConfig(AppConfig):
    """The shell itself: management commands and static files."""

    name = "assay"
    label = "assay"
