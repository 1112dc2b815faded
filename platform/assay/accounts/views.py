"""One's own account: password, second factors, signatures, API tokens."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from knox.models import AuthToken

from assay.accounts import factors, services
from assay.accounts.models import User
from assay.web.requests import PageRequest
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Unusable, WrongState
from governance.people.approvals.selectors import signed_by

SHOWN_SIGNATURES = 25


class PasswordForm(PasswordChangeForm):
    """The old password is checked where wrong ones are counted."""

    def clean_old_password(self) -> str:
        shown: str = self.cleaned_data["old_password"]
        try:
            services.show_password(actor=Actor.of(self.user), shown=shown)
        except Unusable:
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect") from None
        except WrongState as refused:
            raise ValidationError(str(refused)) from None
        return shown

    def save(self, commit: bool = True) -> User:
        services.change_password(actor=Actor.of(self.user), user=self.user, password=self.cleaned_data["new_password1"])
        return self.user


class ChangePassword(auth.PasswordChangeView):
    form_class = PasswordForm
    template_name = "accounts/change_password.html"
    success_url = reverse_lazy("account")

    def form_valid(self, form: object) -> HttpResponse:
        messages.success(self.request, _("Your password is changed; tokens that acted for you are ended."))
        return super().form_valid(form)  # type: ignore[arg-type]


@never_cache
@require_safe
def account(request: PageRequest) -> HttpResponse:
    """Who you are here, how you show it, and the tokens that act for you."""
    return render(request, "accounts/account.html", _account(request))


@never_cache
@require_POST
def create_token(request: PageRequest) -> HttpResponse:
    """The token is shown in this answer and nowhere else, ever."""
    token = services.create_token(actor=request.actor)
    return render(request, "accounts/account.html", {**_account(request), "new_token": token})


@require_POST
def revoke_token(request: PageRequest, digest: str) -> HttpResponse:
    services.revoke_token(actor=request.actor, digest=digest)
    messages.success(request, _("The token is revoked."))
    return redirect("account")


def _account(request: PageRequest) -> dict[str, Any]:
    mine = factors.of(request.actor.person_id)
    return {
        "factors": mine,
        "demanded": settings.ASSAY_SECOND_FACTOR and not mine.any,
        "signatures": signed_by(request.actor)[:SHOWN_SIGNATURES],
        "tokens": AuthToken.objects.filter(user_id=request.actor.person_id).order_by("-created"),
    }
