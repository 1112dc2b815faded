"""The answer on special categories of personal data."""

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.materials.scans.rules import Holds

ANSWERS = [
    (Holds.NO.value, _("No")),
    (Holds.YES.value, _("Yes")),
    (Holds.UNSURE.value, _("I cannot tell")),
]


class SpecialCategoriesForm(forms.Form):
    holds = forms.TypedChoiceField(
        label=_("Do the rows hold any of them?"), choices=ANSWERS, coerce=Holds, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=_("Why, and on which ground"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What you looked at. If there are any: on which ground of Art. 9(2) they may be used."),
    )  # fmt: skip
