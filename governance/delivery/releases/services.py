"""Propose, release, withdraw. The gates are asked in the very transaction of the act."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from governance.delivery.releases import gates, selectors
from governance.delivery.releases.models import Release
from governance.delivery.releases.rules import TRANSITIONS, State
from governance.documents.dossiers import selectors as dossiers
from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, GateClosed, Missing, Unusable, WrongState
from governance.foundation.core.moves import move
from governance.people.approvals import services as approvals
from governance.people.projects import selectors as projects
from governance.people.projects.services import hold
from governance.work.evaluations import selectors as evaluations


@transaction.atomic
def propose(
    *, actor: Actor, dossier_version_id: UUID, notes: str = "", accepted_findings: list[str] | None = None
) -> Release:
    """Propose to release the model that a frozen dossier is about, and ask the risk owner.

    Raises NotAllowed, NotFound, GateClosed (no evaluation report), WrongState (a live release exists), Unusable
    (a finding is named that the report does not have).
    """
    frozen = dossiers.version_visible(actor, dossier_version_id)
    project = projects.require(actor, frozen.project_id, "propose a release")
    model_version = frozen.dossier.model_version
    evaluation = evaluations.latest(model_version)
    if evaluation is None:
        raise GateClosed(
            f"{model_version} cannot be proposed",
            [
                Missing(
                    "There is no evaluation report",
                    "Wait for it, or run it again.",
                    "model_version",
                    str(model_version.pk),
                )
            ],
        )
    named = set((evaluation.report or {}).get("gate", {}).get("because", []))
    if strange := [finding for finding in accepted_findings or [] if finding not in named]:
        raise Unusable(
            [Fault("accepted_findings", f"The report has no finding “{strange[0]}”.", "Copy it as it stands.")]
        )
    try:
        with transaction.atomic():
            release = Release.objects.create(
                project=project,
                model_version=model_version,
                dossier_version=frozen,
                evaluation=evaluation,
                purpose=project.intended_purpose,
                notes=notes,
                accepted_findings=accepted_findings or [],
                proposed_by_id=actor.person_id,
                proposed_by_name=actor.name,
            )
    except IntegrityError:
        raise WrongState(f"{model_version} is proposed or released already.") from None
    record(actor, "release.proposed", subject=release, facts={"content": release.content_digest})
    approvals.ask(actor=actor, subject=release, project_id=project.pk, note=notes)
    return release


@transaction.atomic
def release(*, actor: Actor, release_id: UUID) -> Release:
    """Let the model go, if every gate is open at this moment. Raises NotAllowed, GateClosed, WrongState."""
    found = selectors.visible(actor, release_id)
    projects.require(actor, found.project_id, "release a model")
    hold(found.project_id)
    found = _locked(release_id)
    if missing := gates.shut(gates.for_release(found)):
        raise GateClosed(f"{found.model_version} cannot be released", missing)
    move(found, TRANSITIONS, State.RELEASED, released_by_name=actor.name, released_at=timezone.now())
    record(
        actor,
        "release.released",
        subject=found,
        facts={"model": found.model_version.digest, "dossier": found.dossier_version.sha256},
    )
    return found


@transaction.atomic
def withdraw(*, actor: Actor, release_id: UUID, reason: str) -> Release:
    """Take a proposal or a release back. Never waits for a gate: withdrawing must always be possible."""
    found = selectors.visible(actor, release_id)
    projects.require(actor, found.project_id, "withdraw a release")
    if not reason.strip():
        raise Unusable([Fault("reason", "Say why, for whoever uses the model.", "One sentence is enough.")])
    found = _locked(release_id)
    move(
        found, TRANSITIONS, State.WITHDRAWN,
        withdrawn_by_name=actor.name, withdrawn_at=timezone.now(), withdrawal_reason=reason,
    )  # fmt: skip
    approvals.void_open(actor=actor, subject=found, project_id=found.project_id)
    record(actor, "release.withdrawn", subject=found, personal={"reason": reason})
    return found


def _locked(release_id: UUID) -> Release:
    return (
        Release.objects.select_for_update(of=("self",))
        .select_related("project__organisation", "model_version__run__base_model", "dossier_version", "evaluation")
        .get(pk=release_id)
    )
