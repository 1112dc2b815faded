"""Two answers to one question, from two files: rows that ask the very same and answer it differently."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from preparation.containers import Progress
from preparation.drawing import Draw, Drawn, Sampled, in_random_order
from preparation.findings import Refused
from preparation.quality.sampling import Sample
from preparation.reading import Reader, Reading, sound_rows
from preparation.rows import Message, Row


@dataclass(frozen=True, slots=True)
class Other:
    """The file that the second answers come from."""

    path: str
    container: str
    format: str
    columns: Mapping[str, str] = field(default_factory=dict)
    name: str = ""

    def rows(self) -> Iterator[Row]:
        reading = Reading(self.container, self.format, self.columns)
        return sound_rows(Reader(self.path, reading, name=self.name))


def pair(
    path: Path, reading: Reading, asked: Draw, other: Other, *, name: str = "", progress: Progress | None = None
) -> Sampled:
    """A sample of the rows of `path` whose question `other` answers in another way, with both answers.

    Of several rows that ask the same, the first of each file counts. Some 100 bytes are kept of each row of `other`,
    which is read twice. Raises Refused for a row that cannot be read, and where there is no pair.
    """
    answers: dict[int, int] = {}
    for row in other.rows():
        if parts := _parts(row):
            answers.setdefault(_key(parts[0]), _key(parts[1]))
    sample = Sample(asked.count, asked.seed)
    kept: dict[int, tuple[int, Drawn]] = {}
    seen: set[int] = set()
    for place, row in enumerate(sound_rows(Reader(path, reading, name=name, progress=progress))):
        parts = _parts(row)
        question = _key(parts[0]) if parts else None
        if parts is None or question is None or question in seen or answers.get(question) in (None, _key(parts[1])):
            continue
        seen.add(question)
        if (at := sample.place()) is not None:
            kept[at] = (question, Drawn.of(place, row))
    if not kept:
        cure = "Choose versions with the same questions and other answers."
        raise Refused("No row of one asks what a row of the other asks and is answered differently there.", cure)
    return Sampled(in_random_order(_with_second(kept, other), asked.seed), sample.rows)


def _with_second(kept: Mapping[int, tuple[int, Drawn]], other: Other) -> list[Drawn]:
    wanted = {question for question, _ in kept.values()}
    second: dict[int, list[Any]] = {}
    for row in other.rows():
        parts = _parts(row)
        if parts and (question := _key(parts[0])) in wanted:
            second.setdefault(question, [turn.content_json() for turn in parts[1]])
    return [
        Drawn(one.place, one.number, one.digest, one.turns[:-1], {"answers": [one.turns[-1:], second[question]]})
        for question, one in kept.values()
    ]


def _parts(row: Row) -> tuple[tuple[Message, ...], tuple[Message, ...]] | None:
    """What is asked and how it is answered: the last turn. None where nobody asks, or nobody answers at the end."""
    if len(row.messages) < 2 or row.messages[-1].role != "assistant":
        return None
    return row.messages[:-1], row.messages[-1:]


def _key(turns: tuple[Message, ...]) -> int:
    said = orjson.dumps([[turn.role, turn.content, dict(turn.more)] for turn in turns])
    return int.from_bytes(hashlib.sha256(said).digest()[:8])
