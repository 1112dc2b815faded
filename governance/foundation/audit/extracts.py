"""Entries taken out of the trail for somebody else, with one proof for them all: they are in the tree whose signed head
goes with them."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from governance.foundation.audit import heads, stamps, tree
from governance.foundation.audit.models import AuditEvent, TreeHead
from governance.foundation.core.errors import WrongState

SCHEMA = "assay.audit-extract/1"
LARGEST = 5000  # entries in one


def of(events: Sequence[AuditEvent]) -> dict[str, Any]:
    """`events` with their proof, oldest first. What is younger than the newest head is left out, and counted.

    Raises WrongState where none of them is under a signed head, or where there are more than LARGEST.
    """
    if len(events) > LARGEST:
        raise WrongState(f"At most {LARGEST:,} entries are proved at once. Narrow the filter, by time for example.")
    head = heads.last()
    proved = sorted((event for event in events if head and event.seq <= head.size), key=lambda event: event.seq)
    if head is None or not proved:
        raise WrongState("These entries are younger than the last signed head; the next one is signed in some minutes.")
    return {
        "schema": SCHEMA,
        **sealed([event.seq for event in proved], head),
        "entries": [{"seq": event.seq, "body": event.body} for event in proved],
        "younger": len(events) - len(proved),
    }


def sealed(numbers: Sequence[int], head: TreeHead) -> dict[str, Any]:
    """The head with its time stamp, the keys, and what its root needs beside the entries with these `numbers` (sorted,
    none twice)."""
    stored = heads.StoredTree()
    around = tree.around([number - 1 for number in numbers], head.size, stored.perfect)
    stamp = stamps.of(head)
    is_fit = stamp is not None and stamps.signature(stamp) != stamps.Signature.BROKEN  # a forged one is not handed on
    return {
        "checkpoint": head.checkpoint,
        **({"timestamp": b64encode(stamp.response).decode()} if stamp and is_fit else {}),
        "keys": [{name: key[name] for name in ("verifier_key", "statement")} for key in heads.verifier_keys()],
        "around": [one.hex() for one in around],
    }
