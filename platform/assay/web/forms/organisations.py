"""Forms about an organisation."""

from django import forms
from django.utils.translation import gettext_lazy as _


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


class MemberForm(forms.Form):
    username = forms.CharField(label=_("Account"), max_length=150, help_text=_("The name they sign in with."))
    administrator = forms.BooleanField(label=_("May open projects and appoint people"), required=False)
