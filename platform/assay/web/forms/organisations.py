"""Forms about an organisation."""

from collections.abc import Callable

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.law.licences.rules import in_force

UNITS = {"users": _("%(limit)s million users"), "revenue": _("%(limit)s million US dollars")}


def bands_of(of: str) -> Callable[[], list[tuple[str, str]]]:
    """The bands of the licence rule table in words, asked for when a form is shown: the table is dated data."""

    def choices() -> list[tuple[str, str]]:
        rows, below = [("", gettext("not stated"))], 0
        for band, up_to in in_force(timezone.localdate()).bands[of].items():
            words = gettext("up to %(limit)s") if up_to else gettext("over %(limit)s")
            below = up_to or below
            rows.append((band, words % {"limit": UNITS[of] % {"limit": below // 1_000_000}}))
        return rows

    return choices


class OrganisationForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    legal_name = forms.CharField(label=_("Legal name"), max_length=200, required=False)
    seat = forms.CharField(
        label=_("Country of its seat"), min_length=2, max_length=2, help_text=_("Two letters (ISO 3166-1), e.g. DE.")
    )
    contact = forms.CharField(label=_("Contact"), max_length=200, required=False)
    address = forms.CharField(label=_("Address"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    authorised_representative = forms.CharField(
        label=_("Authorised representative in the Union"),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text=_("Only if the seat lies outside the Union."),
    )
    users_band = forms.ChoiceField(
        label=_("Monthly users"),
        choices=bands_of("users"),
        required=False,
        help_text=_("Of all products, affiliates included. Some licences end at a number of users."),
    )
    revenue_band = forms.ChoiceField(
        label=_("Yearly revenue"),
        choices=bands_of("revenue"),
        required=False,
        help_text=_("Some licences end at a revenue."),
    )


class MemberForm(forms.Form):
    username = forms.CharField(label=_("Account"), max_length=150, help_text=_("The name they sign in with."))
    administrator = forms.BooleanField(label=_("May open projects and appoint people"), required=False)
