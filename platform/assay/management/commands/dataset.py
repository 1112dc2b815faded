"""What registration would say, without registering: `assay dataset profile FILE` of a file of rows,
`assay dataset scan FILE` of the personal data and secrets in it, `assay dataset describe FILE` of a description."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assay.rendering import numerals
from governance.foundation.core.canonical import digest_of_file
from governance.foundation.core.errors import Unusable
from governance.materials.datasets import provenance
from governance.materials.datasets.exchange.reading import LARGEST, read
from preparation.containers import CONTAINERS
from preparation.examination import examine
from preparation.findings import Refused
from preparation.formats import FORMATS
from preparation.persons import measuring
from preparation.persons.kinds import KINDS
from preparation.persons.names import Names, NoModel
from preparation.persons.scanning import scan
from preparation.quality.asked import Asked, Source
from preparation.quality.profiling import measure
from preparation.quality.seen import NotMeasurable
from preparation.reading import AUTO, Reading

SCHEMA = "assay.dataset-profile/1"
DESCRIPTION_SCHEMA = "assay.description/1"
NOT_USABLE = 2


class Command(BaseCommand):
    help = "Look at a file of rows, or at a description. Exit code 0: it can be used; 2: it cannot."
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
        one.add_argument("--tokenizer", type=Path, metavar="FOLDER", help="whose tokens are counted (tokenizer.json)")
        one.add_argument("--limit", type=int, metavar="TOKENS", help="where rows are cut; counted with a tokenizer")
        one.add_argument(
            "--against", type=Path, action="append", default=[], metavar="FILE", help="other rows; may be given again"
        )
        one.add_argument("--json", action="store_true", help="print one JSON object")

        persons = verbs.add_parser("scan", help="look for personal data and secrets in every column of every row")
        persons.add_argument("file", type=Path, metavar="FILE")
        persons.add_argument("--container", choices=[AUTO, *CONTAINERS], default=AUTO, help="what the rows lie in")
        persons.add_argument("--names", type=Path, metavar="FOLDER", help="a spaCy model that finds names and places")
        persons.add_argument("--json", action="store_true", help="print one JSON object")

        two = verbs.add_parser("describe", help="read somebody's description: Croissant, dataset card, datasheet, JSON")
        two.add_argument("file", type=Path, metavar="FILE")
        two.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, verb: str, file: Path, **options: Any) -> None:
        if verb == "describe":
            said = description(file)
            self.stdout.write(_json(said) if options["json"] else description_in_words(said))
            return
        if verb == "scan":
            seen = scanned(file, options["container"], options["names"])
            self.stdout.write(_json(seen) if options["json"] else scan_in_words(seen))
            return
        reading = Reading(options["container"], options["format"], _columns(options["column"]))
        asked = Asked(options["tokenizer"], options["limit"], tuple(Source(p.name, p) for p in options["against"]))
        found = report(file, reading, asked)
        self.stdout.write(_json(found) if options["json"] else in_words(found))
        if not found["sound"]:
            sys.exit(NOT_USABLE)


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def scanned(path: Path, container: str, model: Path | None) -> dict[str, Any]:
    """What is in the file, with masked samples, never a value. Raises CommandError for what cannot be looked into."""
    try:
        found = scan(path, container, names=Names(model) if model else None).to_json()
        sha256, size = digest_of_file(path)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}. Give the path of a file that is there."
        raise CommandError(message, returncode=NOT_USABLE) from None
    except (Refused, NoModel) as refused:
        cure = getattr(refused, "cure", "")
        raise CommandError(f"{path.name}: {refused} {cure}".strip(), returncode=NOT_USABLE) from None
    return found | {"file": path.name, "sha256": sha256, "bytes": size}


def scan_in_words(found: dict[str, Any]) -> str:
    """What a scan found, for a terminal."""
    lines = [
        f"{found['file']}  {numerals.size(found['bytes'])}  sha256 {found['sha256']}",
        f"rows      {found['rows']:,}, {found['rows_with']:,} of them hold any of it",
    ]
    if found["rows_unread"]:
        lines.append(f"unread    {found['rows_unread']:,} rows could not be read and were not looked into")
    for one in found["kinds"]:
        reliable = measuring.can_be_relied_on(one["kind"])
        note = {True: "", False: "; do not rely on: most of it is missed", None: "; recall not measured"}[reliable]
        lines.append(f"found     {one['count']:>7,} × {KINDS[one['kind']].title}, in {one['rows']:,} rows{note}")
        lines += [f"            {sample}" for sample in one["samples"]]
    if not found["kinds"]:
        lines.append("found     nothing of what was looked for")
    lines += [f"not looked for: {what}" for what in found["not_looked_for"]]
    return "\n".join(lines)


def description(path: Path) -> dict[str, Any]:
    """What the description says, each answer with its place. Raises CommandError for what is none."""
    try:
        with path.open("rb") as handle:
            found = read(handle.read(LARGEST + 1))
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}. Give the path of a file that is there."
        raise CommandError(message, returncode=NOT_USABLE) from None
    except Unusable as refused:
        raise CommandError(f"{path}: {refused}", returncode=NOT_USABLE) from None
    return {
        "schema": DESCRIPTION_SCHEMA,
        "file": path.name,
        "kind": found.kind,
        "name": found.name.value if found.name else None,
        "summary": found.summary.value if found.summary else None,
        "licence": found.licence.value if found.licence else None,
        "licence_told": found.licence_told,
        "provenance": found.values(),
        "found_in": dict(found.found_in()),
        "findings": [{"where": one.where, "message": one.message, "cure": one.cure} for one in found.findings],
    }


def description_in_words(said: dict[str, Any]) -> str:
    """The same for a terminal."""
    lines = [f"{said['file']}  {said['kind']}", f"name      {said['name'] or 'not said'}"]
    lines += [f"licence   {said['licence'] or 'not said'}"]
    lines += [f"told      {one['where']}: {one['says']}" for one in said["licence_told"]]
    for name in said["provenance"]:
        lines += [f"{name} (from {said['found_in'][name]})"]
        lines += [f"  {line}" for line in provenance.words(said["provenance"], name).splitlines()]
    if said["findings"]:
        lines.append(f"findings  {len(said['findings']):,}")
        lines += [f"  {one['where']}: {one['message']} {one['cure']}".rstrip() for one in said["findings"]]
    missing = [one.ask for one in provenance.unanswered(said["provenance"])]
    return "\n".join([*lines, *(f"needed    {ask}" for ask in missing)])


def report(path: Path, reading: Reading, asked: Asked) -> dict[str, Any]:
    """The file's inspection and, where every row can be used, its profile and quality.

    Raises CommandError for no file, and for what the quality cannot be measured with.
    """
    try:
        found = examine(path, reading)
        sha256, size = digest_of_file(path)
        quality = measure(path, reading, asked) if found.sound else None
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}. Give the path of a file that is there."
        raise CommandError(message, returncode=NOT_USABLE) from None
    except NotMeasurable as refused:
        raise CommandError(str(refused), returncode=NOT_USABLE) from None
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
        "quality": quality,
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
    lines += ["", "checklist"]
    for one in found["quality"]["checklist"]:
        lines += [f"  {one['state'].replace('-', ' '):<13}{one['ask']} {one['reason']}"]
        rows = ", ".join(f"{number:,}" for number in one["rows"])
        lines += [f"{'':<15}{one['cure']}{f' For example rows {rows}.' if rows else ''}"] if one["cure"] else []
    return "\n".join(lines)


def _place(finding: dict[str, Any]) -> str:
    place = "file" if finding["row"] is None else f"row {finding['row']:,}"
    return f"{place}, {finding['field']}" if finding["field"] else place


def _lengths(found: dict[str, Any]) -> str:
    return (
        f"{found['min']:,} to {found['max']:,} characters, median {found['median']:,}, "
        f"90 % between {found['p05']:,} and {found['p95']:,}"
    )
