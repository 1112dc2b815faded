"""Forms about annotation tasks: what is asked of whom, and one answer."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.foundation.core.actor import Actor
from governance.materials.annotations.rules import ANSWERED, MOST_ROWS, PAIRED, Asked, Type
from governance.materials.datasets.models import DatasetVersion
from governance.materials.datasets.rules import READ_ROWS
from governance.people.projects import selectors as projects
from governance.people.projects.rules import SPOKEN, Role

TYPES = [
    (Type.REVIEW.value, _("Expert review: good, bad or unsure")),
    (Type.LABELS.value, _("Labels: which one fits the text")),
    (Type.PREFERENCES.value, _("Preference: which of two answers is better")),
]


class TaskForm(forms.Form):
    type = forms.TypedChoiceField(
        label=_("What is asked"), choices=TYPES, coerce=Type, initial=Type.REVIEW.value, widget=forms.RadioSelect
    )
    question = forms.CharField(
        label=_("The question"), max_length=1000, required=False,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": _("the usual one for what is asked")}),
        help_text=_("It stands above every row. Say what a good row is, so that everybody judges by the same."),
    )  # fmt: skip
    labels = forms.CharField(
        label=_("Labels"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line, in the order in which they are offered. Left open: those that stand in the rows."),
    )  # fmt: skip
    other = forms.TypedChoiceField(
        label=_("Other answers"), required=False, coerce=UUID, empty_value=None,
        help_text=_("The version whose answers are compared with those of this one, where both ask the very same."),
    )  # fmt: skip
    rows = forms.IntegerField(
        label=_("Rows"), required=False, min_value=1, max_value=MOST_ROWS,
        widget=forms.NumberInput(attrs={"placeholder": _("all")}),
        help_text=_("Drawn at random; everybody is shown the same."),
    )  # fmt: skip
    seed = forms.IntegerField(
        label=_("Seed"), initial=0, min_value=0, max_value=2**32 - 1, help_text=_("The same seed draws the same rows.")
    )
    people = forms.MultipleChoiceField(
        label=_("Who is asked"), widget=forms.CheckboxSelectMultiple,
        help_text=_("How far people agree can be told from two on."),
    )  # fmt: skip
    tie_breaker = forms.ChoiceField(
        label=_("Whose answer counts where they are evenly split"), required=False,
        help_text=_("One of those who are asked. Left open, such a row stays undecided."),
    )  # fmt: skip

    def __init__(self, *args: Any, version: DatasetVersion, others: Iterable[DatasetVersion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        answered = [(str(one.pk), str(one)) for one in others if one.format in ANSWERED and one.pk != version.pk]
        each = _("none: each row has two answers") if version.format in PAIRED else _("none")
        self.fields["other"].choices = [("", each), *answered]  # type: ignore[attr-defined]
        roles: dict[tuple[str, str], list[str]] = {}
        for member in projects.people_with(version.project_id, READ_ROWS):
            person = (member.user.get_username(), Actor.of(member.user).name)
            roles.setdefault(person, []).append(str(SPOKEN[Role(member.role)]))
        people = [(name, f"{full}, {', '.join(spoken)}") for (name, full), spoken in roles.items()]
        self.fields["people"].choices = people  # type: ignore[attr-defined]
        self.fields["tie_breaker"].choices = [("", _("nobody's")), *people]  # type: ignore[attr-defined]

    def asked(self) -> Asked:
        given = self.cleaned_data
        labels = tuple(line.strip() for line in given["labels"].splitlines() if line.strip())
        return Asked(**{**given, "people": tuple(given["people"]), "labels": labels})


class AnswerForm(forms.Form):
    """`place` is the row's place in the task; an empty choice skips it."""

    place = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    choice = forms.CharField(max_length=120, required=False, widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Reason"), max_length=2000, required=False, widget=forms.Textarea(
        attrs={"rows": 2, "data-key": "r"}
    ))  # fmt: skip
