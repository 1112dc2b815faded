"""The base model's own tokenizer and chat template, read from its folder without torch.

Preview, estimate and trainer tokenise through this one class, so that what a person saw before launch is
what is trained. The trainer checks it against transformers' own reading of the same folder (`base_model.py`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from training.errors import UserError

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "chat_template.jinja",
    "chat_template.json",
)


class _GenerationBlock(Extension):
    """`{% generation %}...{% endgeneration %}` marks the assistant's part for other tools; here its body is kept."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


@dataclass(frozen=True, eq=False)
class ChatTokenizer:
    """Text to ids as the model expects it. `end_ids` are the tokens that end a turn or a text."""

    tokenizer: Tokenizer
    bos: str | None
    eos: str
    eos_id: int
    adds_bos: bool
    end_ids: frozenset[int]
    special_ids: frozenset[int]
    special_texts: frozenset[str]
    template: str | None
    template_file: str | None

    @classmethod
    def load(cls, folder: Path) -> ChatTokenizer:
        """Read `tokenizer.json`, its settings and the template. Raises UserError naming the file and the cure."""
        path = folder / "tokenizer.json"
        if not path.is_file():
            raise UserError(
                "no-tokenizer",
                "The base model has no tokenizer.json; save its fast tokenizer beside "
                "the weights (AutoTokenizer.from_pretrained(...).save_pretrained(...)).",
                str(folder),
            )
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the Rust reader raises bare Exception for every kind of damage
            raise UserError("broken-tokenizer", f"The tokenizer cannot be read: {error}.", str(path)) from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        settings = read_json(folder / "tokenizer_config.json")
        bos, eos = _token_text(settings, "bos_token"), _token_text(settings, "eos_token")
        eos_id = None if eos is None else tokenizer.token_to_id(eos)
        if eos is None or eos_id is None:
            raise UserError(
                "no-eos",
                "The tokenizer names no end-of-text token, so the model could never learn to "
                "stop; set eos_token to a token of its vocabulary.",
                str(folder / "tokenizer_config.json"),
            )
        template, template_file = _template(folder, settings)
        added = tokenizer.get_added_tokens_decoder()
        return cls(
            tokenizer=tokenizer,
            bos=bos,
            eos=eos,
            eos_id=eos_id,
            adds_bos=bos is not None and tokenizer.encode("a").ids[:1] == [tokenizer.token_to_id(bos)],
            end_ids=frozenset({eos_id, *_generation_ends(folder)}),
            special_ids=frozenset(index for index, token in added.items() if token.special),
            special_texts=frozenset(token.content for token in added.values() if token.special),
            template=template,
            template_file=template_file,
        )

    @property
    def bos_id(self) -> int | None:
        return None if self.bos is None else self.tokenizer.token_to_id(self.bos)

    @property
    def template_sha256(self) -> str | None:
        return None if self.template is None else hashlib.sha256(self.template.encode("utf-8")).hexdigest()

    def encode(self, text: str) -> list[int]:
        """Ids of `text` as it stands: nothing is added, so a BOS written by the template is there once."""
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def starts(self, text: str) -> list[int]:
        """For each token of `encode(text)`, the index of its first character."""
        return [start for start, _ in self.tokenizer.encode(text, add_special_tokens=False).offsets]

    def decode(self, ids: list[int]) -> str:
        """Text of `ids`, special tokens shown."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=False))

    def render(self, messages: list[dict[str, str]], *, add_generation_prompt: bool) -> str:
        """The conversation as the template writes it. Raises UserError (`template-refused`) with its words."""
        if self._compiled is None:
            raise UserError(
                "no-chat-template",
                "The base model has no chat template, so a conversation cannot be "
                "written in its own form. Use prompt-completion rows (they are joined as plain text), add "
                "the template its authors publish as chat_template.jinja, or choose an instruct model.",
            )
        try:
            return self._compiled.render(
                messages=messages, add_generation_prompt=add_generation_prompt, bos_token=self.bos, eos_token=self.eos
            )
        except (jinja2.TemplateError, TypeError, ValueError) as error:
            raise UserError("template-refused", f"The model's chat template refuses the row: {error}.") from error

    @cached_property
    def _compiled(self) -> jinja2.Template | None:
        if self.template is None:
            return None
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationBlock, loopcontrols]
        )
        environment.globals["raise_exception"] = _raise
        environment.filters["tojson"] = _to_json
        try:
            return environment.from_string(self.template)
        except jinja2.TemplateError as error:
            message = f"The chat template is not valid: {error}."
            raise UserError("broken-template", message, self.template_file) from error


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a model folder; {} where the file is absent. Raises UserError where it is broken."""
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError("broken-model", f"The file is not valid JSON: {error}.", str(path)) from error
    if not isinstance(value, dict):
        raise UserError("broken-model", "The file does not hold a JSON object.", str(path))
    return value


def _token_text(settings: dict[str, Any], name: str) -> str | None:
    value = settings.get(name)
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) and value else None


def _generation_ends(folder: Path) -> list[int]:
    """End tokens that the model's generation settings name besides the tokenizer's own."""
    value = read_json(folder / "generation_config.json").get("eos_token_id")
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, int)]


def _template(folder: Path, settings: dict[str, Any]) -> tuple[str | None, str | None]:
    """The template and the file it came from, in the order in which transformers looks."""
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8"), path.name
    other = read_json(folder / "chat_template.json")
    for name, source in (("chat_template.json", other), ("tokenizer_config.json", settings)):
        value = source.get("chat_template")
        if isinstance(value, list):  # several named templates: the one called default is the chat's
            named = {entry.get("name"): entry.get("template") for entry in value if isinstance(entry, dict)}
            value = named.get("default")
        if isinstance(value, str) and value.strip():
            return value, name
    return None, None


def _raise(message: str) -> None:
    raise jinja2.TemplateError(message)


def _to_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)
