"""Rows that contradict one another: the same input, different outputs."""

from __future__ import annotations

from array import array
from typing import Any

from preparation.quality.seen import EXAMPLES, Seen, code, groups, not_measured


class Contradictions:
    """Inputs with more than one answer.

    Of a preference the two answers are the input and which of them is better is the answer; of a labelled answer the
    label is.
    """

    name = "contradictions"

    def __init__(self) -> None:
        self.inputs, self.outputs, self.numbers = array("Q"), array("Q"), array("I")

    def add(self, seen: Seen) -> None:
        row = seen.row
        asked, answer = seen.given, seen.learnt
        if row.format == "kto":
            asked, answer = f"{asked}\0{answer}", str(row.more.get("label"))
        elif "chosen" in row.more:
            chosen, rejected = (str(row.more[name]) for name in ("chosen", "rejected"))
            asked, answer = "\0".join([asked, *sorted((chosen, rejected))]), chosen
        elif not answer:
            return
        self.inputs.append(code(asked))
        self.outputs.append(code(answer))
        self.numbers.append(seen.number)

    def result(self) -> dict[str, Any]:
        if not self.inputs:
            return not_measured("Nothing is answered in rows of this format.")
        found = [group for group in groups(self.inputs) if len({self.outputs[place] for place in group}) > 1]
        places = sorted(place for group in found for place in group)
        return {
            "n": len(self.inputs),
            "sampled": False,
            "count": len(found),
            "rows": len(places),
            "examples": [self.numbers[place] for place in places[:EXAMPLES]],
        }
