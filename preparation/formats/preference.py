"""Two answers to one question, the better one named: OpenAI's preference format, and chosen/rejected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from preparation.formats.chat import openai_turns, sharegpt_turn, sharegpt_turns
from preparation.formats.faults import Faults
from preparation.rows import Message


def read_openai(row: Mapping[str, Any], faults: Faults) -> tuple[tuple[Message, ...], Mapping[str, Any]]:
    """`{"input": {"messages": [...], "tools"?}, "preferred_output": [...], "non_preferred_output": [...]}`."""
    asked = row.get("input")
    if not isinstance(asked, dict):
        faults.add("input", "The field must be an object with messages.", "Write {messages: [...]}.")
        asked = {}
    turns = openai_turns(asked.get("messages"), "input.messages", faults)
    answers = {
        name: openai_turns(row.get(field), field, faults)
        for name, field in (("chosen", "preferred_output"), ("rejected", "non_preferred_output"))
    }
    more: dict[str, Any] = {"tools": asked["tools"]} if asked.get("tools") else {}
    return _given(turns), more | _checked(answers, faults)


def read_pair(row: Mapping[str, Any], faults: Faults) -> tuple[tuple[Message, ...], Mapping[str, Any]]:
    """`{"prompt"?, "chosen", "rejected"}`, each text or a list of messages.

    Without a prompt, both answers are whole conversations and what they begin with alike is the prompt. A
    conversation under `conversations` or `messages` is a prompt too.
    """
    answers = {name: _answer(row.get(name), name, faults) for name in ("chosen", "rejected")}
    for name in ("prompt", "messages", "conversations"):
        if row.get(name) is not None:
            turns = _prompt(row[name], name, faults)
            break
    else:
        turns, answers = _split(answers)
        if not turns and not faults.found:
            faults.add("prompt", "What was asked is not there.", "Give `prompt`, or begin both answers with it.")
    return _given(turns), _checked(answers, faults)


def _prompt(value: Any, name: str, faults: Faults) -> tuple[Message, ...]:
    if isinstance(value, str):
        return (Message("user", faults.text(name, value), False),)
    return sharegpt_turns(value, name, faults)


def _answer(value: Any, name: str, faults: Faults) -> tuple[Message, ...]:
    if isinstance(value, dict) and "from" in value:
        return (sharegpt_turn(value, name, faults),)
    if isinstance(value, dict):
        return openai_turns([value], name, faults)
    if isinstance(value, list):
        return sharegpt_turns(value, name, faults)
    return (Message("assistant", faults.text(name, value), True),)


def _split(answers: dict[str, tuple[Message, ...]]) -> tuple[tuple[Message, ...], dict[str, tuple[Message, ...]]]:
    """What both answers begin with, and what is left of each."""
    same = 0
    for one, other in zip(answers["chosen"], answers["rejected"], strict=False):
        if one != other:
            break
        same += 1
    return answers["chosen"][:same], {name: turns[same:] for name, turns in answers.items()}


def _checked(answers: dict[str, tuple[Message, ...]], faults: Faults) -> dict[str, Any]:
    if not faults.found:
        for name, turns in answers.items():
            if not turns or turns[-1].role != "assistant":
                faults.add(name, "The answer does not end with an assistant message.", "Give what was answered.")
        if answers["chosen"] == answers["rejected"]:
            faults.add("rejected", "Both answers are the same.", "Remove the row: nothing is preferred in it.")
    return {name: [turn.content_json()[:2] for turn in turns] for name, turns in answers.items()}


def _given(turns: tuple[Message, ...]) -> tuple[Message, ...]:
    return tuple(turn._replace(trained=False) for turn in turns)
