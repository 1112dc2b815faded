"""The OpenAPI document is whole, and what is answered is what it says."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from django.core.management import call_command
from django.urls import reverse

from governance.foundation.audit import heads, keys
from tests.callers import API, by_token
from tests.routes import everything, routes

KEYLESS = ("reauthentications", "searches", "look-behind")  # a secret is told or taken: nothing of it is kept

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """As `manage.py spectacular` writes it; any warning fails."""
    target: Path = tmp_path_factory.mktemp("schema") / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(target))
    return dict(yaml.safe_load(target.read_text(encoding="utf-8")))


def json_schema(node: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema: `nullable` is one more type."""
    if isinstance(node, list):
        return [json_schema(each) for each in node]
    if not isinstance(node, dict):
        return node
    inner = {key: json_schema(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if node.get("nullable") is True else inner


def test_every_route_of_the_router_is_described(document: dict[str, Any]) -> None:
    described = {path for path in document["paths"]}
    undescribed = {"api:schema", "api:no-such-route"}
    expected = sum(route.is_api and route.name not in undescribed for route in routes())
    assert len(described) == expected


def test_every_operation_may_end_in_a_problem_and_every_act_takes_a_key(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            problem = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
            assert problem == {"$ref": "#/components/schemas/Problem"}, f"{method} {path}"
            headers = {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
            keyed = method == "post" and not any(one in path for one in KEYLESS)
            assert ("Idempotency-Key" in headers) is keyed, f"{method} {path}"
            assert ("If-Match" in headers) is (method == "patch"), f"{method} {path}"


def test_what_is_answered_is_what_the_document_says(document: dict[str, Any]) -> None:
    house = everything()
    keys.ready()
    head = heads.sign()  # only what is signed has a proof
    assert head is not None
    signed = {"api:audit-head-detail": reverse("api:audit-head-detail", args=[head.size])}
    ada, stranger = by_token(house.home.ada), by_token(house.home.dev)
    paula, cleo = by_token(house.home.paula), by_token(house.home.cleo)  # Ada is told of neither
    instead = {"api:search-list": paula, "api:search-detail": paula, "api:engagement-readings": cleo}
    instead |= {"api:access-review-access": by_token(house.home.admin), "api:access-review-detail": cleo}
    instead |= {"api:notification-detail": by_token(house.home.rita)}
    components = json_schema(document["components"])
    checked = 0
    for route in routes():
        if not route.is_api or route.name in ("api:schema", "api:no-such-route", "api:engagement-report"):
            continue  # an open engagement has no report
        address = signed.get(route.name) or house.address(route, "GET")
        operation = document["paths"][_template(document, address.partition("?")[0])].get("get", {})
        described = operation.get("responses", {}).get("200", {}).get("content", {})
        if "application/json" not in described or "schema" not in described["application/json"]:
            continue
        if described["application/json"]["schema"].get("format") == "binary":
            continue
        answer = instead.get(route.name, ada).get(address)
        assert answer.status_code == 200, f"{route.name}: {answer.content[:300]!r}"
        schema = {**json_schema(described["application/json"]["schema"]), "components": components}
        jsonschema.Draft202012Validator(schema).validate(answer.json())
        refused = stranger.get(address)
        if refused.status_code == 404:
            problem = {"$ref": "#/components/schemas/Problem", "components": components}
            jsonschema.Draft202012Validator(problem).validate(refused.json())
        checked += 1
    assert checked > 30


def _template(document: dict[str, Any], address: str) -> str:
    """The path of the document that `address` is an instance of; a literal step goes before a parameter."""
    steps = address.strip("/").split("/")
    fitting = [
        path
        for path in document["paths"]
        if len(path.strip("/").split("/")) == len(steps)
        and all(a.startswith("{") or a == b for a, b in zip(path.strip("/").split("/"), steps, strict=True))
    ]
    assert fitting, f"not described: {address}"
    return min(fitting, key=lambda path: path.count("{"))


def test_the_document_is_served_to_anybody(client: Any) -> None:
    served = client.get(f"{API}/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert served.status_code == 200
    assert served.json()["info"]["title"] == "Assay"
