"""A tiny real model, an adapter on it that changes what it says, and rows as the trainer leaves them."""

import json
from pathlib import Path

import pytest

from evaluation import spec


@pytest.fixture(scope="session")
def tiny_adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA adapter whose B matrices are not zero, so that it really moves the predictions."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    tuned = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    folder = tmp_path_factory.mktemp("adapters") / "adapter"
    tuned.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tokenizer(tiny_model: Path):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture(scope="session")
def validation_rows(tokenizer) -> list[dict]:
    """Seven rows of different lengths: chat prompt ignored, answer labelled."""
    questions = ["Where is my card?", "Can I pay my loan back early?", "Is there a fee?", "When?"]
    rows = []
    for number in range(7):
        messages = [{"role": "user", "content": questions[number % 4] + " Please." * number}]
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        prompt = tokenizer(text, add_special_tokens=False)["input_ids"]
        answer = tokenizer(f"Answer number {number}. " * (1 + number % 3), add_special_tokens=False)["input_ids"]
        rows.append({"row": 10 + number, "input_ids": prompt + answer, "labels": [-100] * len(prompt) + answer})
    return rows


@pytest.fixture
def validation_file(validation_rows, tmp_path: Path) -> Path:
    path = tmp_path / "validation.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in validation_rows))
    return path


@pytest.fixture(scope="session")
def pair(tiny_model: Path, tiny_adapter: Path):
    """Base and candidate as the library loads them: one set of weights."""
    from evaluation import loading

    return loading.load(spec.parse(asked(tiny_model, tiny_adapter, [{"name": "safety"}])))


def asked(model: Path, adapter: Path | None, tasks: list[dict], **more) -> dict:
    """A specification for base and candidate on the tiny model."""
    models = [{"name": "base", "path": str(model)}]
    if adapter:
        models.append({"name": "candidate", "path": str(model), "adapter": str(adapter)})
    return {"schema": "assay.evaluation/1", "models": models, "tasks": tasks, **more}
