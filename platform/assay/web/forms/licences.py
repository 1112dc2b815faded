"""A field for a licence expression, with the common ones at hand."""

from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

# Offered, not prescribed: any SPDX expression or known hub tag is read.
COMMON = (
    "Apache-2.0",
    "MIT",
    "BSD-3-Clause",
    "CC0-1.0",
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "CC-BY-NC-4.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-ND-4.0",
    "CDLA-Permissive-2.0",
    "CDLA-Sharing-1.0",
    "ODC-By-1.0",
    "ODbL-1.0",
    "PDDL-1.0",
    "GPL-3.0-only",
    "AGPL-3.0-only",
    "llama3.1",
    "llama3.2",
    "gemma",
    "qwen",
    "unknown",
)


class LicenceInput(forms.TextInput):
    """A text input that offers `COMMON` without a script."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        offered = f"{name}-common"
        field = super().render(name, value, {**(attrs or {}), "list": offered}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((licence,) for licence in COMMON))
        return format_html('{}<datalist id="{}">{}</datalist>', field, offered, options)


class LicenceField(forms.CharField):
    """An SPDX expression as typed; whether it can be read is the service's to say."""

    widget = LicenceInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Licence"))
        kwargs.setdefault("help_text", _("An SPDX expression, such as Apache-2.0, or “unknown”."))
        super().__init__(max_length=200, **kwargs)
