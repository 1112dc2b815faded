"""What is put on the list of a disposal, and who signs for it."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from assay.web.forms.proof import ProofForm
from governance.delivery.disposals.things import Found


class ProposalForm(forms.Form):
    """The page shows a box beside each thing that is due; what is sent may be held by now, and is then refused."""

    things = forms.MultipleChoiceField(
        label=_("Things"), error_messages={"required": _("Choose at least one thing that is due.")}
    )
    reason = forms.CharField(
        label=_("Why they go"), max_length=4000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For whoever looks for them later. Name no person: it stays on record."),
    )  # fmt: skip

    def __init__(self, *args: Any, due: Iterable[Found], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["things"].choices = [(str(each.record.pk), each.name) for each in due]  # type: ignore[attr-defined]

    def given(self) -> dict[str, Any]:
        """As the service takes it."""
        return {"ids": [UUID(pk) for pk in self.cleaned_data["things"]], "reason": self.cleaned_data["reason"]}


class ConfirmForm(ProofForm):
    """The second person's signature, and nothing else."""
