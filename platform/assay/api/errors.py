"""Every refusal as problem+json (RFC 9457); the sentence is the one that the page shows."""

import logging
import uuid
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from governance.foundation.core.errors import GateClosed, Refusal, Unusable

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TITLES = {
    "not-allowed": "Not allowed",
    "not-found": "Not found",
    "wrong-state": "Not now",
    "stale-subject": "It changed meanwhile",
    "gate-closed": "The gate is closed",
    "unusable": "This cannot be used",
    "permission-denied": "Not allowed",
    "not-authenticated": "Who are you?",
    "authentication-failed": "Who are you?",
    "throttled": "Too often",
    "internal": "Something broke here",
    "busy": "Try again in a moment",
}
BUSY_SECONDS = 2


class TooLarge(exceptions.APIException):
    """The body is larger than what is read here; nothing of it was read."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too-large"


class PreconditionRequired(exceptions.APIException):
    """An edit must say which state it was made on."""

    status_code = status.HTTP_428_PRECONDITION_REQUIRED
    default_code = "precondition-required"


class PreconditionFailed(exceptions.APIException):
    """Somebody else edited it since it was read."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "precondition-failed"


class KeyReused(exceptions.APIException):
    """An idempotency key names one request for ever."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "idempotency-key-reused"


class StillAnswering(exceptions.APIException):
    """The first request under an idempotency key has not been answered yet."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "idempotency-key-in-use"
    wait = 1  # seconds


class FaultSerializer(serializers.Serializer[Any]):
    """One thing that is wrong with what was handed in."""

    field = serializers.CharField(help_text="Where it is, as a dotted path; empty for the body itself.")
    message = serializers.CharField()
    cure = serializers.CharField(allow_blank=True)
    row = serializers.IntegerField(required=False, help_text="The row of an uploaded file, counted from 1.")


class MissingSerializer(serializers.Serializer[Any]):
    """One thing that keeps a gate shut."""

    what = serializers.CharField()
    cure = serializers.CharField(allow_blank=True)
    kind = serializers.CharField(allow_blank=True, help_text="The noun of the record where it is mended.")
    id = serializers.CharField(allow_blank=True)


class ProblemSerializer(serializers.Serializer[Any]):
    """A refusal after RFC 9457. `faults` stands with 422, `missing` with a closed gate, `reference` with 5xx."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    faults = FaultSerializer(many=True, required=False)
    missing = MissingSerializer(many=True, required=False)
    reference = serializers.CharField(required=False, help_text="What the operator finds in the log.")


def problem(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: what nobody intended is logged with a reference and says nothing of itself."""
    if isinstance(error, Refusal):
        body = _of_refusal(error)
        context["request"]._request.refused = error  # for what is put on record beside the answer
    elif isinstance(error, Http404):
        body = _body("not-found", status.HTTP_404_NOT_FOUND, _("There is no such record, or it is not yours to see."))
    elif isinstance(error, PermissionDenied):
        body = _body("not-allowed", status.HTTP_403_FORBIDDEN, str(error) or _("This is not yours to do."))
    elif isinstance(error, SuspiciousOperation):
        body = _body("bad-request", status.HTTP_400_BAD_REQUEST, _("This request cannot be read."))
    elif isinstance(error, exceptions.APIException):
        body = _of_framework(error)
    else:
        body = _of_accident(error, context)
    set_rollback()
    return Response(body, status=body["status"], headers=_headers(error), content_type=MEDIA_TYPE)


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if isinstance(error, OperationalError):
        headers["Retry-After"] = str(BUSY_SECONDS)
    return headers


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


def _of_accident(error: Exception, context: dict[str, Any]) -> dict[str, Any]:
    """A 500, or a 503 when the database was out of reach. The details go to the log, never into the answer."""
    reference = uuid.uuid4().hex[:12]
    request = context.get("request")
    where = f"{request.method} {request.path}" if request is not None else "?"
    log.error("%s: unanswered, reference %s", where, reference, exc_info=error)
    got_request_exception.send(sender=type(context.get("view")), request=getattr(request, "_request", None))
    if isinstance(error, OperationalError):
        body = _body("busy", status.HTTP_503_SERVICE_UNAVAILABLE, _("The database could not take this now."))
    else:
        body = _body(
            "internal",
            status.HTTP_500_INTERNAL_SERVER_ERROR,
            _("Nothing was changed. Tell the operator the reference."),
        )
    body["reference"] = reference
    return body


def _faults(detail: Any, prefix: str = "") -> Iterator[dict[str, str]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            whole = name == "non_field_errors"
            yield from _faults(inner, prefix if whole else f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(detail, list):
        for at, inner in enumerate(detail):
            # A list of dicts is one entry per item; a list of sentences is several faults of one field.
            yield from _faults(inner, f"{prefix}.{at}" if isinstance(inner, dict) else prefix)
    else:
        yield {"field": prefix, "message": str(detail), "cure": ""}


def _body(code: str, http_status: int, detail: str) -> dict[str, Any]:
    title = TITLES.get(code, code.replace("-", " ").capitalize())
    return {"type": f"urn:assay:problem:{code}", "title": title, "status": http_status, "detail": detail}
