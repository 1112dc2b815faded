"""Whether rows are written as the model will be spoken to: no markup in the text, one way to begin."""

from __future__ import annotations

import json
import re
from array import array
from collections import Counter
from pathlib import Path
from typing import Any

from preparation.quality.asked import TOKENIZER
from preparation.quality.seen import Noted, Seen, code, groups, not_measured

# What common chat templates write around turns (ChatML, Llama 2 and 3, Gemma, Mistral, Phi, Zephyr, GPT). In the
# text of a row it is read as the end of a turn, or trains the model to write it.
CONTROL = (
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>",
    "<|start_header_id|>", "<|end_header_id|>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<start_of_turn>",
    "<end_of_turn>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|start|>", "<|message|>", "<|channel|>",
    "<bos>", "<eos>", "</s>",
)  # fmt: skip
# Scaffolding of older instruction sets: the model then expects it in every question.
SCAFFOLDING = (
    "### Instruction", "### Input", "### Response", "### Human", "### Assistant", "### User",
    "Below is an instruction that describes a task", "USER: ", "ASSISTANT: ",
)  # fmt: skip
_SCAFFOLDING = re.compile("|".join(map(re.escape, SCAFFOLDING)))


class Template:
    """`control`: rows with a token of a chat template in their text (with a tokenizer, its own special tokens too).
    `scaffolding`: rows with “### Instruction” and the like. `system`: how many rows begin with a system prompt, and
    with how many different ones."""

    name = "template"

    def __init__(self, tokenizer: Path | None) -> None:
        self.tokens = sorted({*CONTROL, *(special_tokens(tokenizer) if tokenizer else ())}, key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, self.tokens)))
        self.rows, self.conversations = 0, 0
        self.control, self.scaffolding, self.without = Noted(), Noted(), Noted()
        self.seen_tokens: Counter[str] = Counter()
        self.systems = array("Q")

    def add(self, seen: Seen) -> None:
        self.rows += 1
        control = {found for text in seen.texts() for found in self._control.findall(text)}
        if control:
            self.control.add(seen.number)
            self.seen_tokens.update(control)
        if any(_SCAFFOLDING.search(text) for text in seen.texts()):
            self.scaffolding.add(seen.number)
        if seen.row.messages:
            self.conversations += 1
            first = seen.row.messages[0]
            if first.role == "system":
                self.systems.append(code(first.content))
            else:
                self.without.add(seen.number)

    def result(self) -> dict[str, Any]:
        return {
            "n": self.rows,
            "sampled": False,
            "control": {**self.control.result(), "rows_by_token": dict(self.seen_tokens.most_common(20))},
            "scaffolding": self.scaffolding.result(),
            "system": self._system(),
        }

    def _system(self) -> dict[str, Any]:
        if not self.conversations:
            return not_measured("Rows of this format are no conversations.")
        repeated = sum(len(group) - 1 for group in groups(self.systems))
        return {
            "with": len(self.systems),
            "without": self.without.count,
            "distinct": len(self.systems) - repeated,
            "examples": self.without.examples if self.systems else [],
        }


def special_tokens(folder: Path) -> list[str]:
    """The special tokens of the tokenizer in `folder`; one letter or sign is no markup."""
    added = json.loads((folder / TOKENIZER).read_text(encoding="utf-8")).get("added_tokens") or []
    return [one["content"] for one in added if one.get("special") and len(one.get("content", "")) > 2]
