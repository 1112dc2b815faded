"""`assay audit`: whether the trail is whole, what was signed of it, and what keeps it so."""

import json
import sys
from argparse import ArgumentParser
from base64 import b64encode
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error, connection

from assay.management.refusals import spoken
from governance.foundation.audit import checkpoint, guards, heads, keys, selectors, stamps, verification, watch
from governance.foundation.audit.models import TreeHead
from governance.foundation.core.actor import PLATFORM

SOUND, NOT_SOUND, UNREADABLE = 0, 1, 2


class Command(BaseCommand):
    help = "Check the audit trail, sign it, and look after its key and its triggers."
    requires_system_checks = ()  # what is wrong is said in the answer

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(
            dest="verb", required=True, metavar="verify|head|sign|key|rotate-key|adopt|protect|grants"
        )
        verify = verbs.add_parser(
            "verify", help="check every entry, link and signed head; exit code 0 sound, 1 not sound, 2 unreadable"
        )
        verify.add_argument(
            "--head", type=Path, metavar="FILE", help="a checkpoint that you kept: the trail must continue it"
        )
        verify.add_argument(
            "--records", action="store_true", help="compare every record with what the entries say of it"
        )
        head = verbs.add_parser("head", help="the newest signed head, as a checkpoint: keep it elsewhere, to compare")
        for verb in (verify, head):
            verb.add_argument("--json", action="store_true", help="the answer as JSON")
        verbs.add_parser("sign", help="sign the trail as it stands now")
        verbs.add_parser("key", help="make the signing key where there is none; say which one it is")
        rotate = verbs.add_parser("rotate-key", help="sign with a new key from now on, which the old one signs in")
        rotate.add_argument("--lost", action="store_true", help="the old key cannot sign any more: say so in the trail")
        adopt = verbs.add_parser("adopt", help="take records that differ from the trail into it as they stand")
        adopt.add_argument("--because", required=True, metavar="TEXT", help="why they differ; it is kept in the trail")
        verbs.add_parser("protect", help="put the triggers back that keep the trail growing only")
        grants = verbs.add_parser(
            "grants", help="the SQL that gives a PostgreSQL role what the platform needs, no more"
        )
        grants.add_argument("role", metavar="ROLE")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        with spoken():
            code = getattr(self, f"_{verb.replace('-', '_')}")(**options)
        sys.exit(code or 0)

    def _verify(self, *, head: Path | None, records: bool, json: bool, **_: Any) -> int:
        try:
            kept = [checkpoint.parsed(head.read_text(encoding="utf-8"))] if head else []
            found = watch.examine(actor=PLATFORM, kept=kept) if records else verification.verify(kept=kept)
        except (checkpoint.NotACheckpoint, OSError, UnicodeDecodeError, Error) as error:
            self.stderr.write(f"UNREADABLE: {f'{head}: ' if head and not isinstance(error, Error) else ''}{error}")
            return UNREADABLE
        self.stdout.write(_as_json(found) if json else _as_text(found))
        return SOUND if found.sound else NOT_SOUND

    def _head(self, *, json: bool, **_: Any) -> None:
        ends, last = selectors.head(), heads.last()
        if json:
            signed = _told(last) if last else None
            self.stdout.write(_dumped({"end": ends, "signed": signed, "keys": heads.verifier_keys()}))
        elif last is None:
            self.stdout.write("No head was signed yet. Sign one: assay audit sign")
        else:
            self.stdout.write(last.checkpoint, ending="")

    def _sign(self, **_: Any) -> None:
        signed = heads.sign()
        self.stdout.write(signed.checkpoint if signed else "The trail has no entry yet.\n", ending="")

    def _key(self, **_: Any) -> None:
        self._say_key(keys.ready())

    def _rotate_key(self, *, lost: bool, **_: Any) -> None:
        self._say_key(keys.rotate(actor=PLATFORM, old_is_lost=lost))

    def _say_key(self, key: Any) -> None:
        public = bytes.fromhex(key.public_key)
        self.stdout.write(f"key {key.number}, in {keys.path()}: back it up apart from the database")
        self.stdout.write(checkpoint.verifier_key(key.name, public))

    def _adopt(self, *, because: str, **_: Any) -> None:
        count = watch.adopt(actor=PLATFORM, because=because)
        self.stdout.write("1 record is adopted" if count == 1 else f"{count:,} records are adopted")

    def _protect(self, **_: Any) -> None:
        missing = guards.objections(connection)
        guards.install(connection, *guards.UNIQUE)
        for why in missing:
            self.stdout.write(f"mended: {why}")
        self.stdout.write("the triggers are in place")

    def _grants(self, *, role: str, **_: Any) -> int:
        if connection.vendor != "postgresql":
            self.stderr.write("SQLite knows no roles: whoever may write the file may do everything.")
            return NOT_SOUND
        self.stdout.write("\n".join(guards.grants(role)))
        return SOUND


def _told(head: TreeHead) -> dict[str, Any]:
    stamp = stamps.of(head)
    told = None
    if stamp is not None:
        response = b64encode(stamp.response).decode()
        told = {"at": stamp.at, "by": stamp.authority, "signature": stamps.signature(stamp), "response": response}
    return {
        "size": head.size,
        "root": head.root,
        "at": head.at,
        "is_time_signed": head.is_time_signed,
        "checkpoint": head.checkpoint,
        "timestamp": told,
    }


def _as_json(found: verification.Report) -> str:
    return _dumped(
        {
            "schema": "assay.audit-verification/1",
            "sound": found.sound,
            "entries": found.entries,
            "head": found.head,
            "root": found.root,
            "last_at": found.last_at,
            "erased": found.erased,
            "records": found.records,
            "signed_heads": found.heads,
            "last_signed_head": found.last_head,
            "time_stamps": found.stamps,
            "time_stamps_not_checked": found.stamps_unchecked,
            "faults": found.faults,
            "remarks": found.remarks,
        }
    )


def _as_text(found: verification.Report) -> str:
    if not found.sound:
        count = "1 fault" if len(found.faults) == 1 else f"{len(found.faults)} faults"
        if len(found.faults) >= verification.MOST_NAMED:
            count = f"{count} or more (the first {verification.MOST_NAMED} are named)"
        cure = [] if found.records is None else [watch.cure(found.faults)]
        return "\n".join([*found.faults, f"NOT whole: {count} in {found.entries:,} entries", *cure, *_of_clocks(found)])
    signed = _of_heads(found)
    compared = "" if found.records is None else f"\n{found.records:,} records are as the entries left them"
    whole = (
        f"whole: {found.entries:,} entries, each following from the one before it; {signed}\n"
        f"head {found.head}\nroot {found.root}{compared}"
    )
    return "\n".join([whole, *_of_clocks(found)])


def _of_clocks(found: verification.Report) -> list[str]:
    return [f"no fault, but a clock was wrong: {remark}" for remark in found.remarks]


def _of_heads(found: verification.Report) -> str:
    if not found.heads:
        return "no signed head"
    hold = "1 signed head holds" if found.heads == 1 else f"{found.heads:,} signed heads hold"
    return f"{hold}, the last at entry {found.last_head:,}{_of_stamps(found)}"


def _of_stamps(found: verification.Report) -> str:
    if found.stamps_unchecked:
        return (
            f"; time stamps: {found.stamps_unchecked:,}, of which no signature was checked:"
            " ASSAY_TIMESTAMP_CERTIFICATES is not set"
        )
    if not found.stamps:
        return ""
    return "; 1 time stamp holds" if found.stamps == 1 else f"; {found.stamps:,} time stamps hold"


def _dumped(answer: Any) -> str:
    return json.dumps(answer, indent=1, ensure_ascii=False, default=lambda value: value.isoformat())
