"""Two people may edit: each says by `If-Match` which state the edit was made on, and the later one is told."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.request import Request

from assay.api.errors import PreconditionFailed, PreconditionRequired
from governance.foundation.core.records import Record


def etag(row: Record) -> str:
    """The record digest as an entity tag: it changes exactly when an approval of the thing would fall."""
    return f'"{row.content_digest}"'


@contextmanager
def unchanged(request: Request, row: Record) -> Iterator[None]:
    """Hold `row` as it is, in one transaction with the edit. Raises PreconditionRequired, PreconditionFailed."""
    asked = request.headers.get("If-Match", "").strip()
    if not asked:
        raise PreconditionRequired(_("Send the ETag that you read as If-Match, so that nobody's edit is lost."))
    with transaction.atomic():
        now = type(row)._default_manager.select_for_update().get(pk=row.pk)
        if asked != "*" and etag(now) not in [tag.strip() for tag in asked.split(",")]:
            raise PreconditionFailed(_("It changed since you read it. Read it again, then repeat your edit."))
        yield
