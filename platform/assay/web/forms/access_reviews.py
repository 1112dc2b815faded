"""The form of an access review: a verdict, perhaps another role, and a reason for each row; and the signature."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.web.forms.proof import ProofForm
from governance.people.access_reviews import rules
from governance.people.access_reviews.rules import Decided, Verdict
from governance.people.access_reviews.selectors import Row

CHOOSE = ("", _("choose"))  # nothing is chosen for the reviewer: each row is looked at
SAID = {Verdict.KEEP: _("keep"), Verdict.CHANGE: _("change"), Verdict.REMOVE: _("remove")}


class ReviewForm(ProofForm):
    """Faults of a row come back under the row's id; they stand on its reason."""

    has_choice = True

    shown = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, rows: Sequence[Row], roles: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        spoken = dict(roles)
        for row in rows:
            self._enter(row, {"name": row.name, "role": spoken.get(row.role, row.role)}, roles)

    def _enter(self, row: Row, who: dict[str, Any], roles: list[tuple[str, Any]]) -> None:
        """The fields of one row; each is called by its person, for whoever hears one of many alike."""
        can = row.can
        ways = gettext(" or ").join(str(SAID[verdict]) for verdict in can)
        self.fields[f"verdict-{row.id}"] = forms.ChoiceField(
            label=gettext("%(name)s, %(role)s") % who,
            choices=[CHOOSE, *((verdict.value, SAID[verdict]) for verdict in can)],
            error_messages={"required": gettext("Nothing is chosen yet: %(ways)s.") % {"ways": ways}},
        )
        if Verdict.CHANGE in can:
            self.fields[f"to-{row.id}"] = forms.ChoiceField(
                label=gettext("%(name)s, %(role)s: other role") % who,
                choices=[("", _("other role")), *roles],
                required=False,
            )
        self.fields[str(row.id)] = forms.CharField(
            label=gettext("%(name)s, %(role)s: reason") % who,
            max_length=1000,
            required=False,
            widget=forms.TextInput(attrs={"placeholder": _("reason")}),
        )

    def by_row(self) -> Iterator[dict[str, Any]]:
        """Each row with its fields, and where it is ended if not here."""
        for row in self.rows:
            names = {"verdict": f"verdict-{row.id}", "to": f"to-{row.id}", "reason": str(row.id)}
            fields = {name: self[field] for name, field in names.items() if field in self.fields}
            elsewhere = "" if Verdict.REMOVE in row.can else rules.ELSEWHERE.get(row.way, "")
            yield {"row": row, "elsewhere": elsewhere, **fields}

    def choice(self) -> dict[str, Any]:
        return rules.choice(self.given())

    def given(self) -> dict[str, Decided]:
        """As the service takes it."""
        said = self.cleaned_data
        return {
            str(row.id): Decided(Verdict(said[f"verdict-{row.id}"]), said[str(row.id)], said.get(f"to-{row.id}", ""))
            for row in self.rows
        }
