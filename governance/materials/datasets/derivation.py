"""Which versions a version was derived from, and which were derived from it.

The record keeps each link with the name and the file digest that the version had, so that the statement reads the
same when it is signed, exported or looked at by somebody who does not see that version.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, NotFound, Unusable
from governance.materials.datasets import provenance, selectors
from governance.materials.datasets.models import DatasetVersion

FURTHEST = 20  # steps; a chain of real derivations has a handful


@dataclass(frozen=True)
class Step:
    """One version in the chain. `version` is None where the asker may not see it; the chain ends there for them."""

    depth: int
    name: str
    file_sha256: str
    version: DatasetVersion | None


def linked(actor: Actor, record: Mapping[str, Any]) -> dict[str, Any]:
    """`record` with its links as it will keep them: id, name and file digest of each version.

    Raises Unusable for a version that is not there or not `actor`'s to see.
    """
    links = []
    for pk in provenance.linked_ids(record):
        try:
            version = selectors.version_visible(actor, pk)
        except NotFound as error:
            raise Unusable(
                [Fault("provenance.derived_from_versions", str(error), "Say it in words instead.")]
            ) from None
        links.append({"id": str(version.pk), "name": str(version), "file_sha256": version.file_sha256})
    return {**record, "derived_from_versions": links} if links else dict(record)


def ancestry(actor: Actor, version: DatasetVersion) -> list[Step]:
    """The chain that `version` was derived along, nearest first, each version followed by its own."""
    return list(_ancestors(actor, version, 1, set()))


def derived(actor: Actor, version: DatasetVersion) -> list[DatasetVersion]:
    """Versions that say they were derived from `version`, as far as `actor` sees them."""
    named = selectors.versions_visible_to(actor).filter(
        provenance__derived_from_versions__icontains=str(version.pk)  # the one way that both databases have
    )
    return [one for one in named if version.pk in provenance.linked_ids(one.provenance)]


def _ancestors(actor: Actor, version: DatasetVersion, depth: int, seen: set[str]) -> Iterator[Step]:
    for link in version.provenance.get("derived_from_versions") or []:
        if link["id"] in seen or depth > FURTHEST:
            continue
        seen.add(link["id"])
        parent = selectors.versions_visible_to(actor).filter(pk=link["id"]).first()
        yield Step(depth, link["name"], link["file_sha256"], parent)
        if parent is not None:
            yield from _ancestors(actor, parent, depth + 1, seen)
