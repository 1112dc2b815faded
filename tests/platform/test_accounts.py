"""From nothing to the first administrator, and what a changed password ends."""

import io
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken

from assay.accounts import services
from governance.foundation.audit.models import AuditEvent
from governance.people.organisations.models import Membership
from tests.people import PASSWORD, House

NEW = "another quiet record office"


def run(monkeypatch: pytest.MonkeyPatch, *words: str, typed: str = NEW) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed + "\n"))
    call_command(*words)


def test_two_commands_lead_to_an_administrator_who_signs_in(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, "account", "create", "mira", "--name", "Mira Sandoval")
    run(monkeypatch, "organisation", "create", "Linden Bank", "--seat", "DE", "--administrator", "mira")
    membership = Membership.objects.get(user__username="mira")
    assert membership.is_administrator and membership.organisation.slug == "linden-bank"
    assert Client().login(username="mira", password=NEW)


def test_a_weak_password_and_a_taken_name_are_refused(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match=r"“ada” is taken.*too short"):
        run(monkeypatch, "account", "create", "ada", "--name", "Ada", typed="short")


def test_an_organisation_needs_an_account_to_lead_it(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="There is no account “nobody”"):
        run(monkeypatch, "organisation", "create", "X", "--seat", "DE", "--administrator", "nobody")


def test_a_changed_password_ends_the_tokens_and_is_on_record(home: House) -> None:
    services.create_token(actor=home.ada)
    client = Client()
    client.login(username="ada", password=PASSWORD)
    answer = client.post(
        reverse("change-password"), {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    )
    assert answer.status_code == 302
    assert not AuthToken.objects.filter(user__username="ada").exists()
    assert AuditEvent.objects.filter(action="account.password-changed").exists()


def test_the_old_password_is_not_guessed_where_it_is_changed(home: House) -> None:
    client = Client()
    client.login(username="ada", password=PASSWORD)

    def change(old: str) -> str:
        sent = {"old_password": old, "new_password1": NEW, "new_password2": NEW}
        return client.post(reverse("change-password"), sent).content.decode()

    said = [change(f"wrong {number}") for number in range(5)]
    assert not any("quarter of an hour" in each for each in said)
    assert "quarter of an hour" in change(PASSWORD)
    assert AuditEvent.objects.filter(action="reauthentication.failed").count() == 5


def test_five_wrong_passwords_close_the_door_for_that_name_and_are_counted_in_the_database(
    home: House, settings: Any
) -> None:
    settings.AXES_ENABLED = True
    enter = lambda name, password: (  # noqa: E731
        Client().post(reverse("sign-in"), {"username": name, "password": password}).status_code
    )
    assert [enter("ada", f"wrong {number}") for number in range(5)] == [200, 200, 200, 200, 429]
    assert AccessAttempt.objects.get(username="ada").failures_since_start == 5
    assert enter("ada", PASSWORD) == 429
    assert enter("ben", PASSWORD) == 302
