"""Signing in and out, one's own password and API tokens."""

from django.contrib import messages
from django.contrib.auth import views as auth
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from knox.models import AuthToken

from assay.accounts import services
from assay.web.requests import PageRequest


class SignIn(auth.LoginView):
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True


class SignOut(auth.LogoutView):
    http_method_names = ["post", "options"]


class ChangePassword(auth.PasswordChangeView):
    template_name = "accounts/change_password.html"
    success_url = reverse_lazy("account")

    def form_valid(self, form: object) -> HttpResponse:
        services.note_password_change(actor=self.request.actor)  # type: ignore[attr-defined]
        messages.success(self.request, _("Your password is changed; tokens that acted for you are ended."))
        return super().form_valid(form)  # type: ignore[arg-type]


@never_cache
@require_safe
def account(request: PageRequest) -> HttpResponse:
    """Who you are here, and the tokens that act for you."""
    tokens = AuthToken.objects.filter(user=request.user).order_by("-created")
    return render(request, "accounts/account.html", {"tokens": tokens})


@never_cache
@require_POST
def create_token(request: PageRequest) -> HttpResponse:
    """The token is shown in this answer and nowhere else, ever."""
    token = services.create_token(actor=request.actor)
    tokens = AuthToken.objects.filter(user=request.user).order_by("-created")
    return render(request, "accounts/account.html", {"tokens": tokens, "new_token": token})


@require_POST
def revoke_token(request: PageRequest, digest: str) -> HttpResponse:
    services.revoke_token(actor=request.actor, digest=digest)
    messages.success(request, _("The token is revoked."))
    return redirect("account")
