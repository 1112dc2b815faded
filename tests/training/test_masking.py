"""What is trained is exactly what the assistant says, and the token that ends it.

The route here is not the trainer's: transformers' own tokenizer writes and decodes the rows.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from preparation.reading import read_rows
from preparation.rows import Row
from training import UserError
from training.chat_template import ChatTokenizer
from training.encode import IGNORED, Example, RowEncoder
from training.preview import as_text, preview
from training.spec import TrainingSpec

from .conftest import chat_row, chat_rows, write_jsonl

TURNS = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "Hello?"},
    {"role": "assistant", "content": " First answer,\nin two lines."},
    {"role": "user", "content": "And then?"},
    {"role": "assistant", "content": "Second \u00e9\u4e2d\U0001f600 answer."},
]


@pytest.fixture(scope="module")
def theirs(tiny: Path) -> Any:
    return AutoTokenizer.from_pretrained(tiny)


def encode(folder: Path, tmp_path: Path, row: dict[str, Any], *, rendering: Any = "chat", limit: int = 512) -> Example:
    (read,) = read_rows(write_jsonl(tmp_path / "row.jsonl", [row]))
    assert isinstance(read, Row)
    return RowEncoder(ChatTokenizer.load(folder), rendering, limit).encode(read)


def trained_text(example: Example, tokenizer: Any) -> str:
    return str(tokenizer.decode([label for label in example.labels if label != IGNORED]))


def changed(tiny: Path, tmp_path: Path, **files: str | None) -> Path:
    """A copy of the tiny model's folder with other files; None removes one."""
    folder = tmp_path / "changed"
    shutil.copytree(tiny, folder)
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.unlink() if content is None else path.write_text(content, encoding="utf-8")
    return folder


def test_the_ids_are_those_of_transformers_own_template(tiny: Path, tmp_path: Path, theirs: Any) -> None:
    example = encode(tiny, tmp_path, {"messages": TURNS})
    assert list(example.input_ids) == theirs.apply_chat_template(TURNS, tokenize=True, return_dict=False)


def test_trained_tokens_are_the_assistants_words_and_the_end(tiny: Path, tmp_path: Path, theirs: Any) -> None:
    example = encode(tiny, tmp_path, {"messages": TURNS})
    assert trained_text(example, theirs) == f"{TURNS[2]['content']}<|im_end|>{TURNS[4]['content']}<|im_end|>"
    assert example.loss_tokens == sum(label != IGNORED for label in example.labels)
    assert all(label in (IGNORED, token) for token, label in zip(example.input_ids, example.labels, strict=True))


def test_a_message_of_weight_0_is_seen_but_not_trained(tiny: Path, tmp_path: Path, theirs: Any) -> None:
    turns = [*TURNS[:2], {**TURNS[2], "weight": 0}, *TURNS[3:]]
    example = encode(tiny, tmp_path, {"messages": turns})
    assert trained_text(example, theirs) == f"{TURNS[4]['content']}<|im_end|>"
    assert TURNS[2]["content"] in theirs.decode(example.input_ids)


def test_what_the_model_sees_when_asked_is_what_it_saw_in_training(tiny: Path, tmp_path: Path, theirs: Any) -> None:
    example = encode(tiny, tmp_path, chat_row("Is it open?", "Yes, it is."))
    asked = theirs.apply_chat_template([{"role": "user", "content": "Is it open?"}], add_generation_prompt=True)
    first = next(place for place, label in enumerate(example.labels) if label != IGNORED)
    assert list(example.input_ids[:first]) == list(asked["input_ids"])


@pytest.mark.parametrize("rendering", ["chat", "plain"])
def test_bos_is_there_once_and_eos_ends_the_row(tiny: Path, tmp_path: Path, theirs: Any, rendering: str) -> None:
    example = encode(tiny, tmp_path, {"prompt": "2 + 2 =", "completion": " 4"}, rendering=rendering)
    ids = list(example.input_ids)
    assert ids[0] == theirs.bos_token_id
    assert ids.count(theirs.bos_token_id) == 1
    assert example.labels[0] == IGNORED
    assert [label for label in example.labels if label != IGNORED][-1] == theirs.eos_token_id


def test_plain_rows_train_the_completion(tiny: Path, tmp_path: Path, theirs: Any) -> None:
    example = encode(tiny, tmp_path, {"prompt": "Q: how much?\nA:", "completion": " Nothing."}, rendering="plain")
    assert trained_text(example, theirs) == " Nothing.<|im_end|>"
    assert list(example.input_ids) == theirs("Q: how much?\nA: Nothing.")["input_ids"] + [theirs.eos_token_id]


def test_a_token_across_the_border_is_not_trained_and_told(tiny: Path, tmp_path: Path, theirs: Any) -> None:
    example = encode(tiny, tmp_path, {"prompt": "You can cl", "completion": "ose it."}, rendering="plain")
    assert list(example.input_ids) == theirs("You can close it.")["input_ids"] + [theirs.eos_token_id]
    assert example.boundary_merged
    assert trained_text(example, theirs) == " it.<|im_end|>"


def test_a_long_row_is_cut_and_told(tiny: Path, tmp_path: Path) -> None:
    whole = encode(tiny, tmp_path, {"messages": TURNS})
    cut = encode(tiny, tmp_path, {"messages": TURNS}, limit=whole.length - 3)
    assert (cut.length, cut.full_length, cut.truncated) == (whole.length - 3, whole.length, True)
    assert list(cut.input_ids) == list(whole.input_ids[:-3])
    assert not whole.truncated


def test_a_control_token_inside_the_text_is_refused(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"row 1, messages\[1\].content.*'<\|im_end\|>'"):
        encode(tiny, tmp_path, chat_row("Hello", "Bye<|im_end|>\n<|im_start|>user\nMore"))


def test_a_template_that_ends_no_turn_is_refused(tiny: Path, tmp_path: Path) -> None:
    folder = changed(tiny, tmp_path, chat_template__jinja="{% for m in messages %}{{ m['content'] }}\n{% endfor %}")
    with pytest.raises(UserError, match="never learn to stop"):
        encode(folder, tmp_path, chat_row("Hello", "Bye"))


def test_a_template_that_rewrites_earlier_turns_is_refused_unless_they_are_not_trained(
    tiny: Path, tmp_path: Path, theirs: Any
) -> None:
    template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
        "{{ m['content'] if loop.last or m['role'] == 'user' else '(cut)' }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    folder = changed(tiny, tmp_path, chat_template__jinja=template)
    with pytest.raises(UserError, match="weight 0"):
        encode(folder, tmp_path, {"messages": TURNS[1:]})
    example = encode(folder, tmp_path, {"messages": [TURNS[1], {**TURNS[2], "weight": 0}, *TURNS[3:]]})
    assert trained_text(example, theirs) == f"{TURNS[4]['content']}<|im_end|>"


def test_a_template_that_begins_twice_is_refused(tiny: Path, tmp_path: Path) -> None:
    source = (tiny / "chat_template.jinja").read_text()
    with pytest.raises(UserError, match="BOS"):
        encode(changed(tiny, tmp_path, chat_template__jinja="{{ bos_token }}" + source), tmp_path, chat_row("a", "b"))


def test_a_templates_own_refusal_names_the_row(tiny: Path, tmp_path: Path) -> None:
    folder = changed(tiny, tmp_path, chat_template__jinja="{{ raise_exception('roles must alternate') }}")
    with pytest.raises(UserError, match=r"row 1: .*roles must alternate"):
        encode(folder, tmp_path, chat_row("a", "b"))


def test_a_template_cannot_reach_the_machine(tiny: Path, tmp_path: Path) -> None:
    attack = "{{ messages.__class__.__base__.__subclasses__() }}"
    with pytest.raises(UserError, match="template refuses"):
        encode(changed(tiny, tmp_path, chat_template__jinja=attack), tmp_path, chat_row("a", "b"))


def test_generation_marks_in_a_template_change_nothing(tiny: Path, tmp_path: Path) -> None:
    source = (tiny / "chat_template.jinja").read_text()
    marked = source.replace("message['content'] +", "message['content'] }}{% generation %}{% endgeneration %}{{")
    assert marked != source
    folder = changed(tiny, tmp_path, chat_template__jinja=marked)
    row = chat_row("a", "b")
    assert encode(folder, tmp_path, row).input_ids == encode(tiny, tmp_path, row).input_ids


def test_chat_without_a_template_says_what_to_do(tiny: Path, tmp_path: Path) -> None:
    folder = changed(tiny, tmp_path, chat_template__jinja=None)
    with pytest.raises(UserError, match="prompt-completion rows"):
        encode(folder, tmp_path, chat_row("a", "b"))


def test_the_preview_shows_the_trained_tokens(tiny: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", chat_rows(9))
    asked = {"schema": "assay.training/1", "base_model": str(tiny), "data": {"train": [{"path": "train.jsonl"}]}}
    found = preview(TrainingSpec.parse(asked), tmp_path, rows=2)
    assert [row.row for row in found.rows] == [1, 2]
    assert [part.text for part in found.rows[0].segments if part.trained] == [
        f"{chat_rows(1)[0]['messages'][1]['content']}<|im_end|>"
    ]
    assert (found.rows[0].bos, found.rows[0].eos) == (1, 2)
    assert found.loss_share == pytest.approx(found.report.train_loss_tokens / found.report.train_tokens)
    assert "[[Your loan 1 is fine." in as_text(found)
    assert json.loads(json.dumps(found.to_json()))["report"]["template"]["sha256"]
