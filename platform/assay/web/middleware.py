"""Who asks, and what a refusal looks like as a page."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from assay.web import addresses
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import GateClosed, NotAllowed, NotFound, Refusal
from governance.people.notifications import services as notifications

SAFE = ("GET", "HEAD", "OPTIONS")
# Pages that somebody may see without an account.
OPEN_TO_ALL = frozenset({"sign-in", "sign-in-second", "sign-in-challenge", "calendar-feed", "healthz", "readyz"})


class ActorMiddleware:
    """Sets `request.actor`; sends whoever is not signed in to the sign-in page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.actor = Actor.of(request.user) if request.user.is_authenticated else None
        if request.actor and request.method in SAFE:
            request.actor = request.actor.reading()
        return self.get_response(request)

    def process_view(self, request: Any, view: object, args: object, kwargs: object) -> HttpResponse | None:
        match = request.resolver_match
        if request.actor is not None or match.url_name in OPEN_TO_ALL or "api" in match.namespaces:
            return None
        return redirect_to_login(request.get_full_path())


class SpokenErrorsMiddleware:
    """Turns what a service refuses into a page that says so, with the status the API would give.

    A refused button goes back to the page it stands on, with the sentence on top; a refused page shows the
    sentence itself. A redirect carries no words, so the view of a form that somebody writes into catches the
    refusal itself (`forms.faults.attempt`) and shows the form again with all that was typed; only the optional
    note of a request for approval is lost when the request is refused.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: Any, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refusal) or "api" in request.resolver_match.namespaces:
            return None
        request.refused = error
        if request.method == "POST" and not isinstance(error, (NotAllowed, NotFound)):
            back = request.headers.get("referer", "")
            if url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
                messages.error(request, str(error), extra_tags=error.code)
                return HttpResponseRedirect(back)
        missing = [f"{one.what}: {one.cure}" for one in error.missing] if isinstance(error, GateClosed) else []
        context = {"reason": str(error), "missing": missing}
        return render(request, f"errors/{error.status}.html", context, status=error.status)


class LooksMiddleware:
    """Notes that a person has a record's page before them, so that home can say what changed since."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        shown = request.method == "GET" and response.status_code == 200 and not request.htmx
        if shown and request.actor and (kind := addresses.shown_by(match.view_name)):
            notifications.look(actor=Actor.of(request.user), kind=kind, subject_id=match.kwargs["pk"])
        return response
