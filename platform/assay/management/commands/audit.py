"""`assay audit verify|head`: whether the trail is whole, and where it ends."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from governance.foundation.audit import selectors


class Command(BaseCommand):
    help = "Check the audit chain, entry by entry (exit code 1 when it is not whole), or say where it ends."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="verify|head")
        verify = verbs.add_parser("verify", help="check every entry and link")
        head = verbs.add_parser("head", help="number and hash of the newest entry: keep them elsewhere, to compare")
        for verb in (verify, head):
            verb.add_argument("--json", action="store_true", help="the answer as JSON")

    def handle(self, *args: Any, verb: str, json: bool, **options: Any) -> None:
        sys.exit(self._verify(as_json=json) if verb == "verify" else self._head(as_json=json))

    def _verify(self, *, as_json: bool) -> int:
        found = selectors.verify()
        if as_json:
            self.stdout.write(
                json.dumps(
                    {
                        "schema": "assay.audit-verification/1",
                        "sound": found.sound,
                        "entries": found.entries,
                        "head": found.head,
                        "last_at": found.last_at.isoformat() if found.last_at else None,
                        "faults": found.faults,
                    },
                    indent=1,
                )
            )
        elif found.sound:
            self.stdout.write(f"whole: {found.entries:,} entries, each following from the one before it")
            self.stdout.write(f"head {found.head}")
        else:
            for fault in found.faults:
                self.stdout.write(fault)
            self.stdout.write(f"NOT whole: {len(found.faults)} faults in the first {found.entries:,} entries")
        return 0 if found.sound else 1

    def _head(self, *, as_json: bool) -> int:
        head = selectors.head()
        if as_json:
            self.stdout.write(json.dumps(head))
        elif head is None:
            self.stdout.write("The trail has no entry yet.")
        else:
            self.stdout.write(f"{head['seq']} {head['hash']}")
        return 0
