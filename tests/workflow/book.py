"""What must hold of approvals, written a second time and by hand, from docs/approvals.md and docs/envelopes.md: nothing
here calls the rules of the code. The state machine of `tests.workflow` keeps such a book beside the database."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

ENGINEER, STEWARD, RISK, OFFICER, OWNER = "ml_engineer", "data_steward", "risk_owner", "compliance_officer", "owner"
ALL = ("edited-data", "wrote-thresholds", "launched")
# Whose acts keep them from deciding where a policy says nothing of it, beside those who made it or asked.
BARS: dict[str, tuple[str, ...]] = {
    "dataset_version": ("edited-data",), "base_model": (), "evaluation_plan": (), "run": ALL,
    "waiver": (), "envelope": ALL, "release": ALL, "deployment": ALL,
    "dossier": (*ALL, "brought-model", "classified", "described"),
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    name: str
    roles: tuple[str, ...]
    quorum: int = 1
    stage: int = 1
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Terms:
    steps: tuple[Step, ...]
    bars: tuple[str, ...]
    days: int | None = None  # how long an approval holds

    def sent(self) -> dict[str, Any]:
        """As a person would send them."""
        steps = [
            {"name": step.name, "roles": list(step.roles), "quorum": step.quorum, "stage": step.stage,
             "parts": list(step.parts)}
            for step in self.steps
        ]  # fmt: skip
        return {"steps": steps, "barred": list(self.bars), "expires_after_days": self.days}


DEFAULTS = {
    "dataset_version": Terms((Step("Review of the data", (STEWARD,)),), BARS["dataset_version"]),
    "base_model": Terms((Step("Review of the base model", (STEWARD,)),), ()),
    "evaluation_plan": Terms((), ()),  # nobody is asked but where a policy says so
    "run": Terms((Step("Review of the run plan", (RISK,)),), ALL),
    "waiver": Terms((Step("Acceptance of the use", (RISK,)),), ()),
    "envelope": Terms((Step("Range of the data", (STEWARD,)), Step("Range of the retrains", (RISK,))), ALL),
    "dossier": Terms((Step("Review of the dossier", (OFFICER,)),), BARS["dossier"]),
    "release": Terms((Step("Responsibility for the release", (RISK,)),), ALL),
    "deployment": Terms((), ()),  # nobody is asked but where a policy says so
}


@dataclass(frozen=True)
class Loan:
    lender: int
    taker: int
    role: str
    last: int  # day


@dataclass(frozen=True)
class Vote:
    person: int
    step: str
    verdict: str
    stands_for: int | None
    day: int
    parts: dict[str, Any]


@dataclass
class Thing:
    """Something that is approved: what it is, by its parts, and who did what to it."""

    kind: str
    parts: dict[str, Any]
    acts: list[tuple[int, str]]
    line: tuple[UUID, ...] = ()  # what it follows
    data: tuple[UUID, ...] = ()  # of a run
    plan: UUID | None = None
    behind: UUID | None = None  # the run that an envelope, a dossier or a release is about; a deployment's release
    about: tuple[UUID, dict[str, Any]] | None = None  # what a waiver is about, as it was then
    last: int | None = None  # its last day
    over: bool = False  # revoked, or taken back: nobody is asked about it any more
    released: bool = False  # let go; of a deployment: taken into use
    rows: int = 0  # of a version: how many more than the reference's; of none other is it asked


@dataclass
class Asked:
    """One request, with the terms of its day."""

    subject: UUID
    parts: dict[str, Any]
    terms: Terms
    by: int
    state: str = "open"
    votes: list[Vote] = field(default_factory=list)
    ends: int | None = None
    under: int = 0  # which policy for its kind: the how manieth that governed
    causes: set[UUID] = field(default_factory=set)
    was_suspended: bool = False


class Book:
    """The record beside."""

    def __init__(self, roles: dict[int, set[str]]) -> None:
        self.roles, self.day = roles, 0
        self.things: dict[UUID, Thing] = {}
        self.plans: dict[UUID, tuple[int, bool, list[int]]] = {}  # edition, locked, authors
        self.pinned: set[UUID] = set()  # plans whose suites are fixed, because they were asked about or locked
        self.asked: dict[UUID, Asked] = {}  # in the order in which they were asked
        self.loans: list[Loan] = []
        self.terms = dict(DEFAULTS)
        self.under = dict.fromkeys(DEFAULTS, 0)
        self.policies = itertools.count(1)
        self.withdrawn: dict[UUID, UUID] = {}  # withdrawal -> version
        self.reference: UUID | None = None

    # what things are, and who had a part in them

    def parts(self, pk: UUID) -> dict[str, Any]:
        thing = self.things[pk]
        if thing.kind == "evaluation_plan":
            return {"tasks": (pk, self.plans[pk][0], pk in self.pinned), "thresholds": None}
        if thing.kind != "run":
            return thing.parts
        data = [self.parts(version) for version in thing.data]
        return {**thing.parts, "data": data, "evaluation": self.parts(thing.plan)}  # type: ignore[arg-type]

    def acts(self, pk: UUID) -> list[tuple[int, str]]:
        thing = self.things[pk]
        found = list(thing.acts)
        if thing.kind == "evaluation_plan":
            found += [(person, "made") for person in self.plans[pk][2]]
        if thing.behind:
            found += self.acts(thing.behind)
        if thing.kind == "run":
            found += [(person, "edited-data") for version in thing.data for person, _ in self.things[version].acts]
            found += [(person, "wrote-thresholds") for person in self.plans[thing.plan][2]]  # type: ignore[index]
        return found

    def barred(self, asked: Asked) -> set[int]:
        return {asked.by} | {
            person for person, act in self.acts(asked.subject) if act == "made" or act in asked.terms.bars
        }

    # what stands

    def state(self, asked: Asked) -> str:
        over = asked.ends is not None and asked.ends <= self.day and asked.state in ("granted", "suspended")
        return "expired" if over else asked.state

    def about(self, pk: UUID) -> list[Asked]:
        return [each for each in self.asked.values() if each.subject == pk]

    def stands(self, pk: UUID) -> bool:
        """The newest question about the thing as it is now that was answered was answered by an approval that still has
        its force; one that is open takes nothing away, for it may be asked about anew only where it is approved."""
        same = self._said_of_it(pk)
        if len(same) > 1 and same[-1].state == "open" and self.state(same[-2]) == "granted":
            return True
        return bool(same) and self.state(same[-1]) == "granted"

    def _said_of_it(self, pk: UUID) -> list[Asked]:
        now, past = self.parts(pk), ("withdrawn", "void", "replaced")
        return [each for each in self.about(pk) if each.parts == now and each.state not in past]

    def approval(self, pk: UUID) -> Asked:
        """Of what stands."""
        return [each for each in self._said_of_it(pk) if each.state == "granted"][-1]

    def asks(self, pk: UUID) -> bool:
        """Whether anybody is asked about such a thing at all."""
        return bool(self.terms[self.things[pk].kind].steps)

    def may_be_renewed(self, pk: UUID) -> bool:
        """What stands is asked about anew where another policy governs by now, or its approval ends within a fortnight,
        which here is each that ends at all; not while it is asked about anew already."""
        approval = self.approval(pk)
        return self._said_of_it(pk)[-1] is approval and (
            approval.under != self.under[self.things[pk].kind] or approval.ends is not None
        )

    def barred_data(self, pk: UUID) -> bool:
        """A version that was withdrawn, or holds all of one that was."""
        holds = {pk} | ({self.first} if self.things[pk].rows else set())
        return any(version in holds for version in self.withdrawn.values())

    @property
    def first(self) -> UUID | None:
        return self.things[self.reference].data[0] if self.reference else None

    def may_be_asked(self, pk: UUID, run_state: str) -> bool:
        thing = self.things[pk]
        if thing.kind == "dataset_version":
            return not self.barred_data(pk)
        now = self.parts(pk)
        suspended = any(
            each.parts == now and each.was_suspended and each.state in ("suspended", "replaced")
            for each in self.about(pk)
        )
        past = (
            thing.over
            or (thing.released and thing.kind != "deployment")  # what is in use is asked about still
            or (thing.kind == "waiver" and thing.last is not None and thing.last < self.day)
        )
        return suspended or not (past or (thing.kind == "run" and run_state != "submitted"))

    def waived(self, version: UUID) -> bool:
        """Whether the licence stands in no way: by itself, or by an approved waiver about this very thing."""
        if self.parts(version)["licence"] != "CC-BY-NC-4.0":
            return True
        return any(
            thing.about == (version, self.parts(version)) and not thing.over and self.stands(pk)
            for pk, thing in self.things.items()
            if thing.kind == "waiver" and thing.last is not None and thing.last >= self.day
        )

    def ready(self, run: UUID, base: UUID) -> bool:
        data = self.things[run].data
        return all(map(self.stands, (run, base, *data))) and all(map(self.waived, data))

    def launched(self, run: UUID) -> bool:
        return any(act == "launched" for _, act in self.things[run].acts)

    def lets_go(self, release: UUID, base: UUID, dossier: UUID) -> bool:
        """Whether the model may be used today: it was let go, nobody took that back, and all of it stands."""
        thing = self.things[release]
        assert thing.behind is not None
        live = thing.released and not thing.over
        return live and self.ready(thing.behind, base) and all(map(self.stands, (dossier, release)))

    def accepted(self, deployment: UUID) -> bool:
        """What a policy for deployments asks for, where there is one."""
        return not self.asks(deployment) or self.stands(deployment)

    def measured_as_approved(self, run: UUID) -> bool:
        """What is measured, and its limits, where a policy asks for their approval."""
        plan = self.things[run].plan
        return plan is None or not self.asks(plan) or self.stands(plan)

    # who decides

    def open_steps(self, asked: Asked) -> list[Step]:
        left = [step for step in asked.terms.steps if self._given(asked, step) < step.quorum]
        return [step for step in left if step.stage == min(each.stage for each in left)]

    def _given(self, asked: Asked, step: Step) -> int:
        return sum(vote.step == step.name and vote.verdict == "approve" for vote in asked.votes)

    def seat(self, person: int, asked: Asked) -> tuple[str, int | None] | None:
        """The step in which a person decides now and whose role that takes, or None where they must not."""
        barred = self.barred(asked)
        spoken = {each for vote in asked.votes for each in (vote.person, vote.stands_for)}
        if asked.state != "open" or person in barred or person in spoken:
            return None
        for step in self.open_steps(asked):
            if self.roles[person] & set(step.roles):
                return step.name, None
            for loan in self.loans:
                fits = loan.taker == person and loan.role in step.roles and loan.last >= self.day
                if fits and loan.lender not in barred | spoken:
                    return step.name, loan.lender
        return None

    # what happens

    def ask(self, pk: UUID, subject: UUID, person: int) -> Asked:
        """A new question: what was asked about another content is void, and what changed nothing is carried over."""
        now, kind = self.parts(subject), self.things[subject].kind
        self._void_others(subject)
        renews = self.stands(subject)
        new = Asked(subject, now, self.terms[kind], person, under=self.under[kind])
        line = {subject, *self.things[subject].line}
        before = [each for each in self.asked.values() if each.subject in line]
        ending = renews and bool(before) and before[-1].state == "granted" and before[-1].ends is not None
        source = bool(before) and self.state(before[-1]) in ("void", "changes_requested", "granted")
        if source and not before[-1].causes and not (ending and before[-1].subject == subject):
            new.votes = list(self._carried(before[-1], new))
        self.asked[pk] = new
        self._close(new)
        under = None if new.state != "open" or renews or self._told_otherwise(new) else self.covered(new)
        if under is not None:
            new.state = "granted"
            new.ends = None if new.terms.days is None else under + new.terms.days
        return new

    def _told_otherwise(self, new: Asked) -> bool:
        """Somebody said no to the very same, or an approval of it lost its force: then people decide."""
        known = [each for each in self.about(new.subject) if each is not new]
        said_no = [each for each in known if each.parts == new.parts and each.state in ("refused", "changes_requested")]
        return bool(said_no) or any(each.state == "suspended" for each in known)

    def _carried(self, last: Asked, new: Asked) -> Iterator[Vote]:
        barred = self.barred(new)
        for vote in last.votes:
            step = next((each for each in new.terms.steps if each.name == vote.step), None)
            if step is None or step not in last.terms.steps or vote.verdict != "approve" or vote.stands_for:
                continue
            reviewed = {part: new.parts[part] for part in step.parts or new.parts}
            old = new.terms.days is not None and vote.day + new.terms.days <= self.day
            longer = last.terms.days is not None and (new.terms.days or last.terms.days + 1) > last.terms.days
            if (
                not old
                and not longer
                and vote.parts == reviewed
                and vote.person not in barred
                and self.roles[vote.person] & set(step.roles)
            ):
                yield vote

    def decide(self, asked: Asked, person: int, seat: tuple[str, int | None], verdict: str) -> None:
        step = next(each for each in asked.terms.steps if each.name == seat[0])
        reviewed = {part: asked.parts[part] for part in step.parts or asked.parts}
        asked.votes.append(Vote(person, seat[0], verdict, seat[1], self.day, reviewed))
        self._close(asked)

    def _close(self, asked: Asked) -> None:
        verdicts = {vote.verdict for vote in asked.votes}
        before = [each for each in self.about(asked.subject) if each is not asked and each.parts == asked.parts]
        if "reject" in verdicts or "changes" in verdicts:
            asked.state = "refused" if "reject" in verdicts else "changes_requested"
        elif all(self._given(asked, step) >= step.quorum for step in asked.terms.steps):
            asked.state = "granted"
            if asked.terms.days is not None:
                asked.ends = min(vote.day for vote in asked.votes) + asked.terms.days
        for each in before if asked.state != "open" else ():
            if each.state in ("granted", "suspended"):
                each.state = "expired" if self.state(each) == "expired" else "replaced"

    def take_questions_back(self, subject: UUID) -> None:
        for each in self.about(subject):
            if each.state == "open":
                each.state = "void"

    def changed(self, subject: UUID) -> None:
        """By somebody, and on record: what was asked about another content is void, and stays so."""
        self.take_questions_back(subject)
        self._void_others(subject)

    def _void_others(self, subject: UUID) -> None:
        now = self.parts(subject)
        for old in self.about(subject):
            if self.state(old) == "expired":
                old.state = "expired"
            elif old.state in ("granted", "suspended", "open") and old.parts != now:
                old.state = "void"

    def govern(self, kind: str, terms: Terms | None) -> None:
        self.terms[kind] = terms or DEFAULTS[kind]
        self.under[kind] = next(self.policies) if terms else 0

    def reached(self, version: UUID) -> set[UUID]:
        """All that rests on a version: those that share rows with it, runs on any of them, what came of the model."""
        line = {pk for pk, thing in self.things.items() if thing.rows} | {self.first}
        data = line if version in line else {version}
        runs = {pk for pk, thing in self.things.items() if set(thing.data) & data}
        came = {
            pk for pk, thing in self.things.items() if thing.kind in ("dossier", "release") and thing.behind in runs
        }
        used = {pk for pk, thing in self.things.items() if thing.kind == "deployment" and thing.behind in came}
        return {pk for pk in data if pk} | runs | came | used

    def withdraw(self, cause: UUID, version: UUID) -> None:
        self.withdrawn[cause] = version
        for each in self.asked.values():
            if each.subject not in self.reached(version):
                continue
            if each.state in ("granted", "suspended"):
                each.state, each.was_suspended = "suspended", True
                each.causes.add(cause)
            elif each.state == "open" and self.things[each.subject].kind == "dataset_version":
                each.state = "void" if self.barred_data(each.subject) else "open"

    def take_back(self, cause: UUID) -> None:
        del self.withdrawn[cause]
        for each in self.asked.values():
            if cause in each.causes:
                each.causes.remove(cause)
                if each.state == "suspended" and not each.causes:
                    each.state = "granted"

    # envelopes

    def in_force(self, base: UUID) -> Iterator[UUID]:
        for pk, thing in self.things.items():
            if thing.kind != "envelope" or thing.over or (thing.last or 0) < self.day or not self.stands(pk):
                continue
            run = thing.behind
            assert run is not None
            if all(map(self.stands, (run, base, *self.things[run].data))):
                yield pk

    def covered(self, asked: Asked) -> int | None:
        """The day on which the first envelope that covers it was approved: what passes is as old as that."""
        base = next(pk for pk, thing in self.things.items() if thing.kind == "base_model")
        if not self._inside(asked.subject):
            return None
        under = next((pk for pk in self.in_force(base) if self._could(pk, asked)), None)
        return None if under is None else self.approval(under).votes[-1].day

    def _inside(self, subject: UUID) -> bool:
        """Every envelope here takes twenty rows more, and all else as in the reference."""
        thing = self.things[subject]
        if thing.kind == "dataset_version":
            return self._near(subject) and thing.rows > 0
        if thing.kind != "run" or self.reference is None:
            return False
        was, now = self.parts(self.reference), self.parts(subject)
        same = was["evaluation"] == now["evaluation"] and was["training"][1:] == now["training"][1:]
        return same and len(thing.data) == 1 and (thing.data[0] == self.first or self._near(thing.data[0]))

    def _near(self, version: UUID) -> bool:
        assert self.first is not None
        was, now = self.parts(self.first), self.parts(version)
        named = was["licence"] == now["licence"] and was["provenance"] == now["provenance"]
        return named and 0 < self.things[version].rows <= 20

    def _could(self, envelope: UUID, asked: Asked) -> bool:
        """Whether those who approved the envelope could have sat in every seat, one person each."""
        people = {vote.person for vote in self.approval(envelope).votes if vote.verdict == "approve"} - self.barred(
            asked
        )
        seats = [step for step in asked.terms.steps for _ in range(step.quorum)]
        return any(self._sit(sitting, seats) for sitting in itertools.permutations(people, len(seats)))

    def _sit(self, sitting: Iterable[int], seats: list[Step]) -> bool:
        return all(self.roles[person] & set(step.roles) for person, step in zip(sitting, seats, strict=True))
