"""The worker's side of a search: one file after another, each looked through once, whatever becomes of the worker."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from governance.delivery.searches import rules
from governance.delivery.searches.models import Part, Search
from governance.delivery.searches.rules import State
from governance.delivery.searches.services import destroy_terms
from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM
from governance.foundation.jobs import errands
from governance.foundation.jobs.services import Lease
from governance.materials.datasets.models import DatasetVersion
from preparation.searching import Sought


def left(lease: Lease) -> list[list[Part]]:
    """What was not looked through yet; versions of the same bytes, read alike, together. Raises LeaseLost."""
    search = errands.begun(lease, Search)
    alike: dict[tuple[str, str], list[Part]] = defaultdict(list)
    for part in search.parts.filter(rows=None).select_related("version__dataset"):
        alike[part.version.file_sha256, part.version.container].append(part)
    return list(alike.values())


def begin(lease: Lease, version: DatasetVersion, folder: Path) -> tuple[Path, Sought]:
    """The version's file, laid into `folder`, and what is sought in it. Raises LeaseLost."""
    search = errands.begun(lease, Search)
    return blobs.copy_to(version.readable, folder / "file"), Sought(search.term.text, search.how)


@transaction.atomic
def take(lease: Lease, parts: list[Part], found: dict[str, Any]) -> None:
    """Keep what was found in one file. Raises LeaseLost."""
    errands.held(lease, Search)
    mine = Part.objects.filter(pk__in=[part.pk for part in parts])
    mine.update(rows=found["rows"], rows_hit=found["rows_hit"], hits=found["hits"])


@transaction.atomic
def finish(lease: Lease) -> Search:
    """Every file was looked through. What was sought is let go of. Raises LeaseLost."""
    search = errands.held(lease, Search)
    expires_at = rules.expiry(timezone.now(), settings.ASSAY_SEARCH_DAYS)
    errands.finish(lease, search, State.DONE, expires_at=expires_at)
    destroy_terms()
    facts = {"content": search.content_digest, "rows_hit": sum(part.rows_hit for part in search.parts.all())}
    record(PLATFORM, "search.done", subject=search, facts=facts)
    return search
