"""Declared text for one prompt of a dossier."""

from django import forms
from django.utils.translation import gettext_lazy as _


class DeclarationForm(forms.Form):
    prompt = forms.CharField(widget=forms.HiddenInput)
    seen = forms.UUIDField(widget=forms.HiddenInput, required=False)
    text = forms.CharField(label=_("Your text"), widget=forms.Textarea(attrs={"rows": 5}))
    not_applicable = forms.BooleanField(label=_("What is asked for does not exist; the text says why"), required=False)
