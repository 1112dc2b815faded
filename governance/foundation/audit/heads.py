"""Signed tree heads: made when there is news, written to the database and to a file that is only ever appended to."""

import json
import logging
import os
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from governance.foundation.audit import checkpoint, keys, rules, tree
from governance.foundation.audit.models import AuditEvent, Subtree, TrailKey, TreeHead
from governance.foundation.core.errors import NotFound, WrongState
from preparation.merkle import root_of

log = logging.getLogger(__name__)

HEAD_LOCK = 0x48656164  # "Head": one signer at a time on PostgreSQL


class TrailBroken(WrongState):
    """The trail does not continue what was signed before, so nothing more is signed."""


class StoredTree:
    """The tree over the trail as it stands, read from what is kept of it and from the newest entries."""

    def __init__(self) -> None:
        self._block = lru_cache(maxsize=512)(self._read_block)

    def perfect(self, level: int, index: int) -> bytes:
        tier, above = divmod(level, tree.TIER)
        block, within = divmod(index << above, tree.WIDE)
        return root_of(b"".join(self._block(tier, block)[within : within + (1 << above)]))

    def extend(self, size: int) -> None:
        """Keep the roots that became whole with the first `size` entries."""
        tier, count = 1, size >> tree.TIER
        while count:
            newest = Subtree.objects.filter(place__range=Subtree.places(tier)).order_by("place").last()
            begun = newest.index + 1 if newest else 0
            Subtree.objects.bulk_create(
                Subtree(place=Subtree.at(tier, index), hash=root_of(b"".join(self._read_block(tier - 1, index))))
                for index in range(begun, count)
            )
            tier, count = tier + 1, count >> tree.TIER

    def _read_block(self, tier: int, block: int) -> list[bytes]:
        """The hashes of one block of a tier, in order: of entries, or of kept roots."""
        first, last = block * tree.WIDE, (block + 1) * tree.WIDE - 1
        if tier == 0:
            bodies = AuditEvent.objects.filter(seq__range=(first + 1, last + 1)).order_by("seq")
            return [rules.leaf_bytes(body) for body in bodies.values_list("body", flat=True)]
        kept = Subtree.objects.filter(place__range=Subtree.places(tier, first, last)).order_by("place")
        return [bytes(one) for one in kept.values_list("hash", flat=True)]


def sign_when_due() -> TreeHead | None:
    """Sign where there is news and the last head is old enough (ASSAY_HEAD_MINUTES). Raises as `sign` does."""
    last = TreeHead.objects.first()
    if last is not None and abs(timezone.now() - last.at) < timedelta(minutes=settings.ASSAY_HEAD_MINUTES):
        return None  # a head from a clock that was far ahead keeps nobody from signing
    return sign()


@transaction.atomic
def sign() -> TreeHead | None:
    """Sign the trail as it stands; the last head where nothing was added, None where there is no entry yet.

    Raises TrailBroken where it does not continue what was signed before, in the database or in the file of heads, and
    NoKey.
    """
    _take_head_lock()
    last = TreeHead.objects.first()
    size = AuditEvent.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    if not size or (last is not None and last.size == size):
        return last
    key, private = keys.current()
    stored = StoredTree()
    stored.extend(size)
    root = tree.root(size, stored.perfect)
    before = list(signed_before())
    for size_before, root_before, _ in before:
        _refuse_fork(stored, size_before, root_before, size, root)
    public = private.public_key().public_bytes_raw()
    of_heads = [checkpoint.time_signed_by(note, key.name, public) for _, _, note in before]
    of_entries = _times_of_entries(after=min((size_before for size_before, _, _ in before), default=0), to=size)
    at = rules.time_of_signing(timezone.now(), chain(of_heads, of_entries))
    note = checkpoint.signed(checkpoint.body(key.name, size, root, at), key.name, private)
    head = TreeHead(size=size, at=at, root=root.hex(), key=key, checkpoint=note)
    # First to the file: a head that only the file knows is a true one all the same.
    append({"size": head.size, "at": checkpoint.spelt(at), "checkpoint": head.checkpoint})
    head.save(force_insert=True)
    return head


def _times_of_entries(*, after: int, to: int) -> Iterator[datetime | None]:
    """As their texts say, over which the root is: who owns the database can move a column there and back unseen."""
    bodies = AuditEvent.objects.filter(seq__gt=after, seq__lte=to).values_list("body", flat=True)
    return (rules.time_of(body) for body in bodies.iterator())


def signed_before() -> Iterator[tuple[int, bytes, str]]:
    """(size, root, note) of the last head in the database, and of the last in the file."""
    last = TreeHead.objects.first()
    if last is not None:
        try:
            yield last.size, bytes.fromhex(last.root), last.checkpoint
        except ValueError:
            raise TrailBroken(f"The root of the head at entry {last.size:,} is none; nothing is signed.") from None
    for newest in deque(in_file(), maxlen=1):
        yield newest.size, newest.root, newest.note


def in_file() -> Iterator[checkpoint.Checkpoint]:
    """The heads in the append-only file, oldest first. Raises TrailBroken for a line that is none."""
    for line in _lines():
        if isinstance(line, checkpoint.Checkpoint):
            yield line


def stamps_in_file() -> Iterator[tuple[int, str]]:
    """(size of its head, digest) of every time stamp that the append-only file tells of. Raises as `in_file` does."""
    for line in _lines():
        if not isinstance(line, checkpoint.Checkpoint):
            yield line


def _lines() -> Iterator[checkpoint.Checkpoint | tuple[int, str]]:
    source = Path(settings.ASSAY_TRAIL_HEADS)
    if not source.is_file():
        return
    with source.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                told = json.loads(line)
                if "stamped" in told:
                    yield int(told["size"]), str(told["sha256"])
                else:
                    yield _agreeing(checkpoint.parsed(told["checkpoint"]), told.get("at"))
            except (ValueError, KeyError, TypeError):
                raise TrailBroken(f"Line {number} of {source} is no signed head, or says another time.") from None


def _agreeing(head: checkpoint.Checkpoint, at: Any) -> checkpoint.Checkpoint:
    """`head`, where the line beside it gives the time that was signed. Raises ValueError."""
    if head.at is not None and at != checkpoint.spelt(head.at):
        raise ValueError
    return head


def proof_of_entry(seq: int, head: TreeHead) -> list[str]:
    """The inclusion proof of entry `seq` under `head`. Raises NotFound for an entry that is younger."""
    if not 1 <= seq <= head.size:
        raise NotFound("audit entry")
    return [step.hex() for step in tree.inclusion(seq - 1, head.size, StoredTree().perfect)]


def proof_of_growth(old: TreeHead, new: TreeHead) -> list[str]:
    """The consistency proof from `old` to `new`."""
    return [step.hex() for step in tree.consistency(old.size, new.size, StoredTree().perfect)]


def newest_first() -> QuerySet[TreeHead]:
    return TreeHead.objects.select_related("key", "stamp")


def at(size: int) -> TreeHead:
    """The head for the first `size` entries. Raises NotFound."""
    found = TreeHead.objects.filter(pk=size).first() if size <= rules.LARGEST_SEQ else None
    if found is None:
        raise NotFound("signed head")
    return found


def newest() -> TreeHead | None:
    """A head of the trail as it stands now where it can be signed here; else the last one."""
    if keys.is_here():
        try:
            return sign()
        except WrongState as refusal:
            log.error("The audit trail is not signed: %s", refusal)
    return last()


def over(seq: int) -> TreeHead | None:
    """A head for something that reaches to entry `seq`: the newest that is time stamped, where it goes so far, else the
    newest of all."""
    stamped = newest_first().filter(size__gte=seq, stamp__isnull=False).first()
    return stamped or newest()


def last() -> TreeHead | None:
    return TreeHead.objects.select_related("key").first()


def verifier_keys() -> list[dict[str, object]]:
    """Every key the trail was ever signed with, oldest first, as an auditor keeps them."""
    return [
        {
            "number": key.number,
            "verifier_key": checkpoint.verifier_key(key.name, bytes.fromhex(key.public_key)),
            "public_key": key.public_key,
            "since": key.since,
            "statement": key.statement,
        }
        for key in TrailKey.objects.all()
    ]


def _refuse_fork(stored: StoredTree, old: int, old_root: bytes, new: int, new_root: bytes) -> None:
    if old > new:
        raise TrailBroken(f"A head was signed at entry {old:,}, but the trail ends at {new:,}: its end was cut off.")
    proof = tree.consistency(old, new, stored.perfect)
    if not tree.is_consistent(old, new, old_root, new_root, proof):
        raise TrailBroken(f"The entries up to {old:,} are not those for which a head was signed.")


def append(line: dict[str, Any]) -> None:
    """A line for the file of heads: a head, or that one was time stamped."""
    target = Path(settings.ASSAY_TRAIL_HEADS)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(line, ensure_ascii=False) + "\n")
        handle.flush()
        os.fsync(handle.fileno())


def _take_head_lock() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [HEAD_LOCK])
