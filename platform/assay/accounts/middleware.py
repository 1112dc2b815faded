"""Where the operator demands a second factor, a session without one reaches the pages that set it up and no more."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from assay.accounts.factors import has_second
from assay.web.middleware import OPEN_TO_ALL

# In the session: by which second factor its person signed in.
SHOWN = "second_factor"
SETS_UP = frozenset({"sign-out", "account", "factor-add-app", "factor-add-key", "factor-key-challenge"})


class SecondFactorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: Any, view: object, args: object, kwargs: object) -> HttpResponse | None:
        if not settings.ASSAY_SECOND_FACTOR or not request.user.is_authenticated or request.session.get(SHOWN):
            return None
        match = request.resolver_match
        if "api" in match.namespaces or has_second(request.user.pk):
            request.user, request.actor = AnonymousUser(), None  # a session from before: it has to be shown first
            return None
        return None if match.url_name in SETS_UP | OPEN_TO_ALL else redirect("account")
