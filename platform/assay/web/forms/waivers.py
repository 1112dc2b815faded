"""Forms about licences: pick among alternatives, ask for a waiver, revoke one."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.law.licences.rules import Waivable
from governance.people.projects.models import Project

USUAL = timedelta(days=90)


class WaiverForm(forms.Form):
    finding = forms.ChoiceField(label=_("What is to be waived"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Why the use is right all the same"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The risk owner decides on this; it stands in card and dossier with their name."),
    )
    expires_on = forms.DateField(
        label=_("Last day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        initial=lambda: timezone.localdate() + USUAL,
    )

    def __init__(self, *args: Any, findings: Mapping[Waivable, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["finding"].choices = [  # type: ignore[attr-defined]
            (f"{one.rule}:{one.purpose}", self._words(one, because)) for one, because in findings.items()
        ]

    @staticmethod
    def _words(one: Waivable, because: str) -> str:
        return gettext("Rule %(rule)s, for %(purpose)s: %(because)s") % {
            "rule": one.rule,
            "purpose": Project.Use(one.purpose).label,
            "because": because,
        }

    def given(self) -> dict[str, Any]:
        """As the service takes it."""
        rule, purpose = self.cleaned_data["finding"].split(":")
        words = {name: self.cleaned_data[name] for name in ("reason", "expires_on")}
        return {"rule": rule, "purpose": purpose, **words}


class PickForm(forms.Form):
    chosen = forms.ChoiceField(label=_("The project takes it under"), widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Reason, kept with the signature"), widget=forms.Textarea(attrs={"rows": 2}))
    password = forms.CharField(
        label=_("Password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, *args: Any, alternatives: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["chosen"].choices = [(one, one) for one in alternatives]  # type: ignore[attr-defined]


class RevokeForm(forms.Form):
    reason = forms.CharField(label=_("Why it is revoked"), widget=forms.Textarea(attrs={"rows": 2}))


class LicenceTextForm(forms.Form):
    where = forms.CharField(
        label=_("Where it stood"), max_length=200, help_text=_("An address, or the name of a file.")
    )
    text = forms.CharField(label=_("The licence text"), widget=forms.Textarea(attrs={"rows": 6}), strip=False)
