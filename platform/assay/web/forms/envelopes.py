"""Forms about change envelopes: write one, revoke one."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance.work.envelopes.rules import Bounds

USUAL = timedelta(days=90)


class EnvelopeForm(forms.Form):
    most_rows_added = forms.IntegerField(
        label=_("Rows added to a dataset, at most"), min_value=0, initial=0,
        help_text=_("Against the version that the reference used. A changed row is one added and one removed."),
    )  # fmt: skip
    most_percent_added = forms.FloatField(
        label=_("and at most, in per cent"), min_value=0, required=False,
        help_text=_("Of the reference's rows; both bounds hold."),
    )  # fmt: skip
    most_rows_removed = forms.IntegerField(label=_("Rows removed from a dataset, at most"), min_value=0, initial=0)
    releases = forms.BooleanField(
        label=_("Releases pass too"), required=False,
        help_text=_("Where every limit of the evaluation plan is kept; the dossier is signed all the same."),
    )  # fmt: skip
    most_worse = forms.FloatField(
        label=_("No limited figure worse than the reference's by more than"), min_value=0, required=False,
        help_text=_("In the figure's own unit. Needed where releases pass."),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Why these changes need no decision of their own"), widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Whoever approves the envelope decides on this."),
    )  # fmt: skip
    expires_on = forms.DateField(
        label=_("Last day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        initial=lambda: timezone.localdate() + USUAL,
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("releases") and given.get("most_worse") is None and "most_worse" not in self.errors:
            self.add_error("most_worse", _("Say how much worse a figure may be; 0 for no worse at all."))
        return given

    def given(self) -> dict[str, Any]:
        """As the service takes it."""
        said = self.cleaned_data
        bounds = Bounds(
            most_rows_added=said["most_rows_added"],
            most_percent_added=said["most_percent_added"],
            most_rows_removed=said["most_rows_removed"],
            most_worse=said["most_worse"] if said["releases"] else None,
        )
        return {"bounds": bounds, "expires_on": said["expires_on"], "reason": said["reason"]}


class RevokeForm(forms.Form):
    reason = forms.CharField(label=_("Why it is revoked"), widget=forms.Textarea(attrs={"rows": 2}))
