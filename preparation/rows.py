"""What a training row is. Standard library only.

Registration and trainer both read files through this module, so a file that was accepted once is accepted
again, and one that is refused is refused in the same words. One JSON object a line (JSONL), strict UTF-8, in
one of two formats:

- `chat`: `{"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}`, as
  OpenAI's fine-tuning files have it. Roles are system (developer is read as system), user and assistant;
  content is text, or a list of text parts; `weight: 0` keeps an assistant message out of the loss.
- `prompt-completion`: `{"prompt": "...", "completion": "..."}`.

Other columns are allowed, never trained on, and listed by `inspect`, so that nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preparation import digests
from preparation.jsonl import Finding, Line, read_lines

CHAT = "chat"
PROMPT_COMPLETION = "prompt-completion"
FORMATS = (CHAT, PROMPT_COMPLETION)

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
# Fields that would change what the model should learn; leaving them out would train on something else.
_UNSUPPORTED_IN_MESSAGE = ("tool_calls", "function_call", "tool_call_id", "audio")
_UNSUPPORTED_IN_ROW = ("tools", "functions")
# Formats of other trainers, recognised so that the refusal can say how to convert them.
_FOREIGN = (
    ({"chosen", "rejected"}, "preference pairs", "Preference training is not available yet."),
    ({"instruction", "output"}, "Alpaca rows", "Join instruction and input into `prompt`; call output `completion`."),
    ({"conversations"}, "ShareGPT rows", "Rename conversations to `messages`, from to `role`, value to `content`."),
    ({"text"}, "plain text", "Supervised fine-tuning needs to know what is asked and what is answered."),
)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `trained` is true where the loss counts it."""

    role: str
    content: str
    trained: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One row, read and found sound; `number` is its line in the file, from 1.

    A prompt-completion row is a conversation of two turns, user and assistant, so that one shape serves both
    formats; `format` keeps where it came from.
    """

    number: int
    format: str
    messages: tuple[Message, ...]

    def digest(self) -> str:
        """The sha256 of what the row teaches: two rows with equal turns are the same row, whatever else they hold."""
        return digests.sha256_of([[turn.role, turn.content, turn.trained] for turn in self.messages])


@dataclass(frozen=True, slots=True)
class Column:
    """A key seen in the file: in how many rows, and whether training uses it."""

    name: str
    rows: int
    used: bool


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file holds. `evidence` says how the format was found; `findings` are the first few of `findings_total`."""

    format: str | None
    evidence: str
    rows: int
    findings: tuple[Finding, ...]
    findings_total: int
    columns: tuple[Column, ...]

    @property
    def sound(self) -> bool:
        return self.findings_total == 0


def read_rows(path: str | Path, format: str = "auto") -> Iterator[Row | Finding]:
    """Every row of a file in order, or what is wrong with it; blank lines are skipped but counted as lines.

    A file that cannot be a training file at all (compressed, not text, of an unknown format) gives one finding
    and ends. Raises ValueError for an unknown `format`, OSError where the file cannot be read.
    """
    if format not in ("auto", *FORMATS):
        raise ValueError(f"unknown format {format!r}; known are auto, {', '.join(FORMATS)}")
    chosen = None if format == "auto" else format
    for entry in _entries(Path(path)):
        if isinstance(entry, Finding):
            yield entry
            continue
        chosen = chosen or detect(entry.value)
        if chosen is None:
            yield _unknown_format(entry)
            return
        yield from _read_row(entry, chosen)


def inspect(path: str | Path, format: str = "auto", max_findings: int = 100) -> Inspection:
    """Read the whole file once and say what it is; keeps at most `max_findings` findings but counts all."""
    return _Survey(format, max_findings).over(Path(path))


def detect(value: Any) -> str | None:
    """The format that a row's keys show, or None."""
    if not isinstance(value, dict):
        return None
    if "messages" in value:
        return CHAT
    if "prompt" in value and "completion" in value:
        return PROMPT_COMPLETION
    return None


class _Survey:
    """Counts while reading; one pass, nothing kept but the counts and the first findings."""

    def __init__(self, format: str, max_findings: int) -> None:
        self.asked, self.max_findings = format, max_findings
        self.rows, self.total = 0, 0
        self.findings: list[Finding] = []
        self.columns: dict[str, int] = {}
        self.first: int | None = None
        self.format = None if format == "auto" else format

    def over(self, path: Path) -> Inspection:
        for entry in _entries(path):
            if isinstance(entry, Finding):
                self._note(entry)
                continue
            if self.format is None and not self._detected(entry):
                break
            self._count(entry)
        used = {"messages", "messages[].role", "messages[].content", "messages[].weight"}
        used = used if self.format == CHAT else {"prompt", "completion"}
        columns = tuple(Column(name, rows, name in used) for name, rows in sorted(self.columns.items()))
        return Inspection(self.format, self._evidence(), self.rows, tuple(self.findings), self.total, columns)

    def _detected(self, entry: Line) -> bool:
        self.format, self.first = detect(entry.value), entry.number
        if self.format is None:
            self._note(_unknown_format(entry))
        return self.format is not None

    def _count(self, entry: Line) -> None:
        for name in _columns(entry.value):
            self.columns[name] = self.columns.get(name, 0) + 1
        for result in _read_row(entry, str(self.format)):
            if isinstance(result, Row):
                self.rows += 1
            else:
                self._note(result)

    def _note(self, finding: Finding) -> None:
        self.total += 1
        if len(self.findings) < self.max_findings:
            self.findings.append(finding)

    def _evidence(self) -> str:
        if self.asked != "auto":
            return f"The format {self.asked} was asked for."
        if self.format is None:
            return "No row has the keys of a known format."
        keys = "`messages`" if self.format == CHAT else "`prompt` and `completion`"
        return f"Row {self.first}, the first readable one, has {keys}; every row is held to that."


def _entries(path: Path) -> Iterator[Line | Finding]:
    """Lines as `read_lines` gives them, and a finding where the file has none."""
    empty = True
    for entry in read_lines(path):
        empty = False
        yield entry
    if empty:
        yield Finding(None, None, "The file has no rows.", "Write one JSON object on each line.")


def _read_row(line: Line, format: str) -> Iterator[Row | Finding]:
    """The row, or all that is wrong with it."""
    value = line.value
    if not isinstance(value, dict):
        yield Finding(line.number, None, "The row is not a JSON object.", "Write one object, {...}, on each line.")
        return
    found = detect(value)
    if found is not None and found != format:
        yield Finding(
            line.number,
            None,
            f"The row is {found}, the file is read as {format}.",
            "Keep one format in a file; split the file in two.",
        )
        return
    findings: list[Finding] = []
    reader = _chat_turns if format == CHAT else _pair_turns
    messages = reader(line.number, value, findings)
    if findings:
        yield from findings
    else:
        yield Row(line.number, format, tuple(messages))


def _pair_turns(number: int, value: dict[str, Any], findings: list[Finding]) -> list[Message]:
    texts = {}
    for name in ("prompt", "completion"):
        if name not in value:
            findings.append(Finding(number, name, "The field is missing.", f"Give `{name}` as text."))
        else:
            texts[name] = _text(number, name, value[name], findings)
    prompt, completion = texts.get("prompt", ""), texts.get("completion", "")
    return [Message("user", prompt, trained=False), Message("assistant", completion, trained=True)]


def _chat_turns(number: int, value: dict[str, Any], findings: list[Finding]) -> list[Message]:
    for name in _UNSUPPORTED_IN_ROW:
        if value.get(name):
            findings.append(Finding(number, name, "Tool use cannot be trained yet.", "Remove the tools from the row."))
    messages = value.get("messages")
    if not isinstance(messages, list) or not messages:
        findings.append(
            Finding(
                number,
                "messages",
                "The field must be a list with at least one message.",
                "Give the turns as a list of {role, content}.",
            )
        )
        return []
    turns = [_turn(number, f"messages[{index}]", message, findings) for index, message in enumerate(messages)]
    if not findings and not any(turn.trained for turn in turns):
        findings.append(
            Finding(
                number,
                "messages",
                "No assistant message is there to learn from.",
                "Add an assistant message whose weight is not 0, or remove the row.",
            )
        )
    return turns


def _turn(number: int, where: str, message: Any, findings: list[Finding]) -> Message:
    if not isinstance(message, dict):
        findings.append(Finding(number, where, "The message is not an object.", "Write {role, content}."))
        return Message("user", "", trained=False)
    for name in _UNSUPPORTED_IN_MESSAGE:
        if message.get(name):
            findings.append(Finding(number, f"{where}.{name}", "This cannot be trained yet.", "Remove the message."))
    role = message.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        findings.append(
            Finding(number, f"{where}.role", f"The role {_shown(role)} is not known.", "Use system, user or assistant.")
        )
        role = "user"
    content = _text(number, f"{where}.content", message.get("content"), findings)
    return Message(_ROLES[role], content, trained=role == "assistant" and _weight(number, where, message, findings))


def _weight(number: int, where: str, message: dict[str, Any], findings: list[Finding]) -> bool:
    weight = message.get("weight", 1)
    if isinstance(weight, bool) or weight not in (0, 1, None):
        findings.append(
            Finding(
                number,
                f"{where}.weight",
                f"The weight {_shown(weight)} is neither 0 nor 1.",
                "Use 1 to learn from the message, 0 to leave it out of the loss.",
            )
        )
    return weight != 0


def _text(number: int, field: str, value: Any, findings: list[Finding]) -> str:
    """`value` as text (parts joined), or an empty text and a finding."""
    if isinstance(value, list) and value and all(_is_text_part(part) for part in value):
        value = "".join(part["text"] for part in value)
    if not isinstance(value, str):
        findings.append(Finding(number, field, f"The field must be text, not {_shown(value)}.", "Write it as text."))
    elif not value.strip():
        findings.append(Finding(number, field, "The text is empty.", "Fill it in, or remove the row."))
    elif "\0" in value:
        findings.append(Finding(number, field, "The text holds a NUL character.", "Remove the character \\u0000."))
    elif any("\ud800" <= character <= "\udfff" for character in value):
        findings.append(
            Finding(
                number,
                field,
                "The text holds half of a surrogate pair, which is not text.",
                "Write the whole character, or remove it.",
            )
        )
    else:
        return value
    return ""


def _is_text_part(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)


def _columns(value: Any) -> Iterator[str]:
    """The names of a row's keys, once each; those inside messages as `messages[].name`."""
    if not isinstance(value, dict):
        return
    yield from value
    messages = value.get("messages")
    if isinstance(messages, list):
        inner = {key for message in messages if isinstance(message, dict) for key in message}
        yield from (f"messages[].{key}" for key in sorted(inner))


def _unknown_format(line: Line) -> Finding:
    if not isinstance(line.value, dict):
        return Finding(line.number, None, "The row is not a JSON object.", "Write one object, {...}, on each line.")
    names = set(line.value)
    for keys, what, cure in _FOREIGN:
        if keys <= names:
            return Finding(line.number, None, f"The file holds {what}, which are not read here.", cure)
    listed = ", ".join(sorted(names)[:8]) or "none"
    return Finding(
        line.number,
        None,
        f"The format is not known; the row's columns are {listed}.",
        "Use `messages` (chat), or `prompt` and `completion`.",
    )


def _shown(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
