"""The Merkle tree against another implementation, and every proof against its own verifier, for all small sizes."""

import hashlib
from collections.abc import Callable

import pytest
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

from governance.foundation.audit import tree
from governance.foundation.audit.tree import Growth
from preparation.merkle import root_from, root_of

LARGEST = 300
LEAVES = [hashlib.sha256(b"\x00" + b"entry %d" % number).digest() for number in range(LARGEST)]


def over(leaves: list[bytes]) -> tree.Perfect:
    """Perfect subtrees by the definition, from the leaves alone."""

    def perfect(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        return hashlib.sha256(b"\x01" + perfect(level - 1, 2 * index) + perfect(level - 1, 2 * index + 1)).digest()

    return perfect


PERFECT = over(LEAVES)


@pytest.fixture(scope="module")
def other() -> InmemoryTree:
    """pymerkle's tree over the same entries."""
    made = InmemoryTree(algorithm="sha256")
    for number in range(LARGEST):
        made.append_entry(b"entry %d" % number)
    return made


def test_roots_agree_with_pymerkle_for_every_size(other: InmemoryTree) -> None:
    growth = Growth()
    assert growth.root() == hashlib.sha256().digest() == tree.root(0, PERFECT)
    for size in range(1, LARGEST + 1):
        growth.extend([LEAVES[size - 1]])
        assert growth.root() == tree.root(size, PERFECT) == other.get_root(size)


def test_inclusion_proofs_hold_in_both_directions(other: InmemoryTree) -> None:
    for size in [*range(1, 40), 127, 128, 129, 255, 256, 257, LARGEST]:
        root = other.get_root(size)
        for index in range(size):
            path = tree.inclusion(index, size, PERFECT)
            assert root_from(LEAVES[index], index, size, path) == root
            if path:
                assert root_from(LEAVES[index], index, size, path[:-1]) != root
            # pymerkle's path begins with the leaf, and it counts from 1.
            assert list(other.prove_inclusion(index + 1, size).path[1:]) == path
            verify_inclusion(LEAVES[index], root, other.prove_inclusion(index + 1, size))


def test_consistency_proofs_hold_for_every_pair_of_sizes(other: InmemoryTree) -> None:
    roots = [b"", *(other.get_root(size) for size in range(1, LARGEST + 1))]
    for new in [*range(1, 70), 127, 128, 129, 255, 256, 257, LARGEST]:
        for old in range(1, new + 1):
            path = tree.consistency(old, new, PERFECT)
            assert tree.is_consistent(old, new, roots[old], roots[new], path)
            assert not tree.is_consistent(old, new, bytes(32), roots[new], path)
            assert not tree.is_consistent(old, new, roots[old], bytes(32), path)
            if path:
                assert not tree.is_consistent(old, new, roots[old], roots[new], path[:-1])
                assert not tree.is_consistent(old, new, roots[old], roots[new], [bytes(32), *path[1:]])
    verify_consistency(roots[100], roots[LARGEST], other.prove_consistency(100, LARGEST))


@pytest.mark.parametrize(
    "wanted", [[0], [299], [3, 4, 5], [0, 299], list(range(100, 200)), list(range(300)), [7, 70, 256]]
)
def test_one_proof_for_many_entries_leads_to_the_root(wanted: list[int], other: InmemoryTree) -> None:
    given = tree.around(wanted, LARGEST, PERFECT)
    held = {index: LEAVES[index] for index in wanted}
    assert tree.root_around(held, LARGEST, given) == other.get_root(LARGEST)
    assert tree.root_around({**held, wanted[0]: bytes(32)}, LARGEST, given) != other.get_root(LARGEST)
    assert tree.root_around(held, LARGEST, [*given, bytes(32)]) is None
    assert not given or tree.root_around(held, LARGEST, given[:-1]) is None


@pytest.mark.parametrize("ask", [lambda: tree.inclusion(5, 5, PERFECT), lambda: tree.consistency(6, 5, PERFECT)])
def test_what_is_not_there_has_no_proof(ask: Callable[[], object]) -> None:
    with pytest.raises(IndexError):
        ask()


def test_every_subtree_that_is_kept_is_told_once_when_it_is_whole() -> None:
    told: dict[tuple[int, int], bytes] = {}
    growth = Growth(lambda tier, index, root: told.__setitem__((tier, index), root))
    count = 2 * 65536 + 256
    for begun in range(0, count, LARGEST):
        growth.extend(LEAVES[: count - begun])
    assert set(told) == {(1, index) for index in range(513)} | {(2, 0), (2, 1)}
    assert told[2, 1] == root_of(b"".join(told[1, index] for index in range(256, 512)))
