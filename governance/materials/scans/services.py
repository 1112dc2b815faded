"""Asking for a scan, ending it, and a person's answer on special categories. The worker's side is `worker`."""

from typing import Any
from uuid import UUID

from django.db import transaction

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Unusable, WrongState
from governance.foundation.jobs import errands
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.materials.scans import selectors
from governance.materials.scans.models import Scan, SpecialCategories
from governance.materials.scans.rules import Holds
from governance.people.projects import selectors as projects

SCAN, ANSWER = "scan data", "answer for personal data"


@transaction.atomic
def ask(*, actor: Actor, version_id: UUID) -> Scan:
    """Have a worker look for personal data and secrets. Raises NotFound, NotAllowed, WrongState."""
    version = datasets.version_visible(actor, version_id)
    projects.require(actor, version.project_id, SCAN)
    version.check_readable()
    return _ask(actor, version)


def scan_what_was_registered(sender: type[DatasetVersion], version: DatasetVersion, actor: Actor, **_: Any) -> None:
    """Every version is scanned once without being asked, in the transaction that registers it."""
    _ask(actor, version)


def again(*, actor: Actor, scan_id: UUID) -> Scan:
    """Another scan of what `scan_id` could not look through. Raises NotFound, NotAllowed, WrongState."""
    return ask(actor=actor, version_id=selectors.visible(actor, scan_id).version_id)


def cancel(*, actor: Actor, scan_id: UUID) -> Scan:
    """End a scan. Raises NotAllowed, NotFound, WrongState."""
    return errands.cancel(actor, Scan, scan_id, _own)


@transaction.atomic
def answer(*, actor: Actor, version_id: UUID, holds: Holds, reason: str) -> SpecialCategories:
    """Put on record whether the rows hold special categories (GDPR Art. 9), and why, or on which ground.

    Raises NotFound, NotAllowed, Unusable.
    """
    version = datasets.version_visible(actor, version_id)
    projects.require(actor, version.project_id, ANSWER)
    if not reason.strip():
        cure = "Say what you looked at; if there are any, on which ground of Art. 9(2) they may be used."
        raise Unusable([Fault("reason", "An answer needs its reason.", cure)])
    said = SpecialCategories.objects.create(
        version=version,
        version_sha256=version.content_digest,
        holds=holds,
        reason=reason.strip(),
        by_id=actor.user_id,
        by_name=actor.name,
    )
    record(actor, "special-categories.answered", subject=said, facts={"holds": holds, "version": str(version.pk)})
    return said


def _ask(actor: Actor, version: DatasetVersion) -> Scan:
    found = Scan(version=version, version_sha256=version.content_digest)
    taken = WrongState(f"{version} is being scanned already.")
    return errands.ask(actor, found, facts={"version_sha256": found.version_sha256}, otherwise=taken)


def _own(actor: Actor, scan_id: UUID) -> Scan:
    found = selectors.visible(actor, scan_id)
    projects.require(actor, found.project_id, SCAN)
    return found
