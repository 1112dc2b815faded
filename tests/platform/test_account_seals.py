"""Who owns the database gives nobody a factor, a password or a name in silence; and a person can be forgotten."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pyotp
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.utils import encrypt
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken

from assay.accounts import services
from assay.accounts.factor_pages import NEW_SECRET
from governance.foundation.audit import watch
from governance.foundation.audit.models import AuditEvent, Identity, PersonalDetail, Salt
from governance.foundation.audit.services import record
from governance.foundation.audit.verification import verify
from governance.foundation.core.actor import PLATFORM, Actor
from governance.people.organisations.models import Membership
from tests.devices import App
from tests.people import PASSWORD, House, person
from tests.tampering import guards_lifted

User = get_user_model()


def faults() -> list[str]:
    return verify(records=True).faults


def signed_in(actor: Actor) -> Client:
    browser = Client()
    assert browser.login(username=actor.username, password=PASSWORD)
    return browser


@pytest.fixture
def equipped(home: House) -> House:
    """Rita has an app, codes for its loss, and a token; all by the platform."""
    browser = signed_in(home.rita)
    browser.get(reverse("factor-add-app"))
    secret = browser.session[NEW_SECRET]
    given = {"new_code": pyotp.TOTP(secret).now(), "password": PASSWORD}
    assert b"recovery codes" in browser.post(reverse("factor-add-app"), given).content
    services.create_token(actor=home.rita)
    assert Authenticator.objects.count() == 2
    return home


def test_what_people_do_to_their_accounts_raises_no_alarm(equipped: House) -> None:
    rita = equipped.rita
    assert faults() == []
    made = services.create_account(actor=PLATFORM, username="nora", name="Nora Olsen", password="a far away harbour")
    services.change_address(actor=Actor.of(made), email="nora@linden.example")
    browser = Client()
    assert browser.login(username="nora", password="a far away harbour")
    new = "seven green ladders"
    given = {"old_password": "a far away harbour", "new_password1": new, "new_password2": new}
    assert browser.post(reverse("change-password"), given).status_code == 302
    assert Client().login(username="nora", password=new)
    assert browser.get(reverse("account")).status_code == 200  # who changed it stays signed in
    services.revoke_token(actor=rita, digest=AuthToken.objects.get(user_id=rita.person_id).digest)
    code = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()[0]
    entering = Client(headers={"host": "testserver"})
    entering.post(reverse("sign-in"), {"username": "rita", "password": PASSWORD})
    assert entering.post(reverse("sign-in-second"), {"method": "recovery_code", "code": code}).status_code == 302
    assert faults() == []
    call_command("account", "reset-factors", "rita", stdout=StringIO())
    assert not Authenticator.objects.exists() and faults() == []


def test_a_code_of_an_app_and_a_token_that_ran_out_need_no_entry(home: House, settings: Any) -> None:
    app = App(home.rita)
    services.create_token(actor=home.rita)
    enciphered = app.factor.data["secret"]
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another " * 8
    browser = Client()
    browser.post(reverse("sign-in"), {"username": "rita", "password": PASSWORD})
    assert browser.post(reverse("sign-in-second"), {"method": "totp", "code": app.code()}).status_code == 302
    assert Authenticator.objects.get(pk=app.factor.pk).data["secret"] != enciphered
    AuthToken.objects.all()._raw_delete(using="default")
    assert faults() == []


def test_a_password_that_is_kept_in_a_former_way_is_kept_anew_on_record(home: House, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    assert Client().login(username="rita", password=PASSWORD)
    assert User.objects.get(username="rita").password.startswith(str(PBKDF2PasswordHasher.algorithm))
    assert AuditEvent.objects.filter(action="account.password-kept-anew").count() == 1
    assert faults() == []


def set_of(model: Any, **changes: Any) -> Callable[[House], None]:
    """A change of Rita's row behind the platform's back: no signal is sent."""
    mine = {User: {"username": "rita"}, Authenticator: {"user__username": "rita", "type": "totp"}}
    return lambda home: _updated(model.objects.filter(**mine.get(model, {"user__username": "rita"})), changes)


def _updated(rows: Any, changes: dict[str, Any]) -> None:
    assert rows.update(**changes) == 1


def slipped_in(model: Any, **fields: Any) -> Callable[[House], None]:
    return lambda home: model.objects.bulk_create([model(user_id=home.ada.person_id, **fields)]) and None


def exchanged(home: House) -> None:
    """Rita's pseudonym stands for Omar, who never acted."""
    Identity.objects.filter(user_id=home.rita.person_id).update(user_id=home.omar.person_id)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (set_of(User, is_active=False), r"account \d+ of pseudonym \S+ is not as entry \d+ left it: it was changed"),
        (set_of(User, is_superuser=True), r"account \d+ of pseudonym \S+ is not as entry"),
        (set_of(User, is_staff=True), r"account \d+ of pseudonym \S+ is not as entry"),
        (set_of(User, username="rita2"), r"account \d+ of pseudonym \S+ is not as entry"),
        (set_of(User, email="mallory@a.example"), r"account \d+ of pseudonym \S+ is not as entry"),
        (set_of(User, password=make_password("mine now")), r"account \d+ of pseudonym \S+ is not as entry"),
        (
            set_of(Authenticator, data={"secret": encrypt(pyotp.random_base32())}),
            r"second factor \d+ of pseudonym \S+ is not as entry",
        ),
        (set_of(Authenticator, data=[]), r"second factor \d+ of pseudonym \S+ is not as entry"),
        (
            slipped_in(Authenticator, type="totp", data={"secret": "x"}),
            r"second factor \d+( of pseudonym \S+)? stands in its table, but no entry tells of it",
        ),
        (
            lambda home: Authenticator.objects.filter(type="totp")._raw_delete(using="default"),
            r"second factor \d+ is missing from its table; entry \d+ tells of it",
        ),
        (
            set_of(AuthToken, expiry=timezone.now() + timedelta(days=9999)),
            r"API token \S+ of pseudonym \S+ is not as entry",
        ),
        (slipped_in(AuthToken, digest="ab", token_key="x"), r"API token ab( of pseudonym \S+)? stands in its table"),
        (exchanged, r"pseudonym \S+ is not as entry"),
        (lambda home: Identity.objects.update(name="Somebody") and None, r"pseudonym \S+ is not as entry"),
    ],
)  # fmt: skip
def test_what_is_changed_behind_the_platforms_back_is_named_without_a_name(
    equipped: House, change: Callable[[House], None], fault: str
) -> None:
    change(equipped)
    found = faults()
    assert found and all(re.match(fault, each) for each in found), found
    assert "rita" not in " ".join(found).lower()


def test_without_its_salt_a_row_fits_nothing(equipped: House) -> None:
    account = f"accounts.user/{equipped.rita.user_id}"
    with guards_lifted():
        Salt.objects.filter(row=account).update(salt=bytes(32))
    assert [each.startswith(f"account {equipped.rita.user_id} ") for each in faults()] == [True]
    Salt.objects.filter(row=account).delete()
    assert [each.startswith(f"account {equipped.rita.user_id} ") for each in faults()] == [True]


def test_the_entries_hold_none_of_it_and_differ_for_the_same(equipped: House) -> None:
    text = "\n".join(AuditEvent.objects.values_list("body", flat=True))
    rita = User.objects.get(username="rita")
    app = Authenticator.objects.get(type="totp")
    for secret in (rita.username, rita.last_name, rita.password, app.data["secret"]):
        assert secret not in text
    said = [json.loads(body)["records"] for body in text.splitlines()]
    digests = [digest for each in said for digest in each.get("accounts.user", {}).values()]
    assert len(digests) > 5 and all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)


def test_a_person_who_is_forgotten_leaves_a_whole_trail_and_no_salt(home: House) -> None:
    nora = person("nora", "Nora Olsen")
    with transaction.atomic():
        record(nora, "test.done", personal={"reason": "Because Nora said so."})
    App(nora)
    services.create_token(actor=nora)
    pseudonym = str(Identity.objects.get(user_id=nora.person_id).pk)
    with transaction.atomic():
        User.objects.get(pk=nora.person_id).delete()
        Identity.objects.get(pk=pseudonym).delete()
        PersonalDetail.objects.filter(event__actor=pseudonym).delete()
        record(PLATFORM, "account.changed")
    assert faults() == []
    gone = (f"accounts.user/{nora.person_id}", f"audit.identity/{pseudonym}", "mfa.authenticator/", "knox.authtoken/")
    assert not [salt for salt in Salt.objects.values_list("row", flat=True) if salt.startswith(gone)]
    again = person("nora", "Nora Olsen")
    with transaction.atomic():
        record(again, "test.done")
    assert str(Identity.objects.get(user_id=again.person_id).pk) != pseudonym and faults() == []


def test_an_account_that_goes_alone_leaves_its_pseudonym_to_nobody_on_record(home: House) -> None:
    nora = person("nora", "Nora Olsen")
    with transaction.atomic():
        record(nora, "test.done")
    with transaction.atomic():
        User.objects.get(pk=nora.person_id).delete()
        record(PLATFORM, "account.changed")
    assert Identity.objects.get(name="Nora Olsen").user_id is None
    assert faults() == []


def test_after_an_upgrade_accounts_are_adopted_with_a_reason(home: House) -> None:
    with connection.cursor() as cursor:  # as an installation stands that was made before accounts were sealed
        cursor.execute(
            "INSERT INTO accounts_user (username, password, is_active, is_staff, is_superuser, first_name, last_name,"
            " email, date_joined) VALUES ('old', '!', true, false, false, 'Old', 'Hand', '', %s)",
            [timezone.now()],
        )
    found = faults()
    assert len(found) == 1 and re.match(r"account \d+ stands in its table, but no entry tells of it", found[0])
    assert "assay audit adopt" in watch.cure(found)
    assert watch.adopt(actor=PLATFORM, because="Accounts are sealed since this version.") == 1
    assert faults() == []


@pytest.mark.django_db(transaction=True)
def test_what_a_command_of_djangos_writes_is_told_of_by_itself() -> None:
    home = person("mona", "Mona Quist")
    user = User.objects.get(pk=home.person_id)
    user.set_password("twelve blue chairs")
    user.save()
    user.save(update_fields=["last_login"])
    assert list(AuditEvent.objects.values_list("action", "actor")) == [("account.changed", None)] * 2
    assert faults() == []
    assert not Membership.objects.exists()
