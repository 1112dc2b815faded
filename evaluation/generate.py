"""Asking a causal language model: answers and log-likelihoods, in batches.

Weights are loaded once for each base folder; every adapter on it is attached to the same weights,
and the base itself is asked with the adapters disabled. Sampling settings that a model folder
carries (temperature, repetition penalty) are left aside: an evaluation decodes greedily, so that
the same model gives the same answer; who wants drawn answers says by which seed. Shapes: B rows
of a batch, S positions, V vocabulary.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from evaluation.tasks import Progress
from preparation.digests import sha256_of

IGNORED = -100
TOKENS_A_BATCH = 2_048
ROWS_A_BATCH = 64
FALLBACK_CONTEXT = 2_048


# The next token of each row [B] from its logits [B, V]; told which of the prompts the rows are.
Pick = Callable[[torch.Tensor, Sequence[int]], torch.Tensor]


def likeliest(logits: torch.Tensor, _: Sequence[int]) -> torch.Tensor:
    """Greedy decoding."""
    return logits.argmax(dim=1)


@dataclass(frozen=True)
class Answer:
    """One answer. `cut`: the token limit ended it. With `error` nothing was generated."""

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
        return sha256_of(self.tokenizer.get_vocab())

    @property
    def chat_template_sha256(self) -> str | None:
        """Digest of the chat template; None where the model has none."""
        template = self.tokenizer.chat_template
        return sha256_of(template) if template else None

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

    def answers(
        self, prompts: Sequence[Sequence[int]], max_new_tokens: int, progress: Progress, pick: Pick = likeliest
    ) -> list[Answer]:
        """The answer to every prompt (token ids), in their order, `batch_size` at a time.

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
                made = self._decoded(network, prompts, batch, max_new_tokens, pick)
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

    def continuations(
        self, rows: Sequence[tuple[Sequence[int], Sequence[Sequence[int]]]], progress: Progress
    ) -> list[list[Loss]]:
        """The summed loss of every continuation given its context; every row has the same number of them.

        A context is read once and its key-value cache is shared by its continuations, which for short
        continuations halves the work.
        """
        longest = max((len(end) for _, ends in rows for end in ends), default=0)
        found: dict[int, list[Loss]] = {}
        for batch in self.batches([context for context, _ in rows], room=longest):
            ends = [end for index in batch for end in rows[index][1]]
            with self.active() as network, torch.inference_mode():
                nats = self._continued(network, [rows[index][0] for index in batch], ends)
            each = len(ends) // len(batch)
            losses = [_loss(total, len(end)) for total, end in zip(nats, ends, strict=True)]
            found.update((index, losses[n * each : (n + 1) * each]) for n, index in enumerate(batch))
            self.meter.tokens += sum(len(rows[index][0]) for index in batch) + sum(map(len, ends))
            progress(len(found), len(rows))
        for index, (context, own) in enumerate(rows):
            if index not in found:
                why = f"the context has {len(context)} tokens; the model takes 2 to {self.context - longest}"
                found[index] = [Loss(0.0, 0, error=why) for _ in own]
        return [found[index] for index in range(len(rows))]

    def batches(self, rows: Sequence[Sequence[int]], room: int = 0) -> Iterator[list[int]]:
        """Indexes of `rows` that fit the context with `room` to spare, longest first, by padded size."""
        fitting = (index for index, row in enumerate(rows) if 2 <= len(row) <= self.context - room)
        order = sorted(fitting, key=lambda index: -len(rows[index]))
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
    def _decoded(
        self, network: Any, prompts: Sequence[Sequence[int]], batch: Sequence[int], max_new_tokens: int, pick: Pick
    ) -> list[Answer]:
        """Decoding of the prompts named in `batch`, with padding at the left and a key-value cache; stops when every
        row has ended."""
        ids, mask, places = self._padded_left([prompts[index] for index in batch])
        device = self.weights.device
        ends = torch.tensor(sorted(self._ends()), device=device)
        ended = torch.zeros(len(batch), dtype=torch.bool, device=device)
        broken = torch.zeros_like(ended)
        chosen, cache = [], None
        for _ in range(max_new_tokens):
            out = network(
                input_ids=ids, attention_mask=mask, position_ids=places, past_key_values=cache, use_cache=True,
                **self._kept(network, 1),
            )  # fmt: skip
            last = out.logits[:, -1].float()  # [B, V]
            broken |= ~ended & ~torch.isfinite(last).all(dim=1)
            token = pick(last, batch)
            chosen.append(token)
            ended |= torch.isin(token, ends)
            if bool((ended | broken).all()):
                break
            cache, ids, places = out.past_key_values, token[:, None], places[:, -1:] + 1
            mask = torch.cat([mask, mask.new_ones(len(batch), 1)], dim=1)
        rows = torch.stack(chosen, dim=1).tolist()
        return [self._answer(row, bad) for row, bad in zip(rows, broken.tolist(), strict=True)]

    def _continued(self, network: Any, contexts: Sequence[Sequence[int]], ends: Sequence[Sequence[int]]) -> list[float]:
        """Nats of each of `ends`, which belong to the B `contexts` in equal numbers k; logits are [B * k, T, V]."""
        ids, mask, places = self._padded_left(contexts)
        out = network(
            input_ids=ids, attention_mask=mask, position_ids=places, use_cache=True, **self._kept(network, 1)
        )  # fmt: skip
        each = len(ends) // len(contexts)
        logits = out.logits[:, -1:].repeat_interleave(each, dim=0)
        labels, tails = self.padded(ends, IGNORED), self.padded(ends, 0)[:, :-1]
        if tails.shape[1]:
            out.past_key_values.batch_repeat_interleave(each)
            seen = torch.cat([mask.repeat_interleave(each, dim=0), (labels[:, 1:] != IGNORED).long()], dim=1)
            after = places[:, -1:].repeat_interleave(each, dim=0) + 1 + torch.arange(tails.shape[1], device=ids.device)
            more = network(
                input_ids=tails, attention_mask=seen, position_ids=after, past_key_values=out.past_key_values,
                use_cache=True,
            )  # fmt: skip
            logits = torch.cat([logits, more.logits], dim=1)
        flat = cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="none")
        nats: list[float] = flat.view(labels.shape).sum(dim=1).tolist()
        return nats

    def _padded_left(self, rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Token ids, mask and positions [B, S] of `rows` padded at the left, so that all end together."""
        width = max(map(len, rows))
        device = self.weights.device
        ids = torch.tensor([[*[0] * (width - len(row)), *row] for row in rows], device=device)
        mask = torch.tensor([[*[0] * (width - len(row)), *[1] * len(row)] for row in rows], device=device)
        return ids, mask, (mask.cumsum(dim=1) - 1).clamp(min=0)

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


def _first_label(labels: Sequence[int]) -> int:
    return next((place for place, label in enumerate(labels) if label != IGNORED), len(labels) - 1)


def _loss(nats: float, tokens: int) -> Loss:
    if tokens == 0:
        return Loss(0.0, 0, error="the row has no labelled token")
    if nats != nats or nats in (float("inf"), float("-inf")):
        return Loss(0.0, 0, error="the loss is not a finite number")
    return Loss(nats, tokens)
