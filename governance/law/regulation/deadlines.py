"""Legal clocks: reports of incidents, retention, greatest fines. Pure: no Django, no models."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from governance.law.regulation.editions import Edition

SIZES = ("sme", "small-mid-cap", "large")


@dataclass(frozen=True)
class LegalClock:
    """A clock that names its duty, what set it going, when it runs out, and whether the duty binds on that day."""

    id: str
    ref: str
    what: str
    starts: str
    at_once_after: str | None
    started_at: datetime
    due_at: datetime
    binds_from: date | None
    binds: bool
    note: str


def incident_clock(
    law: Edition, deadline_id: str, started_at: datetime, on: date, flags: Iterable[str] = ()
) -> LegalClock:
    """The clock of one duty to report, running from `started_at` (with a time zone).

    Days are counted hour for hour, which is never later than the end of the last day. Raises KeyError for an unknown
    id and ValueError for a time without a zone.
    """
    if started_at.tzinfo is None:
        raise ValueError(f"The clock {deadline_id!r} needs a start with a time zone, not {started_at.isoformat()}.")
    deadline = law.incidents[deadline_id]
    start = law.clocks[deadline.clock].dates(flags).binds_from
    return LegalClock(
        id=deadline.id,
        ref=deadline.ref,
        what=deadline.what,
        starts=deadline.starts,
        at_once_after=deadline.at_once_after,
        started_at=started_at,
        due_at=started_at + timedelta(days=deadline.days),
        binds_from=start,
        binds=start is not None and start <= on,
        note=law.incident_note,
    )


def kept_until(law: Edition, retention_id: str, start: date) -> date:
    """The last day on which something must still be there, kept since `start`. Raises KeyError for an unknown id.

    A month without that day counts to its last one (Regulation 1182/71, Article 3(2)(c)).
    """
    rule = law.retention[retention_id]
    months = start.month - 1 + rule.months + 12 * rule.years
    year, month = start.year + months // 12, months % 12 + 1
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


def fine_ceiling(law: Edition, penalty_id: str, turnover_eur: int, size: str) -> int:
    """The greatest fine in whole EUR for a yearly worldwide turnover: the higher of both limits, or the lower one.

    Source: Articles 99(3) to (6a) and 101(1). Raises KeyError for an unknown id, ValueError for an unknown size or a
    negative turnover.
    """
    if size not in SIZES:
        raise ValueError(f"Unknown size {size!r}. Known: {', '.join(SIZES)}.")
    if turnover_eur < 0:
        raise ValueError(f"A turnover of {turnover_eur} EUR cannot be; give the worldwide yearly turnover.")
    penalty = law.penalties[penalty_id]
    share = turnover_eur * penalty.turnover_percent // 100
    return min(penalty.max_eur, share) if size in penalty.lower_for else max(penalty.max_eur, share)
