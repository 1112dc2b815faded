"""People who ask, decide, lend, change, withdraw, launch and release in any order. After each step the database says
what the book beside it says: who decided where, what stands, and that nothing began or was let go without it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import hypothesis
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from governance.delivery.deployments import services as deployments
from governance.delivery.lineage import services as lineage
from governance.delivery.lineage.models import Withdrawal
from governance.delivery.releases import services as releases
from governance.foundation.core.errors import GateClosed, Refusal
from governance.people.approvals import selectors
from governance.people.approvals.models import ApprovalRequest
from governance.people.waivers import services as waivers
from governance.work.envelopes import services as envelopes
from governance.work.envelopes.rules import Bounds
from governance.work.runs import services as runs
from tests import factories
from tests.workflow.book import Thing
from tests.workflow.deciding import NAMED, Deciding
from tests.workflow.making import ANY, MOST, PEOPLE, start

# What makes something new, and leaves alone what there is.
ADDING = {
    "lend",
    "write thresholds",
    "prepare",
    "register data",
    "register more rows",
    "propose",
    "plan a deployment",
    "decide",
}


class Workflow(Deciding):
    """What is laid open for a time, taken away, begun and let go."""

    # waivers and envelopes

    @rule(name=PEOPLE, one=ANY, days=st.integers(0, 4))
    @precondition(lambda self: len(self.of("waiver")) < MOST)
    def ask_for_a_waiver(self, name: str, one: int, days: int) -> None:
        pk = self.one(self.of("dataset_version"), one)
        about = pk, self.book.parts(pk)
        waiver = self.does("ask for a waiver", lambda: waivers.ask(
            actor=self.who(name), project_id=self.project, kind="dataset_version", subject_id=pk,
            rule="non-commercial", purpose="internal", reason="Nothing is sold.",
            expires_on=timezone.localdate() + timedelta(days=days),
        ))  # fmt: skip
        if not isinstance(waiver, Refusal):
            made, last = [(self.who(name).person_id, "made")], self.book.day + days
            self.book.things[waiver.pk] = Thing("waiver", {"all": waiver.pk}, made, about=about, last=last)
            self.note(ApprovalRequest.objects.get(subject_id=waiver.pk), name)

    @rule(name=PEOPLE, one=ANY)
    @precondition(lambda self: self.of("waiver"))
    def revoke_a_waiver(self, name: str, one: int) -> None:
        pk = self.one(self.of("waiver"), one)
        waiver = self.does(
            "revoke a waiver", lambda: waivers.revoke(actor=self.who(name), waiver_id=pk, reason="Sold after all.")
        )
        self._over(pk, waiver)

    @rule(name=PEOPLE, days=st.integers(0, 6))
    @precondition(lambda self: len(self.of("envelope")) < MOST)
    def write_an_envelope(self, name: str, days: int) -> None:
        """Twenty rows more, at most, and nothing else."""
        run = self.begun.run.pk
        envelope = self.does("write an envelope", lambda: envelopes.write(
            actor=self.who(name), run_id=run, bounds=Bounds(most_rows_added=20), reason="Every week some more.",
            expires_on=timezone.localdate() + timedelta(days=days),
        ))  # fmt: skip
        if not isinstance(envelope, Refusal):
            made, last = [(self.who(name).person_id, "made")], self.book.day + days
            self.book.things[envelope.pk] = Thing("envelope", {"all": envelope.pk}, made, behind=run, last=last)
            self.note(ApprovalRequest.objects.get(subject_id=envelope.pk), name)

    @rule(name=PEOPLE, one=ANY)
    @precondition(lambda self: self.of("envelope"))
    def revoke_an_envelope(self, name: str, one: int) -> None:
        pk = self.one(self.of("envelope"), one)
        envelope = self.does(
            "revoke an envelope", lambda: envelopes.revoke(actor=self.who(name), envelope_id=pk, reason="No more.")
        )
        self._over(pk, envelope)

    def _over(self, pk: UUID, found: Any) -> None:
        if not isinstance(found, Refusal):
            self.book.things[pk].over = True
            self.book.take_questions_back(pk)

    # withdrawals

    @rule(name=PEOPLE, one=ANY)
    def withdraw_data(self, name: str, one: int) -> None:
        pk = self.one(self.of("dataset_version"), one)
        made = self.does("withdraw data", lambda: lineage.withdraw(actor=self.who(name), version_id=pk, reason="No."))
        if not isinstance(made, Refusal):
            self.book.withdraw(made.pk, pk)

    @rule(name=PEOPLE, one=ANY)
    @precondition(lambda self: self.book.withdrawn)
    def take_the_withdrawal_back(self, name: str, one: int) -> None:
        pk = self.one(list(self.book.withdrawn), one)
        person, made = self.who(name), Withdrawal.objects.get(pk=pk)
        proof = self.sign(name, made.content_digest)
        back = self.does("take the withdrawal back", lambda: lineage.take_back(
            actor=person, withdrawal_id=pk, reason="It was another file.", proof=proof
        ))  # fmt: skip
        if not isinstance(back, Refusal):
            assert person.person_id != made.withdrawn_by_id
            assert (person.person_id, "made") not in self.book.acts(self.book.withdrawn[pk])
            self.book.take_back(pk)

    # what must not happen without them

    @rule(name=PEOPLE, one=ANY)
    @precondition(lambda self: len(self.of("run")) > 1)
    def launch(self, name: str, one: int) -> None:
        """Exactly what stands, with all that it rests on, is launched."""
        pk, person = self.one(self.of("run"), one), self.who(name)
        run = self.does("launch", lambda: runs.launch(actor=person, run_id=pk))
        if isinstance(run, GateClosed):
            assert not (self.book.ready(pk, self.base) and self.book.measured_as_approved(pk)), run
        elif not isinstance(run, Refusal):
            assert self.book.ready(pk, self.base), "nothing launches without standing approvals"
            assert self.book.measured_as_approved(pk), "nothing launches under limits that nobody approved"
            self.book.things[pk].acts.append((person.person_id, "launched"))

    @rule(name=PEOPLE, one=ANY)
    def cancel(self, name: str, one: int) -> None:
        pk = self.one(self.of("run"), one)
        run = self.does("cancel", lambda: runs.cancel(actor=self.who(name), run_id=pk))
        if not isinstance(run, Refusal) and run.launched_at is None:
            self.book.take_questions_back(pk)

    @rule(name=PEOPLE)
    @precondition(lambda self: all(self.book.things[pk].over for pk in self.of("release")))
    def propose(self, name: str) -> None:
        person, run = self.who(name), self.begun.run.pk
        release = self.does("propose", lambda: releases.propose(actor=person, dossier_version_id=self.begun.frozen.pk))
        if not isinstance(release, Refusal):
            made = [(person.person_id, "made")]
            self.book.things[release.pk] = Thing("release", {"all": release.pk}, made, behind=run)
            self.note(ApprovalRequest.objects.get(subject_id=release.pk), name)

    @rule(name=PEOPLE, one=ANY)
    @precondition(lambda self: not all(self.book.things[pk].released for pk in self.of("release")))
    def release(self, name: str, one: int) -> None:
        """Exactly what stands, with all that it rests on, is let go."""
        pk, run = self.one(self.of("release"), one), self.begun.run.pk
        release = self.does("release", lambda: releases.release(actor=self.who(name), release_id=pk))
        stands = self.book.ready(run, self.base) and all(map(self.book.stands, (self.begun.frozen.pk, pk)))
        if isinstance(release, GateClosed):
            assert not stands, release
        elif not isinstance(release, Refusal):
            assert stands, "nothing is released without standing approvals"
            self.book.things[pk].released = True

    @rule(name=PEOPLE, one=ANY)
    @precondition(lambda self: self.of("release"))
    def withdraw_a_release(self, name: str, one: int) -> None:
        pk = self.one(self.of("release"), one)
        release = self.does(
            "withdraw a release", lambda: releases.withdraw(actor=self.who(name), release_id=pk, reason="Too early.")
        )
        self._over(pk, release)

    # where it is used

    @rule(name=PEOPLE, one=ANY)
    @precondition(lambda self: self.of("release") and len(self.of("deployment")) < MOST)
    def plan_a_deployment(self, name: str, one: int) -> None:
        person, release = self.who(name), self.one(self.of("release"), one)
        said = {**factories.DEPLOYED, "name": f"Desk {len(self.of('deployment'))}"}
        planned = self.does("plan a deployment", lambda: deployments.plan(actor=person, release_id=release, **said))
        if not isinstance(planned, Refusal):
            parts, made = {"use": 0, "release": release}, [(person.person_id, "made")]
            self.book.things[planned.pk] = Thing("deployment", parts, made, behind=release)

    @rule(name=PEOPLE, one=ANY)
    @precondition(lambda self: self.of("deployment"))
    def describe_a_deployment_anew(self, name: str, one: int) -> None:
        person, pk = self.who(name), self.one(self.of("deployment"), one)
        thing = self.book.things[pk]
        place = f"Room {thing.parts['use'] + 1}"
        found = self.does(
            "describe a deployment", lambda: deployments.revise(actor=person, deployment_id=pk, place=place)
        )
        if not isinstance(found, Refusal):
            thing.parts = {**thing.parts, "use": thing.parts["use"] + 1}
            thing.acts.append((person.person_id, "made"))
            self.book.changed(pk)

    @rule(name=PEOPLE, one=ANY)
    @precondition(lambda self: not all(self.book.things[pk].released for pk in self.of("deployment")))
    def take_into_use(self, name: str, one: int) -> None:
        """Exactly what its release lets go, and others accepted where a policy asks them, is taken into use."""
        pk = self.one(self.of("deployment"), one)
        thing = self.book.things[pk]
        found = self.does("take into use", lambda: deployments.begin(actor=self.who(name), deployment_id=pk))
        may = self.book.lets_go(thing.parts["release"], self.base, self.begun.frozen.pk) and self.book.accepted(pk)
        if isinstance(found, GateClosed):
            assert not may, found
        elif not isinstance(found, Refusal):
            assert may, "nothing is used that is not let go"
            thing.released = True

    @rule(name=PEOPLE, one=ANY)
    @precondition(lambda self: self.of("deployment"))
    def end_a_deployment(self, name: str, one: int) -> None:
        pk = self.one(self.of("deployment"), one)
        act = lambda: deployments.end(actor=self.who(name), deployment_id=pk, reason="Another desk.")  # noqa: E731
        self._over(pk, self.does("end a deployment", act))

    # people who want to get somewhere

    @rule(steps=st.integers(1, 8), one=ANY)
    def go_on_to_a_launch(self, steps: int, one: int) -> None:
        """What is asked for next on the way to it, by somebody who may, and so below: by chance alone hardly anything
        would come that far, and that nothing goes without its approvals would say little."""
        self._go_on(self._to_a_launch, steps, one)

    @rule(steps=st.integers(1, 8), one=ANY)
    def go_on_to_a_release(self, steps: int, one: int) -> None:
        self._go_on(self._to_a_release, steps, one)

    @rule(steps=st.integers(1, 8), one=ANY)
    def go_on_to_a_use(self, steps: int, one: int) -> None:
        self._go_on(self._to_a_use, steps, one)

    def _go_on(self, go: Callable[[int], None], steps: int, one: int) -> None:
        for _ in range(steps):
            go(one)
            self.what_the_database_says_is_what_the_book_says()

    def _to_a_launch(self, one: int) -> None:
        waits = [pk for pk in self.of("run") if pk != self.begun.run.pk and not self.book.launched(pk)]
        if not waits:
            return self.prepare("ada", one, 0, True)
        thing = self.book.things[waits[-1]]
        assert thing.plan is not None
        if not self._brought((self.base, *thing.data, thing.plan, waits[-1]), one):
            self.launch("ada", self.of("run").index(waits[-1]))
        return None

    def _to_a_release(self, one: int) -> None:
        live = [pk for pk in self.of("release") if not self.book.things[pk].over]
        if not live:
            return self.propose("ada")
        run = self.begun.run.pk
        if self.book.things[live[-1]].released:
            return None
        if not self._brought((self.base, *self.book.things[run].data, run, self.begun.frozen.pk, live[-1]), one):
            self.release("rita", self.of("release").index(live[-1]))
        return None

    def _to_a_use(self, one: int) -> None:
        live = [pk for pk in self.of("release") if self.book.things[pk].released and not self.book.things[pk].over]
        if not live:
            return self._to_a_release(one)
        idle = [
            pk for pk in self.of("deployment") if not self.book.things[pk].released and not self.book.things[pk].over
        ]
        if not idle:
            return self.plan_a_deployment("ada", self.of("release").index(live[-1]))
        run = self.begun.run.pk
        rests_on = self.base, *self.book.things[run].data, run, self.begun.frozen.pk, live[-1]
        if not self._brought((*rests_on, idle[-1]), one):
            self.take_into_use("ada", self.of("deployment").index(idle[-1]))
        return None

    def _brought(self, things: Iterable[UUID], one: int) -> bool:
        """Have the first of them that is asked about, and does not stand, asked about or approved; False where all of
        them stand."""
        for pk in things:
            if self.book.asks(pk) and not self.book.stands(pk):
                waiting = [asked for asked in self.waiting() if self.book.asked[asked].subject == pk]
                if waiting:
                    self._approve(waiting[-1], one)
                else:
                    self._ask("ada", pk)
                return True
        return False

    # what must hold after each step

    @invariant()
    def what_the_database_says_is_what_the_book_says(self) -> None:
        """Requests after each change; what stands after each that could take something away, and now and then."""
        if self.changed:
            self._every_request_is_where_the_book_has_it()
            self.unseen += 1
            if self.act not in ADDING or self.unseen > 4:
                self._exactly_what_must_stand_stands()
                self.unseen = 0
            self.changed = False

    def _every_request_is_where_the_book_has_it(self) -> None:
        found = {each.pk: each.state_now.value for each in ApprovalRequest.objects.all()}
        assert found == {pk: self.book.state(asked) for pk, asked in self.book.asked.items()}

    def _exactly_what_must_stand_stands(self) -> None:
        """And nobody who made it is among those who approved it."""
        by_kind: dict[str, list[UUID]] = defaultdict(list)
        for pk in {asked.subject for asked in self.book.asked.values()}:
            by_kind[self.book.things[pk].kind].append(pk)
        for kind, pks in by_kind.items():
            known = NAMED[kind].objects.filter(pk__in=pks)
            for pk, answer in selectors.standings(known, self.project).items():
                assert answer.granted == self.book.stands(pk), (kind, pk, answer.why)
                if answer.granted:
                    approved = {each.by_id for each in answer.decisions if each.verdict == "approve"}
                    made = {person for person, act in self.book.acts(pk) if act == "made"}
                    assert not approved & made, "nobody makes and approves"


def take_steps(examples: int, steps: int, *, seed: int | None = None) -> tuple[Counter[str], Counter[str]]:
    """Run the machine over so many examples of so many steps. Returns what was tried and what was done, with counts."""
    Workflow.begun, Workflow.fired, Workflow.done = start(), Counter(), Counter()
    machine = Workflow if seed is None else hypothesis.seed(seed)(Workflow)
    run_state_machine_as_test(
        machine,
        settings=hypothesis.settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, database=None, derandomize=seed is None,
            suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate],
            report_multiple_bugs=False,
        ),
    )  # fmt: skip
    return Workflow.fired, Workflow.done
