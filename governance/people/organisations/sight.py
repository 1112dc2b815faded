"""Who sees something without belonging to it: what a noun above (an audit engagement) lays open to a person for a time.

It is asked, never copied: when the time is over, the next question has the other answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_
from typing import Any, Protocol
from uuid import UUID

from django.db.models import Q

from governance.foundation.core.actor import Actor
from governance.foundation.core.records import Record


@dataclass(frozen=True)
class Reader:
    """A person to whom a place is laid open, today or from a later day on: through which record, and for which days."""

    user: Any
    through: Record
    first: date
    last: date


class Sight(Protocol):
    """To read only; what may be done is another table (`rules.MAY`)."""

    def organisations(self, actor: Actor, path: str) -> Q:
        """Which organisations are laid open as a whole; `path` is the way to their id."""

    def projects(self, actor: Actor, path: str) -> Q:
        """Which projects are laid open, those of such organisations among them."""

    def records(self, actor: Actor, project: str, at: str) -> Q:
        """Which records are laid open: `project` is the way from a record to its project, `at` the field that says
        when it was made."""

    def readers(self, organisation_id: UUID, project_id: UUID | None) -> Iterable[Reader]:
        """Everybody to whom a project, or (without one) its organisation as a whole, is laid open, or will be."""


_given: list[Sight] = []


def give(sight: Sight) -> None:
    """Let whoever `sight` names see what it lays open."""
    if sight not in _given:
        _given.append(sight)


def organisations(actor: Actor, path: str) -> Q:
    return _any(sight.organisations(actor, path) for sight in _given)


def projects(actor: Actor, path: str) -> Q:
    return _any(sight.projects(actor, path) for sight in _given)


def records(actor: Actor, project: str, at: str) -> Q:
    return _any(sight.records(actor, project, at) for sight in _given)


def readers(organisation_id: UUID, project_id: UUID | None = None) -> list[Reader]:
    return [reader for sight in _given for reader in sight.readers(organisation_id, project_id)]


def _any(conditions: Any) -> Q:
    """One of them holds; of none, nothing is seen."""
    return reduce(or_, conditions, Q(pk__in=[]))
