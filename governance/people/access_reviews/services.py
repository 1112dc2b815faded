"""Signing a review of access: what it says takes effect in the same transaction."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import plain
from governance.foundation.core.errors import StaleSubject
from governance.people.access_reviews import rules, selectors
from governance.people.access_reviews.models import AccessReview
from governance.people.access_reviews.rules import Decided, Verdict, Way
from governance.people.access_reviews.selectors import REVIEW, Row
from governance.people.approvals import delegations, reauthentication
from governance.people.approvals.rules import Verdict as Signed
from governance.people.engagements import services as engagements
from governance.people.organisations import selectors as organisations
from governance.people.organisations import services as organisation_services
from governance.people.organisations.models import Organisation
from governance.people.organisations.rules import Belonging
from governance.people.projects import selectors as projects
from governance.people.projects import services as project_services
from governance.people.projects.models import Member, Project
from governance.people.projects.rules import Role


@transaction.atomic
def sign(
    *,
    actor: Actor,
    decided: Mapping[str, Decided],
    shown_sha256: str,
    proof: str,
    project_id: UUID | None = None,
    organisation_id: UUID | None = None,
) -> AccessReview:
    """Record what `actor` decided on each row of a project, or of an organisation, and carry it out.

    `decided` is by the row's id, `proof` for `shown_sha256` and these verdicts (`rules.choice`).

    Raises NotFound, NotAllowed, Unusable, and StaleSubject where somebody came, went or got another role since it was
    shown.
    """
    place = _place(actor, project_id, organisation_id)
    rows = selectors.rows_of(actor, place)
    if selectors.shown_sha256(rows) != shown_sha256:
        raise StaleSubject("People or roles changed since this was shown. Load the review again.")
    held = [row.held for row in rows]
    rules.check(held, decided, reviewer=actor.person_id, roles=selectors.roles_of(place))
    method = reauthentication.consume(
        proof=proof, actor=actor, subject_digest=shown_sha256, verdict=Signed.APPROVE, choice=rules.choice(decided)
    )
    # New roles first: whether an owner or an administrator is left is asked of what will be.
    for row in sorted(rows, key=lambda row: decided[str(row.id)].verdict != Verdict.CHANGE):
        _carry_out(actor, place, row, decided[str(row.id)])
    review = AccessReview.objects.create(
        organisation_id=place.organisation_id, project=place if isinstance(place, Project) else None,
        rows=[_kept(row, decided[str(row.id)]) for row in rows], shown_sha256=shown_sha256, meaning=rules.MEANING,
        method=method, by_id=actor.person_id, by_name=actor.name,
    )  # fmt: skip
    counts = {verdict.value: sum(one.verdict == verdict for one in decided.values()) for verdict in Verdict}
    record(actor, "access.reviewed", subject=review, facts={"content": review.content_digest, **counts})
    return review


def _place(actor: Actor, project_id: UUID | None, organisation_id: UUID | None) -> Project | Organisation:
    """Where the review is, locked, so that nobody comes or goes meanwhile."""
    if project_id is not None:
        project = projects.require(actor, project_id, REVIEW)
        return Project.objects.select_for_update().get(pk=project.pk)
    if organisation_id is None:
        raise TypeError("A review is of a project or of an organisation.")
    organisation = organisations.require(actor, organisation_id, REVIEW)
    return Organisation.objects.select_for_update().get(pk=organisation.pk)


def _carry_out(actor: Actor, place: Project | Organisation, row: Row, said: Decided) -> None:
    if said.verdict == Verdict.KEEP:
        return
    if row.way == Way.LOAN:
        delegations.end(actor=actor, delegation_id=row.id)
    elif row.audit is not None:
        engagements.take_out(actor=actor, engagement_id=row.audit, user_id=row.user_id, reason=said.reason)
    elif isinstance(place, Project):
        if said.verdict == Verdict.CHANGE:
            project_services.appoint(actor=actor, project_id=place.pk, username=row.username, role=Role(said.to))
        project_services.dismiss(actor=actor, member_id=row.id)
    elif said.verdict == Verdict.CHANGE:
        administers = said.to == Belonging.ADMINISTRATOR
        organisation_services.change_member(actor=actor, membership_id=row.id, administrator=administers)
    else:
        for member in Member.objects.filter(project__organisation=place, user_id=row.user_id):
            project_services.dismiss(actor=actor, member_id=member.pk)
        organisation_services.remove_member(actor=actor, membership_id=row.id)


def _kept(row: Row, said: Decided) -> dict[str, Any]:
    return {
        "id": str(row.id), "user": row.username, "name": row.name, "role": row.role, "way": row.way.value,
        "through": row.through, "begins": plain(row.begins), "until": plain(row.until), "since": plain(row.since),
        "last_sign_in": plain(row.last_sign_in), "last_act": plain(row.last_act), "keys": list(row.keys),
        "verdict": said.verdict.value, "to": said.to_now,
        "reason": said.reason.strip(),
    }  # fmt: skip
