"""A sample of rows whose number is not known before the last one."""

from __future__ import annotations

import random


class Sample:
    """Algorithm R (Vitter 1985): every row has the same chance to be among the `size` that are kept.

    `place` gives where the next row is to be kept, or None; only then is its measure taken, so a slow measure costs
    size * (1 + ln(rows / size)) times and not once for each row. The same seed chooses the same rows.
    """

    def __init__(self, size: int, seed: int) -> None:
        self.size, self.rows = size, 0
        self._random = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret

    def place(self) -> int | None:
        self.rows += 1
        if self.rows <= self.size:
            return self.rows - 1
        drawn = self._random.randrange(self.rows)
        return drawn if drawn < self.size else None

    @property
    def is_part(self) -> bool:
        """Whether rows were left out."""
        return self.rows > self.size

    def told(self) -> dict[str, int | bool]:
        return {"n": min(self.rows, self.size), "sampled": self.is_part}
