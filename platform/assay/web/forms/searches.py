"""What is looked for, for which case, and through which data."""

from django import forms
from django.utils.translation import gettext_lazy as _

from preparation.searching import EXACT, LONGEST, NEAR

HOWS = [
    (NEAR, _("Also written otherwise: typing errors, another order, other signs between digits")),
    (EXACT, _("As it is written; case and spaces do not count")),
]


class SearchForm(forms.Form):
    term = forms.CharField(
        label=_("What to look for"), max_length=LONGEST, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("A name, an e-mail address, a phone number, an IBAN, or a phrase. One thing at a time."),
    )  # fmt: skip
    how = forms.ChoiceField(label=_("How"), choices=HOWS, initial=NEAR, widget=forms.RadioSelect)
    case_number = forms.CharField(
        label=_("Case number"),
        max_length=80,
        help_text=_("Of the request that the search answers. It stays on record."),
    )
    everywhere = forms.BooleanField(
        label=_("Also in the other projects of the organisation in which I may search"), required=False
    )


class WasItForm(forms.Form):
    """Whether a search on record was for this."""

    term = forms.CharField(
        label=_("Was it for this?"), max_length=LONGEST, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
