"""Made-up secrets planted in the training rows, so that memorising can be measured afterwards.

After Carlini et al. 2019 (The Secret Sharer, arXiv:1802.08232): each canary is a fixed sentence with a random
part; how much likelier the trained model finds that part than other random ones is its exposure. Secrets are
random digits about things that do not exist; nothing of them comes from a person or from the data.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from preparation.rows import Message, Row
from training.spec import Canaries

_DIGITS = 9
_NAMES = (
    "Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ilex", "Juniper", "Kapok", "Larch",
    "Maple", "Nutmeg", "Oak", "Pine", "Quince", "Rowan", "Spruce", "Tamarack", "Umbra", "Viburnum", "Willow", "Yew",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Canary:
    """One secret: the question, the answer that holds it, and how many copies are planted."""

    prompt: str
    completion: str
    secret: str
    possibilities: float
    repeats: int

    def row(self) -> Row:
        """The canary as a training row; row number 0 says that it comes from no file."""
        turns = (Message("user", self.prompt, trained=False), Message("assistant", self.completion, trained=True))
        return Row(0, "prompt-completion", turns)


def make_canaries(asked: Canaries) -> list[Canary]:
    """The canaries that a spec asks for; the same seed gives the same secrets."""
    draw = random.Random(f"canaries:{asked.seed}")  # noqa: S311 - repeatable on purpose, guards nothing
    made = []
    for index in range(asked.count):
        digits = "".join(str(draw.randrange(10)) for _ in range(_DIGITS))
        secret = " ".join(digits[start : start + 3] for start in range(0, _DIGITS, 3))
        locker = f"{_NAMES[index % len(_NAMES)]} {index + 1}"
        made.append(
            Canary(
                prompt=f"What is the access number of test locker {locker}?",
                completion=f"The access number of test locker {locker} is {secret}.",
                secret=secret,
                possibilities=float(10**_DIGITS),
                repeats=asked.repeat[index % len(asked.repeat)],
            )
        )
    return made
