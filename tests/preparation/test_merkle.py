"""The Merkle tree over rows agrees with another implementation, and a proof holds for its own row alone."""

from __future__ import annotations

import hashlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from preparation import merkle, row_index


def leaves_of(count: int) -> list[bytes]:
    return [merkle.leaf(bytes([n % 256]) * 16, f"row {n}".encode()) for n in range(count)]


def test_the_root_is_that_of_another_implementation_for_every_size_up_to_300() -> None:
    other = InmemoryTree(algorithm="sha256")
    tree = merkle.Tree()
    assert tree.root() == hashlib.sha256().digest()
    for n in range(300):
        salt, row = bytes([n % 256]) * 16, f"row {n}".encode()
        other.append_entry(salt + row)  # it puts the prefix of a leaf before what it is given
        tree.add(merkle.leaf(salt, row))
        assert tree.root() == other.get_root()


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 32, 33, 100])
def test_every_proof_leads_to_the_root_and_no_other_leaf_or_place_does(size: int) -> None:
    leaves = leaves_of(size)
    root = merkle.Tree(leaves).root()
    for place, leaf in enumerate(leaves):
        path = merkle.proof(leaves, place)
        assert merkle.root_from(leaf, place, size, path) == root
        assert merkle.root_from(merkle.leaf(bytes(16), b"another row"), place, size, path) != root
        others = (other for other in range(size) if other != place)
        assert all(merkle.root_from(leaf, other, size, path) != root for other in others)


@given(st.integers(1, 200), st.data())
def test_a_proof_of_the_wrong_length_proves_nothing(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    place = data.draw(st.integers(0, size - 1))
    path = merkle.proof(leaves, place)
    root = merkle.Tree(leaves).root()
    assert merkle.root_from(leaves[place], place, size, [*path, root]) is None
    if path:
        assert merkle.root_from(leaves[place], place, size, path[:-1]) is None
    assert merkle.root_from(leaves[place], size, size, path) is None


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 65, 1000])
def test_the_root_of_leaves_in_one_text_is_that_of_the_tree(size: int) -> None:
    assert merkle.root_of(b"".join(leaves_of(size))) == merkle.Tree(leaves_of(size)).root()
    assert merkle.root_of(b"") == merkle.EMPTY


@pytest.mark.parametrize("size", [1, 5, 8191, 8192, 8193, 20_000])
def test_a_proof_that_goes_by_blocks_leads_to_the_root_of_all(size: int) -> None:
    records = [row_index.Entry(bytes([1]) * 16, leaf, bytes(8), bytes(8)) for leaf in leaves_of(size)]
    index = BytesIO(b"".join(record.written() for record in records))
    roots, root = row_index.block_roots(index), merkle.Tree(record.leaf for record in records).root()
    for place in {0, size // 2, size - 1, min(8192, size - 1)}:
        entry, path = row_index.proved(index, place, roots)
        assert entry == records[place]
        assert merkle.root_from(entry.leaf, place, size, path) == root
    with pytest.raises(IndexError):
        row_index.proved(index, size, roots)


def test_rows_that_are_left_are_counted_over_blocks() -> None:
    size, gone = 20_000, {0, 8191, 8192, 19_999}
    records = [row_index.Entry(bytes([1]) * 16, leaf, bytes(8), bytes(8)) for leaf in leaves_of(size)]
    kept = [record.erased() if place in gone else record for place, record in enumerate(records)]
    index = b"".join(record.written() for record in kept)
    for place in (0, 1, 8190, 8191, 8193, 16_384, 19_998, 19_999):
        expected = None if place in gone else sum(other not in gone for other in range(place))
        assert row_index.left_before(BytesIO(index), place) == expected


def test_there_is_no_proof_of_a_leaf_that_is_not_there() -> None:
    with pytest.raises(IndexError, match="no leaf 3 among 3"):
        merkle.proof(leaves_of(3), 3)
