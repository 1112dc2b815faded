"""How entries are hashed and chained; pure, and the same arithmetic as the offline verifier's."""

import hashlib
from typing import Any

from governance.foundation.core.canonical import canonical

GENESIS = "0" * 64
LEAF, NODE = b"\x00", b"\x01"  # RFC 6962 prefixes: a leaf can never pass for a node


def leaf_hash(body: str) -> str:
    """sha256(0x00 || body)."""
    return hashlib.sha256(LEAF + body.encode()).hexdigest()


def chain_hash(previous: str, body: str) -> str:
    """sha256(0x01 || previous || leaf hash), each hash as its 32 bytes."""
    return hashlib.sha256(NODE + bytes.fromhex(previous) + bytes.fromhex(leaf_hash(body))).hexdigest()


def commitment(salt: bytes, data: Any) -> str:
    """sha256(salt || canonical JSON): binds to `data` without giving it away once the salt is gone."""
    return hashlib.sha256(salt + canonical(data)).hexdigest()
