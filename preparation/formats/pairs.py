"""One question and its answer: prompt-completion, Alpaca, extraction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from preparation.findings import shown
from preparation.formats.faults import Faults
from preparation.rows import NOTHING, Message


def read_pair(row: Mapping[str, Any], faults: Faults) -> tuple[tuple[Message, ...], Mapping[str, Any]]:
    """`{"prompt": "...", "completion": "..."}`: a conversation of two turns."""
    texts = []
    for name in ("prompt", "completion"):
        if name in row:
            texts.append(faults.text(name, row[name]))
        else:
            faults.missing(name)
            texts.append("")
    return (Message("user", texts[0], False), Message("assistant", texts[1], True)), NOTHING


def read_alpaca(row: Mapping[str, Any], faults: Faults) -> tuple[tuple[Message, ...], Mapping[str, Any]]:
    """`{"instruction", "input"?, "output", "system"?, "history"?: [[asked, answered], ...]}`.

    The input follows the instruction after an empty line; earlier turns are given, never trained again.
    """
    turns = []
    if row.get("system"):
        turns.append(Message("system", faults.text("system", row["system"]), False))
    history = row.get("history") or []
    if not isinstance(history, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in history):
        cure = "Write [[asked, answered], ...]."
        faults.add("history", f"The field must be a list of pairs, not {shown(history)}.", cure)
        history = []
    for index, (asked, answered) in enumerate(history):
        turns.append(Message("user", faults.text(f"history[{index}][0]", asked), False))
        turns.append(Message("assistant", faults.text(f"history[{index}][1]", answered), False))
    for name in ("instruction", "output"):
        if name not in row:
            faults.missing(name)
    asked = faults.text("instruction", row["instruction"]) if "instruction" in row else ""
    given = row.get("input")
    given = faults.text("input", given, empty=True) if given is not None else ""
    answer = faults.text("output", row["output"]) if "output" in row else ""
    turns += [Message("user", f"{asked}\n\n{given}" if given else asked, False), Message("assistant", answer, True)]
    return tuple(turns), NOTHING


def read_extraction(row: Mapping[str, Any], faults: Faults) -> tuple[tuple[Message, ...], Mapping[str, Any]]:
    """`{"document", "query", "output"}`: the query, an empty line and the document are asked, the output answered.

    An output that is an object or a list is learnt as compact JSON, its keys in the order of the file.
    """
    for name in ("document", "query", "output"):
        if name not in row:
            faults.missing(name)
    if faults.found:
        return (), NOTHING
    document, query = faults.text("document", row["document"]), faults.text("query", row["query"])
    output = row["output"]
    if isinstance(output, dict | list):
        output = json.dumps(output, ensure_ascii=False, separators=(",", ":"))
    answer = faults.text("output", output)
    return (Message("user", f"{query}\n\n{document}", False), Message("assistant", answer, True)), NOTHING
