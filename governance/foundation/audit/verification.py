"""Whether the trail is whole: every entry is read again, in order, and everything that follows from it is recomputed.

One pass with bounded memory.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate, count, repeat
from typing import Any

import orjson
from django.db import DatabaseError, connection

from governance.foundation.audit import checkpoint, entries, guards, rules, sealing, signed
from governance.foundation.audit.clocks import Clocks
from governance.foundation.audit.models import AuditEvent, PersonalDetail, Subtree
from governance.foundation.audit.tree import Growth

ATTEMPTS = 3
MOST_NAMED = 20  # faults; after them the walk ends
INCOMPLETE = "the verification could not be completed"


@dataclass
class Report:
    """What a walk found. `faults` is empty when every entry is in place and unchanged, and every signature holds."""

    entries: int = 0
    head: str = rules.GENESIS
    root: str = ""
    last_at: datetime | None = None
    erased: int = 0  # entries whose personal detail is gone, which is allowed
    heads: int = 0  # signed heads that hold
    last_head: int | None = None  # the entry up to which the newest of them goes
    stamps: int = 0  # time stamps that hold
    stamps_unchecked: int = 0  # those whose signature could not be looked at here
    records: int | None = None  # records that are as the trail says; None where they were not looked at
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)  # times that contradict one another: no fault, for clocks go wrong

    @property
    def sound(self) -> bool:
        return not self.faults


def verify(
    *,
    records: bool = False,
    kept: Iterable[checkpoint.Checkpoint] = (),
    told: Callable[[int], None] = lambda entries: None,
    limit_faults: int = MOST_NAMED,
) -> Report:
    """Recompute the chain and the tree from the texts, entry by entry, and name what does not fit.

    records: compare every record, too, with what the entries say of it.
    kept: heads that somebody kept elsewhere; the trail must continue them too.
    told: called now and then with how many entries were read. The trail lies open then: it must not write.

    Raises what `told` does, and Error where the database does not answer at all; whatever else ends it is a fault.
    """
    report = Report()
    report.faults += guards.objections(connection)
    walked = _walked(report, records, kept, limit_faults)
    while True:
        try:
            entries_read = next(walked, None)
        except Exception as error:  # what somebody put into a table makes anything raise; that hides nothing
            report.faults.append(f"{INCOMPLETE}: {type(error).__name__}: {str(error)[:200]}")
            return report
        if entries_read is None:
            return report
        told(entries_read)


def _walked(report: Report, records: bool, kept: Iterable[checkpoint.Checkpoint], limit: int) -> Iterator[int]:
    """Fill `report`; how many entries were read, now and then."""
    heads, said = signed.all_of(kept)
    report.stamps, report.stamps_unchecked, said_of_stamps = signed.stamps_of_heads()
    report.faults += [*said, *said_of_stamps]
    ledger = sealing.Ledger() if records else None
    walk = _Walk(report, heads, ledger, limit)
    try:
        for chunk in entries.rows():
            yield report.entries
            walk.take(chunk)
            if len(report.faults) >= limit:
                return
    except DatabaseError as error:
        report.faults.append(f"the entries after {report.entries:,} cannot be read: {error}")
        return
    walk.end()
    if ledger is not None:
        report.records, faults = _records(ledger, limit)
        report.faults += faults


def _records(ledger: sealing.Ledger, limit: int) -> tuple[int, list[str]]:
    """(records that are as the trail says, what is wrong with the others).

    People work meanwhile: what differs is looked at again with the newest entries, before it is called a fault.
    """
    same, differing = sealing.compared(ledger, limit)
    faults: list[str] = []
    for _ in range(ATTEMPTS):
        for seq, text in AuditEvent.objects.filter(seq__gt=ledger.last).order_by("seq").values_list("seq", "body"):
            ledger.hear(seq, orjson.loads(text))
        objections = {each: sealing.objection(ledger, *each) for each in differing}
        faults = [said for said in objections.values() if said]
        if not faults:
            break
        differing = [each for each, said in objections.items() if said]
    return same, faults


_Place = tuple[bool, Sequence[str]]


class _Walk:
    """The state between two entries."""

    def __init__(
        self, report: Report, heads: dict[int, list[signed.Signed]], ledger: sealing.Ledger | None, limit: int
    ) -> None:
        self.report, self.heads, self.ledger, self.limit = report, heads, ledger, limit
        self.due = sorted((size for size in heads if size > 0), reverse=True)  # of heads that the walk has yet to reach
        self.clocks = Clocks()
        self.subtrees = _Subtrees()
        self.tree = Growth(self.subtrees.compare)
        self.details = _Details()

    def take(self, rows: list[entries.Row]) -> None:
        """Check the next entries, their places many at a time. Stops where enough faults are named."""
        while rows:
            until = self.due[-1] - self.tree.size if self.due else len(rows)  # a head is compared where it was signed
            part, rows = rows[:until], rows[until:]
            raws = entries.raws(part)
            leaves = [rules.leaf_of(raw) for raw in raws]
            self._read(part, raws, self._places(part, leaves))
            if len(self.report.faults) >= self.limit:
                return
            self.report.entries, self.report.head = part[-1][0], part[-1][entries.HASH]
            self.tree.extend(leaves)
            if self.due and self.tree.size == self.due[-1]:
                self._compare_heads(self.heads.pop(self.due.pop()))

    def _places(self, rows: list[entries.Row], leaves: list[bytes]) -> Iterable[_Place]:
        """Of each entry whether its hash is that of its text after the hash that it names, and what is wrong with its
        place."""
        seq, head = self.report.entries, self.report.head
        hashes = [own.hex() for own in accumulate(leaves, rules.link, initial=rules.stored_hash(head))]
        expected = list(zip(count(seq + 1), hashes, hashes[1:], strict=False))
        if list(map(entries.PLACE, rows)) == expected:
            return repeat((True, ()))
        named: list[_Place] = []
        for row, leaf in zip(rows, leaves, strict=True):
            named.append(_place(row, leaf, seq + 1, head))
            seq, head = row[0], row[entries.HASH]
        return named

    def _read(self, rows: list[entries.Row], raws: list[bytes], places: Iterable[_Place]) -> None:
        """What the texts say: whether the columns repeat it, and the details and the records are held against it."""
        report, details, ledger = self.report, self.details, self.ledger
        newest, newest_entry = self.clocks.newest_entry
        for row, raw, (is_hashed, misplaced) in zip(rows, raws, places, strict=False):
            body, faults = entries.read(row, raw) if is_hashed else (None, [])
            if body is None or body["personal"] is not None or row[0] >= details.next:
                faults += details.faults(row[0], body)
            if faults or misplaced:
                report.faults += [f"entry {row[0]:,}: {fault}" for fault in (*misplaced, *faults)]
                if len(report.faults) >= self.limit:
                    return
            if body is None:
                continue
            if body["at"] > newest:
                newest, newest_entry = body["at"], row[0]
            if ledger is not None:
                ledger.hear(row[0], body)
        self.clocks.newest_entry = newest, newest_entry
        if body is not None:
            report.last_at = body["at"]

    def _compare_heads(self, heads: list[signed.Signed]) -> None:
        root = self.tree.root()
        for head in heads:
            if why := head.objection(root):
                self.report.faults.append(f"{head.whose} at entry {self.tree.size:,} {why}")
            elif head.whose == signed.IN_DATABASE:
                self.report.heads += 1
                self.report.last_head = self.tree.size
        self.clocks.signed(self.tree.size, {head.at for head in heads if head.at is not None})

    def end(self) -> None:
        report = self.report
        report.faults += self.details.left_over()
        for size in sorted(self.heads):
            for head in self.heads[size]:
                ends = f"the trail ends at {report.entries:,}: its end was cut off"
                report.faults.append(f"{head.whose} was signed at entry {size:,}, but {ends}")
        report.root = self.tree.root().hex()
        report.erased = self.details.committed - self.details.kept
        report.last_at = _moment(report.last_at)
        report.faults += self.subtrees.faults()
        report.remarks += self.clocks.remarks()


def _place(row: entries.Row, leaf: bytes, seq: int, head: str) -> _Place:
    """As in `_Walk._places`, of an entry that should have this number and follow from this hash."""
    faults = []
    if row[0] != seq:
        faults.append(f"expected number {seq:,}; entries are missing or were renumbered")
    if row[entries.PREVIOUS_HASH] != head:
        faults.append("does not follow from the entry before it")
    is_hashed = rules.link(rules.stored_hash(row[entries.PREVIOUS_HASH]), leaf).hex() == row[entries.HASH]
    return is_hashed, faults if is_hashed else [*faults, "its text was changed after it was written"]


class _Details:
    """The personal details, beside the entries that commit to them."""

    def __init__(self) -> None:
        rows = PersonalDetail.objects.order_by("event_id").values_list("event_id", "salt", "text")
        self._rows = rows.iterator(chunk_size=entries.CHUNK)
        self._step()
        self.committed = self.kept = 0

    def _step(self) -> None:
        self._next = next(self._rows, None)
        self.next = self._next[0] if self._next else sys.maxsize  # the entry of the next one

    def faults(self, seq: int, body: dict[str, Any] | None) -> Iterator[str]:
        committed = body["personal"] if body else None
        self.committed += committed is not None
        if self._next is None or self._next[0] > seq:
            return  # erased, or there never was one
        if self._next[0] == seq:
            _, salt, text = self._next
            self._step()
            self.kept += 1
            if body is not None and _commitment(salt, text) != committed:
                yield "its personal detail was changed after it was written"

    def left_over(self) -> Iterator[str]:
        if self._next is not None:
            yield f"there is a personal detail of entry {self._next[0]:,}, which does not exist"


class _Subtrees:
    """What is kept of the tree, beside what the entries give: where the two differ, proofs would not hold."""

    def __init__(self) -> None:
        kept = Subtree.objects.order_by("place").values_list("place", "hash")
        self._kept = {place: bytes(one) for place, one in kept.iterator(chunk_size=entries.CHUNK)}
        self._newest = {place >> 48: place for place in self._kept}
        self._wrong: list[Subtree] = []

    def compare(self, tier: int, index: int, root: bytes) -> None:
        place = Subtree.at(tier, index)
        if place <= self._newest.get(tier, -1) and self._kept.pop(place, None) != root:
            self._wrong.append(Subtree(place=place))

    def faults(self) -> list[str]:
        wrong = [*self._wrong, *(Subtree(place=place) for place in self._kept)]
        return [f"what is kept of the Merkle tree ({each}) is not what the entries give" for each in wrong[:3]]


def _commitment(salt: Any, text: Any) -> str | None:
    try:
        return rules.commitment(bytes(salt), orjson.loads(text))
    except (ValueError, TypeError, OverflowError):
        return None


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
