"""`assay doctor`: what is missing, what is slow, is a worker alive."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from assay import doctor
from assay.doctor import Finding, State

SIGNS = {State.WELL: "ok", State.SLOW: "slow", State.WRONG: "WRONG", State.NOTE: "note"}


class Command(BaseCommand):
    help = "Look at everything Assay needs. Exit code 1 when something is wrong; the cure stands below it."
    requires_system_checks = ()  # what is wrong is found out here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="the findings as JSON (assay.doctor/1)")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = []
        for found in doctor.examine():
            findings.append(found)
            if not options["json"]:
                self._say(found)
        answer = doctor.report(findings)
        if options["json"]:
            self.stdout.write(json.dumps(answer, indent=1))
        else:
            wrong = sum(found.state == State.WRONG for found in findings)
            self.stdout.write("all is well" if answer["well"] else f"{wrong} of {len(findings)} checks failed")
        sys.exit(0 if answer["well"] else 1)

    def _say(self, found: Finding) -> None:
        styles = {State.WRONG: self.style.ERROR, State.SLOW: self.style.WARNING, State.NOTE: self.style.WARNING}
        sign = styles.get(found.state, self.style.SUCCESS)(f"{SIGNS[found.state]:<6}")
        seconds = f" ({found.seconds:.1f} s)" if found.state == State.SLOW else ""
        self.stdout.write(f"{sign} {found.name:<14} {found.says}{seconds}")
        if found.cure and found.state != State.WELL:
            self.stdout.write(f"{'':<21} cure: {found.cure}")
