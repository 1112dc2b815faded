"""Forms about letting a model go and taking it back."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class ProposalForm(forms.Form):
    notes = forms.CharField(
        label=_("Notes for the risk owner"), widget=forms.Textarea(attrs={"rows": 3}), required=False
    )
    accepted_findings = forms.MultipleChoiceField(
        label=_("Findings that are knowingly accepted"), widget=forms.CheckboxSelectMultiple, required=False,
        help_text=_("Each becomes part of what the risk owner signs."),
    )  # fmt: skip

    def __init__(self, *args: Any, findings: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["accepted_findings"].choices = [(one, one) for one in findings]  # type: ignore[attr-defined]


class WithdrawalForm(forms.Form):
    reason = forms.CharField(label=_("Reason, for whoever uses the model"), widget=forms.Textarea(attrs={"rows": 2}))
