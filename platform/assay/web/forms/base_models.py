"""The form that registers a base model."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assay.web.forms.licences import LicenceField
from governance.materials.base_models.models import BaseModel

YES_NO = [("", _("Not known")), ("yes", _("Yes")), ("no", _("No"))]


def _tristate(value: str) -> bool | None:
    return None if value == "" else value == "yes"


class BaseModelForm(forms.Form):
    """`folders`: names that the operator offers; `registered`: what is on record already, by folder."""

    rest_goes_to = "folder"  # what is wrong inside it (config.json, a weights file)

    folder = forms.ChoiceField(
        label=_("Folder"), help_text=_("In the operator's folder of models. Every byte of it is read and hashed.")
    )
    name = forms.CharField(label=_("Name"), max_length=160, help_text=_("As its provider calls it."))
    revision = forms.CharField(label=_("Revision"), max_length=80, required=False)
    provider = forms.CharField(label=_("Provider"), max_length=160, required=False)
    source = forms.CharField(
        label=_("Taken from"), max_length=300, required=False, help_text=_("An address, a package, or a sentence.")
    )
    licence = LicenceField()
    general_purpose = forms.TypedChoiceField(
        label=_("General-purpose AI model"), choices=YES_NO, coerce=_tristate, empty_value=None, required=False,
        help_text=_("As its provider states it (AI Act, Article 3(63))."),
    )  # fmt: skip
    systemic_risk = forms.TypedChoiceField(
        label=_("With systemic risk"), choices=YES_NO, coerce=_tristate, empty_value=None, required=False,
        help_text=_("AI Act, Article 51."),
    )  # fmt: skip
    training_flops = forms.FloatField(
        label=_("Compute of its training, in FLOP"), required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=_("For example 1.6e21. Leave it empty if nobody published it: nothing is guessed."),
    )  # fmt: skip
    training_flops_source = forms.CharField(label=_("Where the figure comes from"), max_length=300, required=False)
    upstream_notes = forms.CharField(
        label=_("Limits and acceptable use"), widget=forms.Textarea(attrs={"rows": 4}), required=False,
        help_text=_("What its provider documents. It goes into the dossier."),
    )  # fmt: skip

    def __init__(self, *args: Any, folders: Iterable[str], registered: Mapping[str, BaseModel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [
            (name, _("%(folder)s (registered as %(model)s)") % {"folder": name, "model": registered[name]})
            if name in registered
            else (name, name)
            for name in folders
        ]
        field = self.fields["folder"]
        field.choices = choices  # type: ignore[attr-defined]
        field.error_messages["invalid_choice"] = _(
            "%(value)s is no folder in the operator's folder of models. Choose one of the list."
        )
