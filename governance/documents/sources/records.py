"""Sources: records as plain values, each under the digest that a document cites it by. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Literal

from governance.foundation.core.canonical import digest, plain

Origin = Literal["measured", "declared", "attached"]


@dataclass(frozen=True)
class Source:
    """One record. `by` and `at` say who answers for what people put into it, and when (None: nobody is on record).

    `facts` is what the record holds: the typed manifest or report where there is one, else its content.
    """

    kind: str
    id: str
    sha256: str
    name: str
    facts: Any
    at: datetime | None = None
    by: str | None = None

    def cited(self) -> dict[str, str]:
        """As a document cites it."""
        return {"kind": self.kind, "id": self.id, "sha256": self.sha256, "name": self.name}


@dataclass(frozen=True)
class Sources:
    """Everything that may be known about one model version. What is absent is None or empty.

    `incomplete` names the lists from which something is withheld: what speaks of the whole list cannot be said then.
    """

    organisation: Source | None = None
    project: Source | None = None
    classification: Source | None = None
    base_model: Source | None = None
    run: Source | None = None
    manifest: Source | None = None
    datasets: tuple[Source, ...] = ()
    scans: tuple[Source, ...] = ()  # the newest finished scan of each dataset for personal data
    special_categories: tuple[Source, ...] = ()  # what was said last of each dataset
    qualities: tuple[Source, ...] = ()  # the newest profile of each dataset that a worker measured
    reviews: tuple[Source, ...] = ()  # the expert review of each dataset that was closed last
    licence_decisions: tuple[Source, ...] = ()  # waivers in force and picked licences
    plan: Source | None = None
    evaluation: Source | None = None
    model_version: Source | None = None
    earlier: tuple[Source, ...] = ()
    decisions: tuple[Source, ...] = ()
    suspensions: tuple[Source, ...] = ()  # of approvals of what went into the run, and of its plan
    signatures: tuple[Source, ...] = ()
    card: Source | None = None
    releases: tuple[Source, ...] = ()
    incomplete: frozenset[str] = field(default_factory=frozenset)

    def every(self) -> Iterator[Source]:
        """All sources, in the order of the fields."""
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Source):
                yield value
            elif isinstance(value, tuple):
                yield from value

    def contents(self) -> list[dict[str, Any]]:
        """The sources that are told by the whole content of their record, with it: what the digest is taken over."""
        facts = [(each, each.facts) for each in self.every() if isinstance(each.facts, Mapping)]
        return [
            {"kind": each.kind, "id": each.id, "sha256": each.sha256, "content": plain(content)}
            for each, content in facts
            if digest({"kind": each.kind, "content": content}) == each.sha256
        ]

    def without(self, withheld: Source) -> "Sources":
        """The same without `withheld`."""
        changes: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value == withheld:
                changes[each.name] = None
            elif isinstance(value, tuple) and withheld in value:
                changes[each.name] = tuple(item for item in value if item != withheld)
                changes["incomplete"] = self.incomplete | {each.name}
        return replace(self, **changes)

    def drawn(self, names: tuple[str, ...]) -> Mapping[str, Source | tuple[Source, ...]] | None:
        """The sources of these names, or None when one of them is absent or a list of them is not whole.

        A name that ends in `?` stands for a list that may be empty.
        """
        found: dict[str, Source | tuple[Source, ...]] = {}
        for asked in names:
            name = asked.rstrip("?")
            value = getattr(self, name)
            if name in self.incomplete or (not value and not asked.endswith("?")):
                return None
            found[name] = value
        return found


@dataclass(frozen=True)
class Told:
    """One sentence or a few. `meets`: it answers what was asked; if not, it stands beside the gap and says why."""

    text: str
    source: Origin = "measured"
    meets: bool = True


def measured(text: str) -> Told:
    """What the platform itself found."""
    return Told(text)


def remark(text: str) -> Told:
    """Measured, and worth knowing, but no answer by itself."""
    return Told(text, meets=False)


def declared(text: str | None) -> Told | None:
    """What a person put into a record; nothing for an empty field."""
    words = (text or "").strip()
    return Told(words, "declared") if words else None


def unanswered_for(source: Source) -> Told:
    """Says that a record holds words that no person is on record for; the gap stays a gap."""
    noun = source.kind.replace("_", " ")
    return remark(
        f"The record of the {noun} “{source.name}” says something on this, but nobody is on record who wrote it. It "
        f"counts once a person who may change the {noun} opens its page and saves it."
    )


def not_measured(what: str, reason: str) -> Told:
    """Says that `what` was not measured, and why; the gap stays a gap."""
    return Told(f"{what}: not measured ({reason.rstrip('.')}).", meets=False)
