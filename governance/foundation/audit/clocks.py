"""What the times of entries and heads say of the clocks that gave them.

An honest clock can be years off for a moment. That is no tampering, so it is no fault; but it is told.
"""

from collections.abc import Collection, Iterator
from datetime import datetime

from django.utils import timezone

from governance.foundation.audit import rules
from governance.foundation.audit.checkpoint import spelt
from governance.foundation.audit.models import AuditEvent, TreeHead

MOST_NAMED = 20  # remarks about clocks
CURE = (
    "Set the clocks of all machines by one source (NTP). What was written stays as it is; the next head gives the time"
    " of the machine that signs it."
)


class Clocks:
    """The times that a walk over the whole trail meets, as texts, which come in the order of the times."""

    def __init__(self) -> None:
        self.newest_entry = ("", 0)  # (the latest time of an entry so far, whose it is)
        self.newest_head = ("", 0)
        self._earlier: dict[str, list[int]] = {}  # {what gives a later time: the heads after it that give an earlier}

    def signed(self, size: int, times: Collection[datetime]) -> None:
        """A head for `size` entries says, in the database and elsewhere, that it was signed at these times."""
        told = sorted(map(spelt, times))
        if not told:
            return
        for at, what in (
            (self.newest_entry[0], _of_entry(*self.newest_entry)),
            (self.newest_head[0], _of_head(*self.newest_head)),
        ):
            if told[0] < at:
                self._earlier.setdefault(what, []).append(size)
        self.newest_head = max(self.newest_head, (told[-1], size))

    def remarks(self) -> list[str]:
        said = [f"{what}, later than {_heads(sizes)}" for what, sizes in self._earlier.items()]
        rest = [f"and {len(said) - MOST_NAMED:,} more times that are later than a head's"] if said[MOST_NAMED:] else []
        return [*said[:MOST_NAMED], *rest, *self._to_come()]

    def _to_come(self) -> Iterator[str]:
        soon = spelt(timezone.now() + rules.SKEW)
        if self.newest_entry[0] > soon:
            yield f"{_of_entry(*self.newest_entry)}, which is still to come"
        if self.newest_head[0] > soon:
            yield f"{_of_head(*self.newest_head)}, which is still to come"


def wrong_now() -> list[str]:
    """What the columns say of clocks that are or were wrong, as far as it concerns the newest head and the next."""
    soon, said = timezone.now() + rules.SKEW, []
    last = TreeHead.objects.first()
    ahead = AuditEvent.objects.filter(at__gt=soon).order_by("-at").first()
    if ahead is not None:
        said.append(f"{_of_entry(spelt(ahead.at), ahead.seq)}, which is still to come")
    if last is not None and last.at > soon:
        said.append(f"{_of_head(spelt(last.at), last.size)}, which is still to come")
    if last is not None:
        later = AuditEvent.objects.filter(seq__lte=last.size, at__gt=last.at).order_by("-at").first()
        if later is not None and later != ahead:
            said.append(f"{_of_entry(spelt(later.at), later.seq)}, later than {_heads([last.size])}")
    return said


def _of_entry(at: str, seq: int) -> str:
    return f"entry {seq:,} says that it was written at {at}"


def _of_head(at: str, size: int) -> str:
    return f"the head at entry {size:,} says that it was signed at {at}"


def _heads(sizes: list[int]) -> str:
    if len(sizes) == 1:
        return f"the head at entry {sizes[0]:,} says that it was signed"
    return f"{len(sizes):,} heads say that they were signed, the first at entry {sizes[0]:,}"
