"""Cursor pages: stable while rows are added."""

from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class CursorPages(CursorPagination):
    """By time of birth, newest first. A cursor is opaque; one that we did not make is refused as such."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering = "-created_at"
    offset_cutoff = 10_000

    def decode_cursor(self, request: Request) -> Any:
        try:
            cursor = super().decode_cursor(request)
        except NotFound as error:
            raise _not_ours() from error
        if cursor is not None and cursor.position is not None and not self.is_position(str(cursor.position)):
            raise _not_ours()
        return cursor

    @staticmethod
    def is_position(text: str) -> bool:
        """Whether `text` is a value of the column that the pages are ordered by."""
        try:
            return parse_datetime(text) is not None
        except ValueError:
            return False


class EntryPages(CursorPages):
    """By number in the trail, newest first."""

    ordering = "-seq"

    @staticmethod
    def is_position(text: str) -> bool:
        return text.isascii() and text.isdigit() and len(text) < 19


def _not_ours() -> ValidationError:
    return ValidationError({"cursor": [_("This is no cursor of these pages; begin again without one.")]})
