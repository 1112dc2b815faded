"""Every refusal of the API is problem+json, whatever it was that went wrong, and an accident tells no details."""

import json
import logging
from typing import Any

import pytest
from django.db import OperationalError
from django.test import override_settings
from rest_framework.test import APIClient

from assay.api import parsers
from assay.api.parsers import JSON_LIMIT
from assay.api.runs import RunViewSet
from tests.callers import API, by_session, by_token, proof
from tests.people import House

pytestmark = pytest.mark.django_db


def is_problem(response: Any, status: int) -> dict[str, Any]:
    """The body, once it is certain that it is a problem after RFC 9457 that repeats its status."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert body["status"] == status
    assert body["type"].startswith("urn:assay:problem:")
    assert body["title"] and body["detail"]
    return dict(body)


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options", "head"])
@pytest.mark.parametrize("address", ["/", "/no-such-noun/", "/runs", "/runs/12/", "/runs/x/submit/", "/runs.json"])
def test_an_address_that_is_none_is_a_problem_by_any_method(home: House, method: str, address: str) -> None:
    response = getattr(by_token(home.ada), method)(f"{API}{address}")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    anonymous = getattr(APIClient(), method)(f"{API}{address}")
    assert anonymous.status_code == 404


def test_without_credentials_nothing_is_told_but_how_to_identify(home: House) -> None:
    body = is_problem(APIClient().get(f"{API}/runs/"), 401)
    assert body["title"] == "Who are you?"
    assert APIClient().get(f"{API}/runs/")["WWW-Authenticate"] == "Token"
    stranger = APIClient(headers={"Authorization": "Token " + "0" * 64})
    is_problem(stranger.get(f"{API}/runs/"), 401)
    for odd in ("Token", "Token a b", "Token \x00", "Bearer x"):
        is_problem(APIClient(headers={"Authorization": odd}).get(f"{API}/runs/"), 401)


def test_method_media_type_and_acceptance_are_problems(home: House) -> None:
    ada = by_token(home.ada)
    refused = ada.delete(f"{API}/runs/")
    is_problem(refused, 405)
    assert set(refused["Allow"].split(", ")) == {"GET", "POST", "HEAD", "OPTIONS"}
    is_problem(ada.get(f"{API}/runs/", headers={"Accept": "text/html"}), 406)
    is_problem(ada.post(f"{API}/runs/", "a=b", content_type="application/x-www-form-urlencoded"), 415)
    is_problem(ada.post(f"{API}/runs/", "<run/>", content_type="text/xml"), 415)
    is_problem(ada.post(f"{API}/datasets/", {"name": "x"}, format="multipart"), 415)


BAD_JSON = {
    "cut off": b'{"project": ',
    "not utf-8": b'{"name": "\xff"}',
    "NaN": b'{"seed": NaN}',
    "infinity by digits": b'{"seed": 1e999}',
    "an integer beyond a double": b'{"seed": 9007199254740993}',
    "an integer of 400 digits": b'{"seed": 1' + b"0" * 400 + b"}",
    "an integer of 5000 digits": b'{"seed": 1' + b"0" * 5000 + b"}",
    "NUL": b'{"name": "a\\u0000b"}',
    "NUL in a name": b'{"a\\u0000b": 1}',
    "half a pair": b'{"name": "\\ud800"}',
    "40 levels": b'{"training": ' + b"[" * 40 + b"]" * 40 + b"}",
    "100,000 levels": b"[" * 100_000,
}


@pytest.mark.parametrize("body", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_json_that_cannot_be_kept_is_a_parse_problem(home: House, body: bytes) -> None:
    answer = by_token(home.ada).post(f"{API}/runs/", body, content_type="application/json")
    is_problem(answer, 400)


def test_a_byte_order_mark_and_big_round_numbers_are_taken() -> None:
    assert parsers.parsed('{"flops": 1600000000000000000000}') == {"flops": 16 * 10**20}
    stream = __import__("io").BytesIO(b'\xef\xbb\xbf{"a": [1.5, true, null, "\xc3\xa9"]}')
    assert parsers.JsonBody().parse(stream) == {"a": [1.5, True, None, "é"]}


@pytest.mark.parametrize("body", [[], "text", 3, None, [{}]])
def test_a_body_that_is_no_object_is_unusable(home: House, body: Any) -> None:
    answer = by_token(home.ada).post(f"{API}/runs/", json.dumps(body), content_type="application/json")
    assert is_problem(answer, 422)["faults"]


def test_a_misspelt_field_is_a_fault_and_not_lost(home: House) -> None:
    answer = by_token(home.ada).post(f"{API}/projects/", {"organisation": str(home.organisation.pk), "nmae": "x"})
    faults = is_problem(answer, 422)["faults"]
    assert faults[0]["field"] == "nmae" and "name" in faults[0]["message"]


def test_a_body_too_large_is_refused_by_its_stated_length_before_it_is_read(
    home: House, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(self: Any, *args: Any) -> Any:
        raise AssertionError("the body was read")

    monkeypatch.setattr("django.core.handlers.wsgi.LimitedStream.read", read)
    monkeypatch.setattr("django.test.client.FakePayload.read", read)
    is_problem(by_token(home.ada).post(f"{API}/runs/", b"1" * (JSON_LIMIT + 1), content_type="application/json"), 413)
    settings.ASSAY_UPLOAD_LIMIT = 1024
    client = by_session(home.ada)
    answer = client.generic(
        "POST",
        f"{API}/datasets/{home.project.pk}/versions/",
        b"--x\r\n" + b"1" * 2_000_000,
        content_type="multipart/form-data; boundary=x",
    )
    is_problem(answer, 413)


def test_a_broken_multipart_body_is_a_problem(home: House) -> None:
    ada = by_token(home.ada)
    dataset = ada.post(f"{API}/datasets/", {"project": str(home.project.pk), "name": "Desk"}).json()["id"]
    address = f"{API}/datasets/{dataset}/versions/"
    for body, kind in (
        (b"nothing of the kind", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\n", "multipart/form-data"),
        (b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\nabc\r\n--x--", "multipart/form-data; boundary=x"),
    ):
        answer = ada.generic("POST", address, body, content_type=kind)
        assert answer.status_code in (400, 422), answer.content
        is_problem(answer, answer.status_code)
    is_problem(ada.post(address, {"file": "x"}), 415)


def test_a_made_up_cursor_is_refused(home: House) -> None:
    ada = by_token(home.ada)
    for cursor in ("x", "cD1nYXJiYWdl", "bz0tMQ==", "cj14", "\u2603", "%00", "cD0yMDI2LTEzLTQx"):
        for noun in ("runs", "audit-events"):
            is_problem(ada.get(f"{API}/{noun}/", {"cursor": cursor}), 422)
    is_problem(ada.get(f"{API}/audit-events/{10**30}/"), 404)
    is_problem(ada.get(f"{API}/runs/", {"state": "asleep"}), 422)
    is_problem(ada.get(f"{API}/runs/", {"project": "12"}), 422)


def test_a_session_needs_the_csrf_token_and_a_token_does_not(home: House) -> None:
    body = {"organisation": str(home.organisation.pk), "name": "Second"}
    by_browser = by_session(home.ada, enforce_csrf_checks=True)
    assert "CSRF" in is_problem(by_browser.post(f"{API}/projects/", body), 403)["detail"]
    by_browser.get("/account/")
    token = by_browser.cookies["csrftoken"].value if "csrftoken" in by_browser.cookies else ""
    assert token, "the account page sets no CSRF cookie"
    assert by_browser.post(f"{API}/projects/", body, headers={"X-CSRFToken": token}).status_code == 201
    by_machine = by_token(home.ada, enforce_csrf_checks=True)
    assert by_machine.post(f"{API}/projects/", {**body, "name": "Third"}).status_code == 201


def test_an_accident_is_a_500_that_names_a_reference_and_nothing_else(
    home: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("password of the database is swordfish")

    monkeypatch.setattr(RunViewSet, "seen", broken)
    client = by_token(home.ada)
    client.raise_request_exception = False
    with caplog.at_level(logging.ERROR):
        answer = client.get(f"{API}/runs/")
    body = is_problem(answer, 500)
    assert "swordfish" not in answer.content.decode()
    assert any(body["reference"] in record.getMessage() for record in caplog.records)
    assert "swordfish" in caplog.text


def test_a_busy_database_asks_for_patience(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*args: Any) -> Any:
        raise OperationalError("database is locked")

    monkeypatch.setattr(RunViewSet, "seen", busy)
    client = by_token(home.ada)
    client.raise_request_exception = False
    answer = client.get(f"{API}/runs/")
    is_problem(answer, 503)
    assert answer["Retry-After"] == "2"


@override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "t"}})
def test_showing_oneself_too_often_is_throttled_as_a_problem(home: House) -> None:
    rita = by_token(home.rita)
    answers = [proof(rita, "0" * 64) for _ in range(21)]
    assert {answer.status_code for answer in answers[:20]} == {201}
    body = is_problem(answers[20], 429)
    assert body["title"] == "Too often"
    assert int(answers[20]["Retry-After"]) > 0


@override_settings(
    CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}}
)
def test_a_cache_that_is_down_keeps_nobody_from_signing(home: House, caplog: pytest.LogCaptureFixture) -> None:
    assert proof(by_token(home.rita), "0" * 64).status_code == 201
    assert "cannot be counted now" in caplog.text


def test_too_many_wrong_passwords_close_the_door_even_to_the_right_one(home: House) -> None:
    rita = by_token(home.rita)
    for _ in range(5):
        is_problem(proof(rita, "0" * 64, password="wrong"), 422)
    is_problem(proof(rita, "0" * 64), 409)


def test_what_is_absent_and_what_is_anothers_are_one_answer(home: House) -> None:
    ada, dev = by_token(home.ada), by_token(home.dev)
    address = f"{API}/projects/{home.project.pk}/"
    absent = f"{API}/projects/{home.organisation.pk}/"
    assert ada.get(address).status_code == 200
    assert is_problem(dev.get(address), 404) == is_problem(dev.get(absent), 404)
    body = {"username": "ada", "role": "viewer"}
    assert dev.post(f"{address}members/", body).json() == dev.post(f"{absent}members/", body).json()


def test_a_member_of_another_project_cannot_be_dismissed_or_told_from_an_absent_one(home: House) -> None:
    other = home.elsewhere.members.get()
    admin = by_token(home.admin)
    address = f"{API}/projects/{home.project.pk}/members/"
    foreign = admin.delete(f"{address}{other.pk}/")
    absent = admin.delete(f"{address}{home.project.pk}/")
    assert is_problem(foreign, 404) == is_problem(absent, 404)
    own = home.project.members.get(user_id=home.vera.user_id)
    assert admin.delete(f"{address}{own.pk}/").status_code == 204
    assert by_token(home.vera).get(f"{API}/projects/{home.project.pk}/").status_code == 404


def test_answers_that_the_questionnaire_does_not_know_are_faults(home: House) -> None:
    address = f"{API}/projects/{home.project.pk}/classification/"
    cleo = by_token(home.cleo)
    is_problem(cleo.get(address), 404)
    for answers in ({"no-such-question": "yes"}, {"union": "perhaps"}, {}, {"union": ["yes"]}):
        body = is_problem(cleo.post(address, {"answers": answers, "reason": "So it is."}), 422)
        assert body["faults"]
