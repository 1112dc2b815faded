"""What a dossier is: prompts, the statements that meet them, and what is still missing. Pure.

A prompt is met by statements; it does not apply by a rule of the edition or by a person's word; else it is missing.
Completeness counts prompts, never sections, and is never called compliance.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SCHEMA = "assay.dossier/1"
SOURCES = ("measured", "declared", "attached")
KINDS = (*SOURCES, "missing", "not_applicable")


@dataclass(frozen=True)
class Declared:
    """A person's word on one prompt: a text, or the reason why there is nothing to say."""

    prompt: str
    text: str
    not_applicable: bool
    by: str
    at: datetime
    cited: Mapping[str, str]


@dataclass(frozen=True)
class Stated:
    """A person's answer to one of the edition's facts (“the system is part of a physical product”)."""

    fact: str
    value: bool
    reason: str
    by: str
    at: datetime
    cited: Mapping[str, str]


@dataclass(frozen=True)
class PointChange:
    """One point whose answers differ between two dossiers: (before, now) as sentences, and its state then and now."""

    ref: str
    title: str
    before: tuple[str, ...]
    now: tuple[str, ...]
    was: str
    became: str


def kind_of(prompt: Mapping[str, Any], section: Mapping[str, Any]) -> str:
    """How `prompt` stands: the source of the first statement that meets it, `not_applicable` or `missing`."""
    if prompt["met_by"]:
        return str(section["statements"][prompt["met_by"][0]]["source"])
    return "not_applicable" if prompt["not_applicable"] else "missing"


def completeness(sections: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Counts of prompts by how they stand, each prompt once."""
    counts = dict.fromkeys(("prompts", *KINDS), 0)
    for section in sections:
        for prompt in section["prompts"]:
            counts["prompts"] += 1
            counts[kind_of(prompt, section)] += 1
    return counts


def state_of(section: Mapping[str, Any]) -> str:
    """One word for a point: `missing` while a prompt is, `not_applicable` when none applies, else `met`."""
    counts = completeness([section])
    if counts["missing"]:
        return "missing"
    return "not_applicable" if counts["not_applicable"] == counts["prompts"] else "met"


def missing(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Every prompt that nothing meets, in order, with who can fill it."""
    return [
        {"ref": section["ref"], "prompt": prompt["id"], "ask": prompt["ask"], "needs": prompt["needs"]}
        for section in document["sections"]
        for prompt in section["prompts"]
        if kind_of(prompt, section) == "missing"
    ]


def without(document: Mapping[str, Any], withheld: Callable[[Mapping[str, str]], bool]) -> dict[str, Any]:
    """`document` without the statements that cite a record for which `withheld` holds."""
    sections = []
    for section in document["sections"]:
        kept = [
            index
            for index, said in enumerate(section["statements"])
            if not any(withheld(cited) for cited in said["evidence"])
        ]
        place = {index: number for number, index in enumerate(kept)}
        prompts = [
            {**prompt, "met_by": [place[index] for index in prompt["met_by"] if index in place]}
            for prompt in section["prompts"]
        ]
        statements = [section["statements"][index] for index in kept]
        sections.append({**section, "prompts": prompts, "statements": statements})
    return {**document, "sections": sections}


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[PointChange]:
    """Point by point, what differs in words or state. A record that was replaced shows as a change of evidence."""
    earlier = {section["ref"]: section for section in before["sections"]}
    found = []
    for section in now["sections"]:
        old = earlier.pop(section["ref"], None)
        if old is None or _compared(old) != _compared(section):
            found.append(_change(old, section))
    return [*found, *(_change(old, None) for old in earlier.values())]


def _compared(section: Mapping[str, Any]) -> Any:
    """Everything that a reader relies on; not the order number of a statement."""
    said = [
        (each["text"], each["source"], each["by"], [cited["sha256"] for cited in each["evidence"]])
        for each in section["statements"]
    ]
    asked = [(each["id"], kind_of(each, section), each["not_applicable"]) for each in section["prompts"]]
    return said, asked, section["duty"], section["because"]


def _change(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> PointChange:
    known = new or old
    assert known is not None  # noqa: S101 - one of the two is given
    return PointChange(
        ref=known["ref"],
        title=known["title"],
        before=_sentences(old),
        now=_sentences(new),
        was=state_of(old) if old else "absent",
        became=state_of(new) if new else "absent",
    )


def _sentences(section: Mapping[str, Any] | None) -> tuple[str, ...]:
    return tuple(each["text"] for each in section["statements"]) if section else ()
