"""Who may decide, and what follows. Pure. Separation of duties after ASVS 5.0, 2.3.5.

The bar is drawn from acts that were recorded (submitted it, registered the data), not from role names:
a person who changes roles keeps what they touched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from governance.people.projects.rules import Role, listing


class State(StrEnum):
    OPEN = "open"
    GRANTED = "granted"
    CHANGES = "changes_requested"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    VOID = "void"  # the approved thing changed
    SUSPENDED = "suspended"  # something it relies on was withdrawn


TRANSITIONS: dict[State, set[State]] = {
    State.OPEN: {State.GRANTED, State.CHANGES, State.REFUSED, State.WITHDRAWN, State.VOID},
    State.GRANTED: {State.VOID, State.SUSPENDED},
    State.SUSPENDED: {State.GRANTED, State.VOID},
    State.CHANGES: set(),
    State.REFUSED: set(),
    State.WITHDRAWN: set(),
    State.VOID: set(),
}


class Verdict(StrEnum):
    APPROVE = "approve"
    CHANGES = "changes"
    REJECT = "reject"


@dataclass(frozen=True)
class Policy:
    """What it takes to approve one kind of subject."""

    noun: str
    deciders: frozenset[Role]
    quorum: int
    meaning: str  # what a signature under it says, in the first person


POLICIES: dict[str, Policy] = {
    "dataset_version": Policy(
        "dataset version", frozenset({Role.DATA_STEWARD}), 1, "I reviewed this data and answer for its use here."
    ),
    "base_model": Policy(
        "base model", frozenset({Role.DATA_STEWARD}), 1, "I reviewed this base model and its licence for this project."
    ),
    "run": Policy("run plan", frozenset({Role.RISK_OWNER}), 1, "I reviewed this run plan and approve it."),
    "waiver": Policy(
        "waiver",
        frozenset({Role.RISK_OWNER}),
        1,
        "I accept this use against what the rule says, within the scope of this waiver and until its last day.",
    ),
    "erasure": Policy(
        "erasure",
        frozenset({Role.OWNER, Role.DATA_STEWARD}),
        1,
        "I checked that these rows are to be erased, and know that it cannot be undone.",
    ),
    "dossier": Policy("dossier", frozenset({Role.COMPLIANCE_OFFICER}), 1, "I reviewed this dossier and approve it."),
    "release": Policy(
        "release", frozenset({Role.RISK_OWNER}), 1, "I take responsibility for releasing this model for this purpose."
    ),
}

PROOF_LIFETIME = timedelta(seconds=120)
WRONG_TRIES = 5
WRONG_TRIES_WITHIN = timedelta(minutes=15)


@dataclass(frozen=True)
class Facts:
    """What a rule needs to know of a request: nothing else decides."""

    subject_kind: str
    state: State
    touched_by: Mapping[int, str]  # user id -> what they did, as a verb phrase: "submitted the run plan"
    decided_by: frozenset[int]


@dataclass(frozen=True)
class Objection:
    code: str
    text: str


def objection(*, user_id: int, first_name: str, roles: frozenset[Role], facts: Facts) -> Objection | None:
    """Why this person may not decide, or None."""
    policy = POLICIES[facts.subject_kind]
    if user_id in facts.touched_by:
        return Objection("own-work", f"{first_name} {facts.touched_by[user_id]} and cannot decide on it.")
    if not roles & policy.deciders:
        return Objection("role", f"Only {listing(policy.deciders)} of this project can decide on a {policy.noun}.")
    if user_id in facts.decided_by:
        return Objection("decided", f"{first_name} decided on this request already.")
    return None


def outcome(subject_kind: str, verdicts: Sequence[Verdict]) -> State:
    """What the decisions so far add up to: one rejection refuses, one wish for changes sends it back,
    a quorum of approvals grants."""
    if Verdict.REJECT in verdicts:
        return State.REFUSED
    if Verdict.CHANGES in verdicts:
        return State.CHANGES
    return State.GRANTED if verdicts.count(Verdict.APPROVE) >= POLICIES[subject_kind].quorum else State.OPEN


def still_needed(subject_kind: str, approvals: int) -> str:
    """“one risk owner”, for the page that says what is missing."""
    policy = POLICIES[subject_kind]
    left = policy.quorum - approvals
    who = listing(policy.deciders).split(" ", 1)[1]
    return f"one {who}" if left == 1 else f"{left} of: {who}"
