"""Forms of an audit engagement: its plan, and what goes to and fro in it."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.web import addresses
from governance.people.engagements.exchange import Attached
from governance.people.engagements.models import Engagement
from governance.people.engagements.rules import ENDINGS, LARGEST_FILE, MOST_FILES, Severity

SEVERITIES = [
    (Severity.OBSERVATION.value, _("Observation: nothing is wrong, something could be better")),
    (Severity.MINOR.value, _("Minor: a rule is not kept in a single case")),
    (Severity.MAJOR.value, _("Major: a rule is not kept, or cannot be shown to be")),
    (Severity.CRITICAL.value, _("Critical: harm is done or near; act at once")),
]


def _day(label: Any, help_text: Any = "", *, required: bool = True) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, widget=widget, help_text=help_text)


def _text(label: Any, help_text: Any = "", rows: int = 3, *, required: bool = True) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=8000, required=required, widget=widget, help_text=help_text)


class PlanForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=160, help_text=_("Who audits what, for which year."))
    purpose = _text(_("What it is for"), rows=2, required=False)
    scope = forms.MultipleChoiceField(
        label=_("Scope"), widget=forms.CheckboxSelectMultiple, help_text=_("Projects, or an organisation as a whole.")
    )
    auditors = forms.CharField(
        label=_("Auditors"), help_text=_("User names, with commas. Nobody with a part in the scope can audit it.")
    )
    access_from, access_until = _day(_("Access from")), _day(_("Access until"))
    period_from = _day(_("Records made from"), _("Empty: from the first."), required=False)
    period_until = _day(_("Records made until"), _("Empty: to the newest."), required=False)

    def __init__(self, *args: Any, scopes: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scope"].choices = scopes  # type: ignore[attr-defined]

    def clean_auditors(self) -> list[str]:
        return [name.strip() for name in self.cleaned_data["auditors"].split(",") if name.strip()]

    def clean_scope(self) -> list[tuple[str, UUID]]:
        chosen = [one.partition(":") for one in self.cleaned_data["scope"]]
        wholes = [one for one in chosen if one[0] == "organisation"]
        if wholes and len(chosen) > 1:
            raise forms.ValidationError(gettext("Choose an organisation as a whole, or some of its projects."))
        return [(kind, UUID(pk)) for kind, _colon, pk in chosen]

    def given(self) -> dict[str, Any]:
        """As the service takes it, but for the organisation of the projects."""
        words = {name: value for name, value in self.cleaned_data.items() if name != "scope"}
        kind = self.cleaned_data["scope"][0][0]
        ids = [pk for _kind, pk in self.cleaned_data["scope"]]
        whole = kind == "organisation"
        return {**words, "whole_organisation": whole, "project_ids": [] if whole else ids}

    @staticmethod
    def of(engagement: Engagement) -> dict[str, Any]:
        """What the form begins with for a plan that is there."""
        days = ("access_from", "access_until", "period_from", "period_until")
        scope = [f"project:{project.pk}" for project in engagement.projects.all()]
        return {
            "title": engagement.title,
            "purpose": engagement.purpose,
            "auditors": ", ".join(user.get_username() for user in engagement.auditors.all()),
            "scope": [f"organisation:{engagement.organisation_id}"] if engagement.whole_organisation else scope,
            **{name: getattr(engagement, name) for name in days},
        }


class LastDayForm(forms.Form):
    """Of what is laid open already nothing else changes."""

    access_until = _day(_("Access until"), _("To end it today, close the engagement."))

    def given(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class AboutForm(forms.Form):
    """What is about one project of the scope, or about all of it."""

    project = forms.ChoiceField(label=_("About"), required=False)

    def __init__(self, *args: Any, projects: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].choices = [("", _("the whole scope")), *projects]  # type: ignore[attr-defined]

    def clean_project(self) -> UUID | None:
        chosen = self.cleaned_data["project"]
        return UUID(chosen) if chosen else None


class LinksField(forms.CharField):
    """Addresses of pages of Assay, a line each; cleaned to (kind, id) pairs."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Records"), required=False, max_length=8000, widget=forms.Textarea(attrs={"rows": 2}),
            help_text=_("Addresses of pages of Assay, a line each."),
        )  # fmt: skip

    def clean(self, value: Any) -> list[tuple[str, str]]:
        lines = [line.strip() for line in super().clean(value).splitlines() if line.strip()]
        found = [(line, addresses.named(line)) for line in lines]
        for line, named in found:
            if named is None:
                raise forms.ValidationError(gettext("“%(line)s” is no page of a record here.") % {"line": line})
        return [named for _line, named in found if named is not None]


class RequestForm(AboutForm):
    text = _text(_("Show me …"))
    due = _day(_("Until"), required=False)


class ManyFiles(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """None, one or several files, as the service takes them."""

    def __init__(self) -> None:
        accepted = ",".join(f".{ending}" for ending in ENDINGS)
        super().__init__(
            label=_("Files"), required=False, widget=ManyFiles(attrs={"accept": accepted}),
            help_text=format_lazy(
                _("At most {many} of {mib} MiB each. Assay does not look into them."),
                many=MOST_FILES, mib=LARGEST_FILE // 1024**2,
            ),
        )  # fmt: skip

    def clean(self, data: Any, initial: Any = None) -> list[Attached]:
        return [Attached(each.name, each.size, each.file) for each in data or []]


class AnswerForm(forms.Form):
    text = _text(_("Answer"))
    records = LinksField()
    files = FilesField()  # type: ignore[assignment]  # a field, not what was sent of all fields


class SendBackForm(forms.Form):
    text = _text(_("What is missing"), rows=2)


class FindingForm(AboutForm):
    severity = forms.TypedChoiceField(
        label=_("How severe"), choices=SEVERITIES, coerce=Severity, widget=forms.RadioSelect
    )
    text = _text(_("What was found"))
    records = LinksField()


class RespondForm(forms.Form):
    response = _text(_("What is done about it"))
    owner = forms.ChoiceField(label=_("Who sees to it"))
    due = _day(_("By when"))

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = people  # type: ignore[attr-defined]


class CloseFindingForm(forms.Form):
    how = _text(_("What you saw"), rows=2)


class CloseForm(forms.Form):
    conclusion = _text(_("Conclusion"), _("It stands at the head of the report."))
