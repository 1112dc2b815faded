"""How many days a project keeps each kind of thing that nothing else has kept."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.oversight.retention.rules import DAYS_AT_MOST, Thing


def _days(label: Any, says: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=1, max_value=DAYS_AT_MOST, help_text=says)


class RuleForm(forms.Form):
    days_unregistered_files = _days(
        _("Files that made no version"),
        _("Days since a file was refused, could not be read, or its reading was ended. Empty: kept."),
    )
    days_unfinished_runs = _days(
        _("Folders of runs without a result"),
        _("Days since a run failed or was cancelled: copies of data, checkpoints, adapter. Empty: kept."),
    )
    days_data = _days(
        _("Files of dataset versions"),
        _("Days since a version was registered, or a run last had it. What rests on it keeps it longer. Empty: kept."),
    )
    reason = forms.CharField(label=_("Why these days"), max_length=4000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, before: Mapping[str, int | None], **kwargs: Any) -> None:
        initial = {self.name_of(thing): before.get(thing) for thing in Thing}
        super().__init__(*args, **{**kwargs, "initial": initial})

    @staticmethod
    def name_of(thing: Thing) -> str:
        return f"days_{thing.value.replace('-', '_')}"

    def given(self) -> dict[str, Any]:
        """As the service takes it."""
        days = {thing.value: self.cleaned_data[self.name_of(thing)] for thing in Thing}
        return {"days": days, "reason": self.cleaned_data["reason"]}
