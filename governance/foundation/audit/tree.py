"""The Merkle tree over the entries (RFC 6962, section 2.1): roots, and proofs that are short.

Pure, and never in need of a million leaves: everything is asked of `perfect(level, index)`, the root over the
2**level leaves that begin at leaf index * 2**level. A leaf is sha256(0x00 || entry), a node sha256(0x01 || both).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence

from preparation.merkle import EMPTY, node, root_of

Perfect = Callable[[int, int], bytes]
TIER = 8  # levels of the tree between one root that is kept and those that it stands for
WIDE = 1 << TIER


class Growth:
    """The tree of leaves that come bit by bit, with 256 hashes a tier in memory at most.

    whole: told of every subtree that is kept, when it is whole: its tier, its index among those, and its root.
    """

    def __init__(self, whole: Callable[[int, int, bytes], None] = lambda tier, index, root: None) -> None:
        self.size = 0
        self._tiers: list[list[bytes]] = [[]]
        self._whole = whole

    def extend(self, leaves: Sequence[bytes]) -> None:
        while leaves:
            fitting = WIDE - len(self._tiers[0])
            self._tiers[0] += leaves[:fitting]
            self.size += len(leaves[:fitting])
            leaves = leaves[fitting:]
            if len(self._tiers[0]) == WIDE:
                self._close(1)

    def root(self) -> bytes:
        found = None
        for hashes in self._tiers:
            for peak in reversed(list(_peaks(hashes))):
                found = peak if found is None else node(peak, found)
        return found or EMPTY

    def _close(self, tier: int) -> None:
        below = self._tiers[tier - 1]
        root = root_of(b"".join(below))
        below.clear()
        if tier == len(self._tiers):
            self._tiers.append([])
        self._tiers[tier].append(root)
        self._whole(tier, (self.size >> TIER * tier) - 1, root)
        if len(self._tiers[tier]) == WIDE:
            self._close(tier + 1)


def _peaks(hashes: Sequence[bytes]) -> Iterator[bytes]:
    """The roots of the perfect trees that `hashes` fall into, largest first."""
    at = 0
    for level in reversed(range(len(hashes).bit_length())):
        if len(hashes) & 1 << level:
            yield root_of(b"".join(hashes[at : at + (1 << level)]))
            at += 1 << level


def root(size: int, perfect: Perfect) -> bytes:
    """The root over the first `size` leaves."""
    return _root(0, size, perfect) if size else EMPTY


def inclusion(index: int, size: int, perfect: Perfect) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root over `size` leaves, from below (2.1.1)."""
    if not 0 <= index < size:
        raise IndexError(f"There is no leaf {index} among {size}.")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_root(middle, high, perfect))
            high = middle
        else:
            path.append(_root(low, middle, perfect))
            low = middle
    return path[::-1]


def consistency(old: int, new: int, perfect: Perfect) -> list[bytes]:
    """The hashes that show the tree of `old` leaves to be the beginning of that of `new` (2.1.2)."""
    if not 0 < old <= new:
        raise IndexError(f"A tree of {old} leaves is no beginning of one of {new}.")
    path: list[bytes] = []
    low, high, is_whole = 0, new, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_root(middle, high, perfect))
            high = middle
        else:
            path.append(_root(low, middle, perfect))
            low, is_whole = middle, False
    return path[::-1] if is_whole else [_root(low, high, perfect), *path[::-1]]


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` shows that the tree of `old_root` is the beginning of that of `new_root` (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return old_root == new_root and not path
    steps = list(path) if old & (old - 1) else [old_root, *path]
    if not steps:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node(step, first), node(step, second)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            second = node(second, step)
        place, last = place >> 1, last >> 1
    return (first, second, last) == (old_root, new_root, 0)


def around(wanted: Sequence[int], size: int, perfect: Perfect) -> list[bytes]:
    """What the root over `size` leaves needs beside the leaves `wanted` (sorted, each once): the roots of the largest
    subtrees that hold none of them, from left to right. One proof for many leaves."""
    return list(_around(wanted, 0, size, perfect))


def root_around(leaves: Mapping[int, bytes], size: int, given: Sequence[bytes]) -> bytes | None:
    """The root that `leaves` (by index) have with what `around` gave for them; None where it does not come out even."""
    order, left = sorted(leaves), iter(given)
    if not order or order[0] < 0 or order[-1] >= size:
        return None
    try:
        found = _root_around(order, leaves, 0, size, left)
    except StopIteration:
        return None
    return found if next(left, None) is None else None


def _around(wanted: Sequence[int], low: int, high: int, perfect: Perfect) -> Iterator[bytes]:
    if not _holds(wanted, low, high):
        yield _root(low, high, perfect)
    elif high - low > 1:
        middle = low + _split(high - low)
        yield from _around(wanted, low, middle, perfect)
        yield from _around(wanted, middle, high, perfect)


def _root_around(
    wanted: Sequence[int], leaves: Mapping[int, bytes], low: int, high: int, given: Iterator[bytes]
) -> bytes:
    if not _holds(wanted, low, high):
        return next(given)
    if high - low == 1:
        return leaves[low]
    middle = low + _split(high - low)
    left = _root_around(wanted, leaves, low, middle, given)
    return node(left, _root_around(wanted, leaves, middle, high, given))


def _holds(wanted: Sequence[int], low: int, high: int) -> bool:
    at = bisect_left(wanted, low)
    return at < len(wanted) and wanted[at] < high


def _root(low: int, high: int, perfect: Perfect) -> bytes:
    count = high - low
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return perfect(level, low >> level)
    middle = low + _split(count)
    return node(_root(low, middle, perfect), _root(middle, high, perfect))


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1
