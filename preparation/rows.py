"""What a row is once it is read, whatever file and format it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from preparation import digests

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Message(NamedTuple):
    """One turn. `trained` is true where the loss counts it; `more` holds tool calls and what answers them."""

    role: str
    content: str
    trained: bool
    more: Mapping[str, Any] = NOTHING

    def content_json(self) -> list[Any]:
        turn: list[Any] = [self.role, self.content, self.trained]
        return [*turn, dict(self.more)] if self.more else turn


@dataclass(slots=True)
class Row:
    """One row, read and found sound.

    `number` is its place in the file as its reader counts (see `preparation.findings.Finding`). `messages` is what
    is given and, where the format has it, what is learnt, as a conversation: one shape serves every format that
    a model is trained on by example. `more` holds what no conversation has: tools, the chosen and the rejected
    answer of a preference, a label, the text of a plain text, the values of a table. `source` is the row as the file
    has it, all columns, the unread ones too.
    """

    number: int
    format: str
    messages: tuple[Message, ...]
    more: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    source: Mapping[str, Any] = field(default_factory=lambda: NOTHING, repr=False, compare=False)

    def digest(self) -> str:
        """The sha256 of what the row teaches: two rows with equal turns are the same row, whatever else they hold."""
        return sha256(self.canonical()).hexdigest()

    def canonical(self) -> bytes:
        """The canonical JSON (RFC 8785) of `content`."""
        # Lists of text and truth values have one spelling, which the fast writer gives too.
        plain = not self.more and not any(turn.more for turn in self.messages)
        return orjson.dumps(self.content()) if plain else digests.canonical_json(self.content())

    def content(self) -> Any:
        """What is digested, as JSON: the turns, and what goes beyond them."""
        turns = [message.content_json() for message in self.messages]
        return {"turns": turns, **self.more} if self.more else turns

    def given(self) -> str:
        """The text before the answer, roles written out."""
        return "\n".join(f"{turn.role}: {turn.content}" for turn in self.messages if not turn.trained)

    def learnt(self) -> str:
        """The text that an answer is learnt from."""
        return "\n".join(turn.content for turn in self.messages if turn.trained)
