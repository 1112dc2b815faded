"""Asking a causal language model: greedy answers and log-likelihoods, in batches.

Weights are loaded once for each base folder; every adapter on it is attached to the same weights,
and the base itself is asked with the adapters disabled. Sampling settings that a model folder
carries (temperature, repetition penalty) are left aside: an evaluation decodes greedily, so that
the same model gives the same answer. Shapes: B rows of a batch, S positions, V vocabulary.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch.nn.functional import cross_entropy

from evaluation.digests import digest, folder_digest
from evaluation.spec import Invalid, Spec
from evaluation.tasks import Progress

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

IGNORED = -100
TOKENS_A_BATCH = 2_048
ROWS_A_BATCH = 64
FALLBACK_CONTEXT = 2_048


@dataclass(frozen=True)
class Answer:
    """One greedy answer. `cut`: the token limit ended it. With `error` nothing was generated."""

    text: str
    tokens: int
    cut: bool
    error: str | None = None


@dataclass(frozen=True)
class Loss:
    """Summed negative log-likelihood in nats over `tokens` labelled tokens."""

    nats: float
    tokens: int
    error: str | None = None


@dataclass
class Meter:
    """Tokens generated or scored so far, for the timing in the report."""

    tokens: int = 0


@dataclass
class Weights:
    """One base folder, loaded, with its tokeniser and the names of the adapters attached to it."""

    path: str
    sha256: str
    model: Any
    device: torch.device
    precision: str
    parameters: int
    adapters: list[str] = field(default_factory=list)


@dataclass
class LanguageModel:
    """A model of the specification, ready to be asked. `adapter` is its name on the weights; None: the base alone."""

    name: str
    path: str
    adapter_path: str | None
    adapter_sha256: str | None
    adapter: str | None
    weights: Weights
    tokenizer: Any
    batch_size: int
    meter: Meter = field(default_factory=Meter)

    @property
    def vocabulary_sha256(self) -> str:
        """Digest of token -> id: equal for models that read the same ids."""
        return digest(self.tokenizer.get_vocab())

    @property
    def chat_template_sha256(self) -> str | None:
        """Digest of the chat template; None where the model has none."""
        template = self.tokenizer.chat_template
        return digest(template) if template else None

    @property
    def context(self) -> int:
        """The longest row in tokens that the model takes."""
        return int(getattr(self.weights.model.config, "max_position_embeddings", None) or FALLBACK_CONTEXT)

    def prompt_ids(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        """Token ids that ask for the answer to `messages`: the model's own chat template, or the bare text."""
        if self.tokenizer.chat_template:
            text = self.tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True)
            return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        return list(self.tokenizer("\n".join(message["content"] for message in messages))["input_ids"])

    def text_ids(self, text: str, *, start: bool) -> list[int]:
        """Token ids of plain text; with `start` the tokeniser's own opening token, if it has one, comes first."""
        ids = list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        opening = self.tokenizer.bos_token_id
        return [opening, *ids] if start and opening is not None else ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids` without special tokens and outer spaces."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=True)).strip()

    @contextlib.contextmanager
    def active(self) -> Iterator[Any]:
        """The underlying network with this model's adapter on and every other off."""
        network = self.weights.model
        if not self.weights.adapters:
            yield network
        elif self.adapter is None:
            with network.disable_adapter():
                yield network
        else:
            network.set_adapter(self.adapter)
            yield network

    def answers(self, prompts: Sequence[Sequence[int]], max_new_tokens: int, progress: Progress) -> list[Answer]:
        """The greedy answer to every prompt (token ids), in their order, `batch_size` at a time.

        A prompt that leaves no room for `max_new_tokens` in the context is an error of that item.
        """
        found: dict[int, Answer] = {}
        asked = []
        for index, prompt in enumerate(prompts):
            if len(prompt) + max_new_tokens > self.context or not prompt:
                why = f"the prompt has {len(prompt)} tokens; with {max_new_tokens} new ones the limit is {self.context}"
                found[index] = Answer("", 0, cut=False, error=why)
            else:
                asked.append(index)
        asked.sort(key=lambda index: -len(prompts[index]))
        for start in range(0, len(asked), self.batch_size):
            batch = asked[start : start + self.batch_size]
            with self.active() as network:
                made = self._greedy(network, [prompts[index] for index in batch], max_new_tokens)
            found.update(zip(batch, made, strict=True))
            progress(len(found), len(prompts))
        return [found[index] for index in range(len(prompts))]

    def losses(self, rows: Sequence[tuple[Sequence[int], Sequence[int]]], progress: Progress) -> list[Loss]:
        """The summed loss of every row (input ids, labels with -100 where nothing is asked), in their order."""
        found: dict[int, Loss] = {}
        for batch in self.batches([ids for ids, _ in rows]):
            labels = self.padded([rows[index][1] for index in batch], IGNORED)
            first = max(1, min(_first_label(rows[index][1]) for index in batch))
            with self.active() as network, torch.inference_mode():
                logits = self.logits(network, [rows[index][0] for index in batch], first - 1)
                nats = token_losses(logits, labels[:, first - 1 :]).sum(dim=1).tolist()
            for index, total, targets in zip(batch, nats, labels, strict=True):
                found[index] = _loss(total, int((targets[1:] != IGNORED).sum()))
            self.meter.tokens += sum(len(rows[index][0]) for index in batch)
            progress(len(found), len(rows))
        for index, (ids, _) in enumerate(rows):
            if index not in found:
                why = f"the row has {len(ids)} tokens; the model takes 2 to {self.context}"
                found[index] = Loss(0.0, 0, error=why)
        return [found[index] for index in range(len(rows))]

    def batches(self, rows: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        """Indexes of `rows` that fit the context, longest first, by padded size."""
        order = sorted((i for i, row in enumerate(rows) if 2 <= len(row) <= self.context), key=lambda i: -len(rows[i]))
        while order:
            size = max(1, min(ROWS_A_BATCH, TOKENS_A_BATCH // len(rows[order[0]])))
            yield order[:size]
            order = order[size:]

    def padded(self, rows: Sequence[Sequence[int]], fill: int) -> torch.Tensor:
        """`rows` padded at the right with `fill` to [B, S]."""
        width = max(map(len, rows))
        return torch.tensor([[*row, *[fill] * (width - len(row))] for row in rows], device=self.weights.device)

    def logits(self, network: Any, rows: Sequence[Sequence[int]], start: int = 0) -> torch.Tensor:
        """Logits [B, S - start, V] in float32, of the positions from `start` on.

        Padding stands at the right, where a causal model cannot see it. Nobody reads the logits of a
        prompt, and with a large vocabulary they are a fifth of the work.
        """
        mask = self.padded([[1] * len(row) for row in rows], 0)
        ids = self.padded(rows, 0)
        keep = self._kept(network, ids.shape[1] - start)
        logits: torch.Tensor = network(input_ids=ids, attention_mask=mask, use_cache=False, **keep).logits
        return logits[:, start - ids.shape[1] :].float()

    @torch.inference_mode()
    def _greedy(self, network: Any, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> list[Answer]:
        """Greedy decoding with padding at the left and a key-value cache; stops when every row has ended."""
        width = max(map(len, prompts))
        left = [[0] * (width - len(prompt)) for prompt in prompts]
        device = self.weights.device
        ids = torch.tensor([[*pad, *prompt] for pad, prompt in zip(left, prompts, strict=True)], device=device)
        mask = torch.tensor([[*pad, *[1] * len(p)] for pad, p in zip(left, prompts, strict=True)], device=device)
        places = (mask.cumsum(dim=1) - 1).clamp(min=0)
        ends = torch.tensor(sorted(self._ends()), device=device)
        ended = torch.zeros(len(prompts), dtype=torch.bool, device=device)
        broken = torch.zeros_like(ended)
        chosen, cache = [], None
        for _ in range(max_new_tokens):
            out = network(
                input_ids=ids, attention_mask=mask, position_ids=places, past_key_values=cache, use_cache=True,
                **self._kept(network, 1),
            )  # fmt: skip
            last = out.logits[:, -1].float()  # [B, V]
            broken |= ~ended & ~torch.isfinite(last).all(dim=1)
            token = last.argmax(dim=1)
            chosen.append(token)
            ended |= torch.isin(token, ends)
            if bool((ended | broken).all()):
                break
            cache, ids, places = out.past_key_values, token[:, None], places[:, -1:] + 1
            mask = torch.cat([mask, mask.new_ones(len(prompts), 1)], dim=1)
        rows = torch.stack(chosen, dim=1).tolist()
        return [self._answer(row, bad) for row, bad in zip(rows, broken.tolist(), strict=True)]

    def _answer(self, tokens: list[int], broken: bool) -> Answer:
        if broken:
            return Answer("", 0, cut=False, error="the model's logits are not finite numbers")
        ends = self._ends()
        length = next((place for place, token in enumerate(tokens) if token in ends), len(tokens))
        self.meter.tokens += length
        return Answer(self.decode(tokens[:length]), length, cut=length == len(tokens))

    def _ends(self) -> set[int]:
        configured = getattr(self.weights.model.generation_config, "eos_token_id", None)
        listed = configured if isinstance(configured, list) else [configured]
        return {token for token in [*listed, self.tokenizer.eos_token_id] if token is not None}

    def _kept(self, network: Any, positions: int) -> dict[str, int]:
        """Ask for the logits of the last `positions` only, where the architecture can."""
        plain = network.get_base_model() if self.weights.adapters else network
        return {"logits_to_keep": positions} if "logits_to_keep" in inspect.signature(plain.forward).parameters else {}


def token_losses(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Negative log-likelihood [B, S-1] in nats of each labelled token given what precedes it; 0 where ignored."""
    batch, length, vocabulary = logits.shape
    flat = logits[:, :-1].reshape(-1, vocabulary)
    losses = cross_entropy(flat, labels[:, 1:].reshape(-1), ignore_index=IGNORED, reduction="none")
    return losses.view(batch, length - 1)


def load(spec: Spec) -> list[LanguageModel]:
    """The models of `spec`, each base folder loaded once. Raises `Invalid` for a folder that cannot be used."""
    from transformers import AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if threads := os.environ.get("OMP_NUM_THREADS"):
        torch.set_num_threads(int(threads))
    torch.manual_seed(spec.seed)
    for index, model in enumerate(spec.models):
        _check_folder(Path(model.path), f"spec.models[{index}].path", "config.json")
        if model.adapter:
            _check_folder(Path(model.adapter), f"spec.models[{index}].adapter", "adapter_config.json")
    device = _device(spec.device)
    shared: dict[str, Weights] = {}
    models = []
    for model in spec.models:
        weights = shared.get(model.path) or _weights(model.path, device, spec.precision)
        shared[model.path] = weights
        adapter = _attach(weights, model.adapter) if model.adapter else None
        own = Path(model.adapter or model.path)
        folder = own if (own / "tokenizer_config.json").is_file() else Path(model.path)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        sha256 = folder_digest(Path(model.adapter)) if model.adapter else None
        models.append(
            LanguageModel(model.name, model.path, model.adapter, sha256, adapter, weights, tokenizer, spec.batch_size)
        )
    return models


def _weights(path: str, device: torch.device, precision: str) -> Weights:
    from transformers import AutoModelForCausalLM

    if precision == "auto":
        precision = "bfloat16" if device.type == "cuda" else "float32"
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(
            path, dtype=getattr(torch, precision), use_safetensors=True, local_files_only=True, trust_remote_code=False
        )
    except (ValueError, OSError, KeyError, SafetensorError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "mismatch" not in str(error):
            raise  # no fault of the folder's: too little memory, say
        raise Invalid(path, f"cannot be loaded as a causal language model: {error}") from error
    model.to(device).eval()
    count = sum(parameter.numel() for parameter in model.parameters())
    return Weights(path, folder_digest(Path(path)), model, device, precision, count)


def _attach(weights: Weights, folder: str) -> str:
    """Load the adapter in `folder` onto `weights` and return its name there (PEFT's names hold no dots)."""
    from peft import PeftModel

    name = f"adapter{len(weights.adapters)}"
    try:
        if weights.adapters:
            weights.model.load_adapter(folder, adapter_name=name, is_trainable=False)
        else:
            weights.model = PeftModel.from_pretrained(weights.model, folder, adapter_name=name)
    except (ValueError, OSError, SafetensorError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "mismatch" not in str(error):
            raise
        raise Invalid(folder, f"does not fit the base {weights.path}: {error}") from error
    weights.model.eval()
    weights.adapters.append(name)
    return name


def _check_folder(folder: Path, where: str, config: str) -> None:
    """Refuse what cannot be loaded safely, before anything is loaded. Raises `Invalid`."""
    if not folder.is_dir():
        raise Invalid(where, f"there is no folder {folder}; give a local model or adapter folder.")
    if not (folder / config).is_file():
        raise Invalid(where, f"{folder} has no {config}.")
    try:
        settings = json.loads((folder / config).read_text(encoding="utf-8"))
    except ValueError as error:
        raise Invalid(where, f"{folder / config} is not JSON: {error}.") from None
    if "auto_map" in settings:
        raise Invalid(where, f"{folder / config} asks to run code of its own (auto_map), which is refused.")
    if not any(folder.glob("*.safetensors")):
        raise Invalid(where, f"{folder} has no safetensors weights; pickled weights are not read: convert them first.")


def _device(asked: str) -> torch.device:
    try:
        device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if asked == "auto" else asked)
    except RuntimeError:
        raise Invalid("spec.device", f"there is no device '{asked}'; give auto, cpu or cuda.") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise Invalid("spec.device", "'cuda' was asked for, but no CUDA device is here; give auto or cpu.")
    return device


def _first_label(labels: Sequence[int]) -> int:
    return next((place for place, label in enumerate(labels) if label != IGNORED), len(labels) - 1)


def _loss(nats: float, tokens: int) -> Loss:
    if tokens == 0:
        return Loss(0.0, 0, error="the row has no labelled token")
    if nats != nats or nats in (float("inf"), float("-inf")):
        return Loss(0.0, 0, error="the loss is not a finite number")
    return Loss(nats, tokens)
