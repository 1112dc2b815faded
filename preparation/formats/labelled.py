"""A text, or an answer, with a label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from preparation.findings import shown
from preparation.formats.chat import openai_turns
from preparation.formats.faults import Faults
from preparation.formats.pairs import read_pair
from preparation.rows import NOTHING, Message

_GOOD = {"true": True, "false": False, "1": True, "0": False}


def read_kto(row: Mapping[str, Any], faults: Faults) -> tuple[tuple[Message, ...], Mapping[str, Any]]:
    """`{"prompt", "completion", "label": true}` or `{"messages": [...], "label": false}`."""
    if "messages" in row:
        turns = openai_turns(row["messages"], "messages", faults)
        if not faults.found and turns[-1].role != "assistant":
            faults.add("messages", "The last message is no answer to label.", "End with an assistant message.")
        turns = (*(turn._replace(trained=False) for turn in turns[:-1]), *turns[-1:])
    else:
        turns, _ = read_pair(row, faults)
    label = row.get("label")
    good = label if isinstance(label, bool) else _GOOD.get(str(label).strip().lower())
    if good is None:
        faults.add("label", f"The label {shown(label)} is neither good nor bad.", "Write true or false.")
    return turns, {"label": good}


def read_class(row: Mapping[str, Any], faults: Faults) -> tuple[tuple[Message, ...], Mapping[str, Any]]:
    """`{"text", "label"}`: the text is asked, the label answered. A whole number is a label too."""
    for name in ("text", "label"):
        if name not in row:
            faults.missing(name)
    if faults.found:
        return (), NOTHING
    label = row["label"]
    if isinstance(label, int) and not isinstance(label, bool):
        label = str(label)
    text, label = faults.text("text", row["text"]), faults.text("label", label)
    return (Message("user", text, False), Message("assistant", label, True)), NOTHING
