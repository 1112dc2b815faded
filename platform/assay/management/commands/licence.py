"""`assay licence check EXPR... --purpose P`: what the rule table says, without a database."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.law.licences import rules
from governance.law.licences.rule_set import Purpose
from governance.law.licences.verdicts import DISTRIBUTIONS

AGAINST, UNREADABLE = 1, 2


class Command(BaseCommand):
    help = (
        "Judge licence expressions together for a purpose. Exit code 0: no rule against it, "
        "1: needs review or a rule against it, 2: an expression cannot be read."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        one = verbs.add_parser("check", help="the verdict over all inputs, and the duties they carry")
        one.add_argument("expressions", nargs="+", metavar="EXPR", help="licence of a dataset, as SPDX or hub tag")
        one.add_argument("--purpose", choices=rules.PURPOSES, required=True)
        one.add_argument("--base", metavar="EXPR", help="licence of the base model")
        one.add_argument("--adapter", metavar="EXPR", action="append", default=[], help="licence of an adapter")
        one.add_argument("--teacher", metavar="EXPR", action="append", default=[], help="of a model that wrote rows")
        one.add_argument("--users", metavar="BAND", help="monthly users of the organisation, such as up-to-100m")
        one.add_argument("--revenue", metavar="BAND", help="its yearly revenue, such as up-to-1m-usd")
        one.add_argument("--edition", metavar="VERSION", help="judge by an older rule table, such as 2026-11")
        one.add_argument("--distribution", choices=DISTRIBUTIONS, default="none", help="how the model reaches others")
        one.add_argument("--eu", action="store_true", help="the organisation's seat lies in the European Union")
        one.add_argument("--research", action="store_true", help="scientific research only")
        one.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, expressions: list[str], purpose: Purpose, **options: Any) -> None:
        inputs = [rules.LicensedInput(f"dataset {n}", "dataset", given) for n, given in enumerate(expressions, start=1)]
        if options["base"] is not None:
            inputs.append(rules.LicensedInput("base model", "base_model", options["base"]))
        for kind in ("adapter", "teacher"):
            numbered = enumerate(options[kind], start=1)
            inputs += [rules.LicensedInput(f"{kind} {n}", kind, given) for n, given in numbered]
        for item in inputs:
            try:
                rules.parse(item.expression or "")
            except rules.LicenceSyntaxError as error:
                raise CommandError(f"{item.name}: {error}", returncode=UNREADABLE) from None
        try:
            verdict = rules.verdict(
                inputs,
                purpose,
                distribution=options["distribution"],
                eu_seat=options["eu"],
                users_band=options["users"],
                revenue_band=options["revenue"],
                research=options["research"],
                rule_set=rules.named(options["edition"]) if options["edition"] else None,
            )
        except (ValueError, rules.NoRuleSet) as error:
            raise CommandError(str(error), returncode=UNREADABLE) from None
        if options["json"]:
            self.stdout.write(json.dumps(verdict.as_dict(), ensure_ascii=False, indent=1))
        else:
            self.stdout.write(in_words(verdict))
        if verdict.outcome != "no-rule-against":
            sys.exit(AGAINST)


def in_words(verdict: rules.Verdict) -> str:
    """The verdict for a terminal: the outcome, each input's row, the duties."""
    lines = [f"{verdict.words}, {verdict.purpose} use: {verdict.deciding.input}, {verdict.deciding.because}"]
    for row in verdict.per_input:
        lines.append(f"  {row.name:<12} {row.expression or row.as_given}: {rules.WORDS[row.outcome]} [{row.rule}]")
        lines += [f"  {'':<12} {said.rule}: {said.source}. {said.reviewed_by}".rstrip() for said in row.licences]
        lines += [f"  {'':<12} {note}" for note in row.notes]
    if verdict.duties:
        lines.append("duties")
        lines += [f"  {'now  ' if duty.due_now else 'later'} {duty.text}" for duty in verdict.duties]
    lines.append(f"rule table {verdict.rule_set}, sha256 {verdict.digest}. {' '.join(verdict.notice.split())}")
    return "\n".join(lines)
