"""The decision panel's form."""

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.people.approvals.rules import Verdict


class DecisionForm(forms.Form):
    verdict = forms.ChoiceField(choices=[(v.value, v.value) for v in Verdict], widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        label=_("Reason, kept with the signature"), widget=forms.Textarea(attrs={"rows": 2}), required=False
    )
    password = forms.CharField(
        label=_("Password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
