"""Everything that is looked for in a text, and which of two readings of the same characters counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from preparation.persons import contact, days, numbers, places, secrets
from preparation.persons.kinds import KINDS, SURE, Span

Recogniser = Callable[[str, str], Iterator[Span]]

# Changes with every change of what is found: figures and scans name it.
VERSION = "2026-11-26"


@dataclass(frozen=True)
class Look:
    """When a recogniser is worth its time: `digits` close together, and one of `hints` in the text or its column.

    Finding a plain word in a text is a hundred times faster than a pattern, and most texts hold none of them.
    """

    by: Recogniser
    digits: int = 0
    hints: tuple[str, ...] = ()


LOOKS = (
    Look(secrets.keys, hints=("private key", "akia", "asia", "gh", "xox", "xapp", "slack", "aiza", "k_live", "k_test",
                              "sk-", "hf_", "glpat", "npm_", "pypi-", "sg.", "aws", "eyj")),
    Look(contact.web_addresses, hints=("://", "www.")),
    Look(contact.emails, hints=("@",)),
    Look(secrets.named_secrets, hints=("pass", "pwd", "secret", "token", "key", "bearer")),
    Look(numbers.ibans, 6),
    Look(numbers.cards, 6),
    Look(numbers.national_ids, 6),
    Look(numbers.vehicles, 1),
    Look(contact.addresses_of_machines),
    Look(contact.phones, 6),
    Look(numbers.numbers_beside_their_name, 1, hints=("licen", "driver", "dl", "führer", "permis", "carnet", "patente",
                                                       "mrn", "record", "patient", "account", "policy", "member",
                                                       "benefic", "health plan", "customer", "insurance")),
    Look(days.dates, 1),
    Look(days.ages, 1, hints=("year", "y/o", "jähr", "jahre", " ans", "age", "turn", "he ", "they ", "alter", "âge",
                              "edad")),
    Look(places.addresses, 1, hints=places.HINTS),
    Look(places.postcodes, 1),
    Look(places.postcodes_beside_their_name, 1, hints=("zip", "post", "plz", "cap", "pocztowy")),
)  # fmt: skip
_DIGIT = re.compile(r"\d")
_SEVERAL = re.compile(r"\d(?:[^\n\d]{0,4}\d){5}")
_RANK = {"form": 0, "checksum": 0, "context": 1, "model": 2}


def find(text: str, about: str = "", *more: Recogniser) -> list[Span]:
    """What stands in `text`, in order, no two over the same characters. `about` is the name of its column."""
    digits = (6 if _SEVERAL.search(text) else 1) if _DIGIT.search(text) else 0
    words = f"{about}\n{text}".lower()
    found = [
        span
        for look in LOOKS
        if look.digits <= digits and (not look.hints or any(map(words.__contains__, look.hints)))
        for span in look.by(text, about)
    ]
    found += [span for one in more for span in one(text, about)]
    return apart(found) if len(found) > 1 else found


def apart(found: Iterable[Span]) -> list[Span]:
    """One reading for each stretch: secrets first, then what is surer, then what is longer."""
    ordered = sorted(
        found,
        key=lambda span: (KINDS[span.kind].group != "secret", _RANK[span.sure], SURE.index(span.sure),
                          span.start - span.end),
    )  # fmt: skip
    kept: list[Span] = []
    for span in ordered:
        if all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return sorted(kept)
