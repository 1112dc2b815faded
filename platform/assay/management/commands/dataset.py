"""`assay dataset profile FILE`: what registration would say about a file, without registering it."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assay.rendering import numerals
from governance.foundation.core.canonical import digest_of_file
from governance.materials.datasets.profile import profile
from preparation import rows as reading

SCHEMA = "assay.dataset-profile/1"
SHOWN = 100
NOT_SOUND, UNREADABLE = 1, 2


class Command(BaseCommand):
    help = "Check and profile a file of training rows. Exit code 0: sound, 1: some rows cannot be used, 2: unreadable."
    # No database and no settings of ours are looked at: the file alone is.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        one = verbs.add_parser("profile", help="check every row, then count, measure and compare")
        one.add_argument("file", type=Path, metavar="FILE")
        one.add_argument("--format", choices=["auto", *reading.FORMATS], default="auto")
        one.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, file: Path, format: str, **options: Any) -> None:
        found = examine(file, format)
        self.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) if options["json"] else in_words(found))
        if not found["sound"]:
            sys.exit(NOT_SOUND)


def examine(path: Path, format: str) -> dict[str, Any]:
    """The file's inspection and, where every row can be used, its profile. Raises CommandError for no file."""
    try:
        inspection = reading.inspect(path, format, max_findings=SHOWN)
        sha256, size = digest_of_file(path)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}. Give the path of a file that is there."
        raise CommandError(message, returncode=UNREADABLE) from None
    measured = None
    if inspection.sound:
        rows = reading.read_rows(path, inspection.format or format)
        measured = profile(row for row in rows if isinstance(row, reading.Row))
    return {
        "schema": SCHEMA,
        "file": path.name,
        "sha256": sha256,
        "bytes": size,
        "sound": inspection.sound,
        "format": inspection.format,
        "format_evidence": inspection.evidence,
        "columns": [{"name": c.name, "rows": c.rows, "used": c.used} for c in inspection.columns],
        "findings_total": inspection.findings_total,
        "findings": [
            {"row": f.row, "field": f.field, "message": f.message, "cure": f.cure} for f in inspection.findings
        ],
        "profile": measured,
    }


def in_words(found: dict[str, Any]) -> str:
    """What `examine` found, for a terminal."""
    lines = [
        f"{found['file']}  {numerals.size(found['bytes'])}  sha256 {found['sha256']}",
        f"format    {found['format'] or 'not known'}: {found['format_evidence']}",
    ]
    lines += [
        f"column    {column['name']}: {column['rows']:,} rows{'' if column['used'] else ', not read in training'}"
        for column in found["columns"]
    ]
    measured = found["profile"]
    if measured is None:
        lines.append(f"findings  {found['findings_total']:,}; nothing was measured, because not every row can be used")
        lines += [f"  {_place(finding)}: {finding['message']} {finding['cure']}" for finding in found["findings"]]
        if left := found["findings_total"] - len(found["findings"]):
            lines.append(f"  and {left:,} more. Mend these first, then try again.")
        return "\n".join(lines)
    lines += [
        f"rows      {measured['rows']:,}",
        f"asked     {_lengths(measured['prompt_characters'])}",
        f"learnt    {_lengths(measured['answer_characters'])}",
        f"twice     {measured['exact_duplicates']:,} rows repeat an earlier one",
        f"contrary  {measured['contradicting_inputs']:,} inputs have more than one answer",
    ]
    return "\n".join(lines)


def _place(finding: dict[str, Any]) -> str:
    place = "file" if finding["row"] is None else f"row {finding['row']:,}"
    return f"{place}, {finding['field']}" if finding["field"] else place


def _lengths(found: dict[str, Any]) -> str:
    return (
        f"{found['min']:,} to {found['max']:,} characters, median {found['median']:,}, "
        f"90 % between {found['p05']:,} and {found['p95']:,}"
    )
