"""What is kept, on which ground, and until when."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.oversight.retention.rules import Basis

BASES = [
    (Basis.LEGAL_HOLD.value, _("Legal hold: a claim needs it, or is expected to")),
    (Basis.STATUTORY.value, _("Statutory retention: a law has it kept")),
    (Basis.PROJECT_RULE.value, _("Project rule: we keep it; an erasure goes before it")),
]


class HoldForm(forms.Form):
    basis = forms.TypedChoiceField(label=_("Basis"), choices=BASES, coerce=Basis, widget=forms.RadioSelect)
    dataset = forms.ChoiceField(label=_("What"), required=False)
    ground = forms.CharField(
        label=_("Ground"), max_length=4000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The law with its paragraph, or the claim. It is told to whoever asks for an erasure."),
    )  # fmt: skip
    until = forms.DateField(
        label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Empty: until it is lifted. Statutory retention has an end."),
    )  # fmt: skip

    def __init__(self, *args: Any, datasets: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("all data of the project")), *datasets]
        self.fields["dataset"].choices = choices  # type: ignore[attr-defined]

    def given(self) -> dict[str, Any]:
        """As the service takes it."""
        chosen = self.cleaned_data["dataset"]
        words = {name: self.cleaned_data[name] for name in ("basis", "ground", "until")}
        return {**words, "dataset_id": UUID(chosen) if chosen else None}


class LiftForm(forms.Form):
    reason = forms.CharField(
        label=_("Why it need not be kept any more"), max_length=4000, widget=forms.Textarea(attrs={"rows": 2})
    )
