"""Showing who signs: the fields that every form with a signature has, for the methods that its person has."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed
from governance.people.approvals import reauthentication
from governance.people.approvals.methods import SIGNS, WRONG, Method
from governance.people.approvals.reauthentication import Purpose
from governance.people.approvals.rules import Verdict

LABELS = {
    Method.WEBAUTHN: _("Security key"),
    Method.TOTP: _("Code from your app"),
    Method.RECOVERY_CODE: _("Recovery code"),
    Method.PASSWORD: _("Password"),
}
MISSING = {
    "password": _("Enter your password."),
    "code": _("Enter the code."),
    "credential": _("Your browser asks for the security key when you press the button; it needs JavaScript for that."),
}


# Sent with a form that has something to choose, by the browser that is about to ask a security key: the key signs for
# what is chosen, so that the page that takes the form answers with the challenge.
ASKS_KEY = "asks_key"


class ProofForm(forms.Form):
    """`signer` shows who they are for `subject`, a digest, by one of the methods that are accepted here.

    A form in which more is chosen than a verdict on `subject` says so by `choice`.
    """

    has_choice = False

    method = forms.ChoiceField(label=_("With"), widget=forms.RadioSelect)
    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        strip=False,
    )
    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    credential = forms.CharField(label=_("Security key"), widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, signer: Actor, subject: str, accepts: Collection[Method] = SIGNS, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.signer, self.subject = signer, subject
        self.accepts = [each for each in Method if each in accepts]
        self.offered = [each for each in reauthentication.methods(signer) if each in accepts]
        self.fields["method"].choices = [(each.value, LABELS[each]) for each in self.offered]  # type: ignore[attr-defined]
        self.fields["method"].initial = self.offered[0].value if self.offered else ""
        for name in {"password", "code", "credential"} - {WRONG[each].field for each in self.offered}:
            del self.fields[name]
        for name, words in MISSING.items():
            if name in self.fields:
                self.fields[name].error_messages["required"] = words
        if len(self.offered) > 1:
            self.use_required_attribute = False  # a browser would ask for what belongs to another method
        else:
            del self.fields["method"]

    @property
    def way(self) -> Method | None:
        """The method that this form is sent with, or would be at first."""
        said = self.data.get(self.add_prefix("method"), "") if self.is_bound else ""
        return next((each for each in self.offered if each == said), self.offered[0] if self.offered else None)

    @property
    def demanding(self) -> bool:
        """Whether a password is not enough, where it often is."""
        return Method.PASSWORD not in self.accepts and Method.RECOVERY_CODE not in self.accepts

    @property
    def lacking(self) -> str:
        """What is said to somebody who has none of the methods that are accepted here."""
        ways = gettext(" or ").join(str(LABELS[each]).lower() for each in self.accepts)
        return "" if self.offered else gettext("This is signed by %(ways)s, and you have none set up.") % {"ways": ways}

    @property
    def asks_key(self) -> bool:
        """Whether it was sent for a challenge, before the security key was asked."""
        return self.is_bound and ASKS_KEY in self.data and self.way == Method.WEBAUTHN

    @property
    def purpose(self) -> Purpose:
        """What a security key signs for. A verdict is chosen in none of the forms that have a choice."""
        return Purpose(reauthentication.bound(self.subject, self.choice()), Verdict.APPROVE)

    def choice(self) -> dict[str, Any] | None:
        """What is chosen in a valid form beside the verdict, as the service binds the proof to it."""
        return None

    def full_clean(self) -> None:
        """What belongs to a method that was not chosen is not asked for."""
        taken = WRONG[self.way].field if self.way and not self.asks_key else ""
        others = [field for name, field in self.fields.items() if name in MISSING and name != taken]
        for field in others:
            field.required = False
        super().full_clean()
        for field in others:
            field.required = True

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if self.way is None:
            raise forms.ValidationError(self.lacking)
        return given

    def prove(self, verdict: Verdict = Verdict.APPROVE) -> str:
        """The proof for `verdict`. Raises Unusable, WrongState."""
        method = self.way
        if method is None:
            raise NotAllowed(self.lacking)
        shown = self.cleaned_data[WRONG[method].field]
        return reauthentication.prove(
            actor=self.signer, method=method, shown=shown, subject_digest=self.subject, verdict=verdict,
            choice=self.choice(),
        )  # fmt: skip

    def own(self) -> dict[str, Any]:
        """What was given besides the proof."""
        return {name: value for name, value in self.cleaned_data.items() if name not in {"method", *MISSING}}
