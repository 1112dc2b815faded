"""Forms about a project and its questionnaire."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.law.regulation.rules import UNKNOWN, Question
from governance.people.projects.models import Project
from governance.people.projects.rules import SPOKEN, Role


def _long(rows: int = 5) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class ProjectForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    intended_purpose = forms.CharField(
        label=_("Intended purpose"), widget=_long(), required=False,
        help_text=_("What the tuned model is for, who uses it and on whom. It goes into every document."),
    )  # fmt: skip
    foreseeable_misuse = forms.CharField(label=_("Foreseeable misuse"), widget=_long(), required=False)
    why_fine_tuning = forms.CharField(
        label=_("Why fine-tuning"), widget=_long(), required=False,
        help_text=_("Rather than prompting, retrieval or another model."),
    )  # fmt: skip
    success_criteria = forms.CharField(
        label=_("Success criteria"), widget=_long(), required=False, help_text=_("Fixed before the first run.")
    )
    use = forms.ChoiceField(label=_("Use"), choices=Project.Use.choices, help_text=_("Licences are judged for it."))
    distribution = forms.ChoiceField(label=_("Reaches others"), choices=Project.Distribution.choices)
    research_only = forms.BooleanField(label=_("Scientific research only"), required=False)


class AppointForm(forms.Form):
    username = forms.ChoiceField(label=_("Person"))
    role = forms.ChoiceField(label=_("Role"), choices=[(role.value, SPOKEN[role]) for role in Role])

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].choices = people  # type: ignore[attr-defined]


class AnswerForm(forms.Form):
    """One question, its answers, and “not known”."""

    answer = forms.ChoiceField(widget=forms.RadioSelect)

    def __init__(self, *args: Any, question: Question, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(choice.value, choice.says) for choice in question.answers.values()]
        field = self.fields["answer"]
        field.label, field.help_text = question.ask, question.help or ""
        field.choices = [*choices, (UNKNOWN, _("Not known yet"))]  # type: ignore[attr-defined]


class SignAnswersForm(forms.Form):
    reason = forms.CharField(
        label=_("Why these answers hold"), widget=_long(), help_text=_("Kept with your name in every dossier.")
    )
