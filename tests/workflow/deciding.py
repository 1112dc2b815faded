"""What people ask, decide, take back and lend, and the policies that say who."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from governance.delivery.deployments.models import Deployment
from governance.delivery.releases.models import Release
from governance.documents.dossiers.models import DossierVersion
from governance.foundation.core.errors import Refusal
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals import delegations, selectors
from governance.people.approvals import services as approvals
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import Verdict
from governance.people.policies import services as policies
from governance.people.policies.models import Policy
from governance.people.projects.rules import Role
from governance.people.waivers.models import Waiver
from governance.work.envelopes.models import Envelope
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.runs import services as runs
from governance.work.runs.models import Run
from tests import factories
from tests.workflow.book import ALL, OFFICER, OWNER, RISK, STEWARD, Loan, Step, Terms
from tests.workflow.making import ANY, PEOPLE, ROLES, Making

NAMED: dict[str, Any] = {
    "dataset_version": DatasetVersion, "base_model": BaseModel, "evaluation_plan": EvaluationPlan,
    "run": Run, "waiver": Waiver, "envelope": Envelope,
    "dossier": DossierVersion, "release": Release, "deployment": Deployment,
}  # fmt: skip
POLICIES = {
    "dataset_version": [
        Terms((Step("Data", (STEWARD,)),), ("edited-data",), days=4),
        Terms((Step("Data", (STEWARD,), quorum=2),), ("edited-data",)),
        Terms((
            Step("Rows", (STEWARD,), parts=("rows", "licence")), Step("Origin", (RISK,), parts=("provenance",), stage=2)
        ), ("edited-data",)),
    ],
    "evaluation_plan": [
        Terms((Step("Limits", (RISK, OFFICER)),), ()),
        Terms((Step("Measured", (RISK,), parts=("tasks",)), Step("Limits", (OFFICER,), parts=("thresholds",))), ()),
    ],
    "run": [
        Terms((Step("Plan", (RISK,)),), ALL, days=6),
        Terms((
            Step("Data", (STEWARD, OWNER), parts=("data",)),
            Step("Plan", (RISK,), parts=("training", "evaluation", "budget")),
        ), ALL),
        Terms((Step("Two", (RISK, OWNER), quorum=2),), ("wrote-thresholds",)),
    ],
    "waiver": [Terms((Step("Use", (RISK, OFFICER)),), (), days=5)],
    "release": [Terms((Step("Risk", (RISK,)), Step("Owner", (OWNER,), stage=2)), ALL)],
    "deployment": [Terms((Step("Use", (RISK, OFFICER)),), ALL, days=5), Terms((Step("Use", (RISK, OWNER)),), ())],
}  # fmt: skip


class Deciding(Making):
    @rule(name=PEOPLE, one=ANY)
    def ask(self, name: str, one: int) -> None:
        asked_about = [pk for pk in self.book.things if self.book.asks(pk)]
        idle = [pk for pk in asked_about if not self.book.stands(pk)]
        self._ask(name, self.one(idle or asked_about, one))

    @rule(name=PEOPLE, one=ANY)
    def renew(self, name: str, one: int) -> None:
        """What stands is asked about anew where it may be, and stands until that is decided."""
        standing = [pk for pk in self.book.things if self.book.stands(pk)]
        renewable = [pk for pk in standing if self.book.may_be_renewed(pk)]
        if standing:
            pk = self.one(renewable or standing, one)
            may, asked = pk in renewable, len(self.book.asked)
            self._ask(name, pk, "renew")
            assert may or len(self.book.asked) == asked, "what is approved is asked about anew for a reason alone"

    def _ask(self, name: str, pk: UUID, act: str = "ask") -> None:
        subject = NAMED[self.book.things[pk].kind].objects.get(pk=pk)
        person, drafted = self.who(name), isinstance(subject, Run) and subject.state == "draft"
        if drafted:
            asked = self.does("submit", lambda: runs.submit(actor=person, run_id=pk))
        else:
            asked = self.does(act, lambda: approvals.ask(actor=person, subject=subject, project_id=self.project))
        if isinstance(asked, Refusal):
            return
        if drafted:
            thing = self.book.things[pk]
            assert all(map(self.book.waived, thing.data)), "nobody is asked to sign what can never start"
            thing.acts.append((person.person_id, "made"))
            assert thing.plan is not None
            edition, _, authors = self.book.plans[thing.plan]
            self.book.plans[thing.plan] = (edition, True, authors)
            self.book.pinned.add(thing.plan)
        elif isinstance(subject, EvaluationPlan):
            self.book.pinned.add(pk)
        self.note(asked, name)

    @rule(one=ANY, other=ANY)
    @precondition(lambda self: self.waiting())
    def approve(self, one: int, other: int) -> None:
        """Somebody who may, where there is one: else too little would ever stand."""
        self._approve(self.one(self.waiting(), one), other)

    def _approve(self, pk: UUID, other: int) -> None:
        seated = [name for name in ROLES if self.book.seat(self.who(name).person_id, self.book.asked[pk])]
        if seated:
            self._decide(self.one(seated, other), pk, Verdict.APPROVE)

    @rule(name=PEOPLE, one=ANY, verdict=st.sampled_from([Verdict.APPROVE, *Verdict]))
    def decide(self, name: str, one: int, verdict: Verdict) -> None:
        self._decide(name, self.one(self.waiting() or list(self.book.asked), one), verdict)

    def waiting(self) -> list[UUID]:
        return [pk for pk, asked in self.book.asked.items() if asked.state == "open"]

    def _decide(self, name: str, pk: UUID, verdict: Verdict) -> None:
        """Whoever may, can; nobody else can; and it counts in the step and for the person that the book says."""
        asked, person = self.book.asked[pk], self.who(name)
        request = ApprovalRequest.objects.get(pk=pk)
        seat, listed = self.book.seat(person.person_id, asked), pk in {each.pk for each in selectors.inbox(person)}
        run = Run.objects.filter(pk=asked.subject).first()
        current = asked.parts == self.book.parts(asked.subject)
        may = current and self.book.may_be_asked(asked.subject, run.state if run else "")
        found = self.does("decide", lambda: factories.decide(person, request, verdict, reason="Looked at it."))
        assert listed == (seat is not None), (name, asked, seat)
        assert isinstance(found, Refusal) == (seat is None or not may), (name, asked, seat, may, found)
        if not isinstance(found, Refusal):
            assert seat == (found.step, found.stands_for_id)
            self.book.decide(asked, person.person_id, seat, verdict.value)

    @rule(name=PEOPLE, one=ANY)
    def take_the_question_back(self, name: str, one: int) -> None:
        pk = self.one(list(self.book.asked), one)
        asked, person = self.book.asked[pk], self.who(name)
        found = self.does("take the question back", lambda: approvals.withdraw(actor=person, request_id=pk))
        assert isinstance(found, Refusal) == (asked.state != "open" or asked.by != person.person_id)
        if not isinstance(found, Refusal):
            asked.state = "withdrawn"

    @rule(lender=PEOPLE, taker=PEOPLE, role=st.sampled_from([RISK, STEWARD, OFFICER]), days=st.integers(0, 3))
    def lend(self, lender: str, taker: str, role: str, days: int) -> None:
        today = timezone.localdate()
        made = self.does("lend", lambda: delegations.delegate(
            actor=self.who(lender), project_id=self.project, username=taker, role=Role(role), starts_on=today,
            ends_on=today + timedelta(days=days), reason="Away.",
        ))  # fmt: skip
        if not isinstance(made, Refusal):
            assert role in ROLES[lender] and lender != taker
            people = self.who(lender).person_id, self.who(taker).person_id
            self.book.loans.append(Loan(*people, role, self.book.day + days))

    @rule(kind=st.sampled_from(sorted(POLICIES)), one=ANY)
    def govern(self, kind: str, one: int) -> None:
        """Another policy, or none: it changes nothing for what was asked before."""
        terms = self.one([*POLICIES[kind], None], one)
        admin = self.home.admin

        def act() -> Policy:
            if terms is None:
                old = Policy.objects.get(subject_kind=kind, state="published")
                return policies.retire(actor=admin, policy_id=old.pk)
            draft = policies.draft(actor=admin, subject_kind=kind, terms=terms.sent(), project_id=self.project)
            return factories.published(admin, draft)

        if terms is None and not Policy.objects.filter(subject_kind=kind, state="published").exists():
            return
        assert not isinstance(self.does("govern", act), Refusal)
        self.book.govern(kind, terms)

    @rule(days=st.sampled_from([1, 1, 1, 3]))
    def let_days_go_by(self, days: int) -> None:
        """Loans, approvals, waivers and envelopes end by themselves."""
        self.book.day += days
        self.does("let days go by", lambda: None)
