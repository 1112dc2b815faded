"""Who calls the API in tests: by a token, as machines do, or by a session, as the pages do."""

import json
from typing import Any

from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from knox.models import AuthToken
from rest_framework.test import APIClient

from governance.foundation.core.actor import Actor
from tests import factories
from tests.people import PASSWORD

API = "/api/v1"


def by_token(actor: Actor, **kwargs: Any) -> APIClient:
    """A client that holds one of `actor`'s tokens and nothing else."""
    _, token = AuthToken.objects.create(user=get_user_model().objects.get(pk=actor.user_id))
    client = APIClient(**kwargs)
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client


def by_session(actor: Actor, **kwargs: Any) -> APIClient:
    """A client that signed in with a password, as a browser does."""
    client = APIClient(**kwargs)
    assert client.login(username=actor.username, password=PASSWORD)
    return client


def proof(client: APIClient, sha256: str, verdict: str = "approve", password: str = PASSWORD, **choice: Any) -> Any:
    """The answer to showing anew who one is."""
    body = {"password": password, "subject_sha256": sha256, "verdict": verdict}
    if choice:
        body["choice"] = choice
    return client.post(f"{API}/reauthentications/", body)


def decide(client: APIClient, approval: str, verdict: str = "approve", reason: str = "Looked at it.") -> Any:
    """Look a request up, show anew who one is, decide: the three calls of a decision."""
    asked = client.get(f"{API}/approvals/{approval}/").json()
    shown = proof(client, asked["subject"]["sha256"], verdict)
    assert shown.status_code == 201, shown.content
    body = {"verdict": verdict, "reason": reason, "proof": shown.json()["proof"]}
    return client.post(f"{API}/approvals/{approval}/decisions/", body)


def rows(count: int = 40) -> SimpleUploadedFile:
    """A sound chat file with `count` rows."""
    text = "".join(factories.row(number) for number in range(count))
    return SimpleUploadedFile("desk.jsonl", text.encode(), content_type="application/jsonl")


def upload(client: APIClient, dataset: str, file: SimpleUploadedFile, **given: Any) -> Any:
    """The answer to registering `file` as the next version of `dataset`."""
    return client.post(f"{API}/datasets/{dataset}/versions/", version_of(file, **given), format="multipart")


def version_of(file: SimpleUploadedFile, **given: Any) -> dict[str, Any]:
    """The parts of a version with `file`, all in order but for what is `given`."""
    return {"file": file, "licence": "CC0-1.0", "provenance": json.dumps(factories.PROVENANCE), **given}
