"""Projects, their people, and the questionnaire."""

from collections import defaultdict
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web import tabs
from assay.web.forms.faults import attempt
from assay.web.forms.projects import AnswerForm, AppointForm, ProjectForm, SignAnswersForm
from assay.web.model_versions import model_rows
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.delivery.searches import selectors as searches
from governance.foundation.audit import selectors as audit
from governance.foundation.core.errors import NotFound
from governance.law.regulation import rules as regulation
from governance.materials.datasets import selectors as datasets
from governance.people.organisations import selectors as organisations
from governance.people.projects import selectors, services
from governance.people.projects.models import Classification, Member, Project
from governance.people.projects.rules import Role
from governance.work.evaluation_plans import selectors as evaluation_plans
from governance.work.model_versions import selectors as model_versions
from governance.work.runs import selectors as runs


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    seen = list(selectors.visible_to(request.actor).annotate(run_count=Count("runs")).order_by("name"))
    classes: dict[UUID, Classification] = {}
    for found in Classification.objects.filter(project__in=seen).order_by("created_at"):
        classes[found.project_id] = found
    held: dict[UUID, list[str]] = defaultdict(list)
    for member in Member.objects.filter(project__in=seen, user_id=request.actor.person_id):
        held[member.project_id].append(member.get_role_display())
    context = {
        "rows": [{"project": each, "classified": classes.get(each.pk), "roles": held[each.pk]} for each in seen],
        "organisations": organisations.where(request.actor, "open a project"),
    }
    return render(request, "projects/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest) -> HttpResponse:
    belongs = organisations.where(request.actor, "open a project").first()
    if belongs is None:
        raise NotFound("organisation")
    form = ProjectForm(request.POST or None)
    if form.is_valid():
        act = lambda: services.create(actor=request.actor, organisation_id=belongs.pk, **form.cleaned_data)  # noqa: E731
        if project := attempt(form, act):
            return redirect("project-detail", pk=project.pk)
    return render(request, "projects/form.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    project = selectors.visible(request.actor, pk)
    return render(request, "projects/detail.html", _context(request, project))


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PageRequest, pk: UUID) -> HttpResponse:
    project = selectors.require(request.actor, pk, "describe the project")
    form = ProjectForm(request.POST or None, initial=project.content())
    if form.is_valid():
        act = lambda: services.describe(actor=request.actor, project_id=pk, **form.cleaned_data)  # noqa: E731
        if attempt(form, act):
            messages.success(request, _("Saved."))
            return redirect("project-detail", pk=pk)
    context = {"form": form, "project": project, "crumbs": crumbs(request, project)}
    return render(request, "projects/form.html", context, status=422 if form.errors else 200)


@require_POST
def appoint(request: PageRequest, pk: UUID) -> HttpResponse:
    project = selectors.visible(request.actor, pk)
    form = AppointForm(request.POST, people=_people(project))
    if form.is_valid():
        given = form.cleaned_data
        act = lambda: services.appoint(  # noqa: E731
            actor=request.actor, project_id=pk, username=given["username"], role=Role(given["role"])
        )
        if attempt(form, act):
            return redirect("project-detail", pk=pk)
    return render(request, "projects/detail.html", _context(request, project, appoint_form=form), status=422)


@require_POST
def dismiss(request: PageRequest, pk: UUID) -> HttpResponse:
    project_id = services.dismiss(actor=request.actor, member_id=pk)
    messages.success(request, _("The role is taken away; what they did with it stays on record."))
    return redirect("project-detail", pk=project_id)


@require_http_methods(["GET", "HEAD", "POST"])
def questionnaire(request: PageRequest, pk: UUID) -> HttpResponse:
    """One question at a time; the answers wait in the session until a person signs them with a reason."""
    project = selectors.require(request.actor, pk, "answer the questionnaire")
    key = f"questionnaire-{pk}"
    answers: dict[str, str] = request.session.get(key, {})
    if request.method == "POST" and "again" in request.POST:
        way = regulation.walk(answers).path
        request.session[key] = (
            {name: answers[name] for name in way[: way.index(request.POST["again"])]}
            if request.POST["again"] in way
            else {}
        )
        return redirect("questionnaire", pk=pk)
    question = regulation.next_question(answers)
    form: AnswerForm | SignAnswersForm
    if question is not None:
        form = AnswerForm(request.POST or None, question=question)
        if form.is_valid():
            request.session[key] = {**answers, question.id: form.cleaned_data["answer"]}
            return redirect("questionnaire", pk=pk)
    else:
        form = SignAnswersForm(request.POST or None)
        if form.is_valid():
            act = lambda: services.classify(  # noqa: E731
                actor=request.actor, project_id=pk, answers=answers, reason=form.cleaned_data["reason"]
            )
            if found := attempt(form, act):
                request.session.pop(key, None)
                return redirect("classification-detail", pk=found.pk)
    law = regulation.latest()
    context = {
        "project": project,
        "form": form,
        "question": question,
        "given": _given(law, answers),
        "law": law,
        "outcome": None if question else regulation.outcome(answers, on=timezone.localdate()),
        "screening": law.screening if question is not None and question.screening else (),
        "areas": law.areas if question is not None and question.areas else (),
        "crumbs": crumbs(request, project),
    }
    return render(request, "projects/questionnaire.html", context, status=422 if form.errors else 200)


@require_safe
def classification(request: PageRequest, pk: UUID) -> HttpResponse:
    found = Classification.objects.select_related("project").filter(pk=pk).first()
    if found is None:
        raise NotFound("classification")
    try:
        selectors.visible(request.actor, found.project_id)
    except NotFound:
        raise NotFound("classification") from None
    law = regulation.edition(found.edition)
    context = {
        "classification": found,
        "project": found.project,
        "given": _given(law, found.answers),
        "duties": [
            {**duty, "why": duty["why"].partition(" (")[0], "applies_from": _day(duty["applies_from"])}
            for duty in found.outcome["duties"]
        ],
        "stands": selectors.classification(found.project_id) == found,
        "crumbs": crumbs(request, found.project),
        "facts": [
            {"term": _("Signed by"), "value": found.decided_by_name},
            {"term": _("Edition"), "value": law.title, "digest": found.edition_sha256},
        ],
    }
    return render(request, "projects/classification.html", context)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _given(law: regulation.Edition, answers: dict[str, str]) -> list[dict[str, object]]:
    """The answers in the order of the way, in words."""
    questions = {question.id: question for question in law.questions}
    rows = []
    for name in regulation.walk(answers, law=law).path:
        question, value = questions[name], answers[name]
        choice = question.answers.get(value)
        rows.append({"question": question, "answer": choice.says if choice else _("Not known yet")})
    return rows


def _people(project: Project) -> list[tuple[str, str]]:
    users = [membership.user for membership in project.organisation.memberships.select_related("user")]
    return [(user.username, user.get_full_name() or user.username) for user in users]


def _context(request: PageRequest, project: Project, appoint_form: AppointForm | None = None) -> dict[str, object]:
    request.project = project
    current, rows = tabs.of(request, {"overview": None, "history": None})
    may_appoint = selectors.may(request.actor, project.pk, "appoint people")
    found = selectors.classification(project.pk)
    return {
        "project": project,
        "tab": current,
        "tabs": rows,
        "crumbs": [{"label": _("Projects"), "url": reverse("project-list")}],
        "facts": [
            {"term": _("Organisation"), "value": str(project.organisation)},
            {"term": _("Use"), "value": project.get_use_display()},
            {"term": _("Reaches others"), "value": project.get_distribution_display()},
        ],
        "people": _by_person(project),
        "classification": found,
        "may_describe": selectors.may(request.actor, project.pk, "describe the project"),
        "may_see_searches": selectors.may(request.actor, project.pk, searches.SEE),
        "may_classify": selectors.may(request.actor, project.pk, "answer the questionnaire"),
        "may_prepare": selectors.may(request.actor, project.pk, "prepare a run"),
        "may_register": selectors.may(request.actor, project.pk, "register data"),
        "appoint_form": (appoint_form or AppointForm(people=_people(project))) if may_appoint else None,
        "runs": runs.visible_to(request.actor).filter(project=project)[:6],
        "datasets": datasets.visible_to(request.actor).filter(project=project),
        "plans": evaluation_plans.visible_to(request.actor).filter(project=project)[:6],
        "models": model_rows(list(model_versions.visible_to(request.actor).filter(project=project)[:6])),
        "events": audit.trail(projects=[project.pk])[: 50 if current == "history" else 6],
    }


def _by_person(project: Project) -> list[dict[str, object]]:
    """The members, each person once with every role."""
    found: dict[int, dict[str, Any]] = {}
    for member in project.members.select_related("user"):
        name = member.user.get_full_name() or member.user.get_username()
        person = found.setdefault(member.user_id, {"name": name, "members": []})
        person["members"].append(member)
    return list(found.values())
