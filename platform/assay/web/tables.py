"""Tables as files that a spreadsheet opens."""

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse


def as_csv(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A download called `name`.csv."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    table = csv.writer(response)
    table.writerow(head)
    for row in rows:
        table.writerow([_plain("" if cell is None else str(cell)) for cell in row])
    return response


def _plain(cell: str) -> str:
    """A text that a spreadsheet takes for a formula is told that it is none."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
