"""One row as token ids, with the tokens that the loss counts marked.

Only what the assistant says is trained, up to and including the token that ends its turn: the model must
learn to stop. The tokens are found by tokenising the conversation once, and once more up to each border, so
that the ids are exactly those the model will see when it is asked.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from typing import Literal

from preparation.rows import Row
from training.chat_template import ChatTokenizer
from training.errors import UserError

IGNORED = -100
"""The label of a token that the loss does not count."""

Rendering = Literal["chat", "plain"]


@dataclass(frozen=True, slots=True)
class Example:
    """A row ready to train. `input_ids` and `labels` have one entry a token; `labels` is `IGNORED` or the id itself.

    `full_length` counts tokens before truncation. `boundary_merged` tells that a token lay across the border of
    question and answer and is therefore not trained.
    """

    row: int
    digest: str
    input_ids: array[int]
    labels: array[int]
    full_length: int
    loss_tokens: int
    boundary_merged: bool
    end_ids: frozenset[int]

    @property
    def length(self) -> int:
        return len(self.input_ids)

    @property
    def truncated(self) -> bool:
        return self.full_length > len(self.input_ids)


@dataclass(slots=True)
class _Marked:
    """Ids and the spans of them that are trained, while a row is being encoded."""

    ids: list[int]
    spans: list[tuple[int, int]]
    ends: set[int]
    merged: bool = False


class RowEncoder:
    """Rows to examples under one rendering and one length limit."""

    def __init__(self, tokenizer: ChatTokenizer, rendering: Rendering, max_length: int) -> None:
        self.tokenizer, self.rendering, self.max_length = tokenizer, rendering, max_length
        special = sorted(tokenizer.special_texts, key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, special))) if special else None

    def encode(self, row: Row) -> Example:
        """`row` as an example. Raises UserError naming the row's field where it cannot be written faithfully."""
        self._refuse_special_text(row)
        marked = self._chat(row) if self.rendering == "chat" else self._plain(row)
        if self.tokenizer.bos_id is not None and marked.ids[:2] == [self.tokenizer.bos_id] * 2:
            message = "The chat template and the row both begin with the BOS token; remove it from the row."
            raise UserError("double-bos", message, f"row {row.number}")
        labels = [IGNORED] * len(marked.ids)
        for start, end in marked.spans:
            labels[start:end] = marked.ids[start:end]
        labels[0] = IGNORED  # nothing comes before the first token, so nothing can predict it
        kept = labels[: self.max_length]
        return Example(
            row=row.number,
            digest=row.digest(),
            input_ids=array("i", marked.ids[: self.max_length]),
            labels=array("i", kept),
            full_length=len(marked.ids),
            loss_tokens=sum(label != IGNORED for label in kept),
            boundary_merged=marked.merged,
            end_ids=frozenset(marked.ends),
        )

    def _refuse_special_text(self, row: Row) -> None:
        if self._special is None:
            return
        for index, turn in enumerate(row.messages):
            if (found := self._special.search(turn.content)) is not None:
                where = f"row {row.number}, {_field(row, index)}"
                message = (
                    f"The text holds {found.group()!r}, which this model reads as a control token, not as text. "
                    "Remove it or write it differently."
                )
                raise UserError("control-token-in-text", message, where)

    def _plain(self, row: Row) -> _Marked:
        """`[BOS] prompt completion EOS`, as a base model without a template reads it."""
        prompt, completion = (turn.content for turn in row.messages)
        ids = self.tokenizer.encode(prompt + completion)
        start, merged = self._border(ids, prompt, prompt + completion)
        lead = [self.tokenizer.bos_id] if self.tokenizer.adds_bos and self.tokenizer.bos_id is not None else []
        ids = [*lead, *ids, self.tokenizer.eos_id]
        return _Marked(ids, [(start + len(lead), len(ids))], {self.tokenizer.eos_id}, merged)

    def _chat(self, row: Row) -> _Marked:
        """The conversation in the template's words; the span of each trained turn ends with its end token."""
        messages = [{"role": turn.role, "content": turn.content} for turn in row.messages]
        try:
            text = self.tokenizer.render(messages, add_generation_prompt=False)
            marked = _Marked(self.tokenizer.encode(text), [], set())
            for index, turn in enumerate(row.messages):
                if turn.trained:
                    self._mark_turn(marked, messages, index, text)
        except UserError as error:
            raise UserError(error.code, error.message, f"row {row.number}") from error
        return marked

    def _mark_turn(self, marked: _Marked, messages: list[dict[str, str]], index: int, text: str) -> None:
        before = self.tokenizer.render(messages[:index], add_generation_prompt=True)
        through = self.tokenizer.render(messages[: index + 1], add_generation_prompt=False)
        if not text.startswith(before) or not text.startswith(through):
            raise UserError(
                "template-rewrites-turns",
                f"The chat template writes assistant message {index} differently once others follow, so its tokens "
                "cannot be told apart. Give that message weight 0, or end the row after it.",
            )
        start, merged = self._border(marked.ids, before, text)
        limit = _shared(marked.ids, self.tokenizer.encode(through))
        end = next((place for place in range(start, limit) if self._ends_turn(marked.ids[place])), None)
        if end is None:
            raise UserError(
                "no-turn-end",
                "The chat template closes an assistant turn without an end token, so the model would never learn to "
                "stop. Let the template write the EOS token after the assistant's content.",
            )
        marked.spans.append((start, end + 1))
        marked.ends.add(marked.ids[end])
        marked.merged = marked.merged or merged

    def _ends_turn(self, token: int) -> bool:
        """Control tokens cannot come from the row's own text (refused above), so the first one closes the turn."""
        return token in self.tokenizer.end_ids or token in self.tokenizer.special_ids

    def _border(self, ids: list[int], before: str, text: str) -> tuple[int, bool]:
        """The index of the first token wholly after `before`, and whether a token lies across that border."""
        alone = self.tokenizer.encode(before)
        shared = _shared(ids, alone)
        if shared == len(alone):
            return shared, False
        starts = self.tokenizer.starts(text)
        return next((place for place in range(shared + 1, len(ids)) if starts[place] >= len(before)), len(ids)), True


def _shared(left: list[int], right: list[int]) -> int:
    """How many leading ids two lists share."""
    if left[: len(right)] == right:
        return len(right)
    return next(place for place, (one, other) in enumerate(zip(left, [*right, None], strict=False)) if one != other)


def _field(row: Row, index: int) -> str:
    if row.format == "chat":
        return f"messages[{index}].content"
    return ("prompt", "completion")[index] if row.format == "prompt-completion" else f"turn {index + 1}"
