"""What a profile is asked to look at, beside the rows themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from preparation.digests import sha256_file
from preparation.reading import Reading

TOKENIZER = "tokenizer.json"


@dataclass(frozen=True)
class Source:
    """Another file: a split, read by `reading`, or a suite, one JSON object with `text` a line."""

    name: str
    path: Path
    reading: Reading = field(default_factory=Reading)

    def to_json(self) -> dict[str, Any]:
        reading = self.reading
        return {"name": self.name, "path": str(self.path), "container": reading.container, "format": reading.format,
                "columns": dict(reading.columns)}  # fmt: skip

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Source:
        reading = Reading(value["container"], value["format"], value["columns"])
        return cls(value["name"], Path(value["path"]), reading)


@dataclass(frozen=True)
class Parts:
    """A split of the rows: its name, the file with a byte for each row, and the parts that the bytes are places of."""

    name: str
    path: Path
    names: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "path": str(self.path), "names": list(self.names)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Parts:
        return cls(value["name"], Path(value["path"]), tuple(value["names"]))


@dataclass(frozen=True)
class Asked:
    """`tokenizer`: a folder with tokenizer.json. `limit`: tokens at which rows are cut, counted only with a tokenizer.
    `splits` and `suites`: what the rows are held against. `parts`: the rows' own split, whose parts are held against
    one another."""

    tokenizer: Path | None = None
    limit: int | None = None
    splits: tuple[Source, ...] = ()
    suites: tuple[Source, ...] = ()
    parts: Parts | None = None
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "tokenizer": str(self.tokenizer) if self.tokenizer else None,
            "limit": self.limit,
            "splits": [one.to_json() for one in self.splits],
            "suites": [one.to_json() for one in self.suites],
            "parts": self.parts and self.parts.to_json(),
            "seed": self.seed,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Asked:
        """The inverse of `to_json`; what is left out is not asked for."""
        tokenizer, parts = value.get("tokenizer"), value.get("parts")
        return cls(
            Path(tokenizer) if tokenizer else None,
            value.get("limit"),
            tuple(map(Source.from_json, value.get("splits", ()))),
            tuple(map(Source.from_json, value.get("suites", ()))),
            Parts.from_json(parts) if parts else None,
            value.get("seed", 0),
        )

    def told(self) -> dict[str, Any]:
        """As it stands in the result: things by what they are, not by where they lay."""
        return {
            "tokenizer": sha256_file(self.tokenizer / TOKENIZER) if self.tokenizer else None,
            "limit": self.limit,
            "splits": [one.name for one in self.splits],
            "suites": [one.name for one in self.suites],
            "parts": self.parts and self.parts.name,
            "seed": self.seed,
        }
