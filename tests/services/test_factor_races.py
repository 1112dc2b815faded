"""One code, one recovery code, one answer of a key, shown several times in a moment on PostgreSQL: it is taken once."""

from typing import Any

import pytest
from allauth.core.context import request_context
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.contrib.auth import get_user_model
from django.test import RequestFactory

from assay.accounts import keys
from governance.people.approvals import reauthentication
from governance.people.approvals.methods import Method
from governance.people.approvals.models import Reauthentication
from governance.people.approvals.reauthentication import Purpose
from governance.people.approvals.rules import Verdict
from tests.devices import App, Key
from tests.people import House, house

pytestmark = pytest.mark.usefixtures("postgresql")

DIGEST, THREADS = "5" * 64, 5  # with more, those who lose close the door before the one who wins is through
SAFE = RequestFactory().get("/", secure=True)


@pytest.fixture
def home(postgresql: None) -> House:
    return house()


def shown_at_once(home: House, at_once: Any, method: Method, shown: str) -> list[Any]:
    """What many browsers get that show the same thing in the same moment; each has a look at its own request."""

    def act(_one: int) -> str:
        with request_context(SAFE):
            return reauthentication.prove(
                actor=home.rita, method=method, shown=shown, subject_digest=DIGEST, verdict=Verdict.APPROVE
            )

    answers = at_once(act, THREADS)
    kept = Reauthentication.objects.filter(succeeded=True).count()
    assert kept == sum(not isinstance(answer, Exception) for answer in answers)
    return answers


def taken(answers: list[Any]) -> int:
    return sum(not isinstance(answer, Exception) for answer in answers)


def test_a_code_of_an_app_is_taken_once(home: House, at_once: Any) -> None:
    assert taken(shown_at_once(home, at_once, Method.TOTP, App(home.rita).code())) == 1


def test_a_recovery_code_is_taken_once(home: House, at_once: Any) -> None:
    codes = RecoveryCodes.activate(get_user_model().objects.get(pk=home.rita.user_id))
    assert taken(shown_at_once(home, at_once, Method.RECOVERY_CODE, codes.generate_codes()[0])) == 1
    assert len(RecoveryCodes(Authenticator.objects.get()).get_unused_codes()) == 9


def test_a_keys_answer_is_taken_once(home: House, at_once: Any) -> None:
    rita, key = get_user_model().objects.get(pk=home.rita.user_id), Key()
    with request_context(SAFE):
        kept = keys.registered(rita, key.create(keys.ask_for_new(rita)))
        assert kept is not None
        WebAuthn.add(rita, "Blue key", kept)
        answer = key.get(keys.ask_for_one(rita, Purpose(DIGEST, Verdict.APPROVE)))
    assert taken(shown_at_once(home, at_once, Method.WEBAUTHN, answer)) == 1
