"""`Idempotency-Key` on POST: a request that is repeated is answered as the first one was, and done once.

The key is claimed in a transaction of its own; the act and its answer are then one transaction, so that a
process that dies in between leaves neither. What was refused changed nothing, so its key is free again.
"""

import uuid
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api import parsers
from assay.api.errors import KeyReused, StillAnswering
from assay.api.models import KeptAnswer
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import digest, digest_of_file

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)
# Longer than any answer takes: whoever claimed a key and has not answered by then is gone.
CLAIM_LASTS = timedelta(minutes=15)
LONGEST_KEY = 200

Handler = Callable[..., Response]


def once(handler: Handler, *, slow: bool, still: Callable[[str], object]) -> Handler:
    """`handler`, done once per key. `still` raises NotFound where its answer's address may not be seen any more.

    `slow` acts read files for minutes before they write; they must not hold the database meanwhile, and
    bring their own proof against doubles (the same bytes are not registered twice).
    """

    def answered(request: Request, *args: Any, **kwargs: Any) -> Response:
        row = _claim(request)
        if row.status is not None:
            still(row.headers.get("Location", request.path))
            return _replayed(row)
        try:
            with nullcontext() if slow else transaction.atomic():
                response = handler(request, *args, **kwargs)
                _keep(row, response, slow=slow)
            return response
        except BaseException:
            KeptAnswer.objects.filter(pk=row.pk, claim=row.claim, status=None).delete()
            raise

    return answered


def forget(now: datetime, answers: QuerySet[KeptAnswer] | None = None) -> int:
    """Destroy what was kept long enough, of `answers` or of everybody. Returns how many there were."""
    kept = KeptAnswer.objects.all() if answers is None else answers
    return kept.filter(created_at__lt=now - KEPT_FOR).delete()[0]


def _claim(request: Request) -> KeptAnswer:
    """The row of this request's key: newly ours, or answered. Raises KeyReused, StillAnswering."""
    key, fingerprint = _key(request), _fingerprint(request)
    now = timezone.now()
    person = Actor.of(request.user).person_id
    mine = KeptAnswer.objects.filter(user_id=person)
    forget(now, mine)
    claim = uuid.uuid4()
    row, made = mine.get_or_create(user_id=person, key=key, defaults={"request_sha256": fingerprint, "claim": claim})
    if made:
        return row
    if row.request_sha256 != fingerprint:
        raise KeyReused(_("This key was sent with another request. Take a new key for a new request."))
    if row.status is not None:
        return row
    # Its maker is gone; of several who notice, one takes over.
    gone = mine.filter(pk=row.pk, status=None, claimed_at__lt=now - CLAIM_LASTS)
    if not gone.update(claim=claim, claimed_at=now):
        raise StillAnswering(_("The first request with this key is still being answered. Repeat it in a moment."))
    row.claim = claim
    return row


def _keep(row: KeptAnswer, response: Response, *, slow: bool) -> None:
    body = JSONRenderer().render(response.data).decode() if response.data is not None else ""
    headers = {name: response[name] for name in ("Location", "ETag") if response.has_header(name)}
    kept = KeptAnswer.objects.filter(pk=row.pk, claim=row.claim, status=None).update(
        status=response.status_code, headers=headers, body=body
    )
    if not kept and not slow:
        # Somebody took the key over: this transaction must not happen as well.
        raise StillAnswering(_("This request took too long and was taken over by a repetition."))


def _replayed(row: KeptAnswer) -> Response:
    data = parsers.parsed(row.body) if row.body else None
    return Response(data, status=row.status, headers={**row.headers, "Idempotent-Replayed": "true"})


def _key(request: Request) -> str:
    key = request.headers[HEADER].strip()
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise ValidationError({HEADER: [_("A key is 1 to 200 printable ASCII characters, e.g. a UUID.")]})
    return key


def _fingerprint(request: Request) -> str:
    data = request.data
    body = {name: [_part(v) for v in data.getlist(name)] for name in data} if isinstance(data, QueryDict) else data
    return digest({"method": request.method, "address": request.get_full_path(), "body": body})


def _part(value: "str | UploadedFile[Any]") -> str | dict[str, Any]:
    if not isinstance(value, UploadedFile):
        return value
    value.seek(0)
    sha256, size = digest_of_file(cast(BinaryIO, value))
    value.seek(0)
    return {"name": value.name, "sha256": sha256, "bytes": size}
