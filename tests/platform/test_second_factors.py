"""Apps, keys and recovery codes: how they are set up, what they open, and what they do not open twice."""

import json
import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from allauth.core.context import request_context
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory
from django.urls import reverse

from assay.accounts import factors
from assay.accounts.factor_pages import NEW_SECRET
from assay.accounts.models import Challenge
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable, WrongState
from governance.people.approvals import reauthentication
from governance.people.approvals.methods import Method
from governance.people.approvals.rules import Verdict
from governance.people.organisations import services as organisations
from governance.people.waivers.models import LicenceChoice
from tests import factories
from tests.callers import API, by_token
from tests.devices import App, Key
from tests.people import PASSWORD, House

DIGEST = "5" * 64


def entering(actor: Actor, **more: Any) -> Any:
    """(the browser, the answer) after the password; the address is one that a security key would accept."""
    browser = Client(headers={"host": "testserver"})
    given = {"username": actor.username, "password": PASSWORD, **more}
    return browser, browser.post(reverse("sign-in"), given, secure=True)


def is_in(browser: Client) -> bool:
    return browser.get(reverse("account"), secure=True).status_code == 200


def second(browser: Client, **given: str) -> Any:
    return browser.post(reverse("sign-in-second"), given, secure=True)


def with_key(home: House, actor: Actor) -> tuple[Client, Key]:
    """`actor` signed in and added a key on the page."""
    browser, _ = entering(actor)
    key = Key()
    answer = key.create(browser.post(reverse("factor-key-challenge"), secure=True).json())
    form = {"password": PASSWORD, "name": "Blue key", "new_key": answer}
    assert b"Your recovery codes" in browser.post(reverse("factor-add-key"), form, secure=True).content
    return browser, key


def test_an_app_is_set_up_with_a_code_and_the_password_and_gives_codes_for_its_loss(home: House) -> None:
    browser, _ = entering(home.rita)
    page = browser.get(reverse("factor-add-app"), secure=True).content.decode()
    secret = browser.session[NEW_SECRET]
    assert "<svg" in page and secret in page.replace(" ", "") and "<?xml" not in page
    wrong = {"new_code": pyotp.TOTP(secret).at(0), "password": PASSWORD}
    assert browser.post(reverse("factor-add-app"), wrong, secure=True).status_code == 422
    answer = browser.post(
        reverse("factor-add-app"), {"new_code": pyotp.TOTP(secret).now(), "password": PASSWORD}, secure=True
    )
    codes = re.findall(r"<li>(\d{4}) (\d{4})</li>", answer.content.decode())
    assert len(codes) == len(set(codes)) == 10
    assert secret not in json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    told = json.dumps([event.body for event in AuditEvent.objects.filter(action__startswith="factor")])
    assert "authenticator app" in told and secret not in told and codes[0][0] + codes[0][1] not in told


def test_who_has_an_app_is_in_only_after_its_code_and_the_code_opens_once(home: House) -> None:
    app = App(home.rita)
    browser, answer = entering(home.rita, next="/approvals/")
    assert answer["Location"] == reverse("sign-in-second") and not is_in(browser)
    assert second(browser, method="totp", code="000000").status_code == 422 and not is_in(browser)
    code = app.code()
    assert second(browser, method="totp", code=code)["Location"] == "/approvals/" and is_in(browser)
    other, _ = entering(home.rita)
    assert second(other, method="totp", code=code).status_code == 422 and not is_in(other)
    assert second(other, method="totp", code=app.code()).status_code == 302 and is_in(other)


def test_an_earlier_code_is_worth_nothing_once_a_later_one_was_shown(home: House) -> None:
    app = App(home.rita)
    earlier, later = app.code(), app.code()
    browser, _ = entering(home.rita)
    assert second(browser, code=later).status_code == 302
    other, _ = entering(home.rita)
    assert second(other, code=earlier).status_code == 422


def test_without_the_password_there_is_no_second_step(home: House) -> None:
    App(home.rita)
    browser = Client()
    assert browser.get(reverse("sign-in-second"))["Location"] == reverse("sign-in")
    assert browser.post(reverse("sign-in-challenge")).status_code == 403


def test_half_way_in_lasts_five_minutes(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    app = App(home.rita)
    browser, _ = entering(home.rita)
    half = browser.session
    half["half_way_in"] = {**half["half_way_in"], "at": half["half_way_in"]["at"] - 301}
    half.save()
    assert second(browser, code=app.code())["Location"] == reverse("sign-in") and not is_in(browser)


def test_wrong_codes_and_wrong_passwords_are_counted_together(home: House) -> None:
    app = App(home.rita)
    for method, shown in [(Method.TOTP, "000000"), (Method.PASSWORD, "wrong"), (Method.WEBAUTHN, "{}")] * 2:
        try:
            reauthentication.prove(
                actor=home.rita, method=method, shown=shown, subject_digest=DIGEST, verdict=Verdict.APPROVE
            )
        except (Unusable, WrongState) as refused:
            last = refused
    assert isinstance(last, WrongState)
    browser, _ = entering(home.rita)
    assert "quarter of an hour" in second(browser, code=app.code()).content.decode() and not is_in(browser)


def test_codes_are_not_guessed_at_the_door(home: House) -> None:
    App(home.rita)
    browser, _ = entering(home.rita)
    said = [second(browser, method="totp", code=f"{number:06}").content.decode() for number in range(6)]
    assert ["quarter of an hour" in each for each in said] == [False] * 5 + [True]
    assert AuditEvent.objects.filter(action="reauthentication.failed").count() == 5


def test_a_recovery_code_lets_in_once_and_signs_nothing(home: House) -> None:
    browser, _ = with_key(home, home.rita)
    codes = Authenticator.objects.get(user_id=home.rita.user_id, type="recovery_codes").wrap().get_unused_codes()
    for expected in (302, 422):
        later, _ = entering(home.rita)
        assert second(later, method="recovery_code", code=codes[3]).status_code == expected
    proof = reauthentication.prove(
        actor=home.rita, method=Method.RECOVERY_CODE, shown=codes[4], subject_digest=DIGEST, verdict=Verdict.APPROVE
    )
    with pytest.raises(NotAllowed, match="A recovery code is not enough here"):
        reauthentication.consume(proof=proof, actor=home.rita, subject_digest=DIGEST, verdict=Verdict.APPROVE)
    assert "8 are unused" in browser.get(reverse("account"), secure=True).content.decode()


def test_a_key_lets_in_who_it_belongs_to_and_its_answer_opens_once(home: House) -> None:
    _, key = with_key(home, home.rita)
    browser, _ = entering(home.rita)
    answer = key.get(browser.post(reverse("sign-in-challenge"), secure=True).json())
    assert second(browser, method="webauthn", credential=answer).status_code == 302 and is_in(browser)
    other, _ = entering(home.rita)
    assert second(other, method="webauthn", credential=answer).status_code == 422
    challenge = other.post(reverse("sign-in-challenge"), secure=True).json()
    assert second(other, method="webauthn", credential=Key().get(challenge)).status_code == 422
    elsewhere = Key("https://evil.example")
    elsewhere.private, elsewhere.credential_id = key.private, key.credential_id
    challenge = other.post(reverse("sign-in-challenge"), secure=True).json()
    assert second(other, method="webauthn", credential=elsewhere.get(challenge)).status_code == 422


def test_a_copy_of_a_key_is_noticed_by_its_counter(home: House) -> None:
    browser, key = with_key(home, home.rita)
    copy = Key()
    copy.private, copy.credential_id = key.private, key.credential_id
    for one, expected in ((key, True), (copy, False), (key, True)):
        challenge = ask(browser, DIGEST, "approve")
        assert shown(home.rita, one.get(challenge), DIGEST, Verdict.APPROVE) is expected


def ask(browser: Client, digest: str, verdict: str) -> Any:
    given = {"subject_sha256": digest, "verdict": verdict}
    return browser.post(reverse("key-challenge"), given, secure=True).json()


def shown(actor: Actor, answer: str, digest: str, verdict: Verdict) -> bool:
    """Whether a key's answer gives a proof, asked as a request to `testserver` would."""
    with request_context(RequestFactory().get("/", secure=True)):
        try:
            reauthentication.prove(
                actor=actor, method=Method.WEBAUTHN, shown=answer, subject_digest=digest, verdict=verdict
            )
        except Unusable:
            return False
    return True


def test_a_keys_answer_is_bound_to_person_digest_and_verdict(home: House) -> None:
    browser, key = with_key(home, home.rita)
    with_key(home, home.cleo)
    bound = lambda: key.get(ask(browser, DIGEST, "approve"))  # noqa: E731
    assert not shown(home.rita, bound(), DIGEST, Verdict.REJECT)
    assert not shown(home.rita, bound(), "6" * 64, Verdict.APPROVE)
    assert not shown(home.cleo, bound(), DIGEST, Verdict.APPROVE)
    answer = bound()
    assert shown(home.rita, answer, DIGEST, Verdict.APPROVE)
    assert not shown(home.rita, answer, DIGEST, Verdict.APPROVE)


def test_a_keys_answer_signs_for_the_licence_that_was_picked_and_for_no_other(home: House) -> None:
    data = factories.dataset_version(home, licence="MIT OR Apache-2.0")
    browser, key = with_key(home, home.ben)
    page = reverse("licence-pick", args=[home.project.pk, data.kind, data.pk])
    given = {"chosen": "MIT", "reason": "Shorter.", "method": "webauthn"}
    assert browser.post(page, {"chosen": "MIT", "asks_key": "1"}, secure=True).status_code == 422, "no reason yet"
    asked = browser.post(page, {**given, "asks_key": "1"}, secure=True).json()
    assert not LicenceChoice.objects.exists(), "a challenge decides nothing"
    other = {**given, "chosen": "Apache-2.0", "credential": key.get(asked)}
    assert browser.post(page, other, secure=True).status_code == 422
    asked = browser.post(page, {**given, "asks_key": "1"}, secure=True).json()
    assert browser.post(page, {**given, "credential": key.get(asked)}, secure=True).status_code == 302
    assert (LicenceChoice.objects.get().chosen, LicenceChoice.objects.get().method) == ("MIT", "webauthn")


def test_a_proof_for_one_change_of_an_account_makes_no_other(home: House) -> None:
    app = App(home.rita)
    account = lambda *change: factors.account_digest(home.rita.person_id, *change)  # noqa: E731
    for bound in (account(factors.Change.ADD_KEY), account(factors.Change.REMOVE, app.factor.pk + 1)):
        proof = reauthentication.prove(
            actor=home.rita, method=Method.TOTP, shown=app.code(), subject_digest=bound, verdict=Verdict.APPROVE
        )
        with pytest.raises(NotAllowed, match="Show again"):
            factors.remove(actor=home.rita, factor_id=app.factor.pk, proof=proof)


def test_a_challenge_is_good_for_two_minutes(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, key = with_key(home, home.rita)
    answer = key.get(ask(browser, DIGEST, "approve"))
    waiting = Challenge.objects.get()
    Challenge.objects.update(created_at=waiting.created_at - timedelta(seconds=121))
    assert not shown(home.rita, answer, DIGEST, Verdict.APPROVE)
    ask(browser, DIGEST, "approve")
    assert not Challenge.objects.filter(pk=waiting.pk).exists()


@pytest.mark.parametrize(
    "answer", ["", "[]", "null", "{}", '{"id": 1}', "no json", '{"response": {"clientDataJSON": 7}}']
)
def test_an_answer_that_no_key_gives_is_refused_and_breaks_nothing(home: House, answer: str) -> None:
    App(home.rita)
    with_it, _ = entering(home.ben)
    form = {"password": PASSWORD, "name": "Key", "new_key": answer}
    assert with_it.post(reverse("factor-add-key"), form, secure=True).status_code == 422
    assert not shown(home.ben, answer, DIGEST, Verdict.APPROVE)


def test_who_has_a_second_factor_changes_it_with_that_and_not_with_the_password(home: House) -> None:
    app = App(home.rita)
    browser, _ = entering(home.rita)
    second(browser, code=app.code())
    there = reverse("factor-remove", args=[app.factor.pk])
    assert "Password" not in browser.get(there, secure=True).content.decode()
    assert browser.post(there, {"password": PASSWORD}, secure=True).status_code == 422
    proof = reauthentication.by_password(
        actor=home.rita,
        password=PASSWORD,
        subject_digest=factors.account_digest(home.rita.person_id, factors.Change.REMOVE, app.factor.pk),
        verdict=Verdict.APPROVE,
    )
    with pytest.raises(NotAllowed, match="A password is not enough here"):
        factors.remove(actor=home.rita, factor_id=app.factor.pk, proof=proof)
    assert browser.post(there, {"code": app.code()}, secure=True).status_code == 302
    assert not Authenticator.objects.filter(user_id=home.rita.user_id).exists()


def test_nobody_removes_somebody_elses_factor(home: House) -> None:
    app = App(home.rita)
    with pytest.raises(NotFound):
        factors.remove(actor=home.ada, factor_id=app.factor.pk, proof="")


def test_an_administrator_resets_whom_they_answer_for_and_it_is_on_record(home: House) -> None:
    App(home.rita)
    browser, _ = entering(home.admin)
    there = reverse("factor-reset", args=[home.rita.user_id])
    assert browser.post(there, {"password": PASSWORD}, secure=True).status_code == 302
    assert not factors.has_second(home.rita.person_id)
    event = AuditEvent.objects.get(action="factor.reset")
    assert "rita" not in json.dumps(event.body)
    entered, answer = entering(home.rita)
    assert answer.status_code == 302 and is_in(entered)


def test_letting_somebody_in_gives_no_power_over_their_account(home: House) -> None:
    """Dev administers another organisation and adds Rita there: her factor opens Linden Bank, too."""
    App(home.rita)
    there = home.elsewhere.organisation_id
    with pytest.raises(NotFound):
        factors.reset(actor=home.dev, user_id=home.rita.person_id)
    organisations.add_member(actor=home.dev, organisation_id=there, username="rita")
    with pytest.raises(NotAllowed, match="the operator can do this by command"):
        factors.reset(actor=home.dev, user_id=home.rita.person_id)
    call_command("account", "reset-factors", "rita")
    assert not factors.has_second(home.rita.person_id)
    with pytest.raises(CommandError, match="Rita Falk has no second factor"):
        call_command("account", "reset-factors", "rita")


def test_a_changed_secret_key_opens_old_secrets_while_it_is_named_and_each_use_renews_them(
    home: House, settings: Any
) -> None:
    app = App(home.rita)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    browser, _ = entering(home.rita)
    assert second(browser, code=app.code()).status_code == 302
    settings.SECRET_KEY_FALLBACKS = []
    browser, _ = entering(home.rita)
    assert second(browser, code=app.code()).status_code == 302


class TestOverTheApi:
    """A token, and beside it what its person holds."""

    def prove(self, client: Any, **given: Any) -> Any:
        body = {"subject_sha256": DIGEST, "verdict": "approve", **given}
        return client.post(f"{API}/reauthentications/", body, secure=True)

    def test_a_code_gives_a_proof_once(self, home: House) -> None:
        app, client = App(home.rita), by_token(home.rita)
        code = app.code()
        assert self.prove(client, method="totp", code=code).status_code == 201
        again = self.prove(client, method="totp", code=code)
        assert again.status_code == 422 and again.json()["faults"][0]["field"] == "code"

    def test_a_key_answers_the_challenge_for_this_digest_and_verdict(self, home: House) -> None:
        _, key = with_key(home, home.rita)
        client = by_token(home.rita)
        ask = lambda verdict: client.post(  # noqa: E731
            f"{API}/reauthentications/challenges/", {"subject_sha256": DIGEST, "verdict": verdict}, secure=True
        ).json()
        answers = [json.loads(key.get(ask(verdict))) for verdict in ("approve", "reject")]
        statuses = [self.prove(client, method="webauthn", credential=answer).status_code for answer in answers]
        assert statuses == [201, 422]

    def test_what_the_method_takes_has_to_be_there(self, home: House) -> None:
        answer = self.prove(by_token(home.rita), method="totp", password=PASSWORD)
        assert answer.status_code == 422 and answer.json()["faults"][0]["field"] == "code"

    def test_a_recovery_code_is_no_method_here(self, home: House) -> None:
        assert self.prove(by_token(home.rita), method="recovery_code", code="12345678").status_code == 422


class TestDemandedByTheOperator:
    @pytest.fixture(autouse=True)
    def _demanded(self, settings: Any) -> None:
        settings.ASSAY_SECOND_FACTOR = True

    def test_who_has_none_gets_to_setting_one_up_and_no_further(self, home: House) -> None:
        browser, _ = entering(home.rita)
        assert browser.get("/", secure=True)["Location"] == reverse("account")
        assert browser.get("/api/v1/projects/", secure=True).status_code == 401
        assert browser.post(reverse("create-token"), secure=True)["Location"] == reverse("account")
        browser.get(reverse("factor-add-app"), secure=True)
        given = {"new_code": pyotp.TOTP(browser.session[NEW_SECRET]).now(), "password": PASSWORD}
        browser.post(reverse("factor-add-app"), given, secure=True)
        assert browser.get("/", secure=True).status_code == 200

    def test_a_session_from_before_that_did_not_show_it_is_over(self, home: House) -> None:
        browser = Client()
        browser.login(username="rita", password=PASSWORD)
        App(home.rita)
        assert reverse("sign-in") in browser.get("/", secure=True)["Location"]
        assert browser.get("/api/v1/projects/", secure=True).status_code == 401
        assert browser.get("/healthz", secure=True).status_code == 200
