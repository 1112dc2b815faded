"""The form of an evaluation plan: tasks with their limits and options, and rows of thresholds."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from assay.web.forms.faults import onto
from governance.foundation.core.errors import Fault, Unusable
from governance.work.evaluation_plans import measures
from governance.work.evaluation_plans.measures import Measure
from governance.work.evaluation_plans.rules import AGAINST_BASE, LIMITS

OPTION_FIELDS: Mapping[type, type[forms.Field]] = {
    bool: forms.BooleanField,
    int: forms.IntegerField,
    float: forms.FloatField,
    str: forms.CharField,
}
KIND_WORDS = {
    "max": _("at most"),
    "min": _("at least"),
    "max_rise": _("rises above the base by at most"),
    "max_drop": _("falls below the base by at most"),
    "margin": _("shown no worse than the base by more than"),
}
_PLACE = re.compile(r"(tasks|thresholds)\[(\d+)\](?:\.(.+))?")


@dataclass(frozen=True)
class TaskFields:
    """One task as the form draws it."""

    measure: Measure
    use: BoundField
    limit: BoundField
    options: list[BoundField]
    groups: list[tuple[str, list[str]]]


class PlanForm(forms.Form):
    """Name, rationale, seed, and per installed task whether it is measured, on how many items, with what options."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("For example “Support, limited risk”."))
    rationale = forms.CharField(
        label=_("Why these measures and limits"), widget=forms.Textarea(attrs={"rows": 5}), required=False,
        help_text=_("Who approves the run reads this; it goes into the dossier."),
    )  # fmt: skip
    seed = forms.IntegerField(
        label=_("Seed"), min_value=0, max_value=2**31 - 1, required=False, initial=0,
        help_text=_("Picks the sample where a task is not measured on all its items."),
    )  # fmt: skip

    def __init__(self, *args: Any, order: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.measures = measures.usable()
        # A plan that is saved unchanged stays the same to the digest, so its tasks keep their order.
        places = {name: place for place, name in enumerate(order)}
        self.in_order = sorted(self.measures.values(), key=lambda measure: places.get(measure.name, len(places)))
        for measure in self.measures.values():
            self.fields[f"use_{measure.name}"] = forms.BooleanField(label=measure.name, required=False)
            self.fields[f"limit_{measure.name}"] = forms.IntegerField(
                label=_("Items"), min_value=1, required=False, widget=forms.NumberInput(attrs={"placeholder": _("all")})
            )
            for option, default in measure.options.items():
                self.fields[f"{option}_{measure.name}"] = OPTION_FIELDS[type(default)](
                    label=option.replace("_", " ").capitalize(),
                    required=False,
                    widget=None if isinstance(default, bool) else forms.TextInput(attrs={"placeholder": default}),
                )

    def task_fields(self) -> list[TaskFields]:
        return [
            TaskFields(
                measure=measure,
                use=self[f"use_{measure.name}"],
                limit=self[f"limit_{measure.name}"],
                options=[self[f"{option}_{measure.name}"] for option in measure.options],
                groups=[(metric, sorted(names)) for metric, names in measure.suite.groups.items()]
                if measure.suite
                else [],
            )
            for measure in self.measures.values()
        ]

    def tasks(self) -> list[dict[str, Any]]:
        """The chosen tasks, as a plan holds them; what was left empty is left to the task's own default."""
        chosen = []
        for measure in self.in_order:
            if not self.cleaned_data.get(f"use_{measure.name}"):
                continue
            task: dict[str, Any] = {"name": measure.name}
            if (limit := self.cleaned_data.get(f"limit_{measure.name}")) is not None:
                task["limit"] = limit
            for option in measure.options:
                value = self.cleaned_data.get(f"{option}_{measure.name}")
                if value not in (None, ""):
                    task[option] = value
            chosen.append(task)
        return chosen

    def field_of(self, task: str, part: str) -> str | None:
        """The field that a fault about `part` of `task` stands beside."""
        name = {"name": "use", "limit": "limit"}.get(part, part)
        return f"{name}_{task}" if f"{name}_{task}" in self.fields else None


class ThresholdForm(forms.Form):
    """One limit on one figure. A row that names no figure is no row."""

    measure = forms.ChoiceField(label=_("Figure"), required=False)
    group = forms.CharField(
        label=_("Group"), max_length=120, required=False,
        widget=forms.TextInput(attrs={"list": "groups", "placeholder": _("all together")}),
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("Limit"), choices=[(kind, KIND_WORDS[kind]) for kind in LIMITS], required=False)
    limit = forms.FloatField(
        label=_("Value"), required=False, widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "n"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["measure"].choices = _figures()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("measure") and given.get("limit") is None and "limit" not in self.errors:
            self.add_error("limit", _("A limit needs a number."))
        if not given.get("measure") and given.get("limit") is not None:
            self.add_error("measure", _("Which figure is this a limit on?"))
        return given

    def threshold(self) -> dict[str, Any] | None:
        given = self.cleaned_data
        if not given.get("measure"):
            return None
        task, metric = given["measure"].split("/", 1)
        threshold = {"task": task, "metric": metric, given["kind"] or "max": given["limit"]}
        return threshold | ({"group": given["group"]} if given["group"] else {})


def _figures() -> list[tuple[str, Any]]:
    """Every metric under its task, with the side that is good."""
    sides = {"lower": now("lower is better"), "higher": now("higher is better"), None: now("neither side is better")}
    groups: list[tuple[str, Any]] = [("", now("no limit"))]
    for measure in measures.usable().values():
        metrics = [
            (f"{measure.name}/{metric.name}", f"{measure.name}: {metric.name} ({sides[metric.better]})")
            for metric in measure.metrics.values()
        ]
        groups.append((measure.name, metrics))
    return groups


ThresholdRows = forms.formset_factory(ThresholdForm, extra=0, max_num=200, absolute_max=200)


class PlanForms:
    """The plan's form and its rows of thresholds, filled, read and refused as one."""

    PREFIX = "limits"

    def __init__(self, plan: PlanForm, rows: Any) -> None:
        self.plan, self.rows = plan, rows

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "PlanForms":
        """Filled from a plan: a stored one, or the one that is offered as a start."""
        initial = {name: content.get(name) for name in ("name", "rationale", "seed")}
        for task in content.get("tasks", []):
            initial |= {f"use_{task['name']}": True, f"limit_{task['name']}": task.get("limit")}
            rest = {key: value for key, value in task.items() if key not in ("name", "limit", "items", "sha256")}
            initial |= {f"{option}_{task['name']}": value for option, value in rest.items()}
        rows = [row for threshold in content.get("thresholds", []) for row in _rows_of(threshold)]
        return cls(PlanForm(initial=initial), ThresholdRows(initial=[*rows, {}], prefix=cls.PREFIX))

    @classmethod
    def posted(cls, data: Any, content: Mapping[str, Any]) -> "PlanForms":
        """As sent by a browser that was shown `content`."""
        order = [task["name"] for task in content.get("tasks", [])]
        return cls(PlanForm(data, order=order), ThresholdRows(data, prefix=cls.PREFIX))

    def with_rows_changed(self, *, add: bool = False, drop: int | None = None) -> "PlanForms":
        """What was typed so far, not judged, with a row more or less."""
        plan = PlanForm(initial=_typed(self.plan))
        rows = [_typed(form) for place, form in enumerate(self.rows) if place != drop]
        return PlanForms(plan, ThresholdRows(initial=[*rows, {}] if add or not rows else rows, prefix=self.PREFIX))

    def is_valid(self) -> bool:
        sound = all([self.plan.is_valid(), self.rows.is_valid()])
        if not sound:
            self._sum_up()
        return sound

    @property
    def refused(self) -> bool:
        return self.plan.is_bound and (bool(self.plan.errors) or any(self.rows.errors))

    def content(self) -> dict[str, Any]:
        """As `evaluation_plans.services.write` takes it."""
        given = self.plan.cleaned_data
        return {
            "name": given["name"],
            "tasks": self.plan.tasks(),
            "thresholds": [threshold for _place, threshold in self._thresholds()],
            "rationale": given["rationale"],
            "seed": given["seed"] or 0,
        }

    def refuse(self, error: Unusable) -> None:
        """Each fault beside the field it is about: a task's, a row's, or on top."""
        rest = [fault for fault in error.faults if not self._placed(fault)]
        onto(self.plan, Unusable(rest))
        self._sum_up()

    def _sum_up(self) -> None:
        """What is wrong in a row is said on top as well: the row may lie far below."""
        for number, form in enumerate(self.rows, start=1):
            for words in (text for texts in form.errors.values() for text in texts):
                self.plan.add_error(None, now("Limit %(number)d: %(words)s") % {"number": number, "words": words})

    def _thresholds(self) -> list[tuple[int, dict[str, Any]]]:
        found = ((place, form.threshold()) for place, form in enumerate(self.rows))
        return [(place, threshold) for place, threshold in found if threshold is not None]

    def _placed(self, fault: Fault) -> bool:
        match = _PLACE.fullmatch(fault.field)
        if match is None:
            return False
        part = match[3] or ""
        words = f"{fault.message} {fault.cure}".strip()
        if match[1] == "tasks":
            name = self.plan.field_of(self.plan.tasks()[int(match[2])]["name"], part)
            if name is not None:
                self.plan.add_error(name, words)
            return name is not None
        place, _threshold = self._thresholds()[int(match[2])]
        names = {"group": "group", **dict.fromkeys(LIMITS, "limit")}
        self.rows[place].add_error(names.get(part, "measure"), words)
        return True


def _rows_of(threshold: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """One row per limit: a stored threshold may hold several on the same figure."""
    figure = f"{threshold['task']}/{threshold['metric']}"
    for kind in LIMITS:
        if threshold.get(kind) is not None:
            yield {"measure": figure, "group": threshold.get("group") or "", "kind": kind, "limit": threshold[kind]}


def _typed(form: forms.Form) -> dict[str, Any]:
    """What stands in each field of a posted form, as typed."""
    return {
        name: field.widget.value_from_datadict(form.data, form.files, form.add_prefix(name))
        for name, field in form.fields.items()
    }


def limit_words(threshold: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A threshold's limits in words, for the page that shows them."""
    return [
        {"kind": kind, "words": KIND_WORDS[kind], "value": threshold[kind], "against_base": kind in AGAINST_BASE}
        for kind in LIMITS
        if threshold.get(kind) is not None
    ]
