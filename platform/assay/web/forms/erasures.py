"""Which rows are erased, for which case and on which ground; and who signs it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assay.web.forms.proof import ProofForm
from assay.web.forms.withdrawals import RowNumbers
from governance.delivery.erasures import rules


class ErasureForm(ProofForm):
    has_choice = True

    rows = RowNumbers(
        label=_("Rows"), max_length=60_000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("By number, like 3, 7-9; counted from 1 without heading and blank lines."),
    )  # fmt: skip
    case_number = forms.CharField(
        label=_("Case number"), max_length=80, help_text=_("Of the request that it answers. It stays on record.")
    )
    reason = forms.CharField(
        label=_("On which ground"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For example Art. 17(1)(b) GDPR. Name no person: the reason stays on record."),
    )  # fmt: skip

    def choice(self) -> dict[str, Any]:
        return rules.choice(self.cleaned_data["rows"])
