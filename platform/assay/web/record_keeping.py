"""What goes on record about a request beside what its service writes: that an auditor read, that somebody opened what
they can decide on, that an act was refused.

It looks at pages and at the API alike, by the names of their addresses; what was sent is never kept.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from assay.web import addresses
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed, NotFound, Refusal
from governance.foundation.core.records import Record, of_kind
from governance.foundation.refusals import services as refusals
from governance.people.approvals import opening
from governance.people.engagements import access, reading
from governance.people.organisations import selectors as organisations
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project

# What shows nothing but a person's own account, or nothing of any project.
OWN = frozenset(
    ["sign-in", "sign-in-second", "sign-out", "account", "change-password", "healthz", "readyz", "api:schema"]
) | {"factor-add-app", "factor-add-key", "factor-remove", "factor-renew-codes"}


class RecordKeepingMiddleware:
    """Outside the errors' middleware, so that it sees what became of the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        if match is not None and match.view_name not in OWN and request.user.is_authenticated:
            actor, refused = Actor.of(request.user), getattr(request, "refused", None)
            if isinstance(refused, (NotAllowed, NotFound)):
                _note_refusal(request, actor, refused)
            elif request.method == "GET" and response.status_code == 200:
                _note_reading(actor, match)
        return response


def _note_reading(actor: Actor, match: Any) -> None:
    shown = _subject(match)
    opening.note(actor, match.view_name, shown)
    if access.is_auditing(actor):
        reading.note(actor, match.view_name, shown)


def _note_refusal(request: Any, actor: Actor, refused: Refusal) -> None:
    """An absent record is no refusal; one that is there and not theirs is, and the answer does not tell."""
    subject = getattr(refused, "about", None) or _subject(request.resolver_match)
    if isinstance(refused, NotFound) and (subject is None or _is_about_something_else(request, actor, subject)):
        return
    refusals.note(
        actor=actor, page=request.resolver_match.view_name, method=request.method, status=refused.status,
        subject=subject,
    )  # fmt: skip


def _is_about_something_else(request: Any, actor: Actor, subject: Record) -> bool:
    """Whether something in the body was not found, beside a record of the address that is theirs to see."""
    if request.method == "GET":
        return False
    project_id = getattr(subject, "project_id", None)
    if project_id is not None:
        return projects.visible_to(actor).filter(pk=project_id).exists()
    organisation_id = getattr(subject, "organisation_id", None)
    return organisation_id is not None and organisations.visible_to(actor).filter(pk=organisation_id).exists()


def _subject(match: Any) -> Record | None:
    """The record that an address is about: the one of its id, or its project."""
    if "pk" in match.kwargs:
        return of_kind(addresses.kind_of(match.url_name or ""), match.kwargs["pk"])
    if "project" in match.kwargs:
        return of_kind(Project.kind, match.kwargs["project"])
    return None
