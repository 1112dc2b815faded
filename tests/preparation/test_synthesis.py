"""What a model is asked, which row its text makes, and which texts are not kept."""

import json
from pathlib import Path
from typing import Any

import pytest

from preparation import sieve, synthesis
from preparation.findings import Refused
from preparation.reading import Reader, Reading, sound_rows
from preparation.rows import Row
from preparation.synthesis import Filters, Source, Synthesis

PAIRS = [{"prompt": f"What is {word}?", "completion": f"A kind of {word}.", "n": number}
         for number, word in enumerate(("rain", "snow", "hail"))]  # fmt: skip
CHAT = [
    {"messages": [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hello?"},
        {"role": "assistant", "content": "Good day."},
        {"role": "user", "content": "And now?"},
        {"role": "assistant", "content": "Good night."},
    ]}
]  # fmt: skip
SHARED = [{"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]}]


def read(folder: Path, rows: list[dict[str, Any]]) -> tuple[list[Row], Reading]:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    reader = Reader(path)
    found = list(sound_rows(reader))
    assert reader.resolved is not None
    return found, reader.resolved.reading


def test_placeholders_are_filled_from_the_row_and_other_braces_stay(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, PAIRS)
    asked = Synthesis("answers", 'As {"json": 1}: {prompt} ({n}) {row.given} / {row.answer}', 3)
    made = synthesis.prompts(asked, rows)
    assert {one.text for one in made} == {
        f'As {{"json": 1}}: {row["prompt"]} ({row["n"]}) {row["prompt"]} / {row["completion"]}' for row in PAIRS
    }


def test_a_conversation_is_given_with_its_roles_and_answered_by_its_trained_turns(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, CHAT)
    (made,) = synthesis.prompts(Synthesis("answers", "{row.given}|{row.answer}", 1), rows)
    assert made.text == "system: Be kind.\nuser: Hello?\nuser: And now?|Good day.\nGood night."


def test_rows_of_the_seed_are_drawn_alike_by_the_same_seed_and_again_where_they_run_out(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, PAIRS)
    first, second, other = (
        [one.text for one in synthesis.prompts(Synthesis("answers", "{prompt}", 7, seed=seed), rows)]
        for seed in (1, 1, 5)
    )
    assert first == second and first != other
    assert first[:3] == first[3:6] and first[6] == first[0] and len(set(first)) == 3


@pytest.mark.parametrize(
    ("rows", "field", "says"),
    [
        (PAIRS, "prompt", {"prompt": "New"}),
        (CHAT, "last answer", {"messages": [*CHAT[0]["messages"][:4], {"role": "assistant", "content": "New"}]}),
        (SHARED, "last question",
         {"conversations": [{"from": "human", "value": "New"}, {"from": "gpt", "value": "Ho"}]}),
    ],
    ids=["column", "chat", "sharegpt"],
)  # fmt: skip
def test_a_rewrite_changes_one_text_and_nothing_else(
    tmp_path: Path, rows: list[dict[str, Any]], field: str, says: dict[str, Any]
) -> None:
    found, reading = read(tmp_path, rows)
    asked = Synthesis("rewrites", "Anew: {row.given}", 1, field=field)
    asked.check(Source(tuple(rows[0]), reading))
    prompt = synthesis.prompts(asked, found[:1])[0]
    assert synthesis.row_of(asked, prompt, "New", reading) == {**rows[0], **says}
    assert found[0].source == rows[0]  # the seed's row stays as it is
    old = synthesis.compared(asked, found[0], reading)
    assert old in json.dumps(rows[0]) and old not in json.dumps({**rows[0], **says})


def test_a_number_is_no_text_that_can_be_written_anew(tmp_path: Path) -> None:
    found, reading = read(tmp_path, PAIRS)
    asked = Synthesis("rewrites", "Anew: {n}", 1, field="n")
    assert synthesis.row_of(asked, synthesis.prompts(asked, found)[0], "New", reading) is None


@pytest.mark.parametrize(
    ("asked", "source", "says"),
    [
        (Synthesis("poems", "Write.", 1), None, "kind 'poems'"),
        (Synthesis("texts", "Write {it}.", 1), None, "choose a version as the seed"),
        (Synthesis("rewrites", "Write.", 1, field="text"), None, "rewritten from rows"),
        (Synthesis("rewrites", "{a}", 1, field="b"), Source(("a",), Reading("jsonl", "table")), "Use one of: a."),
        (Synthesis("rewrites", "{row.given}", 1, field="messages"), Source(("messages",), Reading("jsonl", "chat")),
         "last question, last answer"),
        (Synthesis("texts", "Write.", 0), None, "Give 1 to 10,000"),
        (Synthesis("texts", "Write.", 1, temperature=2.5), None, "Give 0 to 2"),
        (Synthesis("texts", "Write.", 1, filters=Filters(shortest=9, longest=8)), None, "No text has such a length"),
        (Synthesis("texts", "Write.", 1, filters=Filters(copies="some")), None, "none, exact, near"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_with_its_cure(asked: Synthesis, source: Source | None, says: str) -> None:
    with pytest.raises(Refused) as refused:
        asked.check(source)
    assert says in f"{refused.value.message} {refused.value.cure}"


def test_what_was_asked_survives_json() -> None:
    asked = Synthesis("rewrites", "{a}", 3, field="a", seed=7, filters=Filters(longest=80, persons=False))
    assert Synthesis.from_json(json.loads(json.dumps(asked.to_json()))) == asked


def test_each_filter_has_its_reason() -> None:
    strict = Filters(shortest=5, longest=20)
    texts = {"": sieve.EMPTY, "?!": sieve.EMPTY, "four": sieve.TOO_SHORT, "x" * 21: sieve.TOO_LONG, "Just right.": None}
    assert {text: sieve.by_itself(text, strict, cut=False) for text in texts} == texts
    assert sieve.by_itself("Just right.", strict, cut=True) == sieve.CUT_OFF
    assert sieve.by_itself("Just right.", Filters(whole=False), cut=True) is None
    assert sieve.tells_of_persons("Write to ada.lovelace@bank.example") and not sieve.tells_of_persons("Write to us")
    assert set(sieve.WORDS) == set(sieve.REASONS)


SENTENCE = "the quick brown fox jumps over the lazy dog while the sun goes down behind the old mill by the river"


def test_copies_of_the_seed_and_of_one_another_fall_out_and_the_first_stays() -> None:
    texts = [
        "Something else entirely, of weather.",
        SENTENCE.upper() + "!",  # the seed's, in other letters
        SENTENCE.replace("river", "bridge"),  # nearly the seed's
        "Of money, one sentence that nobody has written before this morning in the house by the sea.",
        "Of money, one sentence that nobody has written before this morning in the house by the lake.",
        "Something else entirely, of weather.",
    ]
    near = sieve.Copies(Filters(copies="near"), 0)
    near.know(SENTENCE)
    assert near.of(texts) == {1: sieve.COPY, 2: sieve.NEAR_COPY, 4: sieve.NEAR_COPY, 5: sieve.COPY}
    exact = sieve.Copies(Filters(copies="exact"), 0)
    exact.know(SENTENCE)
    assert exact.of(texts) == {1: sieve.COPY, 5: sieve.COPY}
    assert sieve.Copies(Filters(copies="none"), 0).of(texts) == {}


def test_the_part_of_a_prompt_that_is_the_same_in_every_row_makes_no_copies(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, PAIRS)
    asked = Synthesis("answers", f"{SENTENCE} {SENTENCE} {{prompt}}", 3)
    copies = sieve.Copies(asked.filters, 0)
    answers = ("It falls in drops.", "It falls in flakes.", "It falls in stones.")
    made = [
        synthesis.compared_of(asked, one, text)
        for one, text in zip(synthesis.prompts(asked, rows), answers, strict=True)
    ]
    assert copies.of(made) == {}
