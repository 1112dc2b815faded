"""Forms about requests: decide, comment, lend a role."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assay.web.forms.proof import ProofForm
from governance.people.approvals.rules import Seat, Verdict
from governance.people.approvals.services import LONGEST_COMMENT


class DecisionForm(ProofForm):
    """What somebody decides, and in which step: the one that was shown, or one of several that are open to them."""

    verdict = forms.ChoiceField(choices=[(v.value, v.value) for v in Verdict], widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        label=_("Reason, kept with the signature"), widget=forms.Textarea(attrs={"rows": 2}), required=False
    )

    def __init__(self, *args: Any, seats: Sequence[Seat], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(seat.step.name, seat.step.name) for seat in seats]
        if len(named) > 1:
            self.fields["step"] = forms.ChoiceField(
                label=_("You decide in"), choices=named, widget=forms.RadioSelect, initial=named[0][0]
            )
        else:
            shown = named[0][0] if named else ""
            self.fields["step"] = forms.CharField(initial=shown, widget=forms.HiddenInput, required=False)


class CommentForm(forms.Form):
    text = forms.CharField(
        label=_("Comment"), widget=forms.Textarea(attrs={"rows": 2}), max_length=LONGEST_COMMENT,
        help_text=_("Everybody who sees this request reads it. It decides nothing and is kept."),
    )  # fmt: skip


class DelegationForm(forms.Form):
    """Lend a deciding role of one's own to another member, for some days."""

    role = forms.ChoiceField(label=_("Your role"))
    username = forms.ChoiceField(label=_("Lend it to"))
    starts_on = forms.DateField(
        label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), initial=timezone.localdate
    )
    ends_on = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    reason = forms.CharField(label=_("Why"), max_length=2_000, help_text=_("For example “on leave”."))

    def __init__(
        self, *args: Any, roles: Sequence[tuple[str, str]], people: Sequence[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = list(roles)  # type: ignore[attr-defined]
        self.fields["username"].choices = list(people)  # type: ignore[attr-defined]
