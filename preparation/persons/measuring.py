"""How much of what stands in labelled text is found, and how much of what is found stands there.

Rule: a span is found where one of the same kind was detected and the two share at least half of the characters that
either covers. Recall is the share of labelled spans that are found, precision the share of detected spans that find a
labelled one. A labelled card number that fails Luhn and a labelled IBAN that fails its checksum are no numbers of
their kind: they are left out of recall, and so is a detection on one of them out of precision.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from preparation.persons import checks

SCHEMA = "assay.recognition/1"
DATA = Path(__file__).parent / "data"
RELIABLE = 0.6  # recall below which a kind is not to be relied on
OVERLAP = 0.5

# Kinds as they are measured: under one name those that the labels do not tell apart, and the label.
MEASURED = {
    "email": ("EMAIL_ADDRESS", ("email",)),
    "phone": ("PHONE_NUMBER", ("phone",)),
    "card": ("CREDIT_CARD", ("card",)),
    "iban": ("IBAN_CODE", ("iban",)),
    "ip": ("IP_ADDRESS", ("ip",)),
    "us-ssn": ("US_SSN", ("us-ssn",)),
    "driving-licence": ("US_DRIVER_LICENSE", ("driving-licence",)),
    "date": ("DATE_TIME", ("date", "birth-date")),
    "age": ("AGE", ("age",)),
    "address": ("STREET_ADDRESS", ("address",)),
    "postcode": ("ZIP_CODE", ("postcode",)),
    "url": ("DOMAIN_NAME", ("url",)),
}
_SOUND: dict[str, Callable[[str], bool]] = {
    "CREDIT_CARD": lambda value: checks.luhn("".join(filter(str.isdigit, value))),
    "IBAN_CODE": lambda value: checks.iban("".join(filter(str.isalnum, value)).upper()),
}

Labelled = tuple[int, int, str]  # start, end, label or kind
Example = tuple[str, list[Labelled]]


@dataclass(slots=True)
class Count:
    """Spans: labelled, of them found; detected, of them right; labelled ones left out."""

    labelled: int = 0
    found: int = 0
    detected: int = 0
    right: int = 0
    left_out: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "labelled": self.labelled,
            "found": self.found,
            "recall": round(self.found / self.labelled, 3) if self.labelled else None,
            "detected": self.detected,
            "right": self.right,
            "precision": round(self.right / self.detected, 3) if self.detected else None,
            "left_out": self.left_out,
        }


def measure(
    examples: Iterable[Example], detect: Callable[[str], list[Labelled]], kinds: dict[str, tuple[str, tuple[str, ...]]]
) -> dict[str, dict[str, Any]]:
    """Recall and precision of `detect` by kind. `kinds` is as MEASURED: which label, and what is detected for it."""
    counts = {name: Count() for name in kinds}
    for text, labels in examples:
        detected = detect(text)
        for name, (label, own) in kinds.items():
            count, sound = counts[name], _SOUND.get(label, bool)
            stands = [(start, end) for start, end, one in labels if one == label]
            wrong = [place for place in stands if not sound(text[slice(*place)])]
            stands = [place for place in stands if place not in wrong]
            there = [(start, end) for start, end, one in detected if one in own]
            there = [place for place in there if not any(same(place, other) for other in wrong)]
            count.labelled += len(stands)
            count.left_out += len(wrong)
            count.detected += len(there)
            count.found += sum(any(same(place, other) for other in there) for place in stands)
            count.right += sum(any(same(place, other) for other in stands) for place in there)
    return {name: count.to_json() for name, count in counts.items()}


def same(one: tuple[int, int], other: tuple[int, int]) -> bool:
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared >= OVERLAP * (max(one[1], other[1]) - min(one[0], other[0]))


@cache
def figures() -> dict[str, Any]:
    """The newest measurement: `assay.recognition/1`."""
    newest = max(DATA.glob("recognition-*.json"))
    return json.loads(newest.read_text(encoding="utf-8"))


def figure_of(kind: str) -> dict[str, Any] | None:
    """What was measured for a kind; None where nothing was."""
    for name, (_, kinds) in MEASURED.items():
        if kind in kinds:
            return figures()["kinds"].get(name)
    return None


def can_be_relied_on(kind: str) -> bool | None:
    """Whether its recall reaches 0.6; None where it was not measured."""
    figure = figure_of(kind)
    return None if figure is None or figure["recall"] is None else figure["recall"] >= RELIABLE
