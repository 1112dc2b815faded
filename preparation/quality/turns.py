"""Who speaks in a row, and how often."""

from __future__ import annotations

from collections import Counter
from typing import Any

from preparation.quality.seen import Seen, not_measured


class Turns:
    """How many messages rows have, and how many messages each role has."""

    name = "turns"

    def __init__(self) -> None:
        self.rows: Counter[int] = Counter()
        self.roles: Counter[str] = Counter()

    def add(self, seen: Seen) -> None:
        self.rows[len(seen.row.messages)] += 1
        self.roles.update([turn.role for turn in seen.row.messages])

    def result(self) -> dict[str, Any]:
        if not self.roles:
            return not_measured("Rows of this format are no conversations.")
        return {
            "n": self.rows.total(),
            "sampled": False,
            "rows_by_messages": {str(count): rows for count, rows in sorted(self.rows.items())},
            "messages_by_role": dict(sorted(self.roles.items())),
        }
