"""The forms in which a version's description is given out: a closed list. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from governance.foundation.core.canonical import canonical
from governance.materials.datasets.exchange import croissant, markdown

Sheet = Mapping[str, Any]
Columns = Mapping[str, croissant.Kind]


@dataclass(frozen=True)
class Form:
    """One form. `file_name` takes the dataset's slug and the number; `write` datasheet and kinds of the columns."""

    title: str
    file_name: Callable[[str, int], str]
    write: Callable[[Sheet, Columns], bytes]


FORMS: Mapping[str, Form] = {
    "md": Form(
        "Datasheet (Markdown)",
        lambda slug, number: f"datasheet-{slug}-{number}.md",
        lambda sheet, columns: markdown.datasheet(sheet).encode(),
    ),
    "json": Form(
        "Datasheet (JSON)",
        lambda slug, number: f"datasheet-{slug}-{number}.json",
        lambda sheet, columns: canonical(sheet),
    ),
    "croissant": Form(
        "Croissant 1.1 with RAI",
        lambda slug, number: f"croissant-{slug}-{number}.json",
        lambda sheet, columns: canonical(croissant.written(sheet, columns)),
    ),
    "card": Form(  # under this name a hub reads it
        "Dataset card", lambda slug, number: "README.md", lambda sheet, columns: markdown.card(sheet).encode()
    ),
}
