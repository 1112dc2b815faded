"""What a policy would come to: for a subject before anybody is asked, and for a draft against what was decided before.
Questions only; nothing is written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from governance.foundation.core.actor import Actor
from governance.people.approvals import rules, selectors, subjects
from governance.people.approvals.methods import SECOND
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import Ballot, State
from governance.people.policies import selectors as policies
from governance.people.policies.kinds import KINDS, Act, Touch, touches
from governance.people.policies.models import Policy
from governance.people.policies.rules import barred
from governance.people.policies.selectors import Governing
from governance.people.projects.models import Member
from governance.people.projects.rules import SPOKEN, Role

MOST_PAST = 500
CLOSED = (State.GRANTED, State.REFUSED, State.CHANGES, State.VOID, State.SUSPENDED, State.EXPIRED, State.REPLACED)
ROLE_OF = {spoken: role for role, spoken in SPOKEN.items()}


@dataclass(frozen=True)
class Foreseen:
    """What approving a subject will take: the steps, who could decide in each, and who is barred and why."""

    governing: Governing
    people: dict[str, list[str]]
    barred: list[str] = field(default_factory=list)

    @property
    def nobody(self) -> list[str]:
        """The steps for which the project has too few people."""
        return [step.name for step in self.governing.terms.steps if len(self.people[step.name]) < step.quorum]


def foresee(project_id: UUID, subject_kind: str, touched: Sequence[Touch]) -> Foreseen:
    """`touched`: what people did to the subject, the one who will ask among them."""
    governing = policies.governing(project_id, subject_kind)
    bars = barred(touched, governing.terms)
    roles: dict[int, frozenset[Role]] = {}
    names: dict[int, str] = {}
    for member in Member.objects.filter(project=project_id, user__is_active=True).select_related("user"):
        roles[member.user_id] = roles.get(member.user_id, frozenset()) | {Role(member.role)}
        names[member.user_id] = Actor.of(member.user).name
    people = {
        step.name: [names[pk] for pk, held in roles.items() if pk not in bars and step.takes(pk, held)]
        for step in governing.terms.steps
    }
    kept_out = [
        f"{names[pk]} {bars[pk]}"
        for pk, held in roles.items()
        if pk in bars and any(step.takes(pk, held) for step in governing.terms.steps)
    ]
    return Foreseen(governing, people, kept_out)


def foresee_asking(actor: Actor, subject: subjects.Approvable, project_id: UUID) -> Foreseen:
    """`foresee` for a record that `actor` would ask about."""
    noun = KINDS[subject.kind].noun
    asks = touches((actor.user_id, Act.ASKED, f"would ask for approval of this {noun}"))
    return foresee(project_id, subject.kind, [*subjects.touched(subject), *asks])


@dataclass(frozen=True)
class Tried:
    """One past request under a draft: what became of it then, what would have, and what would have been lacking."""

    request: ApprovalRequest
    then: State
    now: State
    lacking: list[str]

    @property
    def same(self) -> bool:
        return self.then == self.now


def try_out(actor: Actor, policy: Policy) -> list[Tried]:
    """`policy` against the latest requests of its kind that were decided where it would hold and `actor` sees them.

    Everybody is taken to have decided as they did, in the order in which they did, with the roles they had.
    """
    past = selectors.visible_to(actor).filter(
        subject_kind=policy.subject_kind, state__in=CLOSED, project__organisation=policy.organisation_id
    )
    if policy.project_id is not None:
        past = past.filter(project=policy.project_id)
    decided = [each for each in past.prefetch_related(*selectors.DECIDED)[:MOST_PAST] if each.votes()]
    known = selectors.facts_of(decided)
    found = []
    for request in decided:
        facts = known.get(request.pk)
        if facts is None:
            continue
        votes = rules.replay(policy.terms, facts.touched, _ballots(request))
        now = rules.outcome(policy.terms, votes)
        lacking = rules.missing(policy.terms, votes) if now == State.OPEN else []
        found.append(Tried(request, rules.outcome(request.terms, request.votes()), now, lacking))
    return found


def _ballots(request: ApprovalRequest) -> Iterable[Ballot]:
    for each in request.standing_decisions():
        held = frozenset(ROLE_OF[spoken] for spoken in each.by_roles if spoken in ROLE_OF)
        # A role on loan is none of their own: they are taken to have had those of the step that they decided in.
        lent = each.stands_for_id is not None and each.request_id == request.pk
        roles = held | request.terms.step(each.step).roles if lent else held
        yield Ballot(each.by_id, roles, rules.Verdict(each.verdict), each.method in SECOND)
