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
ABSENT = "absent"


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


Duty = tuple[str, str]  # “required” or “voluntary”, and the rule of the edition that says so


@dataclass(frozen=True)
class PromptChange:
    """One prompt that stands otherwise than it did: how it stood and stands, and what is said of it then and now."""

    ask: str
    was: str
    became: str
    before: tuple[str, ...]
    now: tuple[str, ...]


@dataclass(frozen=True)
class PointChange:
    """One point that differs between two dossiers. Without prompts, what differs is whether the law asks for it."""

    ref: str
    title: str
    was: Duty | None
    became: Duty | None
    prompts: tuple[PromptChange, ...]


def kind_of(prompt: Mapping[str, Any], section: Mapping[str, Any]) -> str:
    """How `prompt` stands: the source of the first statement that meets it, `not_applicable` or `missing`."""
    if prompt["met_by"]:
        return str(section["statements"][prompt["met_by"][0]]["source"])
    return "not_applicable" if prompt["not_applicable"] else "missing"


def about(prompt: Mapping[str, Any], section: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All that is said of `prompt`: what meets it, and what stands beside."""
    return [each for each in section["statements"] if prompt["id"] in each["about"]]


def beside(prompt: Mapping[str, Any], section: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What is said of `prompt` without meeting it: why something was not measured, what a reader should know."""
    meeting = [section["statements"][index] for index in prompt["met_by"]]
    return [each for each in about(prompt, section) if each not in meeting]


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
    """Prompt by prompt, what stands otherwise or rests on other records; and points that the law asks for otherwise.

    Sentences are not compared, nor what stands beside an answer. What is measured is put into words anew at each look,
    and words of ours that were bettered are no change; what a person declared is held by the digest of the record that
    is cited for it.
    """
    earlier = {section["ref"]: section for section in before["sections"]}
    found = [_point_change(earlier.pop(section["ref"], None), section) for section in now["sections"]]
    found += [_point_change(old, None) for old in earlier.values()]
    return [change for change in found if change is not None]


def _point_change(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> PointChange | None:
    then, today = _prompts(old), _prompts(new)
    prompts = tuple(
        PromptChange(
            ask=(today.get(name) or then[name])[0]["ask"],
            was=kind_of(*then[name]) if name in then else ABSENT,
            became=kind_of(*today[name]) if name in today else ABSENT,
            before=_sentences(*then[name]) if name in then else (),
            now=_sentences(*today[name]) if name in today else (),
        )
        for name in {**then, **today}
        if name not in then or name not in today or _rests_on(*then[name]) != _rests_on(*today[name])
    )
    was, became = _duty(old), _duty(new)
    known = new or old
    if known is None or (not prompts and was == became):
        return None
    return PointChange(known["ref"], known["title"], was, became, prompts)


def _prompts(section: Mapping[str, Any] | None) -> dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """The section's prompts by their id, each with the section."""
    return {prompt["id"]: (prompt, section) for prompt in section["prompts"]} if section else {}


def _rests_on(prompt: Mapping[str, Any], section: Mapping[str, Any]) -> Any:
    """How the prompt stands, by whose word, and on which records."""
    excuse = prompt["not_applicable"] or {}
    answers = [section["statements"][index] for index in prompt["met_by"]]
    cited = [each for answer in answers for each in answer["evidence"]] + list(excuse.get("evidence", ()))
    records = {(each["kind"], each["id"], each["sha256"]) for each in cited}
    return kind_of(prompt, section), {each["by"] for each in answers}, excuse.get("rule"), excuse.get("by"), records


def _sentences(prompt: Mapping[str, Any], section: Mapping[str, Any]) -> tuple[str, ...]:
    excuse = prompt["not_applicable"]
    return tuple(each["text"] for each in about(prompt, section)) or ((excuse["because"],) if excuse else ())


def _duty(section: Mapping[str, Any] | None) -> Duty | None:
    return (section["duty"], section["because"]) if section else None
