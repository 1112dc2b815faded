"""`assay dataset profile FILE`: what registration would say about a file, without registering it."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assay.rendering import numerals
from governance.foundation.core.canonical import digest_of_file
from preparation.containers import CONTAINERS
from preparation.examination import examine
from preparation.formats import FORMATS
from preparation.reading import AUTO, Reading

SCHEMA = "assay.dataset-profile/1"
NOT_USABLE = 2


class Command(BaseCommand):
    help = "Check and profile a file of rows. Exit code 0: every row can be used; 2: the file or a row cannot."
    # No database and no settings of ours are looked at: the file alone is.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        one = verbs.add_parser("profile", help="check every row, then count, measure and compare")
        one.add_argument("file", type=Path, metavar="FILE")
        one.add_argument("--container", choices=[AUTO, *CONTAINERS], default=AUTO, help="what the rows lie in")
        one.add_argument("--format", choices=[AUTO, *FORMATS], default=AUTO, help="what the columns mean")
        one.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help="which column holds a field of the format; may be given again",
        )
        one.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, file: Path, container: str, format: str, column: list[str], **options: Any) -> None:
        found = report(file, Reading(container, format, _columns(column)))
        self.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) if options["json"] else in_words(found))
        if not found["sound"]:
            sys.exit(NOT_USABLE)


def report(path: Path, reading: Reading) -> dict[str, Any]:
    """The file's inspection and, where every row can be used, its profile. Raises CommandError for no file."""
    try:
        found = examine(path, reading)
        sha256, size = digest_of_file(path)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}. Give the path of a file that is there."
        raise CommandError(message, returncode=NOT_USABLE) from None
    seen, resolved = found.inspection, found.inspection.resolved
    return {
        "schema": SCHEMA,
        "file": path.name,
        "sha256": sha256,
        "bytes": size,
        "sound": found.sound,
        "rows": seen.rows,
        "container": resolved.reading.container if resolved else None,
        "format": resolved.reading.format if resolved else None,
        "mapped": dict(resolved.reading.columns) if resolved else {},
        "evidence": resolved.evidence if resolved else None,
        "columns": [{"name": c.name, "rows": c.rows, "used": c.used} for c in seen.columns],
        "findings_total": seen.findings_total,
        "findings": [{"row": f.row, "field": f.field, "message": f.message, "cure": f.cure} for f in seen.findings],
        "profile": found.profile,
    }


def _columns(pairs: list[str]) -> dict[str, str]:
    """FIELD=COLUMN as a mapping. Raises CommandError for what is no pair."""
    columns = {}
    for pair in pairs:
        name, sign, column = pair.partition("=")
        if not (name and sign and column):
            message = f"--column {pair!r} is no pair. Write FIELD=COLUMN, for example prompt=question."
            raise CommandError(message, returncode=NOT_USABLE)
        columns[name] = column
    return columns


def in_words(found: dict[str, Any]) -> str:
    """What `examine` found, for a terminal."""
    lines = [
        f"{found['file']}  {numerals.size(found['bytes'])}  sha256 {found['sha256']}",
        f"format    {found['format'] or 'not known'}{': ' if found['evidence'] else ''}{found['evidence'] or ''}",
    ]
    lines += [f"mapped    {name}: from the column {column}" for name, column in found["mapped"].items()]
    lines += [
        f"column    {column['name']}: {column['rows']:,} rows{'' if column['used'] else ', not read'}"
        for column in found["columns"]
    ]
    measured = found["profile"]
    if measured is None:
        lines.append(f"findings  {found['findings_total']:,}; nothing was measured, because not every row can be used")
        lines += [f"  {_place(finding)}: {finding['message']} {finding['cure']}" for finding in found["findings"]]
        if left := found["findings_total"] - len(found["findings"]):
            lines.append(f"  and {left:,} more. Mend these first, then try again.")
        return "\n".join(lines)
    lines += [f"rows      {measured['rows']:,}"]
    for word, lengths in (("asked", measured["prompt_characters"]), ("learnt", measured["answer_characters"])):
        lines += [f"{word:<10}{_lengths(lengths)}"] if lengths else []
    lines += [f"twice     {measured['exact_duplicates']:,} rows repeat an earlier one"]
    if measured["contradicting_inputs"] is not None:
        lines += [f"contrary  {measured['contradicting_inputs']:,} inputs have more than one answer"]
    return "\n".join(lines)


def _place(finding: dict[str, Any]) -> str:
    place = "file" if finding["row"] is None else f"row {finding['row']:,}"
    return f"{place}, {finding['field']}" if finding["field"] else place


def _lengths(found: dict[str, Any]) -> str:
    return (
        f"{found['min']:,} to {found['max']:,} characters, median {found['median']:,}, "
        f"90 % between {found['p05']:,} and {found['p95']:,}"
    )
