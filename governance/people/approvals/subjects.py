"""What can be approved. Upper floors register their nouns here when Django starts, so that approvals can
load a subject, and tell a decider the facts, without knowing them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, cast, runtime_checkable
from uuid import UUID

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotFound
from governance.foundation.core.records import Record
from governance.people.policies.kinds import KINDS, Touch
from governance.people.projects.models import Project


class SignedPart(NamedTuple):
    """One thing that a signature covers. `shown`: kind and id of the record whose pages show it; None for what is shown
    by no page of its own."""

    label: str
    name: str
    sha256: str
    shown: tuple[str, UUID] | None = None

    @classmethod
    def of(cls, label: str, found: Record, name: str = "", sha256: str = "") -> "SignedPart":
        """A record under its own name and content digest, unless others are given."""
        return cls(label, name or str(found), sha256 or found.content_digest, (found.kind, found.pk))


@runtime_checkable
class Approvable(Protocol):
    """What a noun offers to be approved. All of it is read under the request's row lock."""

    kind: ClassVar[str]

    @property
    def pk(self) -> UUID: ...

    @property
    def content_digest(self) -> str: ...

    def content(self) -> dict[str, Any]: ...

    def touched_by(self) -> list[Touch]:
        """What people did to it, the nearest to it first."""

    def signed_parts(self) -> list[SignedPart]:
        """What a signature under it covers, the subject itself first."""


@dataclass(frozen=True)
class Fact:
    """One thing that a decider needs to know, in words. `warns` where it speaks against granting."""

    label: str
    says: str
    detail: str = ""
    warns: bool = False


# What a decider in a project needs to know of a subject as it is now, the weightiest first.
Summary = Callable[[Any, Project], Iterable[Fact]]
# The ids of those that a subject follows in its line: earlier versions of the same thing.
Earlier = Callable[[Any], Iterable[UUID]]


def no_line(subject: Any) -> Iterable[UUID]:
    """For a noun whose records follow no other."""
    return ()


# What is fixed about a subject, in the transaction that asks, before its digest is taken.
Fix = Callable[[Actor, Any], None]


def nothing(actor: Actor, subject: Any) -> None:
    """For a noun of which nothing is left open until it is asked about."""


@dataclass(frozen=True)
class Kind:
    model: type[Record]
    summary: Summary
    earlier: Earlier
    follows: tuple[str, ...]  # the relations that `touched_by` follows, so that many are asked in one query
    fix: Fix


_kinds: dict[str, Kind] = {}
_also: dict[str, list[Summary]] = {}
# Why nobody can be asked about a subject, as another noun knows it, or None.
Veto = Callable[[Any], "str | None"]
_vetoes: dict[str, list[Veto]] = {}
# What people did to subjects of these ids, as another noun knows it, or as it takes a query to find out.
Acts = Callable[[Collection[UUID]], Mapping[UUID, Iterable[Touch]]]
_acts: dict[str, list[Acts]] = {}


def register(
    model: type[Record],
    *,
    summary: Summary,
    earlier: Earlier = no_line,
    follows: tuple[str, ...] = (),
    fix: Fix = nothing,
) -> None:
    """Make `model` approvable. Raises ValueError for an unknown kind or one registered twice."""
    if model.kind not in KINDS:
        raise ValueError(f"Nobody can approve a {model.kind!r}; known: {', '.join(KINDS)}")
    if _kinds.setdefault(model.kind, Kind(model, summary, earlier, follows, fix)).model is not model:
        raise ValueError(f"{model.kind!r} is registered already, by {_kinds[model.kind].model.__name__}")


def tell_also(model: type[Record], facts: Summary) -> None:
    """Have deciders on `model` told `facts` too, from a noun that rests on it."""
    told = _also.setdefault(model.kind, [])
    if facts not in told:
        told.append(facts)


def forbid_also(model: type[Record], veto: Veto) -> None:
    """Have nobody asked about `model` where `veto` says why not, from a noun that rests on it."""
    known = _vetoes.setdefault(model.kind, [])
    if veto not in known:
        known.append(veto)


def touch_also(model: type[Record], acts: Acts) -> None:
    """Have `acts` count as done to `model`, for the separation of duties."""
    known = _acts.setdefault(model.kind, [])
    if acts not in known:
        known.append(acts)


def load(kind: str, pk: UUID) -> Approvable:
    """The subject as it is now. Raises NotFound."""
    found = load_all(kind, [pk])
    if not found:
        raise NotFound(KINDS[kind].noun if kind in _kinds else "subject")
    return found[pk]


def load_all(kind: str, pks: Iterable[UUID]) -> dict[UUID, Approvable]:
    """Subjects of one kind by their id, in one query, with what `touched_by` looks at; what is gone is left out."""
    known = _kinds.get(kind)
    if known is None:
        return {}
    rows = known.model._default_manager.select_related(*known.follows).filter(pk__in=list(pks))
    return {row.pk: cast(Approvable, row) for row in rows}


def summary(subject: Approvable, project: Project) -> list[Fact]:
    """What a decider in `project` needs to know of `subject` as it is now."""
    tellers = (_kinds[subject.kind].summary, *_also.get(subject.kind, ()))
    return [fact for tell in tellers for fact in tell(subject, project)]


def fix(actor: Actor, subject: Approvable) -> None:
    """Have `subject` be what is asked about: nothing of it is left open from here on."""
    _kinds[subject.kind].fix(actor, subject)


def line(subject: Approvable) -> list[UUID]:
    """The ids of `subject` and of those before it in its line."""
    return [subject.pk, *_kinds[subject.kind].earlier(subject)]


def own_veto(subject: Approvable) -> str | None:
    """Why nobody can be asked about `subject` as it stands, in a sentence, or None.

    A noun with a life of its own says so by a method `why_not_ask`: a draft, or what was taken back, is no subject.
    """
    veto = getattr(subject, "why_not_ask", None)
    return cast("str | None", veto()) if veto else None


def vetoes_of_others(subject: Approvable) -> str | None:
    """The same, as the nouns that rest on it know it."""
    return next((said for veto in _vetoes.get(subject.kind, ()) if (said := veto(subject))), None)


def touched_all(asked: Collection[Approvable]) -> dict[UUID, list[Touch]]:
    """What people did to each of these subjects of one kind: as it says itself, then as the nouns that rest on it know
    it, in as many queries for many as for one."""
    found = {subject.pk: subject.touched_by() for subject in asked}
    for acts in _acts.get(next(iter(asked)).kind, ()) if asked else ():
        for pk, touched in acts(found.keys()).items():
            found[pk] += touched
    return found


def touched(subject: Approvable) -> list[Touch]:
    return touched_all([subject])[subject.pk]


def belongs_to(subject: Approvable, project_id: UUID) -> bool:
    """Whether `subject` may be asked about in this project: its own, or one of its organisation's."""
    own = getattr(subject, "project_id", None)
    if own is not None:
        return bool(own == project_id)
    organisation = getattr(subject, "organisation_id", None)
    return organisation is not None and Project.objects.filter(pk=project_id, organisation_id=organisation).exists()
