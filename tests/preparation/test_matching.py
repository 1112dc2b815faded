"""Matching held against brute force over Python's own sets and strings."""

import random
import re
from collections.abc import Iterable
from itertools import combinations, pairwise

import pytest

from preparation.matching import PASSAGE_WORDS, Near, References

SEEDS = (0, 7)


def pairs_of(text: str) -> set[tuple[str, ...]]:
    found = re.findall(r"\w+", text.lower())
    return set(pairwise(found)) or {(word,) for word in found}


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
    held = Near(seed=seed)
    for text in texts:
        held.add(text)
    found = list(held.links())
    held.close()
    assert len({(one.later, one.earlier) for one in found}) == len(found), "each link once"
    return {(one.later, one.earlier): one.jaccard for one in found}


def groups_of(links: Iterable[tuple[int, int]]) -> set[frozenset[int]]:
    """Connected texts, by spreading through the links."""
    beside: dict[int, set[int]] = {}
    for one, other in links:
        beside.setdefault(one, set()).add(other)
        beside.setdefault(other, set()).add(one)
    found = set()
    while beside:
        group, edge = set(), {next(iter(beside))}
        while edge:
            group |= edge
            edge = {far for near in edge for far in beside.pop(near)} - group
        found.add(frozenset(group))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_near_finds_what_brute_force_finds_and_nothing_else(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - the same texts at each run
    texts = prose(rng, 300)
    texts += [varied(rng, text) for text in texts[:150]] + [varied(rng, text) for text in texts[:50]]
    rng.shuffle(texts)
    sets = [pairs_of(text) for text in texts]
    by_force = {
        (later, earlier): len(sets[later] & sets[earlier]) / len(sets[later] | sets[earlier])
        for earlier, later in combinations(range(len(texts)), 2)
        if len(sets[later] & sets[earlier]) >= 0.8 * len(sets[later] | sets[earlier])
    }
    found = near_of(texts, seed)
    assert len(by_force) > 100
    assert set(found) <= set(by_force)
    for pair, jaccard in found.items():
        assert jaccard == pytest.approx(by_force[pair])
    together = {place: group for group in groups_of(found) for place in group}
    held = [pair for pair in by_force if pair[0] in together and pair[1] in together[pair[0]]]
    assert len(held) >= 0.95 * len(by_force)
    assert len(found) == sum(len(group) - 1 for group in groups_of(found)), "no link more than it takes"


def test_planted_pairs_are_found_among_many_other_rows() -> None:
    rng = random.Random(3)  # noqa: S311 - the same texts at each run
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
    assert len(found) < 1.1 * len(planted)


def test_the_same_seed_gives_the_same_pairs_in_the_same_order() -> None:
    rng = random.Random(1)  # noqa: S311 - the same texts at each run
    texts = prose(rng, 500)
    texts += [varied(rng, text) for text in texts]
    found = list(near_of(texts, 5).items())
    assert found == list(near_of(texts, 5).items())
    assert len(found) > 300


def test_copies_are_each_held_to_the_first_of_them() -> None:
    copy = "the quick brown fox jumps over the lazy dog"
    found = near_of([copy, "something else altogether here", copy.upper(), copy + "."])
    assert found == {(2, 0): 1.0, (3, 0): 1.0}


def test_thousands_of_texts_of_one_template_end_soon_and_are_found_near() -> None:
    template = "please tell me in a few plain words how the weather will be tomorrow in the town of {} and its valleys"
    texts = [template.format(f"town{number}") for number in range(3_000)]
    found = near_of(texts)
    assert groups_of(found) == {frozenset(range(3_000))}
    assert len(found) == 2_999


def test_texts_without_words_are_near_nothing() -> None:
    assert near_of(["", "...", "", "  ", "!"]) == {}
    assert near_of([]) == {}


def test_a_language_without_spaces_is_compared_sign_by_sign() -> None:
    one = "今天天气很好我们一起去公园散步吧晚上再回家吃饭"
    assert set(near_of([one, one[:-1] + "面", "完全不同的句子在这里出现了没有关系"])) == {(1, 0)}


def matched(references: list[str], texts: list[str]) -> list[tuple[int | None, int | None, int | None]]:
    held = References(references)
    assert len(held) == len(references)
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
    rng = random.Random(seed)  # noqa: S311 - the same texts at each run
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
