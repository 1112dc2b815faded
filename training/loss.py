"""The loss of a batch: cross-entropy summed over the tokens that count.

The output head makes one number per vocabulary entry for every position it is given; with 49,000 entries and a
third of the positions trained, most of that work would be thrown away. So the head is applied to the counted
positions alone. That is exact for models whose logits are head(hidden), which `choose_loss` checks on the
model itself before the first step; for any other model the full forward pass is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from training.encode import IGNORED, Example

LossSum = Callable[[Any, "Batch"], torch.Tensor]
_SAME = 1e-4


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows side by side, padded on the right. `input_ids` and `labels` are [rows, length]; the mask is None
    where nothing is padded, else [rows, length] with 1 for real tokens."""

    input_ids: torch.Tensor
    labels: torch.Tensor
    attention_mask: torch.Tensor | None
    tokens: int
    loss_tokens: int

    @property
    def padding(self) -> int:
        return self.input_ids.numel() - self.tokens


def make_batch(examples: Sequence[Example], device: str) -> Batch:
    """Stack examples into tensors. Padding has label `IGNORED`, so which token pads has no effect."""
    length = max(example.length for example in examples)
    ids = torch.zeros(len(examples), length, dtype=torch.long)
    labels = torch.full((len(examples), length), IGNORED, dtype=torch.long)
    mask = torch.zeros(len(examples), length, dtype=torch.long)
    for row, example in enumerate(examples):
        ids[row, : example.length] = torch.tensor(example.input_ids)
        labels[row, : example.length] = torch.tensor(example.labels)
        mask[row, : example.length] = 1
    tokens = sum(example.length for example in examples)
    padded = tokens < ids.numel()
    return Batch(
        input_ids=ids.to(device),
        labels=labels.to(device),
        attention_mask=mask.to(device) if padded else None,
        tokens=tokens,
        loss_tokens=sum(example.loss_tokens for example in examples),
    )


def selected_loss(model: Any, batch: Batch) -> torch.Tensor:
    """Summed cross-entropy in nats, the head applied only where a label is: a scalar in float32."""
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    hidden = causal.base_model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, use_cache=False)[0]
    targets = batch.labels[:, 1:]  # the state at place t predicts the token at t + 1
    counted = targets != IGNORED
    logits = causal.get_output_embeddings()(hidden[:, :-1][counted])  # [counted positions, vocabulary]
    return functional.cross_entropy(logits.float(), targets[counted], reduction="sum")


def plain_loss(model: Any, batch: Batch) -> torch.Tensor:
    """The same sum from the model's own logits [rows, length, vocabulary]."""
    logits = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, use_cache=False).logits
    return functional.cross_entropy(
        logits[:, :-1].flatten(0, 1).float(), batch.labels[:, 1:].flatten(), ignore_index=IGNORED, reduction="sum"
    )


@torch.no_grad()
def choose_loss(model: Any, batch: Batch) -> LossSum:
    """`selected_loss` where it gives the model's own loss on `batch`, else `plain_loss`.

    Models that scale or cap their logits after the head would otherwise be trained on another loss.
    """
    was_training = model.training
    model.eval()
    try:
        expected = plain_loss(model, batch)
        close = torch.isclose(selected_loss(model, batch), expected, rtol=_SAME * _looseness(expected))
    except (AttributeError, TypeError, IndexError):  # not built as body and head
        return plain_loss
    finally:
        model.train(was_training)
    return selected_loss if bool(close) else plain_loss


def _looseness(value: torch.Tensor) -> float:
    """bfloat16 products differ in their third digit between two shapes of the same multiplication."""
    return 50.0 if torch.is_autocast_enabled(value.device.type) else 1.0
