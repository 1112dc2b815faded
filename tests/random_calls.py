"""Calls of the API that its own schema allows, made up by schemathesis: on a house's own records, by several people."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import schemathesis
from django.db import transaction
from django.urls import Resolver404, resolve
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core import NOT_SET

from tests.routes import Everything, Route

# Makes, decides, audits by engagement, administers; and who has not signed in.
WHO = ("ada", "cleo", "orla", "admin")
NOBODY = "nobody"


@dataclass
class Outcome:
    """What came of many calls. `faults` name the call; a sound API has none."""

    calls: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def look(self, who: str, what: str, response: Any) -> None:
        self.calls += 1
        status = response.status_code
        self.statuses[status] += 1
        problem = response.headers.get("Content-Type", "").startswith("application/problem+json")
        if status >= 500:
            self.faults.append(f"{who}: {what} gave {status}: {response.content[:200]!r}")
        elif status >= 400 and not (problem and json.loads(response.content)["status"] == status):
            self.faults.append(f"{who}: {what} gave {status} and is no problem+json")
        elif who == NOBODY and status != 401:
            self.faults.append(f"{what} gave {status} to somebody who has not signed in")


def document() -> dict[str, Any]:
    """The API's own description of itself."""
    return dict(SchemaGenerator().get_schema(request=None, public=True))


def operations(document: dict[str, Any]) -> Iterator[Any]:
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        yield found.ok()


def call(house: Everything, operation: Any, people: tuple[str, ...], examples: int, outcome: Outcome) -> None:
    """`examples` calls of one operation, each by all of `people`; whatever they did is undone."""

    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def each(case: Any) -> None:
        address = _address(house, case)
        for who in people:
            with transaction.atomic():
                response = _sent(house.client(who, api=True), case, address)
                outcome.look(who, f"{case.method} {address} {_short(case.body)}", response)
                transaction.set_rollback(True)

    each()


def _address(house: Everything, case: Any) -> str:
    """On the house's own record where there is one, with the query as it was made up."""
    made_up = case.formatted_path
    try:
        found = resolve(made_up)
        route = Route(found.view_name, tuple(found.kwargs))
        path = house.address(route, case.method).partition("?")[0]
    except (Resolver404, KeyError, ValueError):
        path = made_up
    return f"{path}?{urlencode(case.query, doseq=True)}" if case.query else path


def _sent(client: Any, case: Any, address: str) -> Any:
    if case.body is NOT_SET:
        return client.generic(case.method, address)
    if case.media_type == "application/json":
        headers = {"HTTP_IF_MATCH": "*"} if case.method == "PATCH" else {}
        return client.generic(case.method, address, json.dumps(case.body), content_type="application/json", **headers)
    return client.generic(case.method, address, b"--x\r\n", content_type=f"{case.media_type}; boundary=x")


def _short(body: Any) -> str:
    return "" if body is NOT_SET else repr(body)[:160]
