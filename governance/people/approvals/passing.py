"""What was approved beforehand, for a range. An upper noun says whether a range covers what is asked about; its request
is then granted without another decision. Nobody's decision is made up for it: the request has none, and says why."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.subjects import Approvable


@dataclass(frozen=True)
class Passed:
    """Under what a request was granted; `by`, `at`: who approved that, and when."""

    kind: str
    id: UUID
    name: str
    sha256: str
    by: str
    at: datetime

    @property
    def words(self) -> str:
        """“Rita Falk on 3 Mar 2026, beforehand, by change envelope E-1”: after the words “approved by”."""
        return f"{self.by} on {self.at:%d %b %Y}, beforehand, by {self.name}"


class Ranges(Protocol):
    """One noun of ranges."""

    def cover(self, request: ApprovalRequest, subject: Approvable) -> Passed | None:
        """Keep, in the caller's transaction, that a range in force covers `subject`; None where none does."""

    def passed(self, request_ids: Collection[UUID]) -> Mapping[UUID, Passed]:
        """Under what each of these requests was granted; those that people decided are left out."""


_known: list[Ranges] = []


def register(ranges: Ranges) -> None:
    if ranges not in _known:
        _known.append(ranges)


def cover(request: ApprovalRequest, subject: Approvable) -> Passed | None:
    return next((found for ranges in _known if (found := ranges.cover(request, subject))), None)


def passed(requests: Collection[ApprovalRequest]) -> dict[UUID, Passed]:
    """Under what each was granted, by the request's id. Asks only where a closed request has no decision."""
    undecided = [each.pk for each in requests if each.closed_at and not each.decisions.all()]
    return {pk: found for ranges in _known if undecided for pk, found in ranges.passed(undecided).items()}
