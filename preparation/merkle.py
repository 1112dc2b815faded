"""A Merkle tree over rows (RFC 6962, section 2.1): one root for all, and a short proof for each.

A leaf is `sha256(0x00 || salt || canonical JSON of the row)`, a node `sha256(0x01 || left || right)`. The salt, 16
random bytes of its own for each row, keeps a row from being guessed from its leaf; with the salt gone, the leaf
says nothing about the row any more, and the root still holds for all others.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from hashlib import sha256

SALT_BYTES = 16
HASH_BYTES = 32
EMPTY = sha256().digest()
_NODE = sha256(b"\x01")  # to begin with a copy is quicker than to begin anew


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def leaf(salt: bytes, row: bytes) -> bytes:
    """The leaf of a row from its salt and its canonical JSON."""
    return sha256(b"\x00" + salt + row).digest()


def node(left: bytes, right: bytes) -> bytes:
    return _node(left + right)


def _node(both: bytes) -> bytes:
    begun = _NODE.copy()
    begun.update(both)
    return begun.digest()


class Tree:
    """The root of leaves that come one by one; holds one hash for each level and no leaf."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []  # (leaves below, hash), largest first
        for one in leaves:
            self.add(one)

    def add(self, one: bytes) -> None:
        self.size += 1
        below, peak = 1, one
        while self._peaks and self._peaks[-1][0] == below:
            peak = node(self._peaks.pop()[1], peak)
            below *= 2
        self._peaks.append((below, peak))

    def root(self) -> bytes:
        if not self._peaks:
            return EMPTY
        (_, root), *larger = reversed(self._peaks)
        for _, peak in larger:
            root = node(peak, root)
        return root


def root_of(leaves: bytes) -> bytes:
    """The root of leaves that stand one after another in one text: nothing is kept of each, so it is fast."""
    level = leaves
    while len(level) > HASH_BYTES:
        pairs = len(level) // (2 * HASH_BYTES) * 2 * HASH_BYTES
        nodes = [_node(level[at : at + 2 * HASH_BYTES]) for at in range(0, pairs, 2 * HASH_BYTES)]
        level = b"".join([*nodes, level[pairs:]])  # one that is left over goes up as it is
    return level or EMPTY


def proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root, from below (RFC 6962, 2.1.1)."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"There is no leaf {index} among {len(leaves)}.")
    path: list[bytes] = []
    low, high = 0, len(leaves)
    while high - low > 1:
        middle = low + _largest_power_below(high - low)
        if index < middle:
            path.append(Tree(leaves[middle:high]).root())
            high = middle
        else:
            path.append(Tree(leaves[low:middle]).root())
            low = middle
    return path[::-1]


def root_from(one: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a proof leads to, or None where it has the wrong length (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return None
    place, last, found = index, size - 1, one
    for step in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            found = node(step, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node(found, step)
        place, last = place >> 1, last >> 1
    return found if last == 0 else None


def _largest_power_below(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1
