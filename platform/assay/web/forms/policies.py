"""The form of a policy: where it holds, its steps as rows, whom it bars, and what it says of time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from governance.foundation.core.errors import Fault, Unusable
from governance.law.regulation import rules as regulation
from governance.people.policies.kinds import ALWAYS_BARRED, KINDS, SPOKEN
from governance.people.policies.rules import MOST_DAYS, MOST_STEPS, Factor, Terms
from governance.people.projects.rules import READERS, Role
from governance.people.projects.rules import SPOKEN as ROLES

DECIDERS = [(role.value, capfirst(ROLES[role])) for role in Role if role not in READERS]
_STEP = re.compile(r"steps\[(\d+)\](?:\.(\w+))?")


class ScopeForm(forms.Form):
    place = forms.ChoiceField(label=_("Holds in"))
    subject_kind = forms.ChoiceField(
        label=_("For"), choices=[(kind, capfirst(known.noun)) for kind, known in KINDS.items()]
    )
    risk_class = forms.ChoiceField(
        label=_("Risk class"), required=False, help_text=_("A policy for a class goes before one for any.")
    )

    def __init__(self, *args: Any, places: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        edition = regulation.latest()
        self.fields["place"].choices = list(places)  # type: ignore[attr-defined]
        self.fields["risk_class"].choices = [  # type: ignore[attr-defined]
            ("", _("any")),
            *((each, edition.names.get(each, each)) for each in edition.risk_classes),
        ]

    def where(self) -> dict[str, UUID | None]:
        """As the service takes it."""
        what, _sep, pk = self.cleaned_data["place"].partition(":")
        return {
            "project_id": UUID(pk) if what == "project" else None,
            "organisation_id": UUID(pk) if what == "organisation" else None,
        }


def _days(label: Any, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=1, max_value=MOST_DAYS, required=False, help_text=help_text)


class TermsForm(forms.Form):
    barred = forms.MultipleChoiceField(
        label=_("Also barred is whoever"), required=False, widget=forms.CheckboxSelectMultiple
    )
    comment_required = forms.BooleanField(label=_("Every decision needs a reason"), required=False)
    record_opened = forms.BooleanField(
        label=_("Put on record what each decider opened"), required=False,
        help_text=_("Which parts they opened in Assay after it was asked about. It stands with the decision."),
    )  # fmt: skip
    expires_after_days = _days(_("An approval ends after"), _("Days; empty: never."))
    deadline_days = _days(_("It is due within"), _("Days after it was asked; empty: no deadline."))
    remind_after_days = _days(_("Remind every"), _("Days; empty: never."))
    escalate_to = forms.ChoiceField(
        label=_("When late, tell"), required=False, choices=[("", _("nobody more")), *DECIDERS]
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["barred"].choices = [  # type: ignore[attr-defined]
            (act.value, SPOKEN[act]) for act in SPOKEN if act in KINDS[kind].bars
        ]


class StepForm(forms.Form):
    name = forms.CharField(label=_("What is reviewed"), max_length=80)
    stage = forms.IntegerField(label=_("Stage"), min_value=1, max_value=MOST_STEPS, initial=1)
    quorum = forms.IntegerField(label=_("People needed"), min_value=1, max_value=50, initial=1)
    roles = forms.MultipleChoiceField(
        label=_("Roles that decide"), choices=DECIDERS, required=False, widget=forms.CheckboxSelectMultiple
    )
    people = forms.TypedMultipleChoiceField(label=_("Or these people"), required=False, coerce=int)
    parts = forms.MultipleChoiceField(
        label=_("Reviews"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("None chosen: all of it.")
    )

    factor = forms.ChoiceField(
        label=_("Signed with"),
        choices=[(Factor.ANY.value, _("any method")), (Factor.SECOND.value, _("a second factor"))],
    )

    def __init__(self, *args: Any, kind: str, named: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["people"].choices = list(named)  # type: ignore[attr-defined]
        self.fields["people"].widget.attrs["size"] = min(4, max(2, len(named)))
        parts = KINDS[kind].parts
        self.fields["parts"].choices = [(part.code, part.label) for part in parts]  # type: ignore[attr-defined]
        if len(parts) == 1:
            del self.fields["parts"]


StepRows = forms.formset_factory(StepForm, extra=0, max_num=MOST_STEPS)


@dataclass
class PolicyForms:
    """Terms as a person writes them: one form, and a row for each step."""

    terms: TermsForm
    rows: Any
    kind: str
    people: list[tuple[int, str]]

    @classmethod
    def of(cls, terms: Terms, kind: str, people: list[tuple[int, str]]) -> "PolicyForms":
        content = terms.content()
        steps = [{**step, "people": [person["id"] for person in step["people"]]} for step in content["steps"]]
        return cls(TermsForm(initial=content, kind=kind), cls._rows(kind, people, initial=steps), kind, people)

    @classmethod
    def posted(cls, data: Any, kind: str, people: list[tuple[int, str]]) -> "PolicyForms":
        return cls(TermsForm(data, kind=kind), cls._rows(kind, people, data), kind, people)

    @staticmethod
    def _rows(kind: str, people: list[tuple[int, str]], data: Any = None, **kwargs: Any) -> Any:
        return StepRows(data, form_kwargs={"kind": kind, "named": people}, **kwargs)

    def with_rows_changed(self, *, add: bool = False, drop: int | None = None) -> "PolicyForms":
        """What was typed so far, not judged, with a step more or less."""
        typed = [_typed(form) for place, form in enumerate(self.rows) if place != drop]
        rows = [*typed, {"stage": 1, "quorum": 1}] if add or not typed else typed
        terms = TermsForm(initial=_typed(self.terms), kind=self.kind)
        return PolicyForms(terms, self._rows(self.kind, self.people, initial=rows), self.kind, self.people)

    def is_valid(self) -> bool:
        sound = all([self.terms.is_valid(), self.rows.is_valid()])
        if not sound:
            self._sum_up()
        return sound

    @property
    def refused(self) -> bool:
        return self.terms.is_bound and (bool(self.terms.errors) or any(self.rows.errors))

    def content(self) -> dict[str, Any]:
        """As `policies.services` takes it."""
        given, names = self.terms.cleaned_data, dict(self.people)
        days = ("expires_after_days", "deadline_days", "remind_after_days")
        return {
            "steps": [
                {
                    **{key: form.cleaned_data[key] for key in ("name", "stage", "quorum", "roles", "factor")},
                    "people": [{"id": pk, "name": names[pk]} for pk in form.cleaned_data["people"]],
                    "parts": form.cleaned_data.get("parts", []),
                }
                for form in self.rows
            ],
            "barred": [*given["barred"], *(act.value for act in ALWAYS_BARRED)],
            "comment_required": given["comment_required"],
            "record_opened": given["record_opened"],
            "escalate_to": given["escalate_to"] or None,
            **{name: given[name] for name in days},
        }

    def refuse(self, error: Unusable) -> None:
        """Each fault beside the field it is about, and every step's on top as well: it may lie far below."""
        for fault in error.faults:
            self._place(fault)
        self._sum_up()

    def _place(self, fault: Fault) -> None:
        words = f"{fault.message} {fault.cure}".strip()
        match = _STEP.fullmatch(fault.field)
        if match is None:
            self.terms.add_error(fault.field if fault.field in self.terms.fields else None, words)
        else:
            row = self.rows[int(match[1]) - 1]
            row.add_error(match[2] if match[2] in row.fields else "name", words)

    def _sum_up(self) -> None:
        for number, form in enumerate(self.rows, start=1):
            for words in (text for texts in form.errors.values() for text in texts):
                self.terms.add_error(None, now("Step %(number)d: %(words)s") % {"number": number, "words": words})


def _typed(form: forms.Form) -> dict[str, Any]:
    """What stands in each field of a posted form, as typed."""
    return {
        name: field.widget.value_from_datadict(form.data, form.files, form.add_prefix(name))
        for name, field in form.fields.items()
    }
