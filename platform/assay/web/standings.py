"""How a record stands with its approval, as every page that asks for one shows it."""

from dataclasses import dataclass

from governance.foundation.core.actor import Actor
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import State
from governance.people.approvals.selectors import Standing
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project

# Where nobody decides any more, asking (again) is the next step.
ASKABLE = frozenset({State.WITHDRAWN, State.VOID, State.CHANGES, State.REFUSED})


@dataclass(frozen=True)
class Shown:
    """One row: the chip's state, the sentence beside it, and whether the reader may ask now."""

    project: Project
    state: str
    why: str
    by: str
    request: ApprovalRequest | None
    missing: list[str]
    may_ask: bool


def shown(standing: Standing, project: Project, actor: Actor) -> Shown:
    request = standing.request
    open_to_ask = request is None or standing.changed or State(request.state) in ASKABLE
    return Shown(
        project=project,
        state=chip_of(standing),
        why=standing.why,
        by=standing.by,
        request=request,
        missing=standing.missing,
        may_ask=open_to_ask and not standing.granted and projects.may(actor, project.pk, "ask for an approval"),
    )


def chip_of(standing: Standing) -> str:
    """The chip's state: a changed subject reads as void whatever its last request says."""
    if standing.changed:
        return "void"
    return standing.request.state if standing.request else "not_requested"
