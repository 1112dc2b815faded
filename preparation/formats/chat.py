"""Conversations: OpenAI's chat format (with tools and weights) and ShareGPT's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from preparation.findings import shown
from preparation.formats.faults import Faults, is_text
from preparation.rows import NOTHING, Message

_ROLES = {
    "system": "system", "developer": "system", "user": "user", "assistant": "assistant",
    "tool": "tool", "function": "tool",
}  # fmt: skip
_SHAREGPT = {"system": "system", "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant"}
_PLAIN = ("user", "assistant", "system")
_made = tuple.__new__  # a Message without the call of its own constructor, a third of the time of reading a turn
_NAMED = ("tool", "function")  # whose name says which tool answers
_READ = {"role", "content", "weight", "tool_calls", "function_call", "tool_call_id", "audio"}
_KNOWN_ROLES = "Use system, user, assistant or tool."


def read_openai(row: Mapping[str, Any], faults: Faults) -> tuple[tuple[Message, ...], Mapping[str, Any]]:
    """`{"messages": [{"role", "content", "weight"?, "tool_calls"?}], "tools"?: [...]}`.

    developer is read as system, the older function_call and functions as tool calls and tools. Content is text or
    a list of text parts; `weight: 0` keeps an assistant message out of the loss.
    """
    turns = openai_turns(row.get("messages"), "messages", faults)
    if not faults.found and not turns[-1].trained and not any(turn.trained for turn in turns):
        cure = "Add an assistant message whose weight is not 0, or remove the row."
        faults.add("messages", "No assistant message is there to learn from.", cure)
    tools, functions = row.get("tools"), row.get("functions")
    if functions and not tools:
        tools = [{"type": "function", "function": one} for one in functions] if type(functions) is list else functions
    return turns, {"tools": _tools(tools, faults)} if tools else NOTHING


def openai_turns(messages: Any, where: str, faults: Faults) -> tuple[Message, ...]:
    """A list of `{role, content}` as turns."""
    if type(messages) is not list or not messages:
        cure = "Give the turns as a list of {role, content}."
        faults.add(where, "The field must be a list with at least one message.", cure)
        return ()
    turns = []
    for message in messages:
        # The common turn, told apart first because files have millions of them.
        if type(message) is dict and len(message) == 2:
            role, content = message.get("role"), message.get("content")
            if role in _PLAIN and type(content) is str and content and not content.isspace() and is_text(content):
                turns.append(_made(Message, (role, content, role == "assistant", NOTHING)))
                continue
        turns.append(_turn(message, f"{where}[{len(turns)}]", faults))
    return tuple(turns)


def read_sharegpt(row: Mapping[str, Any], faults: Faults) -> tuple[tuple[Message, ...], Mapping[str, Any]]:
    """`{"conversations": [{"from": "human", "value": "..."}, {"from": "gpt", ...}], "system"?: "..."}`."""
    turns = sharegpt_turns(row.get("conversations"), "conversations", faults)
    if row.get("system"):
        turns = (Message("system", faults.text("system", row["system"]), False), *turns)
    if not faults.found and not any(turn.trained for turn in turns):
        faults.add("conversations", "No turn of gpt is there to learn from.", "Add one, or remove the row.")
    return turns, NOTHING


def sharegpt_turns(messages: Any, where: str, faults: Faults) -> tuple[Message, ...]:
    """A list of `{from, value}` (or of `{role, content}`) as turns."""
    if isinstance(messages, list) and messages and all(isinstance(one, dict) and "role" in one for one in messages):
        return openai_turns(messages, where, faults)
    if not isinstance(messages, list) or not messages:
        faults.add(where, "The field must be a list with at least one turn.", "Give a list of {from, value}.")
        return ()
    return tuple(sharegpt_turn(message, f"{where}[{index}]", faults) for index, message in enumerate(messages))


def sharegpt_turn(message: Any, where: str, faults: Faults) -> Message:
    if not isinstance(message, dict):
        faults.add(where, "The turn is not an object.", "Write {from, value}.")
        return Message("user", "", False)
    who = message.get("from")
    if who in ("function_call", "observation", "tool"):
        cure = "Write the row in the chat format, with tool_calls and tools."
        faults.add(f"{where}.from", "Tool use of ShareGPT files is not read.", cure)
    elif not isinstance(who, str) or who not in _SHAREGPT:
        faults.add(f"{where}.from", f"The role {shown(who)} is not known.", "Use system, human or gpt.")
    role = _SHAREGPT.get(who, "user") if isinstance(who, str) else "user"
    return Message(role, faults.text(f"{where}.value", message.get("value")), role == "assistant")


def _turn(message: Any, where: str, faults: Faults) -> Message:
    if not isinstance(message, dict):
        faults.add(where, "The message is not an object.", "Write {role, content}.")
        return Message("user", "", False)
    role = message.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        faults.add(f"{where}.role", f"The role {shown(role)} is not known.", _KNOWN_ROLES)
        role = "user"
    if not message.keys() <= _READ:
        inside = where.partition("[")[0]
        faults.unused.update(f"{inside}[].{name}" for name in message.keys() - _READ if role not in _NAMED)
    if message.get("audio"):
        faults.add(f"{where}.audio", "Sound is not read here.", "Remove the message.")
    calls = message.get("tool_calls") or ([message["function_call"]] if message.get("function_call") else [])
    more: dict[str, Any] = {}
    if calls:
        more["tool_calls"] = _calls(calls, where, faults)
    if message.get("tool_call_id"):
        more["tool_call_id"] = faults.text(f"{where}.tool_call_id", message["tool_call_id"])
    if role in _NAMED and message.get("name"):
        more["name"] = faults.text(f"{where}.name", message["name"])
    content = message.get("content")
    # A call of a tool says nothing beside it; what a tool answers may be empty.
    text = "" if content is None and calls else faults.text(f"{where}.content", content, empty=bool(more))
    return Message(_ROLES[role], text, role == "assistant" and _weight(message, where, faults), more or NOTHING)


def _weight(message: Mapping[str, Any], where: str, faults: Faults) -> bool:
    weight = message.get("weight", 1)
    if isinstance(weight, bool) or weight not in (0, 1, None):
        cure = "Use 1 to learn from the message, 0 to leave it out of the loss."
        faults.add(f"{where}.weight", f"The weight {shown(weight)} is neither 0 nor 1.", cure)
    return weight != 0


def _calls(calls: Any, where: str, faults: Faults) -> list[dict[str, Any]]:
    """Tool calls as `{"id"?, "name", "arguments"}`; arguments are text, as the model writes them."""
    if not isinstance(calls, list):
        faults.add(f"{where}.tool_calls", "The field must be a list of calls.", "Write [{type, function}].")
        return []
    found = []
    for index, call in enumerate(calls):
        place = f"{where}.tool_calls[{index}]"
        function = call.get("function", call) if isinstance(call, dict) else None
        if not isinstance(function, dict):
            faults.add(place, "The call is not an object with a function.", "Write {id, type, function}.")
            continue
        known: dict[str, Any] = {
            "name": faults.text(f"{place}.function.name", function.get("name")),
            "arguments": faults.text(f"{place}.function.arguments", function.get("arguments", ""), empty=True),
        }
        if isinstance(call, dict) and isinstance(call.get("id"), str):
            known["id"] = call["id"]
        found.append(known)
    return found


def _tools(tools: Any, faults: Faults) -> list[Any]:
    if not isinstance(tools, list):
        faults.add("tools", "The field must be a list of tools.", "Write [{type: function, function: {name, ...}}].")
        return []
    for index, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            cure = "Write {type: function, function: {name, parameters}}."
            faults.add(f"tools[{index}]", "The tool is not an object with a named function.", cure)
    return tools
