"""Who may decide under a policy's terms, and what follows. Pure. Separation of duties after ASVS 5.0, 2.3.5.

The bar is drawn from acts that were recorded (submitted it, registered the data), not from role names: a person who
changes roles keeps what they touched. Each person decides once on a request, so that two steps are two people.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from governance.people.policies.kinds import KINDS, Touch
from governance.people.policies.rules import Step, Terms, barred
from governance.people.projects.rules import Role


class State(StrEnum):
    OPEN = "open"
    GRANTED = "granted"
    CHANGES = "changes_requested"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    VOID = "void"  # the approved thing changed
    SUSPENDED = "suspended"  # something it relies on was withdrawn
    EXPIRED = "expired"  # its policy has approvals end after a time
    REPLACED = "replaced"  # the very same was decided anew, under the policy that governed then


TRANSITIONS: dict[State, set[State]] = {
    State.OPEN: {State.GRANTED, State.CHANGES, State.REFUSED, State.WITHDRAWN, State.VOID},
    State.GRANTED: {State.VOID, State.SUSPENDED, State.EXPIRED, State.REPLACED},
    State.SUSPENDED: {State.GRANTED, State.VOID, State.EXPIRED, State.REPLACED},
    State.CHANGES: set(),
    State.REFUSED: set(),
    State.WITHDRAWN: set(),
    State.VOID: set(),
    State.EXPIRED: set(),
    State.REPLACED: set(),
}


class Verdict(StrEnum):
    APPROVE = "approve"
    CHANGES = "changes"
    REJECT = "reject"
    ABSTAIN = "abstain"  # looked at it and takes no side: the seat stays free


PROOF_LIFETIME = timedelta(seconds=120)
ENDS_SOON = timedelta(days=14)  # where the policy names no days after which it is reminded
WRONG_TRIES = 5
WRONG_TRIES_WITHIN = timedelta(minutes=15)


@dataclass(frozen=True)
class Vote:
    """One decision, as far as rules care. `stands_for`: whose role it was given with, where that was lent."""

    person: int
    step: str
    verdict: Verdict
    stands_for: int | None = None


@dataclass(frozen=True)
class Loan:
    """A deciding role that `lender` gave to the person who asks, for these days."""

    id: UUID
    lender: int
    lender_name: str
    role: Role


@dataclass(frozen=True)
class Seat:
    """A step in which somebody can decide: in their own right, or with a role that was lent."""

    step: Step
    loan: Loan | None = None


@dataclass(frozen=True)
class Facts:
    """What a rule needs to know of a request: nothing else decides."""

    subject_kind: str
    state: State
    terms: Terms
    touched: Sequence[Touch]
    votes: Sequence[Vote]


@dataclass(frozen=True)
class Objection:
    code: str
    text: str


@dataclass(frozen=True)
class Progress:
    """Where one step stands: how many more it takes, and whether its turn has come."""

    step: Step
    votes: tuple[Vote, ...]
    open: bool

    @property
    def left(self) -> int:
        approvals = sum(vote.verdict == Verdict.APPROVE for vote in self.votes)
        return max(0, self.step.quorum - approvals)

    @property
    def met(self) -> bool:
        return self.left == 0


def progress(terms: Terms, votes: Iterable[Vote]) -> list[Progress]:
    """Each step in the policy's order; those of the first stage that is not met are open."""
    votes = list(votes)
    found = [
        Progress(step, tuple(vote for vote in votes if vote.step == step.name), open=False) for step in terms.steps
    ]
    waiting = [each.step.stage for each in found if not each.met]
    return [Progress(each.step, each.votes, open=not each.met and each.step.stage == min(waiting)) for each in found]


def outcome(terms: Terms, votes: Sequence[Vote]) -> State:
    """What the decisions so far add up to: one rejection refuses, one wish for changes sends it back, and it is granted
    when every step is met."""
    verdicts = {vote.verdict for vote in votes}
    if Verdict.REJECT in verdicts:
        return State.REFUSED
    if Verdict.CHANGES in verdicts:
        return State.CHANGES
    return State.GRANTED if all(each.met for each in progress(terms, votes)) else State.OPEN


@dataclass(frozen=True)
class Ballot:
    """What somebody decided and with which roles, before it is known in which step."""

    person: int
    roles: frozenset[Role]
    verdict: Verdict
    by_second_factor: bool = False

    def fits(self, step: Step) -> bool:
        return step.fits(self.person, self.roles, by_second_factor=self.by_second_factor)


def replay(terms: Terms, touched: Sequence[Touch], ballots: Iterable[Ballot]) -> list[Vote]:
    """The votes that these ballots, in their order, would have been under `terms`: each in the first step open to its
    person; whoever is barred, or finds no step open, would not have decided."""
    bars, votes = barred(touched, terms), list[Vote]()
    for ballot in ballots:
        open_to = [each.step for each in progress(terms, votes) if each.open and ballot.fits(each.step)]
        if open_to and ballot.person not in bars:
            votes.append(Vote(ballot.person, open_to[0].name, ballot.verdict))
    return votes


def ends_soon(terms: Terms, expires_at: datetime | None, now: datetime) -> bool:
    """Whether an approval ends so soon that the same may be asked about anew before it does."""
    days = terms.remind_after_days
    return expires_at is not None and expires_at - now <= (ENDS_SOON if days is None else timedelta(days=days))


def missing(terms: Terms, votes: Iterable[Vote] = ()) -> list[str]:
    """“one risk owner” for each step that is not met."""
    return [each.step.needed(each.left) for each in progress(terms, votes) if not each.met]


def seats(*, user_id: int, roles: frozenset[Role], loans: Sequence[Loan], facts: Facts) -> list[Seat]:
    """The open steps in which this person could decide, their own right before a lent one.

    A loan gives no more than its lender has: nothing where the lender is barred, or has a voice in the request already.
    An auditor has no seat, whatever else they are.
    """
    if Role.AUDITOR in roles:
        return []
    bars, voices = barred(facts.touched, facts.terms), _voices(facts.votes)
    found = []
    for step in (each.step for each in progress(facts.terms, facts.votes) if each.open):
        if step.takes(user_id, roles):
            found.append(Seat(step))
            continue
        usable = [
            loan for loan in loans if loan.role in step.roles and loan.lender not in bars and loan.lender not in voices
        ]
        found += [Seat(step, loan) for loan in usable[:1]]
    return found


def _voices(votes: Iterable[Vote]) -> set[int]:
    """Who has spoken: whoever decided, and whoever was stood for."""
    return {person for vote in votes for person in (vote.person, vote.stands_for) if person is not None}


def objection(
    *, user_id: int, first_name: str, roles: frozenset[Role], facts: Facts, loans: Sequence[Loan] = ()
) -> Objection | None:
    """Why this person may not decide, or None."""
    noun = KINDS[facts.subject_kind].noun
    bars = barred(facts.touched, facts.terms)
    if did := bars.get(user_id):
        return Objection("own-work", f"{first_name} {did} and cannot decide on it.")
    if Role.AUDITOR in roles:
        return Objection("auditor", f"{first_name} audits this project: an auditor reads and never decides.")
    held = roles | {loan.role for loan in loans}
    if not any(step.takes(user_id, held) for step in facts.terms.steps):
        return Objection("role", f"Only {facts.terms.deciders} of this project can decide on this {noun}.")
    if any(vote.person == user_id for vote in facts.votes):
        return Objection("decided", f"{first_name} decided on this request already.")
    if user_id in _voices(facts.votes):
        return Objection("decided", f"Somebody decided in {first_name}'s stead already.")
    if facts.state != State.OPEN or seats(user_id=user_id, roles=roles, loans=loans, facts=facts):
        return None
    for loan in loans:
        if did := bars.get(loan.lender):
            return Objection("own-work", f"{loan.lender_name} {did}, so that nobody decides on it in their stead.")
        if loan.lender in _voices(facts.votes):
            said = f"{loan.lender_name} spoke on this request already, so that nobody does in their stead."
            return Objection("decided", said)
    waits = " and ".join(f"“{each.step.name}”" for each in progress(facts.terms, facts.votes) if each.open)
    return Objection("turn", f"It is the turn of {waits}; {first_name} decides in another step.")


def opened_in_words(opened: Sequence[Mapping[str, Any]], moment: Callable[[str], str]) -> str:
    """What a decision keeps of what its signer opened, as one sentence: “Opened in Assay before deciding: run plan
    26 Nov 14:02; not opened: evaluation plan”. `moment` says a stored time as its reader reads times."""
    named = [(_named(each, opened), each["at"]) for each in opened]
    seen = [f"{name} {moment(at)}" for name, at in named if at]
    unseen = [name for name, at in named if not at]
    if not seen:
        return f"Nothing of it was opened in Assay before deciding: {', '.join(unseen)}"
    rest = f"; not opened: {', '.join(unseen)}" if unseen else ""
    return f"Opened in Assay before deciding: {', '.join(seen)}{rest}"


def _named(part: Mapping[str, Any], opened: Sequence[Mapping[str, Any]]) -> str:
    """“data Letters v1” where several parts are data, else “data”."""
    label: str = part["label"][:1].lower() + part["label"][1:]
    alone = sum(other["label"] == part["label"] for other in opened) == 1
    return label if alone else f"{label} {part['name']}"


def verdict_lacks(terms: Terms, verdict: Verdict, reason: str) -> str | None:
    """What a decision without a sufficient reason lacks, or None."""
    if reason.strip():
        return None
    if verdict in (Verdict.CHANGES, Verdict.REJECT):
        return "Say why, so that it can be mended."
    return "This policy wants a reason with every decision." if terms.comment_required else None


def holds_under(terms: Terms, before: Terms, *, reason: str, opened: bool) -> bool:
    """Whether an approval that was signed under `before` is one under `terms` too, as far as its step does not say: it
    counts for no longer than its signer met, and what is wanted with it (a reason, what was `opened`) is there."""
    days, then = terms.expires_after_days, before.expires_after_days
    if then is not None and (days is None or days > then):
        return False
    return verdict_lacks(terms, Verdict.APPROVE, reason) is None and (opened or not terms.record_opened)
