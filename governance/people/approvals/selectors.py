"""`standing` is the only source of whether something is approved; no record keeps a copy of the answer."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.people.approvals import passing, reauthentication, rules, subjects
from governance.people.approvals.methods import SECOND, SIGNS, Method
from governance.people.approvals.models import ApprovalRequest, Decision, Delegation, Suspension
from governance.people.approvals.passing import Passed
from governance.people.approvals.rules import State, Verdict
from governance.people.policies import selectors as policies
from governance.people.policies.kinds import KINDS, Act, Touch, touches
from governance.people.policies.rules import Factor
from governance.people.policies.selectors import Governing
from governance.people.projects import selectors as projects
from governance.people.projects.models import Member
from governance.people.projects.rules import Role

# What a list of requests brings along, so that the votes of many are read in as many queries as those of one.
DECIDED = ("decisions", "carried__decision")
# What a policy's name takes, where it says where it holds.
POLICY = ("policy__project", "policy__organisation")
# What says nothing any more of whether something is approved.
ENDED = (State.WITHDRAWN, State.VOID, State.REPLACED)
# The states of an approval that was suspended: until it is taken back, or once somebody decided anew.
SUSPENDED = (State.SUSPENDED, State.REPLACED)


@dataclass(frozen=True)
class Standing:
    """Whether a subject, as it is now, is approved in a project, and what is missing if not."""

    granted: bool
    missing: list[str]
    why: str
    request: ApprovalRequest | None = None
    decisions: list[Decision] = field(default_factory=list)
    changed: bool = False  # it was approved once, and changed since
    passed: Passed | None = None  # what had approved it beforehand, where nobody decided on it itself
    remark: str = ""  # what is to be known of an approval that stands: another policy governs by now, it ends soon
    renewal: ApprovalRequest | None = None  # asks about the very same anew, while the approval stands

    @property
    def renewable(self) -> bool:
        """Whether the very same may be asked about anew although it is approved."""
        return self.granted and bool(self.remark) and self.renewal is None

    @property
    def by(self) -> str:
        if self.passed is not None:
            return self.passed.words
        return ", ".join(decision.by_name for decision in self.decisions if decision.verdict == Verdict.APPROVE)


def standing(subject: Any, project_id: UUID | None = None) -> Standing:
    """The answer for `subject` as it is at this moment, by comparing digests."""
    return standings([subject], project_id)[subject.pk]


def standings(asked: Iterable[Any], project_id: UUID | None = None) -> dict[UUID, Standing]:
    """`standing` for subjects of one kind, by their id, in four queries at most: for a list's column.

    Without `project_id` each stands in its own project.
    """
    found = standings_in((subject, project_id or subject.project_id) for subject in asked)
    return {pk: standing for (pk, _), standing in found.items()}


def standings_by_project(subject: Any, project_ids: Iterable[UUID]) -> dict[UUID, Standing]:
    """Where one subject stands in each of several projects, in as many queries for many as for one."""
    found = standings_in((subject, project_id) for project_id in project_ids)
    return {project_id: standing for (_, project_id), standing in found.items()}


def standings_in(asked: Iterable[tuple[Any, UUID]]) -> dict[tuple[UUID, UUID], Standing]:
    """Where each of several subjects of one kind stands in the project beside it, by the ids of both."""
    wanted = {(subject.pk, project_id): subject for subject, project_id in asked}
    if not wanted:
        return {}
    kind, places = next(iter(wanted.values())).kind, {project_id for _, project_id in wanted}
    about = {pk for pk, _ in wanted}
    found = ApprovalRequest.objects.filter(subject_kind=kind, subject_id__in=about, project__in=places)
    requests: dict[tuple[UUID, UUID], list[ApprovalRequest]] = {key: [] for key in wanted}
    for request in found.order_by("-created_at").select_related(*POLICY).prefetch_related(*DECIDED, "suspensions"):
        if (request.subject_id, request.project_id) in requests:
            requests[request.subject_id, request.project_id].append(request)
    governing = policies.governing_all(places, kind)
    passed = passing.passed([request for rows in requests.values() for request in rows])
    return {key: _standing(subject, requests[key], governing[key[1]], passed) for key, subject in wanted.items()}


def _standing(
    subject: Any, requests: list[ApprovalRequest], governing: Governing, passed: Mapping[UUID, Passed]
) -> Standing:
    """The answer from the requests about `subject` in one project, newest first; `governing`: under what it would be
    asked about today; `passed`: what had approved them beforehand, by the request's id.

    An approval stands while the very same is asked about anew, until that is decided.
    """
    need = rules.missing(governing.terms)
    same = [r for r in requests if r.subject_digest == subject.content_digest and r.state not in ENDED]
    renewal = same[0] if len(same) > 1 and same[0].state == State.OPEN else None
    current = next(iter(same), None)
    if renewal and same[1].state_now == State.GRANTED:
        current = same[1]
    if current is None:
        before = next((r for r in requests if r.was_granted or r.pk in passed), None)
        why = "It changed after it was approved." if before else "Nobody was asked yet."
        return Standing(False, need, why, before, [], changed=before is not None)
    decisions = current.standing_decisions()
    state = current.state_now
    if state == State.GRANTED:
        remark = _remark(current, governing, renewal)
        why = f"Approved as it is now. {remark}".rstrip()
        return Standing(
            True, [], why, current, decisions, passed=passed.get(current.pk), remark=remark, renewal=renewal
        )
    if state == State.EXPIRED:
        return Standing(False, need, f"Its approval ended on {_day(current)}.", current, decisions)
    if state == State.SUSPENDED:
        causes = [each.because for each in current.suspensions.all() if each.lifted_at is None]
        return Standing(False, need, f"Suspended: {'; '.join(causes)}", current, decisions)
    why = {
        State.OPEN: "Asked; waiting for a decision.",
        State.CHANGES: "Changes were asked for.",
        State.REFUSED: "It was refused.",
    }[state]
    return Standing(False, rules.missing(current.terms, current.votes()), why, current, decisions)


def _remark(approved: ApprovalRequest, governing: Governing, renewal: ApprovalRequest | None) -> str:
    """What is to be known of an approval that stands: under what it was given where something else governs by now, that
    it ends soon, and whether it is asked about anew."""
    said = []
    if approved.policy_digest != governing.digest:
        then, now = policies.told_apart(approved.policy, governing.policy)
        said.append(f"It was approved under {then}; {now} governs by now.")
    if rules.ends_soon(approved.terms, approved.expires_at, timezone.now()):
        said.append(f"Its approval ends on {_day(approved)}.")
    if renewal is not None:
        said.append("It is asked about anew; this approval stands until that is decided.")
    return " ".join(said)


def approved_as_it_is(earlier: QuerySet[ApprovalRequest], digest: str) -> ApprovalRequest | None:
    """The approval of `digest` that stands among the requests about one subject, or None: the last that was decided."""
    last = earlier.filter(subject_digest=digest).exclude(state__in=[*ENDED, State.OPEN]).order_by("-created_at").first()
    return last if last is not None and last.state_now == State.GRANTED else None


def may_renew(approved: ApprovalRequest) -> bool:
    """Whether what stands approved may be asked about anew: another policy governs by now, or it ends soon."""
    governing = policies.governing(approved.project_id, approved.subject_kind)
    changed = approved.policy_digest != governing.digest
    return changed or rules.ends_soon(approved.terms, approved.expires_at, timezone.now())


def _day(request: ApprovalRequest) -> str:
    return f"{timezone.localdate(request.expires_at):%d %b %Y}"


def why_not_ask(subject: subjects.Approvable, project_id: UUID) -> str | None:
    """Why nobody can be asked about `subject` in a project as it stands, in a sentence, or None.

    What was approved once and suspended can be asked about whatever became of it since, and again once somebody decided
    on that: whether a model stays in use after its data was withdrawn is somebody's to decide.
    """
    if said := subjects.vetoes_of_others(subject):
        return said
    said = subjects.own_veto(subject)
    return None if said and _was_suspended(subject, project_id) else said


def why_over(request: ApprovalRequest, subject: subjects.Approvable) -> str | None:
    """Why nobody can decide any more on a request that waits, in a sentence, or None."""
    if request.subject_digest != subject.content_digest:
        return "It changed after it was asked about."
    return why_not_ask(subject, request.project_id)


def _was_suspended(subject: subjects.Approvable, project_id: UUID) -> bool:
    """Whether an approval of the very same is suspended, or was and was decided anew."""
    return Suspension.objects.filter(
        request__project=project_id,
        request__subject_kind=subject.kind,
        request__subject_id=subject.pk,
        request__subject_digest=subject.content_digest,
        request__state__in=SUSPENDED,
    ).exists()


def suspensions(subject_ids: Iterable[UUID], project_id: UUID) -> list[Suspension]:
    """What took the force from approvals of these subjects and was not taken back, in the order in which they lost it,
    whatever was decided on that."""
    return list(
        Suspension.objects.filter(
            request__project=project_id, request__subject_id__in=list(subject_ids), request__state__in=SUSPENDED
        )
        .filter(lifted_at=None)
        .select_related("request")
    )


def visible_to(actor: Actor) -> QuerySet[ApprovalRequest]:
    return ApprovalRequest.objects.filter(projects.within(actor)).select_related("project")


def asked_about(actor: Actor, kind: str) -> QuerySet[Any]:
    """Ids of the subjects of a kind that the requests which `actor` sees are about."""
    return visible_to(actor).filter(subject_kind=kind).order_by().values("subject_id")


def visible(actor: Actor, request_id: UUID) -> ApprovalRequest:
    return one_of(visible_to(actor).prefetch_related(*DECIDED), request_id)


def facts(request: ApprovalRequest, touched: Sequence[Touch]) -> rules.Facts:
    """`touched`: what people did to the subject; who asked is known to the request."""
    noun = KINDS[request.subject_kind].noun
    asked = touches((request.requested_by_id, Act.ASKED, f"asked for approval of this {noun}"))
    return rules.Facts(
        subject_kind=request.subject_kind,
        state=State(request.state),
        terms=request.terms,
        touched=[*touched, *asked],
        votes=request.votes(),
    )


def facts_now(request: ApprovalRequest) -> rules.Facts:
    """`facts` with what people did to the subject until this moment."""
    return facts(request, subjects.touched(subjects.load(request.subject_kind, request.subject_id)))


def lent(project_ids: Iterable[UUID]) -> QuerySet[Delegation]:
    """The roles that are on loan, today or from a later day on, from lenders who still hold them and could still sign
    in, to people who are members still."""
    belongs = Member.objects.filter(project=OuterRef("project"))
    held = belongs.filter(user=OuterRef("lender"), role=OuterRef("role"))
    found = Delegation.objects.filter(
        project__in=list(project_ids), ends_on__gte=timezone.localdate(), ended_at=None, lender__is_active=True
    )
    return found.filter(Exists(held), Exists(belongs.filter(user=OuterRef("taker")))).order_by("created_at")


def loans(user_ids: Iterable[int], project_ids: Iterable[UUID]) -> dict[tuple[int, UUID], list[rules.Loan]]:
    """What these people have on loan today, by person and project."""
    found: dict[tuple[int, UUID], list[rules.Loan]] = defaultdict(list)
    for each in lent(project_ids).filter(starts_on__lte=timezone.localdate(), taker__in=list(user_ids)):
        loan = rules.Loan(each.pk, each.lender_id, each.lender_name, Role(each.role))
        found[each.taker_id, each.project_id].append(loan)
    return found


def _loans(actor: Actor, request: ApprovalRequest) -> list[rules.Loan]:
    return loans([actor.lookup_id], [request.project_id]).get((actor.lookup_id, request.project_id), [])


def objection(actor: Actor, request: ApprovalRequest) -> rules.Objection | None:
    """Why `actor` may not decide on `request`, or None."""
    if actor.user_id is None:
        return rules.Objection("person", "Only a person can decide.")
    roles = projects.roles(actor, request.project_id)
    return _objection(actor, roles, _loans(actor, request), facts_now(request))


def seats(actor: Actor, request: ApprovalRequest) -> list[rules.Seat]:
    """The steps of `request` in which `actor` could decide now, where nothing is against them."""
    return rules.seats(
        user_id=actor.lookup_id,
        roles=projects.roles(actor, request.project_id),
        loans=_loans(actor, request),
        facts=facts_now(request),
    )


def steps_of(actor: Actor, request: ApprovalRequest) -> list[str]:
    """The steps of `request` that take `actor`, open now or not, by a role of their own or a lent one."""
    held = projects.roles(actor, request.project_id) | {loan.role for loan in _loans(actor, request)}
    return [step.name for step in request.terms.steps if step.takes(actor.lookup_id, held)]


def _objection(
    actor: Actor, roles: frozenset[Role], lent: Sequence[rules.Loan], found: rules.Facts
) -> rules.Objection | None:
    return rules.objection(user_id=actor.lookup_id, first_name=actor.first_name, roles=roles, loans=lent, facts=found)


def open_requests(actor: Actor) -> list[ApprovalRequest]:
    """Open requests that `actor` sees, the newest first, with the votes on them: every page counts those that wait."""
    return actor.once(_open)


def _open(actor: Actor) -> list[ApprovalRequest]:
    return list(visible_to(actor).filter(state=State.OPEN).prefetch_related(*DECIDED))


def inbox(actor: Actor) -> list[ApprovalRequest]:
    """Open requests that wait for `actor`: in a deciding role, held or on loan, and not about their own work.

    Every page counts them: the number of queries follows the kinds of subjects, never the number of requests.
    """
    return actor.once(_inbox)


def _inbox(actor: Actor) -> list[ApprovalRequest]:
    if actor.user_id is None:
        return []
    roles = projects.roles_everywhere(actor)
    lent = loans([actor.lookup_id], roles)
    mine = []
    for each in open_requests(actor):
        if each.project_id not in roles:
            continue
        held = roles[each.project_id] | {loan.role for loan in lent.get((actor.user_id, each.project_id), ())}
        if any(step.takes(actor.user_id, held) for step in each.terms.steps):
            mine.append(each)
    known = facts_of(mine)
    return [
        each
        for each in mine
        if each.pk in known
        and not _objection(
            actor, roles[each.project_id], lent.get((actor.user_id, each.project_id), []), known[each.pk]
        )
    ]


def deciders(asked: Sequence[ApprovalRequest]) -> dict[UUID, list[Actor]]:
    """Who could decide on each of these requests now, by its id; in as many queries for many as for one."""
    held: dict[UUID, dict[Actor, frozenset[Role]]] = defaultdict(lambda: defaultdict(frozenset))
    members = Member.objects.filter(project__in={each.project_id for each in asked}, user__is_active=True)
    for member in members.select_related("user"):
        held[member.project_id][Actor.of(member.user)] |= {Role(member.role)}
    lent = loans({actor.lookup_id for people in held.values() for actor in people}, held)
    known = facts_of(asked)
    return {
        request.pk: [
            actor
            for actor, roles in held[request.project_id].items()
            if request.pk in known
            and not _objection(actor, roles, lent.get((actor.lookup_id, request.project_id), []), known[request.pk])
        ]
        for request in asked
    }


def facts_of(asked: Iterable[ApprovalRequest]) -> dict[UUID, rules.Facts]:
    """`facts` of requests by their id, but for those whose subject is gone; queries follow the kinds of subjects."""
    wanted: dict[str, list[ApprovalRequest]] = defaultdict(list)
    for request in asked:
        wanted[request.subject_kind].append(request)
    found: dict[UUID, rules.Facts] = {}
    for kind, requests in wanted.items():
        records = subjects.load_all(kind, {request.subject_id for request in requests})
        touched = subjects.touched_all(list(records.values()))
        found |= {
            request.pk: facts(request, touched[request.subject_id])
            for request in requests
            if request.subject_id in touched
        }
    return found


def accepted(seats: Iterable[rules.Seat]) -> frozenset[Method]:
    """By which methods a decision in one of these seats is signed: a second factor where one of their steps wants it,
    whatever another step wants of others."""
    return SECOND if any(seat.step.factor == Factor.SECOND for seat in seats) else SIGNS


def cannot_sign(request: ApprovalRequest, people: Iterable[Actor]) -> list[Actor]:
    """Those of its deciders of now who have none of the methods that their step wants: they set one up first."""
    if all(step.factor != Factor.SECOND for step in request.terms.steps):
        return []
    return [each for each in people if not accepted(seats(each, request)) & set(reauthentication.methods(each))]


def signed_by(actor: Actor) -> QuerySet[Decision]:
    """`actor`'s own decisions, the newest first, wherever they were made."""
    return Decision.objects.filter(by_id=actor.lookup_id).select_related("request__project").order_by("-created_at")
