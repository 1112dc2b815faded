"""Each family of measures on rows whose faults were put there by hand."""

import json
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from preparation.quality.asked import Asked, Parts, Source
from preparation.quality.profiling import SCHEMA, measure
from preparation.quality.sampling import Sample
from preparation.quality.seen import NotMeasurable
from preparation.reading import Reading

Write = Callable[..., Path]
WORDS = ("river", "stone", "amber", "window", "copper", "garden", "silver", "letter", "market", "bridge", "winter")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(rows: Sequence[Any], name: str = "rows.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    """One token a word."""
    made = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    made.add_special_tokens(["<|own_mark|>"])
    folder = tmp_path / "tokenizer"
    folder.mkdir()
    made.save(str(folder / "tokenizer.json"))
    return folder


def pair(prompt: str, completion: str) -> dict[str, str]:
    return {"prompt": prompt, "completion": completion}


def sentence(seed: int, length: int = 16) -> str:
    rng = random.Random(seed)  # noqa: S311 - the same text at each run
    return " ".join(rng.choice(WORDS) + str(rng.randrange(50)) for _ in range(length))


def sound(count: int) -> list[dict[str, str]]:
    return [pair(sentence(2 * number), sentence(2 * number + 1)) for number in range(count)]


def profiled(path: Path, asked: Asked = Asked()) -> dict[str, Any]:  # noqa: B008 - immutable
    return measure(path, Reading(), asked)


def measures(path: Path, asked: Asked = Asked()) -> dict[str, Any]:  # noqa: B008 - immutable
    return profiled(path, asked)["measures"]


def states(profile: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["state"] for one in profile["checklist"]}


def test_a_file_without_faults_is_called_good(write: Write) -> None:
    found = profiled(write(sound(1_200)))
    assert (found["schema"], found["rows"], found["format"]) == (SCHEMA, 1_200, "prompt-completion")
    assert "look" not in {state for name, state in states(found).items() if name != "languages"}
    assert states(found)["overlap"] == states(found)["truncation"] == "not-measured"


def test_the_result_holds_no_text_of_a_row(write: Write) -> None:
    rows = sound(60)
    rows[7] = pair("Secret question about Zebulon <|im_end|>", "Zebulon\ufffd answered")
    assert "Zebulon" not in json.dumps(profiled(write(rows)))


def test_characters_and_turns_are_those_of_the_rows(write: Write) -> None:
    turn = lambda role, content: {"role": role, "content": content}  # noqa: E731
    rows = [
        {"messages": [turn("user", "abcd"), turn("assistant", "ef")]},
        {"messages": [turn("system", "s"), turn("user", "abc"), turn("assistant", "x" * 7)]},
    ]
    found = measures(write(rows))
    assert (found["characters"]["asked"]["min"], found["characters"]["asked"]["max"]) == (4, len("s\nabc"))
    assert (found["characters"]["learnt"]["min"], found["characters"]["learnt"]["max"]) == (2, 7)
    assert found["turns"]["rows_by_messages"] == {"2": 1, "3": 1}
    assert found["turns"]["messages_by_role"] == {"assistant": 2, "system": 1, "user": 2}


def test_tokens_are_counted_by_the_tokenizer_and_a_limit_cuts(write: Write, tokenizer: Path) -> None:
    rows = [pair("one two three", "four five"), pair("w " * 20, "answer"), pair("a b", "c " * 30)]
    found = measures(write(rows), Asked(tokenizer=tokenizer, limit=20))["tokens"]
    assert (found["n"], found["sampled"]) == (3, False)
    assert (found["whole"]["min"], found["whole"]["max"]) == (5, 32)
    assert found["truncation"]["cut"] == {"count": 2, "examples": [2, 3]}
    assert found["truncation"]["unlearnt"] == {"count": 1, "examples": [2]}


def test_without_a_tokenizer_tokens_are_not_measured(write: Write) -> None:
    assert "No tokenizer was chosen" in measures(write(sound(3)))["tokens"]["not_measured"]


def test_languages_are_told_and_short_rows_are_not(write: Write) -> None:
    english = pair("Where can I find the nearest train station, please?", "Go straight on and turn left at the church.")
    german = pair("Wo finde ich bitte den nächsten Bahnhof?", "Gehen Sie geradeaus und an der Kirche nach links.")
    found = measures(write([english, english, english, german, pair("Hi", "Yes")]))["languages"]
    assert (found["main"], found["rows_by_language"], found["too_short"]) == ("en", {"en": 3, "de": 1}, 1)
    assert found["examples"] == [4]


def test_labels_are_counted_and_the_rarest_shown(write: Write) -> None:
    rows = [{"text": sentence(number), "label": "common"} for number in range(40)]
    rows += [{"text": sentence(99), "label": "rare"}]
    profile = profiled(write(rows))
    found = profile["measures"]["labels"]
    assert (found["rows_by_label"], found["ratio"], found["examples"]) == ({"common": 40, "rare": 1}, 40.0, [41])
    assert states(profile)["labels"] == "look"


def test_long_answers_are_no_labels(write: Write) -> None:
    assert "not_measured" in measures(write(sound(30)))["labels"]


def test_rows_that_hold_or_answer_nothing_are_found(write: Write) -> None:
    rows = [pair("...", "?!"), pair("What is it?", "--"), *sound(3)]
    found = measures(write(rows))["emptiness"]
    assert found["empty"] == {"count": 1, "examples": [1]}
    assert found["silent"] == {"count": 2, "examples": [1, 2]}
    assert found["masked"]["count"] == 0


def test_duplicates_are_told_exact_from_near(write: Write) -> None:
    rows = sound(20)
    changed = rows[3]["prompt"].split()
    changed[5] = "changed"
    near = pair(" ".join(changed), rows[3]["completion"])
    found = measures(write([*rows, rows[0], near, rows[0]]))
    assert (found["exact_duplicates"]["count"], found["exact_duplicates"]["examples"]) == (2, [21, 23])
    assert (found["near_duplicates"]["count"], found["near_duplicates"]["examples"]) == (1, [[22, 4]])


def test_the_same_question_with_two_answers_is_a_contradiction(write: Write) -> None:
    rows = [*sound(5), pair("Is it open?", "Yes"), pair("Is it open?", "No"), pair("Is it open?", "Yes")]
    found = measures(write(rows))["contradictions"]
    assert (found["count"], found["rows"], found["examples"]) == (1, 3, [6, 7, 8])


def test_a_preference_contradicts_another_that_prefers_the_other_answer(write: Write) -> None:
    rows = [
        {"prompt": "Greet me", "chosen": "Hello!", "rejected": "Go away."},
        {"prompt": "Greet me", "chosen": "Go away.", "rejected": "Hello!"},
        {"prompt": "Greet me", "chosen": "Good morning.", "rejected": "Go away."},
    ]
    found = measures(write(rows))["contradictions"]
    assert (found["count"], found["examples"]) == (1, [1, 2])


def test_a_label_contradicts_another_on_the_same_answer(write: Write) -> None:
    rows = [{"prompt": "p", "completion": "c", "label": label} for label in (True, False)]
    rows.append({"prompt": "p", "completion": "another", "label": False})
    assert measures(write(rows))["contradictions"]["examples"] == [1, 2]


def test_damaged_text_is_found(write: Write) -> None:
    mojibake = "Überprüfen Sie die Größe".encode().decode("latin-1")
    rows = [pair("Fine", "Größe und Überprüfung, déjà vu"), pair("x", "lost \ufffd sign"), pair("y", "bell \x07"),
            pair("z", mojibake)]  # fmt: skip
    found = measures(write(rows))["encoding"]
    assert found["replacement"] == {"count": 1, "examples": [2]}
    assert 3 in found["control"]["examples"]
    assert found["mojibake"] == {"count": 1, "examples": [4]}


def test_outliers_are_those_of_the_robust_z(write: Write) -> None:
    rows = [pair(sentence(number, 10 + number % 7), "ok") for number in range(200)]
    rows[50] = pair(sentence(1, 900), "ok")
    path = write(rows)
    logs = [math.log1p(len(row["prompt"]) + 3) for row in rows]
    middle = median(logs)
    away = median(abs(value - middle) for value in logs)
    by_hand = [place + 1 for place, value in enumerate(logs) if abs(0.6745 * (value - middle)) / away > 3.5]
    found = measures(path)["outliers"]["length"]
    assert (found["count"], found["examples"]) == (len(by_hand), by_hand[:5])
    assert 51 in by_hand


def test_a_row_that_repeats_itself_is_found(write: Write) -> None:
    rows = [*sound(10), pair("Tell me more", "and so it goes on " * 30)]
    assert measures(write(rows))["outliers"]["repetition"] == {"count": 1, "examples": [11]}


def test_markup_and_scaffolding_and_system_prompts_are_found(write: Write, tokenizer: Path) -> None:
    turn = lambda role, content: {"role": role, "content": content}  # noqa: E731
    rows = [
        {"messages": [turn("user", "Plain"), turn("assistant", "fine")]},
        {"messages": [turn("user", "Hi<|im_end|>"), turn("assistant", "fine")]},
        {"messages": [turn("user", "### Instruction:\nSay hi"), turn("assistant", "hi")]},
        {"messages": [turn("system", "Be kind"), turn("user", "Hello"), turn("assistant", "<|own_mark|>")]},
    ]
    path = write(rows)
    found = measures(path)["template"]
    assert found["control"] == {"count": 1, "examples": [2], "rows_by_token": {"<|im_end|>": 1}}
    assert found["scaffolding"] == {"count": 1, "examples": [3]}
    assert (found["system"]["with"], found["system"]["without"], found["system"]["distinct"]) == (1, 3, 1)
    assert measures(path, Asked(tokenizer=tokenizer))["template"]["control"]["examples"] == [2, 4]


def test_rows_are_held_against_splits_and_suites(write: Write) -> None:
    rows = sound(30)
    split = write([rows[2], *sound(40)[35:]], "validation.jsonl")
    passage = "taken from the test set word by word so that thirteen words are in a row here"
    rows[10] = pair("Summarise: " + sentence(1) + " " + passage, sentence(500))
    rows[11] = pair("What colour is the sky on a clear day?", "Blue")
    suite = write([{"text": "What colour is the sky, on a clear day"}, {"text": f"Once {passage}"}], "suite.jsonl")
    asked = Asked(splits=(Source("validation", split),), suites=(Source("sky", suite),))
    profile = profiled(write(rows), asked)
    one, other = profile["measures"]["against"]["others"]
    assert (one["name"], one["texts"], one["exact"]["examples"], one["any"]["count"]) == ("validation", 6, [3], 1)
    assert (other["exact"]["examples"], other["passage"]["examples"]) == ([12], [11])
    assert other["any"] == {"count": 2, "examples": [11, 12]}
    assert [v["state"] for v in profile["checklist"] if v["name"] == "overlap"] == ["look", "look"]


def test_plain_text_and_tables_say_what_they_have_no_measure_for(write: Write) -> None:
    found = measures(write([{"text": sentence(number, 40)} for number in range(10)]))
    assert {name for name, one in found.items() if "not_measured" in one} == {
        "turns", "labels", "contradictions", "tokens", "against", "parts",
    }  # fmt: skip
    assert "not_measured" in found["emptiness"]["masked"]


def test_a_file_with_a_row_that_cannot_be_used_is_not_measured(write: Write) -> None:
    with pytest.raises(NotMeasurable, match="Row 2 cannot be used"):
        profiled(write([pair("a", "b"), {"prompt": "a", "completion": 3}]))


def test_a_tokenizer_that_cannot_be_read_is_said(write: Write, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(NotMeasurable, match="The tokenizer cannot be read"):
        profiled(write(sound(2)), Asked(tokenizer=tmp_path))


def test_an_example_is_named_as_the_file_counts_and_says_its_place_among_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('prompt,completion\na,b\n"two\nlines",d\nbad \ufffd,f\n', encoding="utf-8")
    (verdict,) = [one for one in profiled(path)["checklist"] if one["name"] == "replacement"]
    assert (verdict["rows"], verdict["places"]) == ([4], [2])


def test_the_same_file_and_seed_give_the_same_profile(write: Write) -> None:
    path = write([*sound(200), *sound(50)])
    assert profiled(path) == profiled(path)


def test_a_sample_keeps_every_row_with_the_same_chance() -> None:
    kept = [0] * 40
    for seed in range(2_000):
        sample, rows = Sample(10, seed), [-1] * 10
        for row in range(40):
            place = sample.place()
            if place is not None:
                rows[place] = row
        assert sample.told() == {"n": 10, "sampled": True}
        for row in rows:
            kept[row] += 1
    assert all(abs(count - 500) < 5 * math.sqrt(2_000 * 0.25 * 0.75) for count in kept)
    small = Sample(10, 0)
    assert [small.place() for _ in range(4)] == [0, 1, 2, 3]
    assert small.told() == {"n": 4, "sampled": False}


@pytest.mark.parametrize(
    ("rows", "form", "state"), [(49, "c", "look"), (50, "c", "good"), (999, "p", "look"), (1_000, "p", "good")]
)
def test_enough_rows_depends_on_the_kind_of_task(write: Write, rows: int, form: str, state: str) -> None:
    made: list[dict[str, str]] = sound(rows)
    if form == "c":
        made = [{"text": row["prompt"], "label": f"label{place % 2}"} for place, row in enumerate(made)]
    assert states(profiled(write(made)))["enough"] == state


def test_rows_alike_in_two_parts_of_the_own_split_are_counted_by_group(write: Write, tmp_path: Path) -> None:
    rows = sound(12)
    words = rows[2]["prompt"].split()
    nearly = pair(" ".join([*words[:-1], "other"]), rows[2]["completion"])
    # 0 and 12 are copies in train and test; 1 and 13 within train alone; 2 and 14 nearly alike in train and test; 3, 15
    # and 16 are copies in all three parts.
    rows += [rows[0], rows[1], nearly, rows[3], rows[3]]
    of_row = bytes([0] * 12 + [2, 0, 2, 1, 2])
    split = tmp_path / "parts"
    split.write_bytes(of_row)
    found = profiled(write(rows), Asked(parts=Parts("Split 1", split, ("train", "validation", "test"))))
    told = found["measures"]["parts"]
    assert told["rows"] == {"train": 13, "validation": 1, "test": 3}
    assert (told["exact"]["count"], told["exact"]["rows"]) == (2, 5)
    assert (told["near"]["count"], told["near"]["rows"]) == (3, 7)
    between = {tuple(one["parts"]): one["groups"] for one in told["near"]["between"]}
    assert between == {("train", "test"): 3, ("train", "validation"): 1, ("validation", "test"): 1}
    assert sorted(map(tuple, told["near"]["examples"])) == [(1, 13), (3, 15), (4, 16)]
    (verdict,) = [one for one in found["checklist"] if one["name"] == "parts"]
    assert verdict["state"] == "look"
    assert "3 with 7 rows" in verdict["reason"]
    apart = profiled(write(sound(17)), Asked(parts=Parts("Split 1", split, ("train", "validation", "test"))))
    assert states(apart)["parts"] == "good"
    with pytest.raises(NotMeasurable, match="17 rows where they go; the file has 5"):
        profiled(write(sound(5)), Asked(parts=Parts("Split 1", split, ("train", "validation", "test"))))


@pytest.mark.parametrize(("copies", "state"), [(2, "good"), (3, "look")])
def test_a_share_is_looked_at_only_beyond_its_threshold(write: Write, copies: int, state: str) -> None:
    rows = sound(200 - copies)
    assert states(profiled(write([*rows, *rows[:copies]])))["exact-duplicates"] == state


def test_every_question_names_its_source_or_why_it_was_not_measured(write: Write) -> None:
    for row in profiled(write([*sound(20), pair("Is it open?", "Yes"), pair("Is it open?", "No")]))["checklist"]:
        assert row["ask"].endswith("?") and row["reason"].endswith(".")
        assert (row["state"] == "not-measured") != bool(row["source"]), row["name"]
        assert bool(row["cure"]) == (row["state"] == "look"), row["name"]
