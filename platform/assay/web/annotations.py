"""Annotation tasks: people are shown rows of a version one by one, and answer; what their answers came to."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.rendering import pictures
from assay.web.forms.annotations import AnswerForm, TaskForm
from assay.web.forms.faults import attempt
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.foundation.audit import selectors as audit
from governance.foundation.jobs import selectors as jobs
from governance.materials.annotations import making, rules, selectors, services
from governance.materials.annotations.models import AnnotationRow, AnnotationTask, Annotator
from governance.materials.annotations.rules import State, Type
from governance.materials.datasets import rules as dataset_rules
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import WITH_FILE, DatasetVersion
from governance.people.projects import selectors as projects

PAGE = 25
LAST = 10  # of one's own answers, to be changed
NAMES = {
    Type.REVIEW: gettext_lazy("Expert review"),
    Type.LABELS: gettext_lazy("Labels"),
    Type.PREFERENCES: gettext_lazy("Preferences"),
}
# What can be answered, as a button says it, and the letter that presses it; a label says itself.
WORDS: Mapping[Type, Mapping[str, tuple[Any, str]]] = {
    Type.REVIEW: {
        rules.GOOD: (gettext_lazy("Good"), "g"),
        rules.BAD: (gettext_lazy("Bad"), "b"),
        rules.UNSURE: (gettext_lazy("Unsure"), "u"),
    },
    Type.LABELS: {},
    Type.PREFERENCES: {
        rules.LEFT: (gettext_lazy("The left one"), "ArrowLeft"),
        rules.RIGHT: (gettext_lazy("The right one"), "ArrowRight"),
        rules.TIE: (gettext_lazy("Equally good"), "e"),
        rules.BOTH_BAD: (gettext_lazy("Both bad"), "b"),
    },
}
SHOWN_KEYS = {"ArrowLeft": "←", "ArrowRight": "→"}


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    """What waits for this person, and every task of their projects."""
    found, project = selectors.visible_to(request.actor), request.GET.get("project", "")
    if project:
        found = found.filter(version__dataset__project__slug=project)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "waiting": selectors.waiting_for(request.actor),
        "page": page,
        "rows": [{"task": task, "name": NAMES[Type(task.type)]} for task in page],
        "project": project,
        "projects": projects.seen(request.actor),
    }
    return render(request, "annotations/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest, pk: UUID) -> HttpResponse:
    version = datasets.version_visible(request.actor, pk)
    projects.require(request.actor, version.project_id, services.ACT)
    form = TaskForm(
        request.POST or None, version=version,
        others=datasets.of_project(request.actor, version.project_id).filter(WITH_FILE),
        initial={"rows": min(100, version.rows)},
    )  # fmt: skip
    if form.is_valid():
        act = lambda: services.ask(actor=request.actor, version_id=pk, asked=form.asked())  # noqa: E731
        if made := attempt(form, act):
            if made.state == State.OPEN:
                messages.success(request, _("Asked. The rows wait on the home page of everybody who is named."))
            return redirect("annotation-task-detail", pk=made.pk)
    context = {"form": form, "version": version, "crumbs": _crumbs(request, version)}
    return render(request, "annotations/form.html", context, status=422 if form.errors else 200)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    """How far everybody is; once it is closed, what the answers came to."""
    task = selectors.visible(request.actor, pk)
    may = projects.may(request.actor, task.project_id, services.ACT)
    context = {
        "task": task,
        "name": NAMES[Type(task.type)],
        "job": task.job,
        "alive": jobs.worker_is_alive(),
        "may_close": may and task.state == State.OPEN,
        "may_cancel": may and task.state == State.QUEUED,
        "may_make": task.state == State.CLOSED
        and Type(task.type) in rules.MAKES
        and task.made is None
        and projects.may(request.actor, task.project_id, making.ACT),
        "events": list(audit.history(task)[:20]),
        "crumbs": _crumbs(request, task.version),
        "progress": selectors.progress(task),
        **_own(request, task),
        **_results(request, task),
    }
    response = render(request, "annotations/_state.html" if request.htmx else "annotations/detail.html", context)
    if request.htmx and task.state != State.QUEUED:
        response["HX-Refresh"] = "true"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: PageRequest, pk: UUID) -> HttpResponse:
    """The next row that waits for this person, or the one at `?row=`; posting an answer shows the one after it."""
    task = selectors.visible(request.actor, pk)
    annotator = selectors.own(request.actor, task)
    if task.state != State.OPEN and request.method != "POST":
        return redirect("annotation-task-detail", pk=pk)
    form = AnswerForm(request.POST or None)
    if form.is_valid():
        act = lambda: services.answer(actor=request.actor, task_id=pk, **form.cleaned_data)  # noqa: E731
        if attempt(form, act):
            return _next(request, annotator)
    place = request.POST.get("place", "") if form.is_bound else request.GET.get("row", "")
    row = selectors.row_at(task, int(place)) if place.isdecimal() and len(place) < 10 else None
    return _row_page(request, annotator, row or selectors.next_row(annotator), form)


@require_POST
def take_back(request: PageRequest, pk: UUID) -> HttpResponse:
    """Undo the last answer, and show its row again."""
    row = services.take_back(actor=request.actor, task_id=pk)
    if not request.htmx:
        return redirect(f"{reverse('annotation-task-answer', args=[pk])}?row={row.place}")
    annotator = selectors.own(request.actor, selectors.visible(request.actor, pk))
    return _row_page(request, annotator, row, AnswerForm())


@require_POST
def close(request: PageRequest, pk: UUID) -> HttpResponse:
    services.close(actor=request.actor, task_id=pk)
    messages.success(request, _("Closed. What the answers came to is bound to the version."))
    return redirect("annotation-task-detail", pk=pk)


@require_POST
def cancel(request: PageRequest, pk: UUID) -> HttpResponse:
    services.cancel(actor=request.actor, task_id=pk)
    return redirect("annotation-task-detail", pk=pk)


@require_POST
def make_version(request: PageRequest, pk: UUID) -> HttpResponse:
    version = making.make_version(actor=request.actor, task_id=pk)
    messages.success(request, _("Registered. A data steward who did not answer can be asked to approve it now."))
    return redirect("dataset-version-detail", pk=version.pk)


def tab(request: PageRequest, version: DatasetVersion) -> dict[str, Any]:
    """What the version's tab “Quality” shows: the last review, and every task over its rows."""
    review = selectors.latest_review(version)
    tasks = version.annotation_tasks.prefetch_related("annotators")[:20]
    return {
        "review": review,
        "review_agrees": selectors.in_words(review.told["agreement"]) if review else "",
        "tasks": [{"task": task, "name": NAMES[Type(task.type)]} for task in tasks],
        "may_annotate": datasets.may_work_on_rows(request.actor, version, services.ACT),
    }


def _next(request: PageRequest, annotator: Annotator) -> HttpResponse:
    if not request.htmx:
        return redirect("annotation-task-answer", pk=annotator.task.pk)
    return _row_page(request, annotator, selectors.next_row(annotator), AnswerForm())


def _row_page(request: PageRequest, annotator: Annotator, row: AnnotationRow | None, form: AnswerForm) -> HttpResponse:
    task = annotator.task
    given = annotator.answers.filter(row=row, ended_at=None).first() if row else None
    context = {
        "task": task,
        "name": NAMES[Type(task.type)],
        "row": row,
        "shown": _shown(annotator, row) if row else None,
        "given": given,
        "given_choice": selectors.offered_to(annotator, given) if given else None,
        "given_words": words(task, selectors.offered_to(annotator, given)) if given else "",
        "needs_reason": ", ".join(words(task, one) for one in task.choices if one in rules.NEEDS_REASON),
        "reason": form["reason"].value() if form.is_bound else (given.reason if given else ""),
        "form": form,
        "buttons": _buttons(task),
        "done": selectors.own_progress(annotator),
        "last": selectors.last_answer(annotator),
        "crumbs": _crumbs(request, task.version),
    }
    template = "annotations/_row.html" if request.htmx else "annotations/answer.html"
    response = render(request, template, context, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


def _shown(annotator: Annotator, row: AnnotationRow) -> dict[str, Any] | None:
    """The row's turns, its two answers where it has two, and what goes beyond; None where it was erased."""
    shown = selectors.shown_to(annotator, row)
    if shown is None:
        return None
    more, sides = dict(shown["more"]), []
    if "answers" in more:
        sides = list(zip((_("Left"), _("Right")), map(_turns, more.pop("answers")), strict=True))
    elif "chosen" in more and "rejected" in more:
        sides = [(_("Chosen"), _turns(more.pop("chosen"))), (_("Rejected"), _turns(more.pop("rejected")))]
    return {"turns": _turns(shown["turns"]), "more": more, "sides": sides}


def _turns(turns: list[Any]) -> list[dict[str, Any]]:
    return [{"role": turn[0], "content": turn[1], "learnt": len(turn) > 2 and turn[2]} for turn in turns]


def _buttons(task: AnnotationTask) -> list[dict[str, str]]:
    """One for each answer, with the keys that press it: its number, and its letter where it has one."""
    found = []
    for number, choice in enumerate(rules.offered(Type(task.type), task.choices), start=1):
        says, letter = WORDS[Type(task.type)].get(choice, (choice, ""))
        key = str(number) if number < 10 else ""
        shown = SHOWN_KEYS.get(letter, letter or key)
        found.append({"choice": choice, "words": str(says), "keys": f"{key} {letter}".strip(), "key": shown})
    return found


def words(task: AnnotationTask, choice: str | None) -> str:
    """An answer as a person reads it."""
    if choice is None:
        return _("Undecided")
    if task.type == Type.PREFERENCES and choice in (rules.FIRST, rules.SECOND):
        return _answer_of(task, first=choice == rules.FIRST)
    says, _letter = WORDS[Type(task.type)].get(choice, (choice, ""))
    return str(says) or _("Skipped")


def _answer_of(task: AnnotationTask, *, first: bool) -> str:
    """Which of two answers it is, for those who may know: whose, or what the row called it."""
    if task.other is None:
        return _("The chosen one of the row") if first else _("The rejected one of the row")
    return _("That of %(version)s") % {"version": task.version if first else task.other}


def _own(request: PageRequest, task: AnnotationTask) -> dict[str, Any]:
    """What somebody who is asked sees of their own answers."""
    if task.state not in (State.OPEN, State.CLOSED) or not selectors.is_asked(request.actor, task):
        return {"mine": None}
    annotator = task.annotators.get(user_id=request.actor.person_id)
    last = annotator.answers.filter(ended_at=None).select_related("row").order_by("-pk")[:LAST]
    return {
        "mine": selectors.own_progress(annotator),
        "my_last": [{"answer": one, "words": words(task, selectors.offered_to(annotator, one))} for one in last],
    }


def _results(request: PageRequest, task: AnnotationTask) -> dict[str, Any]:
    """Agreement so far, or how it ended; row by row for those who may see what others answered."""
    if task.state == State.OPEN and selectors.may_see_agreement(request.actor, task):
        return {"so_far": selectors.in_words(selectors.agreement_so_far(task).to_json())}
    if task.state != State.CLOSED:
        return {}
    counts = [(words(task, choice), count) for choice, count in task.told["counts"].items()]
    counts.append((words(task, None), task.told["undecided"]))
    title = _("Rows by what they come to")
    bars = [pictures.Bar(name, float(count)) for name, count in counts]
    context: dict[str, Any] = {
        "counts": counts,
        "agrees": selectors.in_words(task.told["agreement"]),
        "title": title,
        "picture": pictures.bars_with_threshold(bars, title=title, x_label=_("rows"), decimals=0),
    }
    if selectors.may_see_answers(request.actor, task):
        page = Paginator(selectors.order_of_judgment(task), PAGE).get_page(request.GET.get("page"))
        context |= {"page": page, "judged": [_judged(one) for one in selectors.judged(task, list(page))]}
    return context


def _judged(one: selectors.Judged) -> dict[str, Any]:
    turns = _turns(one.row.shown["turns"]) if one.row.shown else []
    said = [turn["content"] for turn in turns if turn["role"] != "system"]
    reached = one.row.row < dataset_rules.ROWS_WITHIN_REACH
    address = reverse("dataset-version-rows", args=[one.row.task.version_id])
    return {
        "row": one.row,
        "url": f"{address}?start={one.row.row}" if reached else "",
        "begins": said[0] if said else "",
        "verdict": words(one.row.task, one.verdict),
        "disagrees": one.disagrees,
        "answers": [{"answer": each, "words": words(one.row.task, each.choice)} for each in one.answers],
    }


def _crumbs(request: PageRequest, version: DatasetVersion) -> list[dict[str, Any]]:
    line = (version.dataset.name, reverse("dataset-detail", args=[version.dataset_id]))
    own = (str(version), f"{reverse('dataset-version-detail', args=[version.pk])}?tab=quality")
    return crumbs(request, version.dataset.project, "dataset-list", line, own)
