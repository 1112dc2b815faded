"""The decision panel's form."""

from django import forms
from django.utils.translation import gettext_lazy as _

from assay.web.forms.proof import ProofForm
from governance.people.approvals.rules import Verdict


class DecisionForm(ProofForm):
    verdict = forms.ChoiceField(choices=[(v.value, v.value) for v in Verdict], widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        label=_("Reason, kept with the signature"), widget=forms.Textarea(attrs={"rows": 2}), required=False
    )
