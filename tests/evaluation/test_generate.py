"""What the batched paths give, against plain loops and against the libraries' own generation."""

import json
import math
import shutil

import pytest

from evaluation import loading, spec
from evaluation.spec import Invalid
from tests.evaluation.conftest import asked

torch = pytest.importorskip("torch")


def nothing(done, of):
    pass


def one_by_one(network, ids, labels):
    """The loss of one row, token by token from the softmax, without batch, mask or padding."""
    with torch.no_grad():
        probabilities = network(torch.tensor([ids])).logits[0].softmax(dim=-1)
    pairs = [(place, label) for place, label in enumerate(labels) if label != -100 and place > 0]
    return -sum(math.log(float(probabilities[place - 1, label])) for place, label in pairs), len(pairs)


@pytest.fixture(scope="module")
def alone(tiny_model, tiny_adapter):
    """Base and tuned model loaded apart, by the libraries' own means."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()
    other = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    return base, PeftModel.from_pretrained(other, tiny_adapter).eval()


def test_batched_losses_equal_a_plain_loop_for_base_and_tuned(pair, alone, validation_rows):
    rows = [(row["input_ids"], row["labels"]) for row in validation_rows]
    for model, network in zip(pair, alone, strict=True):
        for loss, (ids, labels) in zip(model.losses(rows, nothing), rows, strict=True):
            nats, tokens = one_by_one(network, ids, labels)
            assert loss.tokens == tokens
            assert loss.nats == pytest.approx(nats, rel=1e-4)


def test_continuations_that_share_a_context_have_the_losses_of_whole_rows(pair, alone):
    rows = [
        (model_ids, [[11, 12, 13], [14]])
        for model_ids in ([1, 5, 6, 7, 8, 9], [1, 5], [1, 30, 31, 32])
    ]  # fmt: skip
    for model, network in zip(pair, alone, strict=True):
        for losses, (context, ends) in zip(model.continuations(rows, nothing), rows, strict=True):
            for loss, end in zip(losses, ends, strict=True):
                nats, tokens = one_by_one(network, context + end, [-100] * len(context) + end)
                assert loss.tokens == tokens == len(end)
                assert loss.nats == pytest.approx(nats, rel=1e-4)


def test_a_context_that_leaves_no_room_for_its_continuations_is_not_measured(pair):
    rows = [([5] * (pair[0].context - 1), [[6, 7], [8]]), ([5, 6], [[6, 7], [8]])]
    too_long, fine = pair[0].continuations(rows, nothing)
    assert [loss.error for loss in too_long] == ["the context has 1023 tokens; the model takes 2 to 1022"] * 2
    assert [loss.error for loss in fine] == [None, None]


def test_the_base_with_the_adapter_disabled_is_the_base(pair, alone, validation_rows):
    base, candidate = pair
    assert base.weights is candidate.weights
    ids = validation_rows[3]["input_ids"]
    with base.active() as network, torch.no_grad():
        disabled = network(input_ids=torch.tensor([ids])).logits
    with torch.no_grad():
        assert torch.equal(disabled, alone[0](torch.tensor([ids])).logits)
    with candidate.active() as network, torch.no_grad():
        tuned = network(input_ids=torch.tensor([ids])).logits
    assert float((tuned - disabled).abs().max()) > 0.1


def test_greedy_answers_in_a_padded_batch_equal_the_librarys_one_by_one(pair, alone, tokenizer):
    questions = ["Where?", "Can I pay my loan back early, and is there a fee for it?", "When will the transfer arrive?"]
    for model, network in zip(pair, alone, strict=True):
        prompts = [model.prompt_ids([{"role": "user", "content": question}]) for question in questions]
        answers = model.answers(prompts, 12, nothing)
        for prompt, answer in zip(prompts, answers, strict=True):
            made = network.generate(
                input_ids=torch.tensor([prompt]),
                attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                max_new_tokens=12,
                do_sample=False,
            )[0, len(prompt) :]
            assert answer.text == tokenizer.decode(made, skip_special_tokens=True).strip()
            assert answer.error is None


def test_the_prompt_is_the_chat_template_with_one_opening_token(pair, tokenizer):
    ids = pair[0].prompt_ids([{"role": "user", "content": "Hello"}])
    assert ids.count(tokenizer.bos_token_id) == 1
    assert tokenizer.decode(ids).endswith("assistant\n")


def test_an_answer_that_ends_by_itself_is_not_cut(pair, tokenizer):
    end = tokenizer.eos_token_id
    assert pair[0]._answer([5, 6, end, 7], broken=False).cut is False
    assert pair[0]._answer([5, 6, end, 7], broken=False).tokens == 2
    assert pair[0]._answer([5, 6], broken=False).cut is True


def test_a_prompt_that_leaves_no_room_is_an_error_of_that_item_alone(pair):
    short = pair[0].prompt_ids([{"role": "user", "content": "Hi"}])
    answers = pair[0].answers([short, [5] * pair[0].context, short], 4, nothing)
    assert "the limit is 1024" in answers[1].error
    assert answers[0].error is None and answers[0].text == answers[2].text


def test_a_row_longer_than_the_context_or_without_a_label_is_not_measured(pair):
    too_long = [5] * (pair[0].context + 1)
    losses = pair[0].losses([(too_long, too_long), ([5, 6, 7], [-100] * 3), ([5, 6, 7], [-100, 6, 7])], nothing)
    assert "the model takes 2 to 1024" in losses[0].error
    assert losses[1].error == "the row has no labelled token"
    assert losses[2].error is None and losses[2].tokens == 2


def test_a_model_whose_logits_are_not_numbers_is_an_error_not_an_answer(tiny_model, validation_rows):
    [model] = loading.load(spec.parse(asked(tiny_model, None, [{"name": "safety"}])))
    with torch.no_grad():
        model.weights.model.lm_head.weight.fill_(float("nan"))
    [answer] = model.answers([model.prompt_ids([{"role": "user", "content": "Hi"}])], 4, nothing)
    assert "not finite" in answer.error
    [loss] = model.losses([(validation_rows[0]["input_ids"], validation_rows[0]["labels"])], nothing)
    assert "not a finite number" in loss.error


def test_two_adapters_share_one_set_of_weights(tiny_model, tiny_adapter, tmp_path, validation_rows):
    second = tmp_path / "second"
    shutil.copytree(tiny_adapter, second)
    models = [
        {"name": "base", "path": str(tiny_model)},
        {"name": "v1.0", "path": str(tiny_model), "adapter": str(tiny_adapter)},
        {"name": "v1.1", "path": str(tiny_model), "adapter": str(second)},
    ]
    plan = spec.parse({"schema": "assay.evaluation/1", "models": models, "tasks": [{"name": "safety"}]})
    base, first, other = loading.load(plan)
    assert base.weights is first.weights is other.weights
    rows = [(row["input_ids"], row["labels"]) for row in validation_rows]
    losses = [[loss.nats for loss in model.losses(rows, nothing)] for model in (base, first, other)]
    assert losses[1] == pytest.approx(losses[2], rel=1e-6)
    assert losses[0] != pytest.approx(losses[1], rel=1e-3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: shutil.rmtree(folder), "there is no folder"),
        (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "is not JSON"),
        (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "pickled weights"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"nonsense"), "cannot be loaded"),
        (
            lambda folder: (folder / "config.json").write_text(
                json.dumps({**json.loads((folder / "config.json").read_text()), "auto_map": {"AutoModel": "x.Y"}})
            ),
            "run code of its own",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_is_named(tiny_model, tmp_path, change, words):
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    change(folder)
    with pytest.raises(Invalid, match=words):
        loading.load(spec.parse(asked(folder, None, [{"name": "safety"}])))


def test_an_adapter_of_another_base_is_named(tiny_model, tiny_adapter, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config))
    broken = tmp_path / "adapter"
    shutil.copytree(tiny_adapter, broken)
    settings = json.loads((broken / "adapter_config.json").read_text())
    (broken / "adapter_config.json").write_text(json.dumps({**settings, "target_modules": ["nowhere"]}))
    with pytest.raises(Invalid, match="does not fit the base"):
        loading.load(spec.parse(asked(folder, broken, [{"name": "safety"}])))


def test_a_device_that_is_not_here_is_named(tiny_model):
    with pytest.raises(Invalid, match="there is no device 'abacus'"):
        loading.load(spec.parse(asked(tiny_model, None, [{"name": "safety"}], device="abacus")))
