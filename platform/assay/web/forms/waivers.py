"""Forms about licences: pick among alternatives, ask for a waiver, revoke one."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.web.forms.proof import ProofForm
from governance.foundation.core.canonical import digest
from governance.law.licences.rules import Waivable
from governance.people.projects.models import Project
from governance.people.waivers import rules
from governance.people.waivers.selectors import Finding

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

    def __init__(self, *args: Any, findings: Sequence[Finding], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._findings = {self._key(one.waivable): one for one in findings}
        self.fields["finding"].choices = [  # type: ignore[attr-defined]
            (key, self._words(one)) for key, one in self._findings.items()
        ]

    @staticmethod
    def _key(one: Waivable) -> str:
        return f"{one.rule}:{one.purpose}:{digest(asdict(one))[:12]}"

    @staticmethod
    def _words(one: Finding) -> str:
        return gettext("%(input)s, rule %(rule)s, for %(purpose)s: %(because)s") % {
            "rule": one.waivable.rule,
            "purpose": Project.Use(one.waivable.purpose).label,
            "because": one.waivable.because,
            "input": one.input,
        }

    def given(self) -> dict[str, Any]:
        """As the service takes it."""
        words = {name: self.cleaned_data[name] for name in ("reason", "expires_on")}
        return {**asdict(self._findings[self.cleaned_data["finding"]].waivable), **words}


class PickForm(ProofForm):
    has_choice = True

    chosen = forms.ChoiceField(label=_("The project takes it under"), widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Reason, kept with the signature"), widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, project_id: UUID, alternatives: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project_id = project_id
        self.fields["chosen"].choices = [(one, one) for one in alternatives]  # type: ignore[attr-defined]

    def choice(self) -> dict[str, Any]:
        return rules.choice(self.project_id, self.cleaned_data["chosen"])


class RevokeForm(forms.Form):
    reason = forms.CharField(label=_("Why it is revoked"), widget=forms.Textarea(attrs={"rows": 2}))


class LicenceTextForm(forms.Form):
    where = forms.CharField(
        label=_("Where it stood"), max_length=200, help_text=_("An address, or the name of a file.")
    )
    text = forms.CharField(label=_("The licence text"), widget=forms.Textarea(attrs={"rows": 6}), strip=False)
