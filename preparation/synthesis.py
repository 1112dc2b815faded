"""Rows that a model writes: what it is asked, from which rows of a seed, and what its text becomes.

    answers    {"prompt": what was asked, "completion": the text}, new rows alone
    texts      {"text": the text}, new rows alone
    rewrites   rows of the seed with one field written anew, kept together with all rows as they were

A prompt may hold placeholders: {column} is what a seed's row holds there, {row.given} what it asks and {row.answer}
what it answers, whatever its format. Every other brace stays as it is. The same seed row, file and number give the
same prompts in the same order.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from preparation.findings import Refused
from preparation.reading import Reading
from preparation.rows import Row

ANSWERS, TEXTS, REWRITES = KINDS = ("answers", "texts", "rewrites")
NO_COPIES, EXACT, NEAR = COPIES = ("none", "exact", "near")
GIVEN, ANSWER = "row.given", "row.answer"
QUESTION_TURN, ANSWER_TURN = TURNS = ("last question", "last answer")
MOST = 10_000  # rows that are asked for at once
LONGEST_PROMPT, MOST_TOKENS, HOTTEST = 8_000, 2_048, 2.0
PLACEHOLDER = re.compile(r"\{([\w.-]+)\}")
# Formats whose turns are a list: field, key of the role, key of the text.
_LISTS = {"chat": ("messages", "role", "content"), "sharegpt": ("conversations", "from", "value")}
_ROLES = {QUESTION_TURN: ("user", "human"), ANSWER_TURN: ("assistant", "gpt")}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows are not kept. Characters of the text; `whole`: none that the limit of tokens cut off; `copies`: none
    that is the same as a row before it or of the seed, or nearly; `persons`: none in which personal data or a secret
    is found. A text without a word is never kept."""

    shortest: int = 1
    longest: int | None = None
    whole: bool = True
    copies: str = NEAR
    persons: bool = True

    def check(self) -> None:
        if self.copies not in COPIES:
            raise Refused(f"Copies {self.copies!r} are not known.", f"Use one of: {', '.join(COPIES)}.", "copies")
        if self.shortest < 1 or (self.longest is not None and self.longest < self.shortest):
            raise Refused("No text has such a length.", "Give a least of 1 or more, and a most above it.", "longest")


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What is asked of the model. `field` is what a rewrite writes anew; `count` prompts are asked, not kept."""

    kind: str
    prompt: str
    count: int
    field: str = ""
    seed: int = 0
    temperature: float = 0.8
    max_new_tokens: int = 256
    filters: Filters = Filters()

    def check(self, source: Source | None) -> None:
        """Raises Refused for what cannot be done from these rows, or from none."""
        if self.kind not in KINDS:
            raise Refused(f"Rows of the kind {self.kind!r} are not known.", f"Use one of: {', '.join(KINDS)}.", "kind")
        self._check_numbers()
        self.filters.check()
        if not self.prompt.strip() or len(self.prompt) > LONGEST_PROMPT:
            cure = f"Say what the model is to write, in at most {LONGEST_PROMPT:,} characters."
            raise Refused("The prompt is empty or too long.", cure, "prompt")
        known = source.placeholders if source else ()
        if unknown := [name for name in placeholders(self.prompt) if name not in known]:
            listed = ", ".join(f"{{{name}}}" for name in known)
            cure = f"Use {listed}." if known else "Without a seed a prompt has none: choose a version as the seed."
            raise Refused(f"There is nothing to put in for {{{unknown[0]}}}.", cure, "prompt")
        if self.kind != REWRITES:
            if self.field:
                raise Refused("New rows have no field to write anew.", "Leave it out.", "field")
            return
        if source is None:
            raise Refused("Rows are rewritten from rows.", "Choose a version as the seed.", "kind")
        if self.field not in source.writable:
            cure = f"Use one of: {', '.join(source.writable)}." if source.writable else "Write new rows instead."
            raise Refused(f"The rows have no text {self.field!r} that can be written anew.", cure, "field")

    def _check_numbers(self) -> None:
        for name, least, most in (
            ("count", 1, MOST), ("max_new_tokens", 1, MOST_TOKENS), ("temperature", 0, HOTTEST), ("seed", 0, 2**53),
        ):  # fmt: skip
            if not least <= getattr(self, name) <= most:
                raise Refused(f"{name} is {getattr(self, name)}.", f"Give {least} to {most:,}.", name)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Synthesis:
        """The inverse of `to_json`."""
        return cls(**{**value, "filters": Filters(**value["filters"])})


@dataclass(frozen=True, slots=True)
class Source:
    """What the rows of a seed have: columns at the top, and the reading by which they are rows."""

    columns: tuple[str, ...]
    reading: Reading

    @property
    def placeholders(self) -> tuple[str, ...]:
        named = (name for name in self.columns if PLACEHOLDER.fullmatch(f"{{{name}}}") and name != self._turns)
        return (*named, GIVEN, ANSWER)

    @property
    def writable(self) -> tuple[str, ...]:
        """What a rewrite can write anew: a column, or the last turn of a conversation."""
        if self._turns is None:
            return self.columns
        return TURNS if self._turns in self.columns else ()

    @property
    def _turns(self) -> str | None:
        """The column that holds a list of turns, which is no text."""
        return _list_column(self.reading) if self.reading.format in _LISTS else None


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt, the row of the seed that it was made from, and what of that row stands in it."""

    text: str
    row: Mapping[str, Any] | None = None
    filled: str = ""


def placeholders(prompt: str) -> list[str]:
    """What stands in braces, in order, each once."""
    return list(dict.fromkeys(PLACEHOLDER.findall(prompt)))


def prompts(asked: Synthesis, seeds: Sequence[Row]) -> list[Prompt]:
    """`asked.count` prompts. Rows of the seed are taken in a drawn order, again from the first where they run out."""
    if not seeds:
        return [Prompt(asked.prompt)] * asked.count
    order = list(seeds)
    random.Random(asked.seed).shuffle(order)  # noqa: S311 - to be repeated, not to be secret
    names = placeholders(asked.prompt)
    made = []
    for place in range(asked.count):
        row = order[place % len(order)]
        values = {name: _value(row, name) for name in names}
        text = PLACEHOLDER.sub(lambda hit: values[hit[1]], asked.prompt)  # noqa: B023 - called here
        made.append(Prompt(text, row.source, "\n".join(values.values())))
    return made


def row_of(asked: Synthesis, prompt: Prompt, text: str, reading: Reading) -> dict[str, Any] | None:
    """The row that `text` makes; None where the seed's row has no text in that field."""
    if asked.kind == TEXTS:
        return {"text": text}
    if asked.kind == ANSWERS:
        return {"prompt": prompt.text, "completion": text}
    source = dict(prompt.row or {})
    if asked.field not in TURNS or reading.format not in _LISTS:
        return {**source, asked.field: text} if isinstance(source.get(asked.field), str) else None
    column, place, key = _turn(source, asked.field, reading)
    if place is None:
        return None
    turns = list(source[column])
    turns[place] = {**turns[place], key: text}
    return {**source, column: turns}


def compared(asked: Synthesis, row: Row, reading: Reading) -> str:
    """The text of a seed's row that a new text must not be a copy of."""
    if asked.kind != REWRITES:
        more = [value for value in row.more.values() if isinstance(value, str)]
        return "\n".join([*(turn.content for turn in row.messages), *more])
    if asked.field not in TURNS or reading.format not in _LISTS:
        found = row.source.get(asked.field)
    else:
        column, place, key = _turn(row.source, asked.field, reading)
        found = None if place is None else row.source[column][place][key]
    return found if isinstance(found, str) else ""


def compared_of(asked: Synthesis, prompt: Prompt, text: str) -> str:
    """The text of a new row that must not be a copy. Of the prompt only what differs from row to row."""
    return f"{prompt.filled}\n{text}" if asked.kind == ANSWERS and prompt.filled else text


def told(asked: Synthesis, prompt: Prompt, text: str) -> str:
    """The text of a new row that is looked into for personal data: all that the model or its prompt put there."""
    return f"{prompt.text}\n{text}" if asked.kind == ANSWERS else text


def reading_of(asked: Synthesis, source: Reading | None) -> Reading:
    """How the new version is read."""
    if asked.kind == REWRITES and source is not None:
        return Reading("jsonl", source.format, source.columns)
    return Reading("jsonl", "text" if asked.kind == TEXTS else "prompt-completion")


def _value(row: Row, name: str) -> str:
    if name == GIVEN:
        return _given(row)
    if name == ANSWER:
        return row.learnt()
    found = row.source.get(name)
    return found if isinstance(found, str) else "" if found is None else json.dumps(found, ensure_ascii=False)


def _given(row: Row) -> str:
    """A single question stands without the name of its role."""
    turns = [turn for turn in row.messages if not turn.trained]
    return turns[0].content if len(turns) == 1 else row.given()


def _list_column(reading: Reading) -> str:
    name = _LISTS[reading.format][0]
    return reading.columns.get(name, name)


def _turn(source: Mapping[str, Any], which: str, reading: Reading) -> tuple[str, int | None, str]:
    """Column, place and key of the last turn of that kind; the place is None where there is none in words."""
    _, role, key = _LISTS[reading.format]
    column = _list_column(reading)
    found: int | None = None
    turns: Iterable[Any] = source.get(column) or ()
    for place, turn in enumerate(turns):
        if isinstance(turn, dict) and turn.get(role) in _ROLES[which] and isinstance(turn.get(key), str):
            found = place
    return column, found, key
