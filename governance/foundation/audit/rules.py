"""How entries are hashed and chained; pure, and the same arithmetic as the offline verifier's."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import orjson

from governance.foundation.core.canonical import canonical

LARGEST_SEQ = 2**63 - 1  # what a column of entry numbers holds
GENESIS = "0" * 64
SKEW = timedelta(minutes=5)  # clocks of honest people differ; an older or younger time is none to rely on
# No clock but the signer's own moves the time of a head further than this. It is less than SKEW, so that an authority
# whose clock is a little behind still stamps a head that was moved.
LIFT = timedelta(minutes=1)
LEAF, NODE = b"\x00", b"\x01"  # RFC 6962 prefixes: a leaf can never pass for a node
_LEAF, _NODE = hashlib.sha256(LEAF), hashlib.sha256(NODE)  # to begin with a copy is quicker than to begin anew


def leaf_of(body: bytes) -> bytes:
    """sha256(0x00 || body), which is the entry's leaf in the Merkle tree too."""
    begun = _LEAF.copy()
    begun.update(body)
    return begun.digest()


def leaf_bytes(body: str) -> bytes:
    return leaf_of(body.encode())


def leaf_hash(body: str) -> str:
    return leaf_bytes(body).hex()


def chain_hash(previous: str, body: str) -> str:
    """sha256(0x01 || previous || leaf hash), each hash as its 32 bytes."""
    return link(bytes.fromhex(previous), leaf_bytes(body)).hex()


def link(previous: bytes, leaf: bytes) -> bytes:
    begun = _NODE.copy()
    begun.update(previous + leaf)
    return begun.digest()


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def commitment(salt: bytes, data: Any) -> str:
    """sha256(salt || canonical JSON): binds to `data` without giving it away once the salt is gone."""
    return hashlib.sha256(salt + canonical(data)).hexdigest()


def stored_hash(text: Any) -> bytes:
    """A hash or a key as stored; what is none is taken for the empty one, which nothing fits."""
    try:
        return bytes.fromhex(text)
    except (ValueError, TypeError):
        return b""


def time_of(body: str) -> datetime | None:
    """When an entry was written, as its hashed text says; None where that is no entry's."""
    try:
        at = datetime.fromisoformat(orjson.loads(body)["at"])
    except (ValueError, TypeError, LookupError):
        return None
    return at if at.tzinfo else None


def time_of_signing(now: datetime, told: Iterable[datetime | None]) -> datetime:
    """`now`, moved on to the latest of the times `told` of entries and heads before, so that a head contradicts none of
    them; but a clock that is further ahead than LIFT says nothing about now."""
    return max([now, *(at for at in told if at is not None and at <= now + LIFT)])
