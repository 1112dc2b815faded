"""By which way a person is told of what."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.people.notifications.rules import Channel, Kind

KINDS = {
    Kind.ASKED: _("Somebody asks you to decide"),
    Kind.DECIDED: _("What you asked for is decided, or holds no more"),
    Kind.SUSPENDED: _("An approval, a release or a waiver loses its force, or has it again"),
    Kind.ENDED: _("Your run or its evaluation ended"),
    Kind.FOUND: _("An evaluation found something"),
    Kind.AUDIT: _("An audit asks, answers or finds something"),
    Kind.DUE: _("Something ends or is due soon"),
}
CHANNELS = [
    (Channel.AT_ONCE.value, _("At once")),
    (Channel.DIGEST.value, _("In the digest")),
    (Channel.PAGE.value, _("On the page only")),
]


class PreferencesForm(forms.Form):
    email = forms.EmailField(
        label=_("Your e-mail address"), required=False, help_text=_("Empty: no letters; all stands on the page.")
    )
    digest_hour = forms.TypedChoiceField(
        label=_("The digest comes at"), coerce=int, choices=[(hour, f"{hour:02}:00") for hour in range(24)],
        help_text=_("Once a day, where there is something to tell."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, label in KINDS.items():
            self.fields[kind.value] = forms.ChoiceField(label=label, choices=CHANNELS, widget=forms.RadioSelect)

    def kinds(self) -> list[forms.BoundField]:
        """The fields of the kinds, in their order."""
        return [self[kind.value] for kind in KINDS]
