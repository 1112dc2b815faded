from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LicencesConfig(AppConfig):
    name = "governance.law.licences"
    label = "licences"
    verbose_name = _("Licences")
