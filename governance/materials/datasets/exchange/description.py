"""What a description file says about a dataset, each answer with the place where it stood. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from governance.materials.datasets import provenance
from governance.materials.datasets.exchange import licence_names

MOST = 200  # findings, and places that speak of a licence, that are listed


@dataclass(frozen=True)
class Found:
    """An answer, and where in the file it stood."""

    value: Any
    where: str


@dataclass(frozen=True)
class Finding:
    """What of the file could not be taken over, and what to do."""

    where: str
    message: str
    cure: str = ""


@dataclass
class Description:
    """A file that was read. `kind` says as what."""

    kind: str
    name: Found | None = None
    summary: Found | None = None
    licence: Found | None = None
    licence_told: list[dict[str, str]] = field(default_factory=list)
    record: dict[str, Found] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    unlisted: int = 0  # findings beyond those that are listed

    def note(self, where: str, message: str, cure: str = "") -> None:
        if len(self.findings) < MOST:
            self.findings.append(Finding(where, message, cure))
        else:
            self.unlisted += 1

    def unplaced(self, where: str, said: Any) -> None:
        """Note what no question of the record asks for."""
        self.note(where, f"The record does not ask for this: “{_short(said, 300)}”", "Say by hand what matters.")

    def answer(self, name: str, value: Any, where: str) -> None:
        """Take an answer to a field of the record; a second one to the same field is put behind the first."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return
        before = self.record.get(name)
        if before is None:
            self.record[name] = Found(value, where)
        elif isinstance(before.value, str) and isinstance(value, str) and _is_text(name):
            self.record[name] = Found(f"{before.value}\n\n{value}", f"{before.where}; {where}")
        elif before.value != value:
            self.note(where, f"Another answer to “{provenance.BY_NAME[name].ask}” stood before it.", "Compare the two.")

    def license(self, words: str, where: str) -> None:
        """Take a licence: as an expression where the words are one, else as what a place says of it."""
        expression = licence_names.expression_of(words)
        if expression is not None and self.licence is None:
            self.licence = Found(expression, where)
        elif words.strip():
            self.tell(where, words)
            if expression is None:
                message = f"“{_short(words)}” is no licence expression."
                self.note(where, message, "It stands under what other places say; give the expression yourself.")

    def tell(self, where: str, says: str) -> None:
        """What a place says about the licence, on one line, as the record keeps it."""
        told = {"where": " ".join(where.split()), "says": " ".join(says.split())}
        if len(self.licence_told) == MOST:
            self.note(where, "More places speak of the licence than are kept.", "Say by hand what matters.")
        elif told not in self.licence_told:
            self.licence_told.append(told)

    def checked(self) -> "Description":
        """The same without answers that registration would refuse; each of those is a finding."""
        for flaw in provenance.flaws(self.values()):
            if flaw.field in self.record:
                dropped = self.record.pop(flaw.field)
                said = f"“{_short(dropped.value)}” cannot be taken over: {flaw.message}"
                self.note(dropped.where, said, flaw.cure)
        if self.unlisted:
            more = Finding("file", f"And {self.unlisted:,} more of the kind.", "Read the file itself.")
            self.findings, self.unlisted = [*self.findings, more], 0
        return self

    def values(self) -> dict[str, Any]:
        """The provenance record as far as it was found."""
        return {one.name: self.record[one.name].value for one in provenance.FIELDS if one.name in self.record}

    def found_in(self) -> Mapping[str, str]:
        """Field -> where its answer stood; the licence among them."""
        places = {name: found.where for name, found in self.record.items()}
        return places | ({"licence": self.licence.where} if self.licence else {})


def _is_text(name: str) -> bool:
    return provenance.BY_NAME[name].form == provenance.Form.TEXT


def _short(value: Any, longest: int = 80) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
