"""Forms about redactions: what is taken out and how; the reason for looking behind a pseudonym."""

from django import forms
from django.utils.translation import gettext_lazy as _

from preparation.persons import hipaa
from preparation.persons.kinds import BY_MODEL, KINDS
from preparation.persons.redaction import Redaction

METHODS = [
    ("mask", _("Mask: the kind in square brackets")),
    ("pseudonym", _("Pseudonym: the same value has the same name in this version")),
    ("drop", _("Drop: no such row at all")),
]
PROFILES = [("", _("The kinds chosen below")), (hipaa.PROFILE, _("HIPAA Safe Harbor: its eighteen identifiers"))]


class RedactionForm(forms.Form):
    """`names`: a model for names and places is there. `found`: kinds that a scan found, chosen to begin with."""

    method = forms.ChoiceField(label=_("What becomes of it"), choices=METHODS, initial="mask", widget=forms.RadioSelect)
    profile = forms.ChoiceField(
        label=_("What is taken out"), choices=PROFILES, required=False, widget=forms.RadioSelect
    )
    kinds = forms.MultipleChoiceField(
        label=_("Kinds"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Those that the scan found are chosen. A profile chooses by itself."),
    )  # fmt: skip

    def __init__(self, *args: object, names: bool, found: list[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.names = names
        known = [(name, _(kind.title)) for name, kind in KINDS.items() if names or name not in BY_MODEL]
        self.fields["kinds"].choices = known  # type: ignore[attr-defined]
        self.fields["kinds"].initial = found

    def asked(self) -> Redaction:
        profile = self.cleaned_data["profile"]
        kinds = hipaa.kinds(names=self.names) if profile else tuple(self.cleaned_data["kinds"])
        return Redaction(self.cleaned_data["method"], kinds, profile)


class LookBehindForm(forms.Form):
    pseudonym = forms.CharField(
        label=_("Pseudonym"), max_length=120, help_text=_("As it stands in the row: [E-MAIL ADDRESS 3f9a1c2b7d80e6f5].")
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Whose request, or which duty. It goes on record with your name; the value does not."),
    )  # fmt: skip
