"""What is kept of each row beside the bytes: 64 of them, one record after another, in the order of the rows.

    salt      16 bytes   random; with the row it makes the leaf
    leaf      32 bytes   of the Merkle tree over the rows (preparation.merkle)
    content    8 bytes   hash of the canonical row
    given      8 bytes   hash of what is asked in it

From these the root, a proof and the difference between two versions follow without reading the rows again. A row
that was erased keeps its leaf alone: the rest is zero, and nothing about the row follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import BinaryIO, NamedTuple

from preparation import merkle
from preparation.rows import Row

RECORD_BYTES = 64
_BLOCK = 8192  # rows that are looked at together; a power of two, so that a block is a subtree
_ERASED = bytes(merkle.SALT_BYTES)


class Entry(NamedTuple):
    """The record of one row."""

    salt: bytes
    leaf: bytes
    content: bytes
    given: bytes

    @classmethod
    def of(cls, row: Row, canonical: bytes) -> Entry:
        """The record of a row, with a new salt. `canonical` is its canonical JSON."""
        salt = merkle.new_salt()
        return cls(salt, merkle.leaf(salt, canonical), short_hash(canonical), short_hash(row.given().encode()))

    @classmethod
    def read(cls, record: bytes) -> Entry:
        return cls(record[:16], record[16:48], record[48:56], record[56:64])

    def written(self) -> bytes:
        return b"".join(self)

    def erased(self) -> Entry:
        """The same row after its erasure: the leaf alone."""
        return Entry(_ERASED, self.leaf, bytes(8), bytes(8))

    @property
    def is_erased(self) -> bool:
        return self.salt == _ERASED


def entries(index: bytes) -> Iterator[Entry]:
    """Every record of an index. Raises ValueError where it is cut."""
    if len(index) % RECORD_BYTES:
        raise ValueError(f"An index of rows has a multiple of {RECORD_BYTES} bytes, not {len(index)}.")
    for start in range(0, len(index), RECORD_BYTES):
        yield Entry.read(index[start : start + RECORD_BYTES])


def block_roots(index: BinaryIO) -> list[bytes]:
    """The root over each block of rows. A block is a subtree, so that no proof needs the leaves of other blocks."""
    return [
        merkle.root_of(b"".join([block[at : at + merkle.HASH_BYTES] for at in range(16, len(block), RECORD_BYTES)]))
        for block in blocks(index)
    ]


def proved(index: BinaryIO, place: int, roots: Sequence[bytes]) -> tuple[Entry, list[bytes]]:
    """The record of the row at `place` and its proof (merkle.proof); of the index its own block alone is read.

    `roots` are those of the same index, by `block_roots`.
    """
    own, within = divmod(place, _BLOCK)
    index.seek(own * _BLOCK * RECORD_BYTES)
    block = list(entries(index.read(_BLOCK * RECORD_BYTES)))
    return block[within], [*merkle.proof([entry.leaf for entry in block], within), *merkle.proof(roots, own)]


def left_before(index: BinaryIO, place: int) -> int | None:
    """How many rows before `place` were not erased; None where the row at `place` was."""
    left = 0
    for block in blocks(index):
        here = min(place * RECORD_BYTES, len(block))
        left += sum(block[at : at + merkle.SALT_BYTES] != _ERASED for at in range(0, here, RECORD_BYTES))
        if here < len(block):
            return None if Entry.read(block[here : here + RECORD_BYTES]).is_erased else left
        place -= here // RECORD_BYTES
    raise IndexError("There is no such row in this index.")


def blocks(index: BinaryIO) -> Iterator[bytes]:
    """The bytes of an index, block by block: nobody holds the whole of a large one. Raises ValueError for a cut one."""
    while block := index.read(_BLOCK * RECORD_BYTES):
        if len(block) % RECORD_BYTES:
            raise ValueError(f"An index of rows has a multiple of {RECORD_BYTES} bytes; this one is cut.")
        yield block


def short_hash(data: bytes) -> bytes:
    """64 bits of a text: two among millions that agree by chance are rarer than a disk that errs."""
    return blake2b(data, digest_size=8).digest()
