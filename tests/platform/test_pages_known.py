"""No page is forgotten when pictures are taken, and no act of the audit trail is shown as a programmer wrote it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from assay.accounts import urls as accounts
from assay.demo.pages import ACTS, COLLECTIONS, NOT_PAGES, places
from assay.web import acts
from assay.web import urls as web
from governance.foundation.jobs.models import Errand
from governance.people.approvals.rules import Verdict
from governance.work.evaluations.rules import State as EvaluationState
from governance.work.runs.rules import State as RunState
from tests.people import PASSWORD, House

ROOT = Path(__file__).resolve().parents[2]
PATTERNS = {str(pattern.name): pattern for pattern in [*accounts.urlpatterns, *web.urlpatterns]}
GIVEN = {"uuid": uuid4, "slug": lambda: "dossier", "string": lambda: "0" * 64}


def address(name: str) -> str:
    kinds = {key: type(converter).__name__ for key, converter in PATTERNS[name].pattern.converters.items()}
    return reverse(name, kwargs={key: GIVEN[kind.removesuffix("Converter").lower()]() for key, kind in kinds.items()})


def test_what_is_called_no_page_exists_and_every_collection_is_the_begin_of_an_address() -> None:
    assert set(NOT_PAGES) <= set(PATTERNS)
    begins = {str(pattern.pattern).split("/", 1)[0] for pattern in PATTERNS.values()}
    assert set(COLLECTIONS) <= begins


@pytest.mark.parametrize("name", sorted(name for name, reason in NOT_PAGES.items() if reason == ACTS))
def test_what_is_said_to_take_a_post_alone_shows_nothing_to_who_only_looks(
    name: str, client: Client, home: House
) -> None:
    client.login(username="ada", password=PASSWORD)
    assert client.get(address(name)).status_code == 405


def test_every_page_of_a_house_is_found_and_answers(client: Client, home: House) -> None:
    found = {place.name: place for place in places()}
    shown = {name for name, pattern in PATTERNS.items() if name not in NOT_PAGES and not pattern.pattern.converters}
    assert shown - {"home"} <= set(found)
    assert {"project-detail", "organisation-detail", "run-create", "home-omar"} <= set(found)
    for username in ("ada", "rita"):
        client.login(username=username, password=PASSWORD)
        for place in found.values():
            if place.who == username:
                status = client.get(place.url).status_code
                assert status in (200, 404 if place.name == "missing-record" else 200), place


def recorded() -> Iterator[str]:
    """Every action that some service of the source writes, as the source spells it."""
    for folder in ("governance", "platform"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", ""))
                if called in ("record", "record_alone") and len(node.args) > 1:
                    yield from spelled(node.args[1])


def spelled(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.Constant):
        yield str(argument.value)
    elif isinstance(argument, ast.JoinedStr) and not isinstance(argument.values[0], ast.Constant):
        yield from errands()
    elif isinstance(argument, ast.JoinedStr):  # f"run.{state.value}"
        noun = str(getattr(argument.values[0], "value", ""))
        states = {"run.": RunState, "evaluation.": EvaluationState}[noun]
        yield from (f"{noun}{state}" for state in (states.SUCCEEDED, states.FAILED, states.CANCELLED))


def errands() -> Iterator[str]:
    """f"{errand.spoken}.{state}": each is asked for, and may end without a result."""
    for model in apps.get_models():
        if issubclass(model, Errand):
            ends = {"cancelled", "failed", "refused"} & {str(state) for state in model.transitions}
            yield from (f"{model.spoken}.{state}" for state in ("asked", *ends))


def test_every_act_that_is_recorded_has_words_that_a_person_would_say() -> None:
    actions = set(recorded()) - {"approval.decided"} | {f"approval.decided.{verdict}" for verdict in Verdict}
    assert len(actions) > 40
    assert actions <= set(acts.ACTS)
    assert not [words for words in map(str, acts.ACTS.values()) if "." in words or "_" in words]


def test_the_log_tells_who_did_what_to_which_record(client: Client, home: House) -> None:
    client.login(username="omar", password=PASSWORD)
    page = client.get("/audit/").content.decode()
    assert "Admin Adler</b> gave" in page
    assert "Rita Falk the role of risk owner" in page
    assert "opened the project" in page
    assert "Claims notes" not in page
