"""The form of an access review: a verdict, perhaps another role, and a reason for each row; and the signature."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assay.web.forms.proof import ProofForm
from governance.people.access_reviews import rules
from governance.people.access_reviews.rules import Decided, Verdict
from governance.people.access_reviews.selectors import Row

VERDICTS = [
    ("", _("choose")),  # nothing is chosen for the reviewer: each row is looked at
    (Verdict.KEEP.value, _("keep")),
    (Verdict.CHANGE.value, _("change")),
    (Verdict.REMOVE.value, _("remove")),
]


class ReviewForm(ProofForm):
    """Faults of a row come back under the row's id; they stand on its reason."""

    has_choice = True

    shown = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, rows: Sequence[Row], roles: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        for row in rows:
            self.fields[f"verdict-{row.id}"] = forms.ChoiceField(
                label=_("Verdict"), choices=VERDICTS, error_messages={"required": _("Choose keep, change or remove.")}
            )
            self.fields[f"to-{row.id}"] = forms.ChoiceField(
                label=_("Other role"), choices=[("", "–"), *roles], required=False
            )
            self.fields[str(row.id)] = forms.CharField(label=_("Reason"), max_length=1000, required=False)

    def by_row(self) -> Iterator[dict[str, Any]]:
        """Each row with its three fields."""
        for row in self.rows:
            names = {"verdict": f"verdict-{row.id}", "to": f"to-{row.id}", "reason": str(row.id)}
            yield {"row": row, **{name: self[field] for name, field in names.items()}}

    def choice(self) -> dict[str, Any]:
        return rules.choice(self.given())

    def given(self) -> dict[str, Decided]:
        """As the service takes it."""
        said = self.cleaned_data
        return {
            str(row.id): Decided(Verdict(said[f"verdict-{row.id}"]), said[str(row.id)], said[f"to-{row.id}"])
            for row in self.rows
        }
