"""What the columns of a row mean. A closed list: each format says what shows it and how a row of it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from preparation.formats import chat, labelled, pairs, plain, preference
from preparation.formats.faults import Faults
from preparation.rows import Message

Turns = tuple[Message, ...]


@dataclass(frozen=True)
class Format:
    """One format. `fields` are what a column can be mapped to; those in `needed` must be there.

    `shows` looks at one row's value and says whether it has this format; `read` gives turns and what goes beyond
    them, and notes what is wrong. `trained_by` names the kind of training that can use such rows, if any does.
    """

    name: str
    title: str
    fields: tuple[str, ...]
    needed: tuple[str, ...]
    shows: Callable[[Mapping[str, Any]], bool]
    read: Callable[[Mapping[str, Any], Faults], tuple[Turns, Mapping[str, Any]]]
    trained_by: str | None
    aliases: tuple[Mapping[str, str], ...] = ()  # other names of the same columns, seen in real files


# In the order in which they are tried: what needs more columns comes before what needs fewer.
FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format(
            "openai-preference",
            "OpenAI preference",
            ("input", "preferred_output", "non_preferred_output"),
            ("input", "preferred_output", "non_preferred_output"),
            lambda row: {"input", "preferred_output", "non_preferred_output"} <= row.keys(),
            preference.read_openai,
            "preference",
        ),
        Format(
            "preference",
            "Preference (chosen, rejected)",
            ("prompt", "chosen", "rejected", "conversations", "messages"),
            ("chosen", "rejected"),
            lambda row: {"chosen", "rejected"} <= row.keys(),
            preference.read_pair,
            "preference",
        ),
        Format(
            "kto",
            "KTO (answer with a good or bad label)",
            ("prompt", "completion", "messages", "label"),
            ("label",),
            lambda row: "label" in row and ("messages" in row or {"prompt", "completion"} <= row.keys()),
            labelled.read_kto,
            "preference",
        ),
        Format(
            "chat",
            "Chat (OpenAI messages)",
            ("messages", "tools"),
            ("messages",),
            lambda row: "messages" in row,
            chat.read_openai,
            "sft",
        ),
        Format(
            "sharegpt",
            "ShareGPT",
            ("conversations", "system"),
            ("conversations",),
            lambda row: "conversations" in row,
            chat.read_sharegpt,
            "sft",
        ),
        Format(
            "alpaca",
            "Alpaca",
            ("instruction", "input", "output", "system", "history"),
            ("instruction", "output"),
            lambda row: {"instruction", "output"} <= row.keys(),
            pairs.read_alpaca,
            "sft",
            (
                {"instruction": "instruction", "input": "context", "output": "response"},
                {"instruction": "question", "input": "context", "output": "answer"},
            ),
        ),
        Format(
            "extraction",
            "Extraction (document, query, structured output)",
            ("document", "query", "output"),
            ("document", "query", "output"),
            lambda row: {"document", "query", "output"} <= row.keys(),
            pairs.read_extraction,
            "sft",
        ),
        Format(
            "prompt-completion",
            "Prompt and completion",
            ("prompt", "completion"),
            ("prompt", "completion"),
            lambda row: {"prompt", "completion"} <= row.keys(),
            pairs.read_pair,
            "sft",
            (
                {"prompt": "question", "completion": "answer"},
                {"prompt": "query", "completion": "response"},
                {"prompt": "prompt", "completion": "response"},
                {"prompt": "input", "completion": "output"},
            ),
        ),
        Format(
            "classification",
            "Classification (text, label)",
            ("text", "label"),
            ("text", "label"),
            lambda row: {"text", "label"} <= row.keys(),
            labelled.read_class,
            "sft",
            (
                {"text": "text", "label": "category"},
                {"text": "text", "label": "intent"},
                {"text": "sentence", "label": "label"},
            ),
        ),
        Format("text", "Plain text", ("text",), ("text",), lambda row: row.keys() == {"text"}, plain.read_text, None),
        Format("table", "Table", (), (), lambda row: False, plain.read_table, None),
    )
}
NAMES = tuple(FORMATS)


@dataclass(frozen=True, slots=True)
class Shown:
    """The format that a file shows, with the columns it takes its fields from, and why."""

    format: str
    columns: Mapping[str, str]
    evidence: str


def detect(values: Iterable[Any], *, tabular: bool = False) -> Shown | None:
    """The format of which most of the first values have the columns; None where none has those of any format.

    A format's own names go before other names of the same columns. `tabular`: the values come from a table, so
    that a table is what they are where nothing else fits.
    """
    rows = [value for value in values if isinstance(value, dict)]
    if not rows:
        return None
    named = (next((one.name for one in FORMATS.values() if one.shows(row)), None) for row in rows)
    shown = Counter(name for name in named if name is not None)
    for name, count in shown.most_common(1):  # of two as common, the one that comes first in the file
        return Shown(name, {}, _counted(FORMATS[name].needed, count, len(rows)))
    for found in FORMATS.values():
        for alias in found.aliases:
            count = sum(all(column in row for column in alias.values()) for row in rows)
            if count:
                return Shown(found.name, alias, _counted(tuple(alias.values()), count, len(rows)))
    if tabular:
        return Shown("table", {}, "The columns are those of no training format, so it is kept as a table.")
    return None


def _counted(columns: tuple[str, ...], count: int, of: int) -> str:
    named = [f"`{column}`" for column in columns]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f"{count} of the first {of} rows have {listed}." if of > 1 else f"The first row has {listed}."
