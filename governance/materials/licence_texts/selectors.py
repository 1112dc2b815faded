"""Questions about licence texts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable
from uuid import UUID

from django.db.models import Q, QuerySet

from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.materials.licence_texts import rules
from governance.materials.licence_texts.models import LicenceText
from governance.people.approvals import selectors as approvals
from governance.people.organisations import selectors as organisations
from governance.people.projects import selectors as projects
from governance.people.waivers.selectors import Licensed


@runtime_checkable
class Registered(Licensed, Protocol):
    """A material that knows in which line of registrations it stands."""

    def place(self) -> tuple[UUID | None, UUID, str]:
        """Its project (None: its organisation's), its organisation, and what it shares with later registrations."""


@dataclass(frozen=True)
class Drift:
    """The texts of the registration before, where they say something else than those that came with this one."""

    before: str  # its name
    texts: list[LicenceText]


def visible_to(actor: Actor) -> QuerySet[LicenceText]:
    """Of data and base models that `actor` sees: of their projects, of their organisations, or asked about there."""
    own = projects.within(actor)
    shared = Q(project=None) & (
        Q(organisation__in=organisations.visible_to(actor))
        | Q(subject_id__in=approvals.asked_about(actor, "base_model"))
    )
    return LicenceText.objects.filter(own | shared)


def visible(actor: Actor, text_id: UUID) -> LicenceText:
    return one_of(visible_to(actor), text_id)


def of(subject_id: UUID) -> list[LicenceText]:
    """The texts kept for one material, newest first."""
    return list(LicenceText.objects.filter(subject_id=subject_id))


def drift(kept: Iterable[LicenceText]) -> Drift | None:
    """Whether the texts of one material differ from those of the registration of the same thing before it."""
    now = list(kept)
    if not now:
        return None
    first = min(now, key=lambda one: one.created_at)
    line = LicenceText.objects.filter(
        organisation_id=first.organisation_id, subject_kind=first.subject_kind, line=first.line,
        created_at__lt=first.created_at,
    ).exclude(subject_id=first.subject_id)  # fmt: skip
    last = line.first()
    if last is None:
        return None
    before = [one for one in line if one.subject_id == last.subject_id]
    changed = rules.drifted({one.words_sha256 for one in now}, {one.words_sha256 for one in before})
    return Drift(last.subject_name, before) if changed else None


def text_of(kept: LicenceText) -> str:
    with blobs.opened(kept.text_sha256) as file:
        return file.read(rules.LONGEST).decode("utf-8", errors="replace")
