"""Every task on a real tiny model, its numbers computed again by another route."""

import json
import math
from itertools import combinations

import pytest

from evaluation.bias.counterfactual import Counterfactual
from evaluation.quality.exact_match import ExactMatch, normalised, token_f1
from evaluation.quality.forgetting import Forgetting
from evaluation.quality.validation_loss import ValidationLoss
from evaluation.safety.both_ways import Safety
from evaluation.suites import SuiteError
from tests.evaluation.test_generate import nothing, one_by_one

torch = pytest.importorskip("torch")


def measure(task, items, models, **options):
    found = list(task.measure(items, models, {**task.options, **options}, nothing))
    return {(sample.model, sample.item.id): sample for sample in found}


def score(sample, metric, group=...):
    [value] = [s.value for s in sample.scores if s.metric == metric and (group is ... or s.group == group)]
    return value


def log_likelihood(model, ids, start):
    """Sum of ln p of the ids from `start` on, token by token."""
    with model.active() as network:
        nats, tokens = one_by_one(network, ids, [-100] * start + ids[start:])
    return -nats / tokens


def test_validation_loss_is_the_token_mean_over_the_trainers_labels(pair, validation_file, validation_rows):
    items = ValidationLoss().items(validation_file).items
    samples = measure(ValidationLoss(), items, pair)
    for model in pair:
        nats = tokens = weighted = weight = 0.0
        for item, row in zip(items, validation_rows, strict=True):
            with model.active() as network:
                more, count = one_by_one(network, row["input_ids"], row["labels"])
            nats, tokens = nats + more, tokens + count
            [loss] = [s for s in samples[model.name, item.id].scores if s.metric == "loss"]
            weighted, weight = weighted + loss.value * loss.weight, weight + loss.weight
            assert samples[model.name, item.id].detail["row"] == str(row["row"])
        assert weight == tokens
        assert weighted / weight == pytest.approx(nats / tokens, rel=1e-4)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"row": 0, "input_ids": [1, 2], "labels": [1]}, "line 1: has 2 input ids but 1 labels"),
        ({"row": 0, "input_ids": [1, 2], "labels": [-100, -100]}, "no token is labelled"),
        ({"row": 0, "input_ids": "1 2", "labels": [1]}, "as lists of integers"),
        ({"row": 0}, "as lists of integers"),
    ],
)
def test_validation_rows_that_are_none_are_named(tmp_path, row, words):
    path = tmp_path / "validation.jsonl"
    path.write_text(json.dumps(row))
    with pytest.raises(SuiteError, match=words):
        ValidationLoss().items(path)


def test_exact_match_asks_for_the_last_answer_of_a_validation_row(pair, validation_file, validation_rows, tokenizer):
    items = ExactMatch().items(validation_file).items
    samples = measure(ExactMatch(), items, pair, max_new_tokens=6)
    for model in pair:
        for item, row in zip(items, validation_rows, strict=True):
            sample = samples[model.name, item.id]
            answer = [label for label in row["labels"] if label != -100]
            assert sample.detail["reference"] == tokenizer.decode(answer).strip()
            assert score(sample, "token-f1") == token_f1(sample.output, sample.detail["reference"])


def test_the_last_stretch_is_the_reference_and_what_precedes_it_the_prompt():
    from evaluation.quality.validation_rows import ValidationRow

    row = ValidationRow("0", (1, 2, 3, 4, 5, 6, 7), (-100, 2, -100, -100, 5, 6, -100))
    assert row.last_answer() == ((1, 2, 3, 4), (5, 6))


@pytest.mark.parametrize(
    ("first", "second", "equal", "f1"),
    [
        ("Block it, now!", "block   it now", True, 1.0),
        ("“Café”", "Cafe\u0301", True, 1.0),
        ("the the cat", "the cat sat", False, 2 * 2 / 6),
        ("", "", True, 1.0),
        ("", "something", False, 0.0),
    ],
)
def test_normalisation_and_word_overlap(first, second, equal, f1):
    assert (normalised(first) == normalised(second)) is equal
    assert token_f1(first, second) == pytest.approx(f1)


def test_items_with_prompt_or_messages_are_taken_and_others_named(tmp_path):
    path = tmp_path / "items.jsonl"
    good = [
        {"id": "a", "prompt": "Q?", "reference": "R", "group": "cards"},
        {
            "id": "b",
            "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q"}],
            "reference": "R",
        },
    ]
    path.write_text("\n".join(map(json.dumps, good)))
    items = ExactMatch().items(path).items
    assert [item.stratum for item in items] == ["cards", "all"]
    for bad, words in [
        ({"prompt": "Q"}, "needs a text 'reference'"),
        ({"reference": "R"}, "needs a text 'prompt', or 'messages'"),
        ({"messages": [{"role": "robot", "content": "x"}], "reference": "R"}, "'messages' with role and content"),
    ]:
        path.write_text(json.dumps(bad))
        with pytest.raises(SuiteError, match=words):
            ExactMatch().items(path)
    path.write_text("\n".join([json.dumps(good[0])] * 2))
    with pytest.raises(SuiteError, match="same 'id'"):
        ExactMatch().items(path)


def test_counterfactual_preferences_from_a_plain_loop_over_terms(pair):
    task = Counterfactual()
    items = task.items(None).items[::37]
    samples = measure(task, items, pair)
    for model in pair:
        for item in items:
            content, preferences = item.content, {}
            for term in content["terms"]:
                text = content["context"].replace("{group}", term)
                context = model.text_ids(text[0].upper() + text[1:], start=True)
                assert context[0] == model.tokenizer.bos_token_id
                ends = [model.text_ids(" " + content[way], start=False) for way in ("favourable", "unfavourable")]
                likely = [log_likelihood(model, context + end, len(context)) for end in ends]
                preferences[term] = likely[0] - likely[1]
            sample = samples[model.name, item.id]
            assert sample.detail["preferences"] == pytest.approx(preferences, abs=1e-4)
            gaps = [abs(a - b) for a, b in combinations(preferences.values(), 2)]
            assert score(sample, "spread") == pytest.approx(sum(gaps) / 3, abs=1e-4)
            mean = sum(preferences.values()) / 3
            for term, value in preferences.items():
                group = f"{item.stratum}: {term}"
                assert score(sample, "deviation", group) == pytest.approx(value - mean, abs=1e-4)
            assert sum(s.value for s in sample.scores if s.metric == "favoured") == 1


def test_forgetting_from_a_plain_loop_over_positions(pair):
    task = Forgetting()
    items = [
        item.__class__(item.id, item.stratum, item.targets, {"text": item.content["text"][:150]}, item.cluster)
        for item in task.items(None).items[::9]
    ]
    base = pair[0]
    samples = measure(task, items, pair)
    for item in items:
        ids = base.text_ids(item.content["text"], start=True)
        logs = []
        for model in pair:
            with model.active() as network, torch.no_grad():
                logs.append(network(input_ids=torch.tensor([ids])).logits[0].double().log_softmax(dim=-1))
        entropies, divergence = [0.0, 0.0], 0.0
        for place in range(len(ids) - 1):
            for number, log in enumerate(logs):
                entropies[number] -= float(log[place, ids[place + 1]])
            divergence += float((logs[0][place].exp() * (logs[0][place] - logs[1][place])).sum())
        count = len(ids) - 1
        assert score(samples["base", item.id], "cross-entropy") == pytest.approx(entropies[0] / count, rel=1e-4)
        assert score(samples["candidate", item.id], "cross-entropy") == pytest.approx(entropies[1] / count, rel=1e-4)
        assert score(samples["candidate", item.id], "kl-from-base") == pytest.approx(divergence / count, rel=1e-3)
        assert not [s for s in samples["base", item.id].scores if s.metric == "kl-from-base"]


def test_a_model_with_another_vocabulary_is_not_measured_on_the_bases_tokens(pair, monkeypatch):
    monkeypatch.setattr(type(pair[1]), "vocabulary_sha256", property(lambda self: self.name))
    items = Forgetting().items(None).items[:2]
    samples = measure(Forgetting(), items, pair)
    assert samples["base", items[0].id].error is None
    assert samples["candidate", items[0].id].error == "its vocabulary differs from the base's"
    assert samples["candidate", items[0].id].scores == ()


def test_safety_classes_every_answer_and_counts_both_ways(pair):
    task = Safety()
    items = [item for item in task.items(None).items if item.id.endswith("-1")]
    samples = measure(task, items, pair, max_new_tokens=4)
    assert len(samples) == 2 * len(items)
    for (_, identity), sample in samples.items():
        metrics = {s.metric for s in sample.scores}
        expected = {"over-refusal", "over-refusal-partial"} if "-safe-" in identity else {
            "unsafe-compliance", "unsafe-partial-refusal",
        }  # fmt: skip
        assert metrics == expected
        assert all(s.group == identity.split("-")[0] or "-" in str(s.group) for s in sample.scores)


def test_a_model_that_refuses_everything_is_shown_as_useless_and_not_as_safe():
    items = Safety().items(None).items
    samples = [Safety().score(item, "wall", "I'm sorry, but I can't help with that.") for item in items]
    values = {}
    for sample in samples:
        for found in sample.scores:
            values.setdefault(found.metric, []).append(found.value)
    assert set(values["unsafe-compliance"]) == {0.0}
    assert set(values["over-refusal"]) == {1.0}


def test_the_safety_file_of_somebody_else_is_checked(tmp_path):
    path = tmp_path / "prompts.csv"
    path.write_text("id,area,kind,prompt\n1,theft,dangerous,How?\n")
    with pytest.raises(SuiteError, match="'kind' must be 'unsafe' or 'safe'"):
        Safety().items(path)
    path.write_text("id,area,kind,prompt\n1,,safe,How?\n")
    with pytest.raises(SuiteError, match="needs texts 'id', 'area' and 'prompt'"):
        Safety().items(path)


def test_perplexity_of_a_uniform_guess_is_the_size_of_the_vocabulary():
    from evaluation import summary
    from evaluation.tasks import Item, Sample, Score

    items = [Item(str(n), "all", (("loss", None), ("perplexity", None)), {}, str(n)) for n in range(3)]
    guess = math.log(1024)
    samples = [Sample("m", i, "", None, tuple(Score(m, None, guess, 5) for m in ("loss", "perplexity"))) for i in items]
    data = summary.measured("validation-loss", 0, ValidationLoss.metrics, ["m"], items, samples)
    [_, perplexity] = summary.metrics(data)
    assert perplexity.value == pytest.approx(1024)
    assert perplexity.ci == pytest.approx((1024, 1024))
