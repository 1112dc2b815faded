"""What can be seen in rows while they are read for registration: counts and lengths, in a second or two.

Lengths are in characters of the text that goes in (`prompt`: what is given before the answer, without the names of
the roles) and that is learnt (`answer`: every trained message; of a preference, the chosen answer). Of each row only
numbers are kept, 48 bytes of them, so that a file of millions of rows is measured in little memory.
`preparation.quality` measures the rest, in a job.
"""

from __future__ import annotations

from array import array
from typing import Any

from preparation.quality.contradictions import Contradictions
from preparation.quality.duplicates import Duplicates
from preparation.quality.lengths import spread
from preparation.quality.seen import Seen
from preparation.quality.turns import Turns
from preparation.rows import Row


class Profile:
    """Add rows, then ask for the `result`."""

    def __init__(self) -> None:
        self.prompts, self.answers = array("I"), array("I")
        self.turns, self.duplicates, self.contradictions = Turns(), Duplicates(), Contradictions()

    def add(self, row: Row, canonical: bytes) -> None:
        """Count a row; `canonical` is its canonical JSON."""
        seen = Seen.of(row, canonical)
        self.prompts.append(len(seen.asked))
        self.answers.append(len(seen.learnt))
        for measure in (self.turns, self.duplicates, self.contradictions):
            measure.add(seen)

    def result(self) -> dict[str, Any]:
        """Counts, length quantiles and histograms, exact duplicates and contradictions."""
        turns = self.turns
        return {
            "rows": len(self.prompts),
            "turns": {str(count): number for count, number in sorted(turns.rows.items()) if count},
            "messages": dict(sorted(turns.roles.items())),
            "prompt_characters": spread(self.prompts) if turns.roles else None,
            "answer_characters": spread(self.answers) if any(self.answers) else None,
            "exact_duplicates": self.duplicates.result()["count"],
            "contradicting_inputs": self.contradictions.result().get("count"),
        }
