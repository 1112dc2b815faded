"""The run plan's form: what a person picks becomes the trainer's settings."""

import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from assay.web import standings
from assay.web.forms import rows
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets.models import WITH_FILE, DatasetVersion
from governance.people.approvals import selectors as approvals
from governance.people.projects.models import Project
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.runs.models import Run, RunData

AUTO = _("auto")  # the trainer chooses, and says why


def _number(empty: str | Promise) -> forms.NumberInput:
    """A number that may be left out; `empty` stands in the field and says what holds then."""
    return forms.NumberInput(attrs={"placeholder": empty, "step": "any"})


def _standing_labels(rows: QuerySet[Any], project: Project, *, chips: bool) -> Callable[[Any], str]:
    """What a choice says: its name and how it stands with its approval here; in an <option>, in words alone."""
    answers = approvals.standings(rows, project.pk)

    def label(record: Any) -> str:
        answer = answers[record.pk]
        if chips:
            return format_html("{} {}", record, standings.chip(answer))
        return f"{record} ({standings.words(answer).lower()})"

    return label


class RunForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=120, required=False, help_text=_("What this run tries."))
    base_model = forms.ModelChoiceField(label=_("Base model"), queryset=BaseModel.objects.none())
    # Django takes declared fields off the class, so `form.data` stays what was posted.
    data = forms.ModelMultipleChoiceField(  # type: ignore[assignment]
        label=_("Training data"), queryset=DatasetVersion.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    validation_data = forms.ModelMultipleChoiceField(
        label=_("Data to validate on"), queryset=DatasetVersion.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple, help_text=_("Whole versions that are never trained on."),
    )  # fmt: skip
    validation_fraction = forms.FloatField(
        label=_("Held out, %"),
        required=False,
        min_value=0,
        max_value=90,
        widget=_number(AUTO),
        help_text=_("Per cent of the rows kept for validation; auto keeps 10 %, none beside data to validate on."),
    )
    method = forms.ChoiceField(
        label=_("Method"), choices=[("lora", "LoRA"), ("full", _("Full"))], initial="lora", widget=forms.RadioSelect
    )
    r = forms.IntegerField(
        label=_("Rank r"), initial=16, min_value=1, max_value=1024, required=False, widget=_number("16")
    )
    alpha = forms.IntegerField(label=_("Alpha"), initial=32, min_value=1, required=False, widget=_number("32"))
    dropout = forms.FloatField(
        label=_("Dropout"), initial=0.0, min_value=0, max_value=0.99, required=False, widget=_number("0")
    )
    epochs = forms.FloatField(label=_("Epochs"), required=False, min_value=0.01, widget=_number(AUTO))
    max_steps = forms.IntegerField(label=_("At most steps"), required=False, min_value=1, widget=_number(_("no limit")))
    learning_rate = forms.FloatField(label=_("Learning rate"), required=False, min_value=0, widget=_number(AUTO))
    max_length = forms.IntegerField(label=_("Longest row, tokens"), initial=512, min_value=8)
    batch_size = forms.IntegerField(label=_("Batch"), required=False, min_value=1, widget=_number(AUTO))
    gradient_accumulation = forms.IntegerField(label=_("Accumulate"), required=False, min_value=1, widget=_number(AUTO))
    precision = forms.ChoiceField(label=_("Precision"), choices=[("auto", AUTO), ("fp32", "fp32"), ("bf16", "bf16")])
    device = forms.ChoiceField(label=_("Device"), choices=[("auto", AUTO), ("cpu", "CPU"), ("cuda", "CUDA")])
    seed = forms.IntegerField(label=_("Seed"), initial=0, min_value=0, max_value=2**32 - 1)
    evaluation_plan = forms.ModelChoiceField(
        label=_("Evaluation plan"), queryset=EvaluationPlan.objects.none(), required=False,
        help_text=_("A draft is saved without one; submitting takes one and locks it."),
    )  # fmt: skip
    max_minutes = forms.IntegerField(
        label=_("Budget, minutes"), required=False, min_value=1, widget=_number(_("no limit"))
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose: dict[str, Any] = {
            "base_model": BaseModel.objects.filter(organisation=project.organisation_id),
            "data": DatasetVersion.objects.filter(WITH_FILE, dataset__project=project).select_related("dataset"),
            "validation_data": DatasetVersion.objects.filter(WITH_FILE, dataset__project=project).select_related(
                "dataset"
            ),
            "evaluation_plan": EvaluationPlan.objects.filter(project=project),
        }
        begun = bool(self.initial)  # a plan that is changed or copied keeps what it left open
        for name, found in choose.items():
            self.fields[name].queryset = found  # type: ignore[attr-defined]
            if (
                not begun
                and name != "validation_data"
                and len(only := list(found.values_list("pk", flat=True)[:2])) == 1
            ):
                self.initial[name] = only if name == "data" else only[0]
        self.rows_of = rows.add_to(self, project)
        for name in ("base_model", "data", "validation_data"):
            labels = _standing_labels(choose[name], project, chips=name != "base_model")
            self.fields[name].label_from_instance = labels  # type: ignore[attr-defined]

    def row_choices(self) -> list[forms.BoundField]:
        """One question for each version that has a split: which of its rows."""
        return [self[name] for name in self.rows_of]

    def plan(self) -> dict[str, Any]:
        """What the services take."""
        given = self.cleaned_data
        method: dict[str, Any] = {"name": given["method"]}
        if given["method"] == "lora":
            method |= {name: given[name] for name in ("r", "alpha", "dropout") if given[name] is not None}
        hyperparameters = {
            name: given[name] if given[name] is not None else "auto"
            for name in ("epochs", "learning_rate", "batch_size", "gradient_accumulation")
        }
        return {
            "title": given["title"],
            "base_model_id": given["base_model"].pk,
            "data": [version.pk for version in given["data"] if not rows.chosen(given, version.pk)],
            "splits": [parts for version in given["data"] if (parts := rows.chosen(given, version.pk))],
            "validation_data": [version.pk for version in given["validation_data"]],
            "evaluation_plan_id": given["evaluation_plan"].pk if given["evaluation_plan"] else None,
            "training": {
                "method": method,
                "hyperparameters": {
                    **hyperparameters,
                    "max_steps": given["max_steps"],
                    "max_length": given["max_length"],
                },
                "precision": given["precision"],
                "device": given["device"],
                "seed": given["seed"],
                "data": {"validation_fraction": _share(given["validation_fraction"])},
            },
            "budget": {"max_minutes": given["max_minutes"]} if given["max_minutes"] else {},
        }


def _share(percent: float | None) -> float | None:
    return None if percent is None else round(percent / 100, 8)


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{100 * share:g}"


# The trainer's name of a setting -> what the form calls it: one mapping, for messages and tables.
LABELS = {name: field.label for name, field in RunForm.base_fields.items()}
LABELS["train"] = LABELS["data"]
# a name with its path, or one that is no ordinary word
_NAMED = re.compile(
    r"\b(?:(?:spec\.)?(?:hyperparameters|method|data|budget)\.(\w+)|("
    + "|".join(name for name in LABELS if "_" in name)
    + r"))\b"
)


def label_of(name: str) -> str:
    """What the form calls the trainer's setting `name`; one that it does not ask for, in plain words."""
    return str(LABELS.get(name) or name.replace("_", " ").capitalize())


def as_the_form_says(text: str) -> str:
    """The trainer's words with each setting under the form's label, its own name in brackets."""
    return _NAMED.sub(_named, text)


def _named(found: re.Match[str]) -> str:
    name = found[1] or found[2]
    return f"“{LABELS[name]}” ({name})" if name in LABELS else found[0]


def initial_of(run: Run) -> dict[str, Any]:
    """The form as `run` was prepared."""
    training = run.training
    hyper = {name: None if value == "auto" else value for name, value in training["hyperparameters"].items()}
    method = training["method"]
    links = run.links()
    train = [link.dataset_version_id for link in links if link.role == RunData.Use.TRAIN or link.split_id]
    whole = [link.dataset_version_id for link in links if link.role == RunData.Use.VALIDATION and not link.split_id]
    return {
        "title": run.title,
        "base_model": run.base_model_id,
        "data": list(dict.fromkeys(train)),
        "validation_data": whole,
        **rows.initial_of(links),
        "validation_fraction": _percent(training["data"]["validation_fraction"]),
        "method": method["name"],
        **{name: method.get(name) for name in ("r", "alpha", "dropout")},
        **{name: hyper.get(name) for name in ("epochs", "learning_rate", "batch_size", "gradient_accumulation")},
        "max_steps": hyper.get("max_steps"),
        "max_length": hyper.get("max_length"),
        "precision": training["precision"],
        "device": training["device"],
        "seed": training["seed"],
        "evaluation_plan": run.evaluation_plan_id,
        "max_minutes": run.budget.get("max_minutes"),
    }
