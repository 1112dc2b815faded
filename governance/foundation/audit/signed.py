"""What was signed of the trail: heads, the keys that signed them, time stamps; and what is wrong with signatures."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import orjson
from cryptography.x509 import Certificate

from governance.foundation.audit import checkpoint, entries, heads, keys, rules, stamps
from governance.foundation.audit.models import AuditEvent, TimeStamp, TrailKey, TreeHead

TELLING = 1.0  # seconds, within which the scheduler tells the file of heads what it kept
IN_DATABASE, IN_FILE, KEPT = "a head in the database", "a head in the file of heads", "the head that was given"


@dataclass(frozen=True)
class Signed:
    """What was signed for some number of entries."""

    whose: str
    root: bytes
    at: datetime | None  # where the signature covers it

    def objection(self, root: bytes) -> str | None:
        """What is wrong with it for entries that have this `root`. What its time is worth, `clocks` says."""
        return None if self.root == root else "was signed for other entries than those that stand here now"


def all_of(kept: Iterable[checkpoint.Checkpoint]) -> tuple[dict[int, list[Signed]], list[str]]:
    """{size: heads} of everything that was signed for this trail, and what is wrong with the signatures."""
    known = list(TrailKey.objects.all())
    said = [*_broken_succession(known), *_stranger(known)]
    signed: dict[int, list[Signed]] = {}
    for stored in TreeHead.objects.order_by("size").iterator(chunk_size=entries.CHUNK):
        told, faults = _read_head(stored, known)
        said += faults
        at = told.at if told else None
        signed.setdefault(stored.size, []).append(Signed(IN_DATABASE, rules.stored_hash(stored.root), at))
    try:
        elsewhere = [(IN_FILE, head) for head in heads.in_file()]
    except heads.TrailBroken as error:
        elsewhere = []
        said.append(str(error))
    for whose, head in [*elsewhere, *((KEPT, head) for head in kept)]:
        if not _is_ours(head, known):
            said.append(f"{whose} for entry {head.size:,} is not signed by a key of this trail")
        elif (found := Signed(whose, head.root, head.at)) not in signed.setdefault(head.size, []):
            signed[head.size].append(found)
    return signed, said


def _broken_succession(known: list[TrailKey]) -> Iterator[str]:
    """Each key but the first is signed in by the one before it, or the trail says that that one was lost."""
    for before, key in pairwise(known):
        text = keys.follows(before.name, rules.stored_hash(key.public_key))
        try:
            holds = checkpoint.is_signed_by(key.statement, before.name, rules.stored_hash(before.public_key))
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


def _read_head(head: TreeHead, known: list[TrailKey]) -> tuple[checkpoint.Checkpoint | None, list[str]]:
    """(what its text says, where that holds; what is wrong with it)."""
    what = f"the head at entry {head.size:,}"
    try:
        told = checkpoint.parsed(head.checkpoint)
    except checkpoint.NotACheckpoint as error:
        return None, [f"{what} cannot be read: {error}"]
    if (told.size, told.root.hex()) != (head.size, head.root):
        return None, [f"{what} says something else than the text that was signed"]
    if not _is_ours(told, [key for key in known if key.number == head.key_id]):
        return None, [f"the signature of {what} does not hold"]
    if told.at is not None and told.at != head.at:
        return told, [f"{what} gives another time than the text that was signed: {checkpoint.spelt(told.at)}"]
    return told, []


def stamps_of_heads() -> tuple[int, int, list[str]]:
    """(how many time stamps hold, how many more nobody could check here, what is wrong with the others)."""
    roots, said = _authorities()
    try:
        told = _told_of_stamps()
    except heads.TrailBroken:
        told = None  # said of the heads already
    kept: dict[int, str] = {}
    named: set[int] = set()
    for stamp in TimeStamp.objects.select_related("head").order_by("pk").iterator(chunk_size=entries.CHUNK):
        if why := stamps.objection(stamp, roots):
            said.append(f"the time stamp of the head at entry {stamp.pk:,} {why}")
            named.add(stamp.pk)
        else:
            kept[stamp.pk] = rules.digest_of(bytes(stamp.response))
    if told is None:
        return 0, 0, said
    if kept.keys() - told.keys():
        time.sleep(TELLING)  # the file is told just after the database
        told = _told_of_stamps() | told
    held = sum(told.get(size) == {digest} for size, digest in kept.items())
    said += _differing_stamps(kept, {size: told[size] for size in told.keys() - named})
    return (held, 0, said) if roots else (0, held, said)


def _authorities() -> tuple[list[Certificate], list[str]]:
    """The certificates that time stamps are held against, and why there are none where some were named."""
    if not stamps.are_checked() or not TimeStamp.objects.exists():
        return [], []
    try:
        return stamps.trusted(), []
    except stamps.NotStamped as error:
        return [], [f"no time stamp is checked: {error}"]


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
    return any(
        head.origin == key.name and checkpoint.is_signed_by(head.note, key.name, rules.stored_hash(key.public_key))
        for key in known
    )
