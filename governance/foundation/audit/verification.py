"""Whether the trail is whole: every entry is read again, in order, and everything that follows from it is recomputed.

One pass with bounded memory.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

import orjson
from cryptography.x509 import Certificate
from django.db import DatabaseError, connection

from governance.foundation.audit import checkpoint, entries, guards, heads, keys, rules, sealing, stamps
from governance.foundation.audit.models import AuditEvent, PersonalDetail, Subtree, TimeStamp, TrailKey, TreeHead
from governance.foundation.audit.tree import Growth
from preparation.merkle import HASH_BYTES

ATTEMPTS = 3
TELLING = 1.0  # seconds, within which the scheduler tells the file of heads what it kept
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
    signed, said = _signed(kept)
    report.faults += [*said, *_broken_stamps(report)]
    walk = _Walk(report, signed)
    ledger = sealing.Ledger() if records else None
    try:
        for chunk in entries.rows():
            yield report.entries
            for row in chunk:
                body = walk.step(row)
                if ledger is not None and body is not None:
                    ledger.hear(row[0], body)
                if report.faults and len(report.faults) >= limit:
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


class _Walk:
    """The state between two entries."""

    def __init__(self, report: Report, signed: dict[int, list[tuple[str, bytes]]]) -> None:
        self.report, self.signed = report, signed
        self.subtrees = _Subtrees()
        self.tree = Growth(self.subtrees.compare)
        self.previous = bytes(HASH_BYTES)
        self.details = _Details()

    def step(self, row: tuple[Any, ...]) -> dict[str, Any] | None:
        """Check one entry; what its text says, or None where that is not what was hashed."""
        report, seq = self.report, row[0]
        text = row[entries.TEXT]
        raw = text.encode() if type(text) is str else repr(text).encode()  # SQLite's columns may hold what is no text
        leaf = rules.leaf_of(raw)
        own = rules.link(self.previous, leaf)
        is_hashed = True
        faults: list[str] = []
        if row[entries.HASH] != own.hex() or row[entries.PREVIOUS_HASH] != report.head or seq != report.entries + 1:
            is_hashed, faults = self._broken(row, leaf)
            own = _hash(row[entries.HASH])
        body = None
        if is_hashed:
            body, misquoted = entries.read(row, raw)
            faults += misquoted if body else ["its text is not that of an entry"]
        if body is not None:
            report.last_at = body["at"]
        if body is None or body["personal"] is not None or seq >= self.details.next:
            faults += self.details.faults(seq, body)
        report.entries, report.head, self.previous = seq, row[entries.HASH], own
        self.tree.add(leaf)
        if self.tree.size in self.signed:
            self._compare_heads(self.signed.pop(self.tree.size))
        if faults:
            report.faults += [f"entry {seq:,}: {fault}" for fault in faults]
        return body

    def _broken(self, row: tuple[Any, ...], leaf: bytes) -> tuple[bool, list[str]]:
        """(whether its hash is that of its text after the hash that it names, what is wrong with its place)."""
        faults = []
        if row[0] != self.report.entries + 1:
            faults.append(f"expected number {self.report.entries + 1:,}; entries are missing or were renumbered")
        if row[entries.PREVIOUS_HASH] != self.report.head:
            faults.append("does not follow from the entry before it")
        is_hashed = rules.link(_hash(row[entries.PREVIOUS_HASH]), leaf).hex() == row[entries.HASH]
        return is_hashed, faults if is_hashed else [*faults, "its text was changed after it was written"]

    def _compare_heads(self, signed: list[tuple[str, bytes]]) -> None:
        for whose, root in signed:
            if root != self.tree.root():
                self.report.faults.append(
                    f"{whose} at entry {self.tree.size:,} was signed for other entries than those that stand here now"
                )
            elif whose == IN_DATABASE:
                self.report.heads += 1
                self.report.last_head = self.tree.size

    def end(self) -> None:
        report = self.report
        report.faults += self.details.left_over()
        for size in sorted(self.signed):
            for whose, _ in self.signed[size]:
                ends = f"the trail ends at {report.entries:,}: its end was cut off"
                report.faults.append(f"{whose} was signed at entry {size:,}, but {ends}")
        report.root = self.tree.root().hex()
        report.erased = self.details.committed - self.details.kept
        report.last_at = _moment(report.last_at)
        report.faults += self.subtrees.faults()


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


def _hash(text: Any) -> bytes:
    """A hash or a key as stored; what is none is taken for the empty one, which nothing fits."""
    try:
        return bytes.fromhex(text)
    except (ValueError, TypeError):
        return b""


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None


IN_DATABASE, IN_FILE, KEPT = "a head in the database", "a head in the file of heads", "the head that was given"


def _signed(kept: Iterable[checkpoint.Checkpoint]) -> tuple[dict[int, list[tuple[str, bytes]]], list[str]]:
    """{size: [(whose, root)]} of everything that was signed for this trail, and what is wrong with the signatures."""
    known = list(TrailKey.objects.all())
    said = [*_broken_succession(known), *_stranger(known)]
    signed: dict[int, list[tuple[str, bytes]]] = {}
    for stored in TreeHead.objects.order_by("size").iterator(chunk_size=entries.CHUNK):
        said += _broken_head(stored, known)
        signed.setdefault(stored.size, []).append((IN_DATABASE, _hash(stored.root)))
    try:
        elsewhere = [(IN_FILE, head) for head in heads.in_file()]
    except heads.TrailBroken as error:
        elsewhere = []
        said.append(str(error))
    for whose, head in [*elsewhere, *((KEPT, head) for head in kept)]:
        if not _is_ours(head, known):
            said.append(f"{whose} for entry {head.size:,} is not signed by a key of this trail")
        elif (whose, head.root) not in signed.setdefault(head.size, []):
            signed[head.size].append((whose, head.root))
    return signed, said


def _broken_succession(known: list[TrailKey]) -> Iterator[str]:
    """Each key but the first is signed in by the one before it, or the trail says that that one was lost."""
    for before, key in pairwise(known):
        text = keys.follows(before.name, _hash(key.public_key))
        try:
            holds = checkpoint.is_signed_by(key.statement, before.name, _hash(before.public_key))
        except checkpoint.NotACheckpoint:
            holds = False
        if holds and key.statement.startswith(text + "\n—"):
            continue
        entry = AuditEvent.objects.filter(seq=key.first_size, action="trail.key-rotated").first()
        facts = orjson.loads(entry.body)["facts"] if entry else {}
        if facts != {"key": key.public_key, "before": before.public_key, "lost": True} or key.statement:
            yield f"key {key.number} of the trail is not signed in by key {before.number}"


def _stranger(known: list[TrailKey]) -> Iterator[str]:
    """Where the key file is at hand, the newest key in the database must be its."""
    if known and keys.is_here():
        try:
            keys.current()
        except keys.NoKey as error:
            yield str(error)


def _broken_head(head: TreeHead, known: list[TrailKey]) -> Iterator[str]:
    try:
        told = checkpoint.parsed(head.checkpoint)
    except checkpoint.NotACheckpoint as error:
        yield f"the head at entry {head.size:,} cannot be read: {error}"
        return
    if (told.size, told.root.hex()) != (head.size, head.root):
        yield f"the head at entry {head.size:,} says something else than the text that was signed"
    elif not _is_ours(told, [key for key in known if key.number == head.key_id]):
        yield f"the signature of the head at entry {head.size:,} does not hold"


def _broken_stamps(report: Report) -> Iterator[str]:
    """What is wrong with time stamps; how many hold is counted in `report`."""
    roots: list[Certificate] = []
    if stamps.are_checked() and TimeStamp.objects.exists():
        try:
            roots = stamps.trusted()
        except stamps.NotStamped as error:
            yield f"no time stamp is checked: {error}"
    try:
        told = _told_of_stamps()
    except heads.TrailBroken:
        told = None  # said of the heads already
    kept: dict[int, str] = {}
    named: set[int] = set()
    for stamp in TimeStamp.objects.select_related("head").order_by("pk").iterator(chunk_size=entries.CHUNK):
        if why := stamps.objection(stamp, roots):
            yield f"the time stamp of the head at entry {stamp.pk:,} {why}"
            named.add(stamp.pk)
        else:
            kept[stamp.pk] = rules.digest_of(bytes(stamp.response))
    if told is None:
        return
    if kept.keys() - told.keys():
        time.sleep(TELLING)  # the file is told just after the database
        told = _told_of_stamps() | told
    held = sum(told.get(size) == {digest} for size, digest in kept.items())
    report.stamps, report.stamps_unchecked = (held, 0) if roots else (0, held)
    yield from _differing_stamps(kept, {size: told[size] for size in told.keys() - named})


def _told_of_stamps() -> dict[int, set[str]]:
    """{size of its head: digests} of the stamps that the file of heads tells of; honestly one each."""
    told: dict[int, set[str]] = {}
    for size, digest in heads.stamps_in_file():
        told.setdefault(size, set()).add(digest)
    return told


def _differing_stamps(kept: dict[int, str], told: dict[int, set[str]]) -> Iterator[str]:
    for size in sorted(kept.keys() | told.keys()):
        what = f"the time stamp of the head at entry {size:,}"
        if size not in told:
            yield f"{what} is none that the file of heads tells of"
        elif size not in kept:
            yield f"{what}, which the file of heads tells of, is missing"
        elif len(told[size]) > 1:
            yield f"{what} is told of in the file of heads more than once, and not alike"
        elif kept[size] not in told[size]:
            yield f"{what} is not the one that the file of heads tells of"


def _is_ours(head: checkpoint.Checkpoint, known: list[TrailKey]) -> bool:
    note = head.note
    return any(
        head.origin == key.name and checkpoint.is_signed_by(note, key.name, _hash(key.public_key)) for key in known
    )
