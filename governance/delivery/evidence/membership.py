"""The proof that a row is in a dataset version, for somebody who has nothing but this file and the verifier."""

from typing import Any
from uuid import UUID

from django.core.cache import cache

from governance.delivery.evidence.verify import MEMBERSHIP_SCHEMA, RECORD_SCHEMA
from governance.foundation.audit.services import record_alone
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import plain
from governance.foundation.core.errors import NotAllowed, NotFound, WrongState
from governance.materials.datasets import rules, selectors
from governance.people.projects import selectors as projects
from governance.people.projects.rules import listing
from preparation.row_index import Entry, block_roots, proved

ROOTS_KEPT = 24 * 60 * 60  # seconds


def prove(*, actor: Actor, version_id: UUID, place: int) -> dict[str, Any]:
    """The proof of the row at `place` (from 0), as `assay.membership/1`; that it was handed out goes on record.

    It holds the row itself, so it takes the right to read rows and to export evidence. Raises NotFound, NotAllowed,
    and WrongState for a version that was registered before rows had a root.
    """
    actor = actor.acting()
    version = selectors.version_visible(actor, version_id)
    projects.require(actor, version.project_id, "export evidence")
    if not selectors.may_read_rows(actor, version):
        raise NotAllowed(f"A proof holds its row, which is shown to {listing(rules.READ_ROWS)} of this project.")
    if not version.index_sha256:
        raise WrongState(f"{version} was registered before rows had a Merkle root; register its file again.")
    if not 0 <= place < version.rows:
        raise NotFound("row")
    entry, path = _proved(version.index_sha256, place)
    row = None
    if not entry.is_erased:
        holding, at = selectors.where_it_stands(version, place)
        row = selectors.rows_at(holding, [at])[at].content()
    proof = {
        "schema": MEMBERSHIP_SCHEMA,
        "record": {
            "schema": RECORD_SCHEMA,
            "kind": version.kind,
            "id": str(version.pk),
            "content": plain(version.content()),
            "sha256": version.content_digest,
        },
        "place": place,
        "row": _shown(entry, row),
        "path": [step.hex() for step in path],
    }
    record_alone(actor, "dataset-version.row-proved", subject=version, facts={"row": place + 1})
    return proof


def _proved(index_sha256: str, place: int) -> tuple[Entry, list[bytes]]:
    """The whole index is read for the first proof alone: the roots of its blocks, which never change, are kept."""
    key = f"block-roots:{index_sha256}"
    roots: list[bytes] | None = cache.get(key)
    with blobs.opened(index_sha256) as index:
        if roots is None:
            roots = block_roots(index)
            cache.set(key, roots, ROOTS_KEPT)
        return proved(index, place, roots)


def _shown(entry: Entry, content: Any) -> dict[str, Any]:
    if content is None:
        return {"erased": True, "leaf": entry.leaf.hex()}
    return {"salt": entry.salt.hex(), "content": content}
