"""What people can be asked about rows, who may ask and answer, and what their answers add up to. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from math import sqrt
from statistics import NormalDist
from typing import Any
from uuid import UUID


class State(StrEnum):
    QUEUED = "queued"  # a worker reads the rows
    OPEN = "open"
    CLOSED = "closed"
    REFUSED = "refused"  # something in the rows is in the way
    FAILED = "failed"  # the platform could not do it
    CANCELLED = "cancelled"


TRANSITIONS: dict[State, set[State]] = {
    State.QUEUED: {State.OPEN, State.REFUSED, State.FAILED, State.CANCELLED},
    State.OPEN: {State.CLOSED},
    State.CLOSED: set(),
    State.REFUSED: set(),
    State.FAILED: {State.QUEUED},
    State.CANCELLED: {State.QUEUED},
}


class Type(StrEnum):
    """What is asked of a row."""

    REVIEW = "review"  # is it any good?
    LABELS = "labels"  # which label fits its text?
    PREFERENCES = "preferences"  # which of two answers is better?


GOOD, BAD, UNSURE = "good", "bad", "unsure"
# What can be answered; labels are given by whoever asks, or stand in the rows.
FIRST, SECOND, TIE, BOTH_BAD = "first", "second", "tie", "both-bad"
LEFT, RIGHT = "left", "right"
CHOICES: Mapping[Type, tuple[str, ...]] = {
    Type.REVIEW: (GOOD, BAD, UNSURE),
    Type.PREFERENCES: (FIRST, SECOND, TIE, BOTH_BAD),
}
TITLES: Mapping[Type, str] = {
    Type.REVIEW: "Expert review",
    Type.LABELS: "Labelling",
    Type.PREFERENCES: "Comparison of answers",
}
QUESTIONS: Mapping[Type, str] = {
    Type.REVIEW: "Should a model learn from this row?",
    Type.LABELS: "Which label fits this text?",
    Type.PREFERENCES: "Which answer is better?",
}
# Types whose answers are written down as rows of a new version, in this format.
MAKES: Mapping[Type, str] = {Type.LABELS: "classification", Type.PREFERENCES: "preference"}
# Formats whose rows hold two answers themselves; pairs of two versions come from formats with one.
PAIRED = frozenset({"preference", "openai-preference"})
ANSWERED = frozenset({"chat", "sharegpt", "alpaca", "extraction", "prompt-completion", "classification"})
NEEDS_REASON = frozenset({BAD})

# Nobody reads more, and every row that is shown is kept with its task.
MOST_ROWS = 5_000
MOST_PEOPLE = 20
FEWEST_LABELS, MOST_LABELS, LONGEST_LABEL = 2, 50, 120
# After so long a pause the next answer begins another sitting, which the audit trail tells.
SITTING = timedelta(minutes=30)

LEVEL = 0.95
# Krippendorff, Content Analysis (2nd ed. 2004), p. 241: rely on .800 and above, tentatively on .667.
RELIABLE, TENTATIVE = 0.8, 0.667


@dataclass(frozen=True)
class Asked:
    """What is asked, about how many rows (None: every row), and of whom (by username).

    Where answers are evenly split, the answer of `tie_breaker`, one of `people`, counts; without one such a row stays
    undecided.
    """

    type: Type
    people: tuple[str, ...]
    question: str = ""
    rows: int | None = None
    seed: int = 0
    tie_breaker: str = ""
    labels: tuple[str, ...] = ()  # none: those that stand in the rows
    other: UUID | None = None  # the version that second answers come from; none: each row holds two


def text_of(shown: Mapping[str, Any]) -> str:
    """What a label is asked for: what is given in a row, without instructions to a model; roles are written out where
    there are several turns."""
    given = [(role, text) for role, text, learnt, *_ in shown["turns"] if not learnt and role != "system"]
    if not given:
        return str(shown["more"].get("text", ""))
    return given[0][1] if len(given) == 1 else "\n".join(f"{role}: {text}" for role, text in given)


def kept_of(task: Type, turns: list[Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a task keeps it; two answers to compare stand side by side, whatever the row calls them."""
    if task != Type.PREFERENCES or "chosen" not in more:
        return {"turns": turns, "more": dict(more)}
    rest = {name: part for name, part in more.items() if name not in ("chosen", "rejected")}
    return {"turns": turns, "more": {**rest, "answers": [more["chosen"], more["rejected"]]}}


def as_asked(task: Type, shown: Mapping[str, Any], *, swapped: bool = False) -> dict[str, Any]:
    """The part of a row that people are shown: of what is to be labelled, never the label that it has; of two
    answers, nothing that tells which is which. `swapped`: the second one stands on the left."""
    turns, more = shown["turns"], dict(shown["more"])
    if task == Type.LABELS:
        turns = [turn for turn in turns if not turn[2] and turn[0] != "system"]
        more = {name: part for name, part in more.items() if name == "text"}
    if task == Type.PREFERENCES and swapped:
        more["answers"] = list(reversed(more["answers"]))
    return {"turns": turns, "more": more}


def is_swapped(seed: int, person: int, row: str) -> bool:
    """Whether this person sees the two answers of a row in the other order: evenly so, and always the same."""
    return bool(sha256(f"{seed}:{person}:{row}".encode()).digest()[0] & 1)


def turned(choice: str, *, swapped: bool) -> str:
    """What “left” and “right” mean for somebody who saw the answers in this order, and back."""
    sides = {FIRST: RIGHT, SECOND: LEFT} if swapped else {FIRST: LEFT, SECOND: RIGHT}
    return {**sides, **{side: answer for answer, side in sides.items()}}.get(choice, choice)


def offered(task: Type, choices: Sequence[str]) -> list[str]:
    """What somebody can choose from, as it is offered to them."""
    return [LEFT, RIGHT, TIE, BOTH_BAD] if task == Type.PREFERENCES else list(choices)


def settled(answers: Mapping[int, str], tie_breaker: int | None = None) -> str | None:
    """What the answers of several people, by person, come to: the most frequent one.

    Where there is no such one, the answer of `tie_breaker` if it is among the most frequent; else None.
    """
    counts = Counter(answers.values())
    most = max(counts.values(), default=0)
    leading = [choice for choice, count in counts.items() if count == most]
    if len(leading) == 1:
        return leading[0]
    decided = answers.get(tie_breaker) if tie_breaker is not None else None
    return decided if decided in leading else None


def wilson(successes: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a proportion (Wilson 1927).

    (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n). Raises ValueError for n = 0: nothing has no interval.
    """
    if not n:
        raise ValueError("A proportion of nothing has no interval.")
    z, share = NormalDist().inv_cdf(0.5 + LEVEL / 2), successes / n
    middle = share + z * z / (2 * n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    # At the ends rounding would leave a sliver beyond what can be.
    return (0.0 if not successes else low), (1.0 if successes == n else high)


def by_row(answers: Iterable[tuple[int, int, str]]) -> dict[int, dict[int, str]]:
    """(person, row, choice) as {row: {person: choice}}, without what was skipped."""
    found: dict[int, dict[int, str]] = {}
    for person, row, choice in answers:
        if choice:
            found.setdefault(row, {})[person] = choice
    return found
