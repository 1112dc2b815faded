"""Where every example begins, and what people make: data, thresholds, run plans."""

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from governance.documents.dossiers import services as dossiers
from governance.documents.dossiers.models import DossierVersion
from governance.foundation.audit.verification import verify
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Refusal
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import Dataset, DatasetVersion
from governance.people.approvals import reauthentication
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import Verdict
from governance.people.projects import services as projects
from governance.people.projects.rules import Role
from governance.work.evaluation_plans import services as evaluation_plans
from governance.work.runs import services as runs
from governance.work.runs.folders import run_folder
from governance.work.runs.models import Run
from tests import factories
from tests.people import PASSWORD, House, house
from tests.workflow.book import ENGINEER, OFFICER, OWNER, RISK, STEWARD, Asked, Book, Thing, Vote

# Roles on top of each one's own, so that makers could decide, were they not barred.
ROLES = {
    "ada": {ENGINEER, RISK, STEWARD}, "ben": {STEWARD, ENGINEER}, "rita": {RISK, ENGINEER}, "cleo": {OFFICER, STEWARD},
    "admin": {OWNER, OFFICER}, "paula": {"data_protection_officer", RISK},
}  # fmt: skip
PEOPLE = st.sampled_from(sorted(ROLES))
ANY = st.integers(0, 10**6)  # one of however many there are
MOST = 5  # things of a kind


def parts_of(version: DatasetVersion) -> dict[str, Any]:
    """What a version is, in the three parts that a step may review alone."""
    rows = {"dataset": version.dataset_id, "number": version.number, "sha256": version.file_sha256}
    return {"rows": rows, "licence": version.licence, "provenance": dict(version.provenance)}


@dataclass(frozen=True)
class Start:
    """Where every example begins: a finished run whose data was looked through, and a dossier that nobody signed."""

    home: House
    base: UUID
    run: Run
    frozen: DossierVersion
    amiss: list[str]  # what the trail of this database has against it before a step is taken


def start() -> Start:
    home = house()
    for name, roles in ROLES.items():
        for role in roles - {OWNER}:
            if not home.project.members.filter(user=home.people[name].user_id, role=role).exists():
                projects.appoint(actor=home.admin, project_id=home.project.pk, username=name, role=Role(role))
    factories.looked_through(home, factories.dataset_version(home))
    finished = factories.finished_run(home)
    frozen = dossiers.freeze(actor=home.ada, dossier_id=finished.model_version.dossier.pk)
    return Start(home, factories.base_model(home).pk, finished, frozen, verify().faults)


class Making(RuleBasedStateMachine):
    """One example is a savepoint of its own, taken back at its end."""

    begun: Start  # set by whoever runs it
    fired: Counter[str] = Counter()
    done: Counter[str] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(runs, "estimate", lambda run: {"reason": "Not estimated here."})
        self.patch.setattr(timezone, "datetime", self._clock())  # what `timezone.now` asks, wherever it is kept
        self.home, self.base = self.begun.home, self.begun.base
        self.project = self.home.project.pk
        self.numbers = itertools.count(1)
        self.act, self.changed, self.unseen = "", True, 0  # what was done last; changes since all was looked at
        self.book = Book({self.who(name).person_id: set(roles) for name, roles in ROLES.items()})
        self._enter_what_there_is()

    def _enter_what_there_is(self) -> None:
        """Ada made all of it, Ben approved base model and data, Rita the run plan."""
        book, run, ada = self.book, self.begun.run, self.who("ada").person_id
        (version,) = run.data()
        plan = run.evaluation_plan
        assert plan is not None
        book.plans[plan.pk] = (0, True, [ada])
        book.pinned.add(plan.pk)
        book.things[plan.pk] = Thing("evaluation_plan", {}, [])
        self.plans = [plan.pk]
        made = [(ada, "made")]
        book.things[self.base] = Thing("base_model", {"all": 0}, made)
        book.things[version.pk] = Thing("dataset_version", parts_of(version), made)
        training = {"training": (run.pk, None), "budget": None}
        launched = [(ada, "made"), (ada, "launched")]
        book.things[run.pk] = Thing("run", training, launched, data=(version.pk,), plan=plan.pk)
        book.reference = run.pk
        # Rita answered the questionnaire, Admin described the project, and Ada registered the base model.
        wrote = [*made, (self.who("rita").person_id, "classified"), (self.who("admin").person_id, "described")]
        book.things[self.begun.frozen.pk] = Thing("dossier", {"all": 0}, wrote, behind=run.pk)
        for subject, name in ((self.base, "ben"), (version.pk, "ben"), (run.pk, "rita")):
            asked = ApprovalRequest.objects.get(subject_id=subject)
            old = Asked(subject, book.parts(subject), book.terms[asked.subject_kind], ada, "granted")
            step = old.terms.steps[0].name
            old.votes = [Vote(self.who(name).person_id, step, "approve", None, 0, old.parts)]
            book.asked[asked.pk] = old

    def _clock(self) -> type[datetime]:
        machine = self

        class Clock(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Any:
                return datetime.now(tz) + timedelta(days=machine.book.day)

        return Clock

    def teardown(self) -> None:
        try:
            assert [fault for fault in verify().faults if fault not in self.begun.amiss] == []
        finally:
            self.patch.undo()
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def who(self, name: str) -> Actor:
        return self.home.people[name]

    def does(self, act: str, tried: Callable[[], Any]) -> Any:
        """What an act gave, or its refusal, which leaves nothing behind: there is nothing new to look at then."""
        self.fired[act] += 1
        self.act, self.changed = act, False
        try:
            with transaction.atomic():
                found = tried()
        except Refusal as refusal:
            return refusal
        self.done[act] += 1
        self.changed = True
        return found

    def of(self, kind: str) -> list[UUID]:
        return [pk for pk, thing in self.book.things.items() if thing.kind == kind]

    def one(self, known: list[Any], number: int) -> Any:
        return known[number % len(known)]

    def sign(self, name: str, digest: str, verdict: Verdict = Verdict.APPROVE) -> str:
        return reauthentication.by_password(
            actor=self.who(name), password=PASSWORD, subject_digest=digest, verdict=verdict
        )

    def note(self, asked: Any, name: str) -> None:
        """Enter a question that was asked just now; one that is known was given back as it stands."""
        if not isinstance(asked, Refusal) and asked.pk not in self.book.asked:
            self.book.ask(asked.pk, asked.subject_id, self.who(name).person_id)

    # what people make

    @rule(name=PEOPLE, one=ANY, licence=st.sampled_from(["CC0-1.0", "CC-BY-NC-4.0"]), source=st.integers(1, 2))
    @precondition(lambda self: len(self.of("dataset_version")) < MOST)
    def register_data(self, name: str, one: int, licence: str, source: int) -> None:
        """Other data, or a later version of some: new rows, and perhaps the licence and the origin of the last."""
        own = [pk for pk in self.of("dataset_version") if pk != self.book.first and not self.book.things[pk].rows]
        after = self.one([*own, None], one)
        number = next(self.numbers)

        def act() -> DatasetVersion:
            if after is None:
                dataset = datasets.create(actor=self.who(name), project_id=self.project, name=f"Rows {number}")
            else:
                dataset = Dataset.objects.get(versions=after)
            rows = range(1000 * number, 1000 * number + 4)
            return self._version(name, dataset.pk, rows, licence, f"Source {source}.")

        version = self.does("register data", act)
        if not isinstance(version, Refusal):
            earlier = version.dataset.versions.exclude(pk=version.pk).values_list("pk", flat=True)
            self._enter_version(version, name, line=tuple(earlier))

    @rule(name=PEOPLE, more=st.sampled_from([3, 20, 21]), source=st.sampled_from(["", "", "Somewhere else."]))
    @precondition(lambda self: len(self.of("dataset_version")) < MOST)
    def register_more_rows(self, name: str, more: int, source: str) -> None:
        """The reference's data with some rows more, looked through for personal data."""
        number = next(self.numbers)

        def act() -> DatasetVersion:
            dataset = Dataset.objects.get(versions=self.book.first)
            rows = [*range(77), *range(1000 * number, 1000 * number + more)]
            made = self._version(name, dataset.pk, rows, "CC0-1.0", source or factories.PROVENANCE["source"])
            return factories.looked_through(self.home, made)

        version = self.does("register more rows", act)
        if not isinstance(version, Refusal):
            earlier = version.dataset.versions.exclude(pk=version.pk).values_list("pk", flat=True)
            self._enter_version(version, name, line=tuple(earlier), rows=more)

    def _version(self, name: str, dataset: UUID, rows: Any, licence: str, source: str) -> DatasetVersion:
        path = run_folder(self.project) / f"rows-{rows[-1]}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(map(factories.row, rows)), encoding="utf-8")
        return datasets.register_version(
            actor=self.who(name), dataset_id=dataset, path=path, file_name=path.name, licence=licence,
            provenance=factories.PROVENANCE | {"source": source},
        )  # fmt: skip

    def _enter_version(self, version: DatasetVersion, name: str, **known: Any) -> None:
        made = [(self.who(name).person_id, "made")]
        self.book.things[version.pk] = Thing("dataset_version", parts_of(version), made, **known)

    @rule(one=ANY, field=st.sampled_from(["licence", "source"]))
    def change_data_behind_everybody(self, one: int, field: str) -> None:
        """A record that is not what it was takes its own approval away, and that of what trains on it."""
        known = [pk for pk in self.of("dataset_version") if pk != self.book.first]
        if not known:
            return
        version = DatasetVersion.objects.get(pk=self.one(known, one))
        if field == "licence":
            version.licence = "MIT" if version.licence != "MIT" else "CC0-1.0"
        else:
            version.provenance["source"] = f"Source {next(self.numbers) + 10}."
        DatasetVersion.objects.filter(pk=version.pk).update(licence=version.licence, provenance=version.provenance)
        self.does("change data behind everybody", lambda: None)
        self.book.things[version.pk].parts = parts_of(version)

    @rule(name=PEOPLE)
    @precondition(lambda self: len(self.plans) < MOST)
    def write_thresholds(self, name: str) -> None:
        plan = self.does("write thresholds", lambda: evaluation_plans.write(
            actor=self.who(name), project_id=self.project, name=f"Plan {next(self.numbers)}", tasks=factories.TASKS,
            thresholds=factories.THRESHOLDS,
        ))  # fmt: skip
        if not isinstance(plan, Refusal):
            self.plans.append(plan.pk)
            self.book.plans[plan.pk] = (0, False, [self.who(name).person_id])
            self.book.things[plan.pk] = Thing("evaluation_plan", {}, [])

    @rule(name=PEOPLE, one=ANY)
    def edit_thresholds(self, name: str, one: int) -> None:
        pk, number = self.one(self.plans, one), next(self.numbers)
        plan = self.does(
            "edit thresholds", lambda: evaluation_plans.revise(actor=self.who(name), plan_id=pk, seed=number)
        )
        edition, locked, authors = self.book.plans[pk]
        if not isinstance(plan, Refusal):
            assert not locked, "thresholds are fixed once a run was submitted under them"
            self.book.plans[pk] = (edition + 1, False, [*authors, self.who(name).person_id])
            self.book.pinned.discard(pk)
            self.book.changed(pk)

    @rule(name=PEOPLE, one=ANY, other=ANY, again=st.booleans())
    @precondition(lambda self: len(self.of("run")) < MOST)
    def prepare(self, name: str, one: int, other: int, again: bool) -> None:
        """A run: like the reference, or with other settings."""
        data, plan = self.one(self.of("dataset_version"), one), self.plans[0 if again else other % len(self.plans)]
        seed = None if again else next(self.numbers)
        run = self.does("prepare", lambda: runs.prepare(
            actor=self.who(name), project_id=self.project, base_model_id=self.base, data=[data],
            evaluation_plan_id=plan, training={} if seed is None else {"seed": seed},
        ))  # fmt: skip
        if not isinstance(run, Refusal):
            parts = {"training": (run.pk, seed), "budget": None}
            made = [(self.who(name).person_id, "made")]
            self.book.things[run.pk] = Thing("run", parts, made, data=(data,), plan=plan)

    @rule(name=PEOPLE, one=ANY, other=ANY, settings=st.booleans())
    def revise(self, name: str, one: int, other: int, settings: bool) -> None:
        """Other settings, or other data alone."""
        pk, data = self.one(self.of("run"), one), self.one(self.of("dataset_version"), other)
        thing, number = self.book.things[pk], next(self.numbers)
        seed = number if settings else thing.parts["training"][1]
        run = self.does("revise", lambda: runs.revise(
            actor=self.who(name), run_id=pk, base_model_id=self.base, data=[data], evaluation_plan_id=thing.plan,
            training={} if seed is None else {"seed": seed},
        ))  # fmt: skip
        if not isinstance(run, Refusal):
            thing.parts, thing.data = {**thing.parts, "training": (pk, seed)}, (data,)
            thing.acts.append((self.who(name).person_id, "made"))
            self.book.changed(pk)
