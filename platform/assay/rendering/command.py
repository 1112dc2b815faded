"""`python -m assay.rendering IN.json OUT`: one file from one frozen document, in a process of its own.

IN holds `{"document_kind", "document", "seal"?, "format"?}`; the format is that of OUT's name where none is given.
On success the exit code is 0 and standard output tells the renderer as one line of JSON; otherwise the reason stands
on standard error and the exit code is 1 (2 where the input cannot be used). Nothing here knows a database.
"""

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings


def main(arguments: list[str] | None = None) -> None:
    """Run the command; ends the process."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 2:
        sys.exit(_refusal("usage: python -m assay.rendering IN.json OUT"))
    if not settings.configured:
        # Templates and pictures ask for a translation; documents are frozen in the language they were written in.
        settings.configure(USE_I18N=False, USE_TZ=True)
    source, target = Path(given[0]), Path(given[1])
    try:
        asked = read(source)
    except (OSError, ValueError) as error:
        sys.exit(_refusal(f"{source.name} cannot be used: {error}"))
    from assay.rendering.files import UnknownDocument, render, renderer

    file_format = asked.get("format") or target.suffix.lstrip(".")
    try:
        made = render(asked["document_kind"], asked["document"], file_format, asked.get("seal"))
    except UnknownDocument as error:
        sys.exit(_refusal(str(error)))
    part = target.with_name(target.name + ".part")
    part.write_bytes(made)
    part.replace(target)
    sys.stdout.write(json.dumps(renderer()) + "\n")


def read(source: Path) -> dict[str, Any]:
    """The input. Raises OSError, and ValueError for what is no JSON object with a kind and a document."""
    asked = json.loads(source.read_text(encoding="utf-8"))
    if not isinstance(asked, dict) or not isinstance(asked.get("document"), dict) or "document_kind" not in asked:
        raise ValueError("it must be an object with document_kind and document")
    return asked


def _refusal(message: str) -> int:
    sys.stderr.write(message + "\n")
    return 2
