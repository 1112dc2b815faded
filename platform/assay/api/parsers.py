"""What a body may be. Its size is known before anything of it is read, and its JSON is what every later step
can hold: no NaN, no number that a double cannot keep, no NUL, no half of a character, no bottomless nesting."""

import json
import math
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.serializers import Field

from assay.api.errors import TooLarge
from governance.foundation.core.canonical import LARGEST_EXACT

JSON_LIMIT = 2 * 1024 * 1024  # bytes
FIELDS_BESIDE_A_FILE = 1024 * 1024  # bytes
DEEPEST = 32


class JsonBody(BaseParser):
    """application/json, strictly."""

    media_type = "application/json"

    @staticmethod
    def limit() -> int:
        return JSON_LIMIT

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Raises ParseError, and TooLarge for a stream that goes on behind the limit."""
        data = stream.read(JSON_LIMIT + 1)
        if len(data) > JSON_LIMIT:
            raise too_large(JSON_LIMIT)
        try:
            return parsed(data.decode("utf-8-sig"))
        except ValueError as error:
            raise ParseError(_("This is not JSON that can be used: %(why)s") % {"why": error}) from None


class UploadBody(MultiPartParser):
    """multipart/form-data with one file; the parts go to temporary files, never into memory."""

    @staticmethod
    def limit() -> int:
        return int(settings.ASSAY_UPLOAD_LIMIT) + FIELDS_BESIDE_A_FILE


class JsonPart(Field[Any, Any, Any, Any]):
    """JSON as a part of a multipart body: a text, or a small file of its own."""

    def to_internal_value(self, data: Any) -> Any:
        if hasattr(data, "read"):
            data = data.read(FIELDS_BESIDE_A_FILE + 1)
            if len(data) > FIELDS_BESIDE_A_FILE:
                raise ValidationError(_("This part is too long."))
        try:
            return parsed(data.decode("utf-8-sig") if isinstance(data, bytes) else str(data))
        except ValueError as error:
            raise ValidationError(_("This is not JSON that can be used: %(why)s") % {"why": error}) from None

    def to_representation(self, value: Any) -> Any:
        return value


def refuse_too_large(request: Request, limit: int) -> None:
    """Raises TooLarge by what the request says of itself, before a byte of its body is read.

    A body without a stated length is not read at all (WSGI gives none of it).
    """
    try:
        stated = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise ParseError(_("The length of the body is not a number.")) from None
    if stated > limit:
        raise too_large(limit)


def too_large(limit: int) -> TooLarge:
    return TooLarge(_("At most %(limit)s MiB are taken here; nothing was read.") % {"limit": limit // 1024**2})


def parsed(text: str) -> Any:
    """`text` as JSON whose values every later step can hold. Raises ValueError that says what and where."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels") from None
    _check(value, "", 0)
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _check(value: Any, where: str, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels")
    match value:
        case str():
            _check_text(value, where)
        case bool() | None:
            pass
        case int() | float():
            _check_number(value, where)
        case dict():
            for key, inner in value.items():
                _check_text(key, where)
                _check(inner, f"{where}.{key}" if where else key, depth + 1)
        case list():
            for at, inner in enumerate(value):
                _check(inner, f"{where}.{at}" if where else str(at), depth + 1)


def _check_text(text: str, where: str) -> None:
    if "\x00" in text:
        raise ValueError(f"{where or 'the body'} holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{where or 'the body'} holds half of a surrogate pair") from None


def _check_number(number: float, where: str) -> None:
    try:
        kept = float(number)
    except OverflowError:
        kept = math.inf
    if not math.isfinite(kept) or (abs(number) > LARGEST_EXACT and kept != number):
        raise ValueError(f"{where or 'the body'} holds a number that cannot be kept exactly")
