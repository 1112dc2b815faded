"""Answers that are drawn and not the likeliest, by a seed: the same model, prompts and seed give the same answers."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import torch


class Draw:
    """Draws each next token by its probability at `temperature` (above 0).

    Every prompt has a generator of its own, on the CPU: which others are in its batch changes nothing in its draws.
    """

    def __init__(self, temperature: float, seed: int) -> None:
        self.temperature, self.seed = temperature, seed
        self._generators: dict[int, torch.Generator] = {}

    def __call__(self, logits: torch.Tensor, rows: Sequence[int]) -> torch.Tensor:
        """[B, V] -> [B]. Logits that are not finite are left aside; who decodes looks for them."""
        finite = torch.nan_to_num(logits.double().cpu() / self.temperature, nan=0.0, posinf=0.0, neginf=-1e300)
        chances = torch.softmax(finite, dim=1)
        drawn = [
            torch.multinomial(chance, 1, generator=self._generator(row))
            for chance, row in zip(chances, rows, strict=True)
        ]
        return torch.cat(drawn).to(logits.device)

    def _generator(self, row: int) -> torch.Generator:
        if row not in self._generators:
            own = int.from_bytes(sha256(f"{self.seed}:{row}".encode()).digest()[:8], "big") >> 1
            self._generators[row] = torch.Generator().manual_seed(own)
        return self._generators[row]
