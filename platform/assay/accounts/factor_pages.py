"""Setting up, renewing and removing second factors; each change is signed as a decision is."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from assay.accounts import factors, keys
from assay.accounts.factors import Change
from assay.accounts.middleware import SHOWN
from assay.accounts.models import User
from assay.web.forms.faults import attempt
from assay.web.forms.proof import ProofForm
from assay.web.requests import PageRequest
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed
from governance.people.approvals.methods import Method
from governance.people.approvals.reauthentication import Purpose
from governance.people.approvals.rules import Verdict

# In the session until its code was shown: the secret of an app that is being set up.
NEW_SECRET = "new_app_secret"  # noqa: S105


class AppForm(ProofForm):
    new_code = forms.CharField(
        label=gettext_lazy("Code that the app shows now"),
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )


class KeyForm(ProofForm):
    name = forms.CharField(
        label=gettext_lazy("What you call this key"), max_length=60, initial=gettext_lazy("Security key")
    )
    new_key = forms.CharField(
        widget=forms.HiddenInput,
        label=gettext_lazy("New key"),
        error_messages={"required": gettext_lazy("Your browser asks for the new key; it needs JavaScript for that.")},
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add_app(request: PageRequest) -> HttpResponse:
    """A picture for the app to read, and the code that shows that it did."""
    if factors.of(request.actor.person_id).app:
        return redirect("account")
    secret = request.session.setdefault(NEW_SECRET, generate_totp_secret())
    form = AppForm(request.POST or None, **_signed(request, Change.ADD_APP))
    if form.is_valid():
        code = form.cleaned_data["new_code"]
        act = lambda: (factors.add_app(actor=request.actor, secret=secret, code=code, proof=form.prove()),)  # noqa: E731
        if made := attempt(form, act):
            del request.session[NEW_SECRET]
            return _added(request, Method.TOTP, made[0])
    address = get_adapter().build_totp_url(request.user, secret)
    picture = get_adapter().build_totp_svg(address).partition("?>")[2]
    spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    context = {"form": form, "picture": mark_safe(picture), "secret": spaced, "address": address}  # noqa: S308 - our own
    return render(request, "accounts/add_app.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add_key(request: PageRequest) -> HttpResponse:
    form = KeyForm(request.POST or None, **_signed(request, Change.ADD_KEY))
    if form.is_valid():
        given = form.own()
        act = lambda: (  # noqa: E731
            factors.add_key(actor=request.actor, name=given["name"], credential=given["new_key"], proof=form.prove()),
        )
        if made := attempt(form, act):
            return _added(request, Method.WEBAUTHN, made[0])
    return render(request, "accounts/add_key.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
@require_POST
def new_key_challenge(request: PageRequest) -> HttpResponse:
    """What the browser asks a new security key for."""
    return JsonResponse(keys.ask_for_new(_user(request)))


@never_cache
@require_POST
def key_challenge(request: PageRequest) -> HttpResponse:
    """What the browser asks a security key for, to show its person for one verdict on one digest."""
    form = ChallengeForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"detail": _("A challenge is for a digest and a verdict.")}, status=422)
    purpose = Purpose(form.cleaned_data["subject_sha256"], Verdict(form.cleaned_data["verdict"]))
    return JsonResponse(keys.ask_for_one(_user(request), purpose))


class ChallengeForm(forms.Form):
    subject_sha256 = forms.RegexField(r"^[0-9a-f]{64}$")
    verdict = forms.ChoiceField(choices=[(each.value, each.value) for each in Verdict])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: PageRequest, pk: int) -> HttpResponse:
    factor = factors.own(request.actor, pk)
    form = ProofForm(request.POST or None, **_signed(request, Change.REMOVE, pk))
    act = lambda: (factors.remove(actor=request.actor, factor_id=pk, proof=form.prove()),)  # noqa: E731
    if form.is_valid() and attempt(form, act):
        messages.success(request, _("Removed."))
        return redirect("account")
    return render(
        request, "accounts/remove_factor.html", {"form": form, "factor": factor}, status=422 if form.errors else 200
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def renew_codes(request: PageRequest) -> HttpResponse:
    """New recovery codes, shown in this answer and nowhere else."""
    form = ProofForm(request.POST or None, **_signed(request, Change.RENEW_CODES))
    act = lambda: factors.renew_codes(actor=request.actor, proof=form.prove())  # noqa: E731
    if form.is_valid() and (codes := attempt(form, act)):
        return render(request, "accounts/recovery_codes.html", {"codes": codes})
    context = {"form": form, "has": factors.has_second(request.actor.person_id)}
    return render(request, "accounts/renew_codes.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: PageRequest, pk: int) -> HttpResponse:
    """An administrator takes the factors of somebody who lost theirs."""
    person = factors.colleague(request.actor, pk)
    if why := factors.why_not_reset(request.actor, person):
        raise NotAllowed(why)
    form = ProofForm(request.POST or None, **_signed(request, Change.RESET, pk))
    act = lambda: (factors.reset(actor=request.actor, user_id=pk, proof=form.prove()),)  # noqa: E731
    if form.is_valid() and attempt(form, act):
        messages.success(request, _("Reset. They sign in with their password and can set up another."))
        return redirect("home")
    context = {"form": form, "person": Actor.of(person), "has": factors.has_second(pk)}
    return render(request, "accounts/reset_factors.html", context, status=422 if form.errors else 200)


def _signed(request: PageRequest, change: Change, of: int | None = None) -> dict[str, Any]:
    """What a form needs by which an account is changed."""
    actor = request.actor
    return {
        "signer": actor,
        "subject": factors.account_digest(actor.person_id, change, of),
        "accepts": factors.accepted(actor.person_id),
    }


def _added(request: PageRequest, method: Method, codes: list[str]) -> HttpResponse:
    """Whoever shows a new factor has shown one; recovery codes that came with it are shown in this answer alone."""
    request.session[SHOWN] = method.value
    messages.success(request, _("Set up. You are asked for it when you sign in, and can sign with it."))
    return render(request, "accounts/recovery_codes.html", {"codes": codes}) if codes else redirect("account")


def _user(request: PageRequest) -> User:
    return get_user_model().objects.get(pk=request.actor.person_id)
