"""Every refusal as problem+json (RFC 9457); the sentence is the one that the page shows."""

import logging
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from governance.foundation.core.errors import GateClosed, Refusal, Unusable

log = logging.getLogger(__name__)

TITLES = {
    "not-allowed": "Not allowed",
    "not-found": "Not found",
    "wrong-state": "Not now",
    "stale-subject": "It changed meanwhile",
    "gate-closed": "The gate is closed",
    "unusable": "This cannot be used",
}


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. Anything that is nobody's intention stays an exception and becomes a logged 500."""
    if isinstance(error, Refusal):
        body = _of_refusal(error)
    elif isinstance(error, Http404):
        body = _body("not-found", status.HTTP_404_NOT_FOUND, "There is no such record, or it is not yours to see.")
    elif isinstance(error, exceptions.APIException):
        body = _of_framework(error)
    else:
        return None
    set_rollback()
    headers = {}
    if isinstance(error, exceptions.APIException) and getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header
    return Response(body, status=body["status"], headers=headers, content_type="application/problem+json")


def _of_refusal(error: Refusal) -> dict[str, Any]:
    body = _body(error.code, error.status, str(error))
    if isinstance(error, Unusable):
        body["faults"] = [
            {"field": f.field, "message": f.message, "cure": f.cure, **({"row": f.row} if f.row is not None else {})}
            for f in error.faults
        ]
    if isinstance(error, GateClosed):
        body["missing"] = [{"what": m.what, "cure": m.cure, "kind": m.kind, "id": m.id} for m in error.missing]
    return body


def _of_framework(error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        body = _body("unusable", status.HTTP_422_UNPROCESSABLE_ENTITY, _("Some fields cannot be used."))
        body["faults"] = list(_faults(error.detail))
        return body
    return _body(str(error.default_code).replace("_", "-"), error.status_code, str(error.detail))


def _faults(detail: Any, prefix: str = "") -> Any:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _faults(inner, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _faults(inner, prefix)
    else:
        yield {"field": prefix, "message": str(detail), "cure": ""}


def _body(code: str, http_status: int, detail: str) -> dict[str, Any]:
    title = TITLES.get(code, code.replace("-", " ").capitalize())
    return {"type": f"urn:assay:problem:{code}", "title": title, "status": http_status, "detail": detail}
