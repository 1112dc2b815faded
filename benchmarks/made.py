"""Made-up rows: the same bytes at each run."""

import json
import random
from itertools import pairwise
from pathlib import Path

PLANTED = 1_000
WORDS = 50_000


def _words(rng: random.Random) -> list[str]:
    sounds = ["ba", "ce", "di", "fo", "gu", "ha", "ki", "le", "mo", "nu", "pa", "re", "si", "to", "va", "we", "zo"]
    return ["".join(rng.choice(sounds) for _ in range(rng.randint(1, 4))) for _ in range(WORDS)]


def _text(rng: random.Random, words: list[str], low: int, high: int) -> list[str]:
    # Few words are frequent and most are rare, as in any language.
    return [words[int(WORDS * rng.random() ** 3)] for _ in range(rng.randint(low, high))]


def jsonl(path: Path, size: int) -> Path:
    """Conversations of two and four turns, up to `size` bytes."""
    rng = random.Random(0)  # noqa: S311 - the same rows at each run
    words, written = _words(rng), 0
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            turns = [
                {"role": role, "content": " ".join(_text(rng, words, 10, 80)).capitalize() + "."}
                for role in ("user", "assistant") * rng.choice((1, 1, 2))
            ]
            line = json.dumps({"messages": turns}) + "\n"
            file.write(line)
            written += len(line)
    return path


def near_rows(folder: Path, rows: int) -> tuple[Path, Path]:
    """Short texts, a line each, with planted near-duplicates; and the pairs that truly are (Jaccard of at least .8)."""
    rng = random.Random(1)  # noqa: S311 - the same rows at each run
    words = _words(rng)
    chosen = set(rng.sample(range(rows), PLANTED))
    path, planted = folder / "near.txt", folder / "planted.json"
    copies, pairs = [], []
    with path.open("w", encoding="utf-8") as file:
        for place in range(rows):
            text = _text(rng, words, 20, 30)
            file.write(" ".join(text) + "\n")
            if place in chosen:
                copies.append((place, text, _changed(rng, text)))
        for offset, (place, text, copy) in enumerate(copies):
            file.write(" ".join(copy) + "\n")
            one, other = set(pairwise(text)), set(pairwise(copy))
            if len(one & other) >= 0.8 * len(one | other):
                pairs.append((rows + offset, place))
    planted.write_text(json.dumps(pairs), encoding="utf-8")
    return path, planted


def _changed(rng: random.Random, text: list[str]) -> list[str]:
    copy, place = list(text), rng.randrange(len(text))
    match rng.randrange(3):
        case 0:
            del copy[place]
        case 1:
            copy[place] = "changed"
        case _:
            copy.insert(place, "added")
    return copy
