"""Signing in: a password first, then the second factor of who has one; and signing out."""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.contrib.auth import views as auth
from django.contrib.auth.forms import AuthenticationForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from assay.accounts import factors, keys
from assay.accounts.middleware import SHOWN
from assay.accounts.models import User
from assay.web.forms.faults import attempt
from assay.web.forms.proof import ProofForm
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import digest
from governance.people.approvals import reauthentication
from governance.people.approvals.methods import SECOND_OR_RECOVERY
from governance.people.approvals.reauthentication import Purpose
from governance.people.approvals.rules import Verdict

# In the session of somebody who showed a password and has a second factor: who, since when, and where they wanted to.
HALF_WAY = "half_way_in"
SECONDS = 300


class SignIn(auth.LoginView):
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        if not factors.has_second(user.pk):
            return super().form_valid(form)
        to = self.get_success_url()
        self.request.session[HALF_WAY] = {"user": user.pk, "backend": user.backend, "at": time.time(), "to": to}
        self.request.session.cycle_key()
        return redirect("sign-in-second")


class SignOut(auth.LogoutView):
    http_method_names = ["post", "options"]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def second(request: HttpRequest) -> HttpResponse:
    """The second factor of who showed a password a moment ago; anybody else begins at the beginning."""
    user = _half_way(request)
    if user is None:
        return redirect("sign-in")
    form = ProofForm(request.POST or None, signer=Actor.of(user), subject=_digest(user), accepts=SECOND_OR_RECOVERY)
    if form.is_valid() and (method := attempt(form, lambda: _shown(user, form))):
        half = request.session.pop(HALF_WAY)
        login(request, user, backend=half["backend"])
        request.session[SHOWN] = method
        here = url_has_allowed_host_and_scheme(half["to"], {request.get_host()}, request.is_secure())
        return redirect(half["to"] if here else settings.LOGIN_REDIRECT_URL)
    context = {"form": form, "name": user.first}
    return render(request, "accounts/second.html", context, status=422 if form.errors else 200)


@never_cache
@require_POST
def second_challenge(request: HttpRequest) -> HttpResponse:
    """What the browser asks a security key for, to let its person in."""
    user = _half_way(request)
    if user is None:
        return JsonResponse({"detail": _("Show your password first.")}, status=403)
    return JsonResponse(keys.ask_for_one(user, Purpose(_digest(user), Verdict.APPROVE)))


def _half_way(request: HttpRequest) -> User | None:
    half: dict[str, Any] = request.session.get(HALF_WAY) or {}
    if time.time() - half.get("at", 0) > SECONDS:
        return None
    return get_user_model().objects.filter(pk=half["user"], is_active=True).first()


def _shown(user: User, form: ProofForm) -> str:
    """By which factor `user` showed themselves. Wrong tries are counted with those at signatures."""
    proof = form.prove()  # in no transaction of ours: a wrong try has to stay counted
    with transaction.atomic():
        return reauthentication.consume(
            proof=proof,
            actor=Actor.of(user),
            subject_digest=_digest(user),
            verdict=Verdict.APPROVE,
            accepts=SECOND_OR_RECOVERY,
        )


def _digest(user: User) -> str:
    return digest({"sign-in": user.pk})
