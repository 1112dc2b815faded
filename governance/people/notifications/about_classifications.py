"""The days from which duties bind a project, as the outcome of its questionnaire has them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from governance.foundation.core.actor import Actor
from governance.people.notifications import deadlines
from governance.people.notifications.deadlines import Deadline
from governance.people.projects import selectors as projects
from governance.people.projects.models import Classification, Member
from governance.people.projects.rules import Role

ANSWERABLE = (Role.COMPLIANCE_OFFICER, Role.RISK_OWNER, Role.OWNER)
MOST_NAMED = 12


def register() -> None:
    deadlines.register(days)


def days(actor: Actor, first: date, last: date) -> Iterable[Deadline]:
    """One for each day on which duties begin to bind, of the outcomes that stand."""
    standing: dict[Any, Classification] = {}
    for one in Classification.objects.filter(projects.within(actor)).select_related("project").order_by("created_at"):
        standing[one.project_id] = one
    people: dict[Any, set[int]] = defaultdict(set)
    for member in Member.objects.filter(project__in=list(standing), role__in=ANSWERABLE):
        people[member.project_id].add(member.user_id)
    for one in standing.values():
        for on, refs in _by_day(one.outcome).items():
            if first <= on <= last:
                many = "1 duty begins" if len(refs) == 1 else f"{len(refs)} duties begin"
                what = f"{many} to apply to {one.project}"
                yield Deadline(on, what, one, frozenset(people[one.project_id]), _named(refs))


def _by_day(outcome: dict[str, Any]) -> dict[date, list[str]]:
    """Where the text of each duty stands, by the day from which it binds; what has no day yet is left out."""
    found: dict[date, list[str]] = defaultdict(list)
    for duty in outcome["duties"]:
        if duty["applies_from"]:
            found[date.fromisoformat(duty["applies_from"])].append(duty["ref"])
    return found


def _named(refs: list[str]) -> str:
    different = list(dict.fromkeys(refs))
    more = len(different) - MOST_NAMED
    return "; ".join(different[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
