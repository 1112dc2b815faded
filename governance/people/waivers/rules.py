"""What people decided about a licence, laid over what the rule table says. Pure.

A waiver covers one finding about one input as it is now: a rule of this version, a purpose, the words that were
signed, the very thing they are about. A choice picks one alternative of an OR. Both bind to the input's content
digest: another licence, another file, and neither speaks any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from governance.law.licences.rules import LicenceSyntaxError, LicensedInput, Waived, parse

LONGEST = timedelta(days=366)  # a use that needs more than a year needs another licence
MEANING = "I picked this licence among those on offer, for this project, and answer for the choice."


class State(StrEnum):
    ASKED = "asked"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    EXPIRED = "expired"
    REVOKED = "revoked"


def state(*, granted: bool, waits: bool, revoked: bool, expires_on: date, today: date) -> State:
    """Where a waiver stands on a day; `waits`: its request is open still."""
    if revoked:
        return State.REVOKED
    if expires_on < today:
        return State.EXPIRED
    if granted:
        return State.IN_FORCE
    return State.ASKED if waits else State.REFUSED


def too_long(expires_on: date, today: date) -> bool:
    return expires_on > today + LONGEST


def covered(item: LicensedInput, digest: str, decided: Sequence[Mapping[str, Any]]) -> LicensedInput:
    """`item` with the waivers and the choice that bind to `digest`, the content digest of the material it belongs to.

    A choice about the record that `item` itself stands for goes before. decided: contents of waivers and choices in
    force, each with `says`: who signed, and when or until when.
    """
    waivers = tuple(
        Waived(
            each["rule"], each["purpose"], each.get("about", ""), each["because"], each["rule_set"], each["id"],
            each["says"],
        )
        for each in decided
        if "rule" in each and each["subject"]["sha256"] == digest
    )  # fmt: skip
    picks = {
        each["subject"]["sha256"]: each
        for each in decided
        if "chosen" in each and each["expression"] == normal(item.expression)
    }
    if picked := picks.get(item.about) or picks.get(digest):
        item = replace(item, chosen=picked["chosen"], choice_says=picked["says"])
    return replace(item, waivers=waivers)


def choice(project: UUID, chosen: str) -> dict[str, Any]:
    """What the signature under a pick covers beside the input: for which project, and which alternative."""
    return {"project": str(project), "chosen": normal(chosen) or chosen}


def normal(expression: str | None) -> str | None:
    """An expression in its normal form, by which a choice names it; None for what cannot be read."""
    try:
        return str(parse(expression or ""))
    except LicenceSyntaxError:
        return None
