"""Names and places by a spaCy model that lies in a folder of this machine. Nothing is ever downloaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from preparation.persons.kinds import Span

_KINDS = {"PERSON": "name", "PER": "name", "GPE": "place", "LOC": "place"}


class NoModel(ValueError):
    """The folder holds no model that can be used here."""


class Names:
    """Reads names and places with the model in `folder`. Raises NoModel, with the cure in its words."""

    def __init__(self, folder: Path) -> None:
        described = folder / "meta.json"
        if not described.is_file():
            raise NoModel(f"{folder} is no spaCy model: it has no meta.json. Name the folder that `spacy.load` takes.")
        try:
            import spacy
        except ImportError:
            raise NoModel("spaCy is not installed. Install Assay with its extra “names”.") from None
        meta = json.loads(described.read_text(encoding="utf-8"))
        self.said: dict[str, Any] = {name: str(meta.get(name, "")) for name in ("lang", "name", "version", "license")}
        try:
            self._model = spacy.load(folder)
        except (OSError, ValueError) as error:
            raise NoModel(f"The model in {folder} cannot be loaded: {error}") from None

    def __call__(self, text: str, about: str) -> Iterator[Span]:
        for found in self._model(text[: self._model.max_length]).ents:
            if kind := _KINDS.get(found.label_):
                yield Span(found.start_char, found.end_char, kind, "model")
