"""Matching held against brute force over Python's own sets and strings."""

import random
import re
from itertools import combinations

import pytest

from preparation.matching import PASSAGE_WORDS, Near, References

SEEDS = (0, 7)


def pairs_of(text: str) -> set[tuple[str, ...]]:
    found = re.findall(r"\w+", text.lower())
    return set(zip(found, found[1:], strict=False)) or {(word,) for word in found}


def index(one: str, other: str) -> float:
    first, second = pairs_of(one), pairs_of(other)
    return len(first & second) / len(first | second) if first | second else 0.0


def prose(rng: random.Random, count: int, low: int = 12, high: int = 40, vocabulary: int = 500) -> list[str]:
    return [" ".join(f"w{rng.randrange(vocabulary)}" for _ in range(rng.randint(low, high))) for _ in range(count)]


def varied(rng: random.Random, text: str) -> str:
    """The text with one word dropped, changed or added, or with other spacing and case."""
    found = text.split()
    place = rng.randrange(len(found))
    match rng.randrange(4):
        case 0:
            del found[place]
        case 1:
            found[place] = "other"
        case 2:
            found.insert(place, "added")
        case _:
            return "  ".join(found).upper() + "!"
    return " ".join(found)


def near_of(texts: list[str], seed: int = 0) -> dict[tuple[int, int], float]:
    index = Near(seed=seed)
    for text in texts:
        index.add(text)
    found = list(index.pairs())
    index.close()
    assert len({(one.later, one.earlier) for one in found}) == len(found), "each pair once"
    return {(one.later, one.earlier): one.jaccard for one in found}


@pytest.mark.parametrize("seed", SEEDS)
def test_near_finds_what_brute_force_finds_and_nothing_else(seed: int) -> None:
    rng = random.Random(seed)
    texts = prose(rng, 300)
    texts += [varied(rng, text) for text in texts[:150]]
    rng.shuffle(texts)
    by_force = {
        (later, earlier): index(texts[later], texts[earlier])
        for earlier, later in combinations(range(len(texts)), 2)
        if index(texts[later], texts[earlier]) >= 0.8
    }
    found = near_of(texts, seed)
    assert len(by_force) > 100
    assert set(found) <= set(by_force)
    assert len(found) >= 0.95 * len(by_force)
    for pair, jaccard in found.items():
        assert jaccard == pytest.approx(by_force[pair])


def test_planted_pairs_are_found_among_many_other_rows() -> None:
    rng = random.Random(3)
    texts = prose(rng, 20_000, 20, 30, vocabulary=2_000)
    planted = {}
    for place in rng.sample(range(20_000), 1_000):
        copied = texts[place].split()
        copied[rng.randrange(len(copied))] = "changed"
        texts.append(" ".join(copied))
        if index(texts[place], texts[-1]) >= 0.8:
            planted[len(texts) - 1, place] = True
    assert len(planted) > 900
    found = near_of(texts)
    assert sum(pair in found for pair in planted) >= 0.95 * len(planted)


def test_the_same_seed_gives_the_same_pairs_in_the_same_order() -> None:
    rng = random.Random(1)
    texts = prose(rng, 500)
    texts += [varied(rng, text) for text in texts]
    assert list(near_of(texts, 5).items()) == list(near_of(texts, 5).items())


def test_copies_are_each_held_to_the_first_of_them() -> None:
    copy = "the quick brown fox jumps over the lazy dog"
    found = near_of([copy, "something else altogether here", copy.upper(), copy + "."])
    assert found == {(2, 0): 1.0, (3, 0): 1.0}


def test_thousands_of_texts_of_one_template_end_soon_and_are_found_near() -> None:
    template = "please tell me in a few plain words how the weather will be tomorrow in the town of {} and its valleys"
    texts = [template.format(f"town{number}") for number in range(3_000)]
    found = near_of(texts)
    assert {later for later, _ in found} == set(range(1, 3_000))


def test_texts_without_words_are_near_nothing() -> None:
    assert near_of(["", "...", "", "  ", "!"]) == {}
    assert near_of([]) == {}


def test_a_language_without_spaces_is_compared_sign_by_sign() -> None:
    one = "今天天气很好我们一起去公园散步吧晚上再回家吃饭"
    assert set(near_of([one, one[:-1] + "面", "完全不同的句子在这里出现了没有关系"])) == {(1, 0)}


def matched(references: list[str], texts: list[str]) -> list[tuple[int | None, int | None, int | None]]:
    held = References()
    for text in references:
        held.add(text)
    return [(one.exact, one.passage, one.near) for one in held.match(texts)]


def test_an_exact_match_looks_past_case_and_punctuation_but_not_past_order() -> None:
    found = matched(
        ["What is the capital of France?", "Name a river."], ["what is the capital, of France", "River a name"]
    )
    assert [exact for exact, _, _ in found] == [0, None]


def test_a_passage_is_thirteen_words_in_a_row() -> None:
    words = [f"w{number}" for number in range(40)]
    reference = " ".join(words)
    thirteen = "before that " + " ".join(words[10 : 10 + PASSAGE_WORDS]) + " and after"
    twelve = "before that " + " ".join(words[10 : 9 + PASSAGE_WORDS]) + " and after"
    short = " ".join(words[:5])
    found = matched(["unrelated", reference], [thirteen, twelve, short])
    assert [passage for _, passage, _ in found] == [1, None, None]


@pytest.mark.parametrize("seed", SEEDS)
def test_references_agree_with_brute_force(seed: int) -> None:
    rng = random.Random(seed)
    references = prose(rng, 200)
    texts = prose(rng, 100) + [varied(rng, text) for text in references[:100]]
    texts += [f"{a} {b}" for a, b in zip(prose(rng, 20), references[100:120], strict=True)]

    def grams(text: str) -> set[str]:
        found = text.lower().replace("!", "").split()
        return {" ".join(found[at : at + 13]) for at in range(len(found) - 12)}

    for text, (exact, passage, near) in zip(texts, matched(references, texts), strict=True):
        plain = text.lower().replace("!", "").split()
        assert (exact is not None) == any(plain == other.split() for other in references)
        assert (passage is not None) == any(grams(text) & grams(other) for other in references)
        best = max(index(text, other) for other in references)
        if near is not None:
            assert index(text, references[near]) == pytest.approx(best)
        assert near is not None or best < 0.85


def test_without_references_nothing_matches() -> None:
    assert matched([], ["anything at all", ""]) == [(None, None, None)] * 2
    assert matched([""], [""]) == [(None, None, None)]
