"""`assay verify BUNDLE`: check an evidence bundle. Needs no database and no network."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from governance.delivery.evidence import verify


class Command(BaseCommand):
    help = "Check an evidence bundle offline: exit code 0 sound, 1 not sound, 2 unreadable."
    requires_system_checks = ()  # a bundle is checked where nothing of Assay may be set up

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bundle", help="the evidence.zip, or the membership.json, to check")
        parser.add_argument("--json", action="store_true", help="the report as JSON (assay.verification/1)")
        parser.add_argument("--unpack", metavar="FOLDER", help="write the signed head and its time stamp there")
        parser.add_argument("--key", metavar="HEX", help="the issuer's Ed25519 public key, which must have signed")

    def handle(self, *args: Any, bundle: str, json: bool, unpack: str | None, key: str | None, **options: Any) -> None:
        # The verifier is one file that stands alone, and so has a command line of its own: it is asked through that.
        flags = [
            *(["--json"] if json else []),
            *(["--unpack", unpack] if unpack else []),
            *(["--key", key] if key else []),
        ]
        sys.exit(verify.main([*flags, "--", bundle]))
