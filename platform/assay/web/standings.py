"""How a record stands with its approval, as every page that asks for one shows it."""

from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from assay.rendering import pictures
from assay.web.states import look
from governance.foundation.core.actor import Actor
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import State
from governance.people.approvals.selectors import Standing, standing, why_not_ask
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project

# Where nobody decides any more, asking (again) is the next step.
ASKABLE = frozenset({State.WITHDRAWN, State.VOID, State.CHANGES, State.REFUSED, State.SUSPENDED, State.EXPIRED})


@dataclass(frozen=True)
class Shown:
    """One row: the chip's state, the sentence beside it, and whether the reader may ask now."""

    project: Project
    state: str
    why: str
    by: str
    request: ApprovalRequest | None
    missing: list[str]
    remark: str  # of an approval that stands
    renewal: ApprovalRequest | None
    may_ask: bool
    veto: str  # why nobody can be asked as it stands: another act asks, or none does any more


def of(subject: Any, project: Project, actor: Actor) -> Shown:
    """How `subject` stands in `project`, and why nobody can be asked about it, where that is so."""
    return shown(standing(subject, project.pk), project, actor, veto=why_not_ask(subject, project.pk))


def shown(standing: Standing, project: Project, actor: Actor, *, veto: str | None = None) -> Shown:
    request = standing.request
    open_to_ask = not veto and (request is None or standing.changed or request.state_now in ASKABLE)
    return Shown(
        project=project,
        state=chip_of(standing),
        why=standing.why,
        by=standing.by,
        request=request,
        missing=standing.missing,
        may_ask=(standing.renewable if standing.granted else open_to_ask)
        and not veto
        and projects.may(actor, project.pk, "ask for an approval"),
        remark=standing.remark,
        renewal=standing.renewal,
        veto=veto or "",
    )


# What a choice says where the state's own word would leave open whether it may be used.
CHOICES = {"open": _("Waits for approval"), "not_requested": _("Not approved yet")}


def words(standing: Standing) -> str:
    """How a choice stands, in words alone: for an <option>."""
    state = chip_of(standing)
    return str(CHOICES.get(state) or look(state).label)


def chip(standing: Standing) -> SafeString:
    """The same as a chip, for a label that no template lays out."""
    found = look(chip_of(standing))
    parts = {"colour": found.colour, "shape": pictures.shape(found.shape), "label": words(standing)}
    return render_to_string("components/chip.html", parts)


def chip_of(standing: Standing) -> str:
    """The chip's state: a changed subject reads as void whatever its last request says."""
    if standing.changed:
        return "void"
    return standing.request.state_now if standing.request else "not_requested"
