"""What became of rows between two files, compared with counting by hand; and the records it is read from."""

from __future__ import annotations

from collections import Counter
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preparation.differences import difference
from preparation.row_index import Entry, entries, short_hash
from preparation.rows import Message, Row

PAIRS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), max_size=12)


def index(pairs: list[tuple[str, str]]) -> bytes:
    rows = [
        Row(0, "chat", (Message("user", asked, False), Message("assistant", learnt, True))) for asked, learnt in pairs
    ]
    return b"".join(Entry.of(row, row.canonical()).written() for row in rows)


@given(PAIRS, PAIRS)
def test_rows_are_added_removed_and_changed_as_counting_says(
    old: list[tuple[str, str]], new: list[tuple[str, str]]
) -> None:
    found = difference(index(old), index(new))
    before, after = Counter(old), Counter(new)
    assert found.kept == (before & after).total()
    gone, come = before - after, after - before
    changed_by_question = Counter(asked for asked, _ in gone.elements()) & Counter(
        asked for asked, _ in come.elements()
    )
    assert len(found.changed) == changed_by_question.total()
    assert Counter(old[a][0] for a, _ in found.changed) == changed_by_question
    assert all(old[a][0] == new[b][0] and old[a] != new[b] for a, b in found.changed)
    assert len(found.removed) == gone.total() - len(found.changed)
    assert len(found.added) == come.total() - len(found.changed)
    assert Counter(old[place] for place in [*found.removed, *(a for a, _ in found.changed)]) == gone
    assert Counter(new[place] for place in [*found.added, *(b for _, b in found.changed)]) == come


def test_order_alone_is_no_difference() -> None:
    pairs = [("a", "x"), ("b", "y"), ("a", "x")]
    found = difference(index(pairs), index(pairs[::-1]))
    assert (found.kept, found.added, found.removed, found.changed) == (3, [], [], [])


def test_rows_that_all_stand_twice_take_no_longer_than_others() -> None:
    hashes = [short_hash(str(n // 2).encode()) for n in range(100_000)]
    before = b"".join(Entry(bytes(16), bytes(32), one, one).written() for one in hashes)
    after = b"".join(Entry(bytes(16), bytes(32), one, one).written() for one in hashes[:0:-1])
    began = process_time()
    found = difference(before, after)
    assert process_time() - began < 5  # looking through all rows for each value takes a minute
    assert (found.kept, found.added, found.removed) == (99_999, [], [1])


def test_a_cut_index_is_no_index() -> None:
    with pytest.raises(ValueError, match="multiple of 64"):
        difference(index([("a", "x")])[:-1], b"")
    with pytest.raises(ValueError, match="multiple of 64"):
        list(entries(b"x"))


def test_of_an_erased_row_nothing_but_its_leaf_is_left() -> None:
    (entry,) = entries(index([("a", "x")]))
    erased = entry.erased()
    assert (erased.leaf, erased.is_erased, entry.is_erased) == (entry.leaf, True, False)
    assert erased.written() == bytes(16) + entry.leaf + bytes(16)
