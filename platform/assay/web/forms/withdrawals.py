"""Forms about withdrawals: which rows, and why."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assay.web.forms.proof import ProofForm
from governance.delivery.lineage.services import ROWS_AT_MOST

_PART = re.compile(r"(\d{1,9})(?:\s*[-–]\s*(\d{1,9}))?")


class RowNumbers(forms.CharField):
    """“3, 7-9” as [3, 7, 8, 9]; nothing as None, the whole version."""

    def clean(self, value: str) -> list[int] | None:
        said = super().clean(value)
        if not said:
            return None
        rows: set[int] = set()
        for part in re.split(r"[,;\s]+(?![-–])(?<![-–])", said.replace(" - ", "-")):
            if not part:
                continue
            found = _PART.fullmatch(part)
            if found is None:
                raise ValidationError(_("“%(part)s” is no row number. Write 3, 7-9.") % {"part": part[:40]})
            first, last = int(found[1]), int(found[2] or found[1])
            if last < first:
                raise ValidationError(_("%(part)s runs backwards.") % {"part": part})
            if last - first + len(rows) >= ROWS_AT_MOST:
                says = _("At most %(limit)s rows at once; withdraw the whole version.")
                raise ValidationError(says % {"limit": f"{ROWS_AT_MOST:,}"})
            rows |= set(range(first, last + 1))
        return sorted(rows)


class WithdrawalForm(forms.Form):
    rows = RowNumbers(
        label=gettext_lazy("Rows"), required=False, max_length=4000,
        help_text=gettext_lazy("By number, like 3, 7-9; counted from 1 without heading and blank lines. Empty: all."),
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("Why"), widget=forms.Textarea(attrs={"rows": 3}), max_length=4000,
        help_text=gettext_lazy("Everybody who used it reads this. Name no person whom it is about."),
    )  # fmt: skip
    case_number = forms.CharField(
        label=gettext_lazy("Case number"), required=False, max_length=80,
        help_text=gettext_lazy("Of the request or ticket, where there is one."),
    )  # fmt: skip


class TakeBackForm(ProofForm):
    reason = forms.CharField(
        label=gettext_lazy("Why it may be used after all"), widget=forms.Textarea(attrs={"rows": 2}), max_length=4000
    )
