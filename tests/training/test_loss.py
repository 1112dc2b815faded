"""The loss, computed by another route: the model's own logits, row by row, without padding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers import AutoModelForCausalLM, Gemma2Config, Gemma2ForCausalLM

from preparation.reading import read_rows
from preparation.rows import Row
from training import adapters
from training.chat_template import ChatTokenizer
from training.encode import IGNORED, Example, RowEncoder
from training.loss import choose_loss, make_batch, plain_loss, selected_loss
from training.spec import Lora

from .conftest import chat_rows, write_jsonl


@pytest.fixture(scope="module")
def examples(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    path = write_jsonl(tmp_path_factory.mktemp("loss") / "rows.jsonl", chat_rows(4))
    encoder = RowEncoder(ChatTokenizer.load(tiny), "chat", 512)
    return [encoder.encode(row) for row in read_rows(path) if isinstance(row, Row)]


@pytest.fixture
def model(tiny: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(tiny)


def by_hand(model: Any, examples: list[Example]) -> float:
    """Minus the log probability of each trained token, one row at a time."""
    total = 0.0
    for example in examples:
        logits = model(torch.tensor([list(example.input_ids)])).logits[0].double().log_softmax(-1)
        for place in range(1, example.length):
            if example.labels[place] != IGNORED:
                total -= logits[place - 1, example.labels[place]].item()
    return total


def test_both_losses_are_the_plain_definition(model: Any, examples: list[Example]) -> None:
    batch = make_batch(examples, "cpu")
    assert batch.padding > 0
    expected = by_hand(model, examples)
    assert plain_loss(model, batch).item() == pytest.approx(expected, rel=1e-5)
    assert selected_loss(model, batch).item() == pytest.approx(expected, rel=1e-5)


def test_both_losses_have_the_same_gradients(model: Any, examples: list[Example]) -> None:
    model = adapters.apply_method(model, Lora(r=4, alpha=8), seed=0)
    weights = adapters.trained_weights(model)
    for weight in weights.values():
        nn.init.normal_(weight, std=0.05)
    found = []
    for loss in (plain_loss, selected_loss):
        model.zero_grad()
        loss(model, make_batch(examples, "cpu")).backward()
        found.append([weight.grad.clone() for weight in weights.values()])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_the_short_way_is_taken_where_it_is_exact(model: Any, examples: list[Example]) -> None:
    assert choose_loss(model, make_batch(examples, "cpu")) is selected_loss


def test_a_model_that_caps_its_logits_gets_its_own_loss(examples: list[Example]) -> None:
    config = Gemma2Config(
        vocab_size=1024, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, final_logit_softcapping=0.5,
    )  # fmt: skip
    torch.manual_seed(0)
    capped = Gemma2ForCausalLM(config)
    assert choose_loss(capped, make_batch(examples, "cpu")) is plain_loss
