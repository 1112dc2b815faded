"""The demo's story, step by step: every act goes through the services that the pages use, done by the person
whose act it is, with their password where they sign; the work is done by a real worker."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from django.utils import timezone

from assay.demo.cast import PASSWORD, Stage, material
from governance.delivery.deployments import services as deployments
from governance.delivery.deployments.models import Deployment
from governance.delivery.evidence import services as evidence
from governance.delivery.evidence.models import Bundle
from governance.delivery.releases import services as releases
from governance.delivery.releases.models import Release
from governance.delivery.releases.rules import State as ReleaseState
from governance.documents.dossiers import services as dossiers
from governance.documents.dossiers.models import DossierVersion
from governance.documents.renderings import services as renderings
from governance.documents.renderings.documents import DOSSIER, EVALUATION_REPORT
from governance.documents.renderings.models import Rendering
from governance.documents.renderings.rules import State as RenderingState
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import digest_of_file
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import ENDED
from governance.materials.annotations import services as annotations
from governance.materials.annotations.rules import Asked, Type
from governance.materials.base_models import services as base_models
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import Dataset, DatasetVersion
from governance.materials.scans import selectors as scans
from governance.materials.scans import services as scan_services
from governance.materials.scans.rules import Holds
from governance.people.approvals import reauthentication
from governance.people.approvals import services as approvals
from governance.people.approvals.models import ApprovalRequest, Decision
from governance.people.approvals.rules import Verdict
from governance.people.approvals.selectors import standing
from governance.people.engagements import exchange
from governance.people.engagements import services as engagements
from governance.people.notifications import services as notifications
from governance.people.projects import selectors as projects
from governance.people.projects import services as project_services
from governance.people.waivers import selectors as waivers
from governance.people.waivers import services as waiver_services
from governance.people.waivers.rules import LONGEST
from governance.work.evaluation_plans import measures
from governance.work.evaluation_plans import services as evaluation_plans
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.evaluations import selectors as evaluations
from governance.work.evaluations.models import Evaluation
from governance.work.runs import services as runs
from governance.work.runs.models import Run

# How somebody in the project's situation would answer; "unknown" would keep the outcome open.
ANSWERS_REASON = (
    "The drafts are read by a person before they are sent; nothing is decided about anybody. The base model's own "
    "compute is far below the figure from which generality is presumed; it is treated as general-purpose all the "
    "same, the cautious choice. The tuning adds a manner of writing, not a capability. It writes text for the "
    "desk's staff, so the questions on transparency are answered with yes. Nobody uses this demonstration."
)
WAIVER_REASON = (
    "Which model wrote the rows was not recorded, so whether its terms bind what learns from them is not known. The "
    "drafts stay inside the bank, and the rows can be written anew by a model that is registered."
)

AUDITORS_QUESTIONS = (
    "Show me where the training data came from, and who approved it.",
    "Show me how the limits of the evaluation were chosen before the first run.",
)
AUDITORS_ANSWER = "The version's page has its provenance record, its licence and, under Approvals, the signed decision."


class StoryStopped(Exception):
    """A step did not come out as the story needs; says which, and where to look."""


@dataclass
class Story:
    """What happens, in order; `say` tells a person, `steps` keeps the seconds."""

    stage: Stage
    base_folder: str
    base_facts: dict[str, Any]
    training: dict[str, Any]
    say: Callable[[str], None]
    alive: Callable[[], None]
    steps: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def step(self, name: str, act: Callable[[], Any]) -> Any:
        """Do `act`, and keep how long it took."""
        began = time.monotonic()
        result = act()
        seconds = round(time.monotonic() - began, 1)
        self.steps.append({"name": name, "seconds": seconds})
        self.say(f"  {seconds:6.1f} s  {name}")
        return result

    # materials

    def register_base_model(self) -> BaseModel:
        ada = self.stage["ada"]
        found = BaseModel.objects.filter(organisation=self.stage.organisation, folder=self.base_folder).first()
        if found is None:
            found = base_models.register(
                actor=ada, project_id=self.stage.project.pk, folder=self.base_folder, **self.base_facts
            )
        self.approve(found, asker=ada, decider=self.stage["ben"], reason="Read its licence and its card.")
        return found

    def register_data(self, name: str = "Support desk", rows: int | None = None) -> DatasetVersion:
        """The dataset's version; with `rows`, a cut of the first so many."""
        ada, project = self.stage["ada"], self.stage.project
        dataset = Dataset.objects.filter(project=project, name=name).first() or datasets.create(
            actor=ada, project_id=project.pk, name=name, description="Questions to a bank's support desk, with answers."
        )
        with as_file(files("assay.demo") / "bank_support.jsonl") as path:
            source = path if rows is None else self._cut(path, rows)
            # By its bytes: an earlier telling left a version of a cut behind, which still waits for a decision.
            found = dataset.versions.filter(file_sha256=digest_of_file(source)[0]).first()
            return found or datasets.register_version(
                actor=ada,
                dataset_id=dataset.pk,
                path=source,
                file_name="bank_support.jsonl",
                licence="CC0-1.0",
                provenance=material("provenance.json"),
                licence_told=[{"where": "bank_support_policy.md", "says": "CC0-1.0"}],
            )

    def _cut(self, path: Path, rows: int) -> Path:
        from django.conf import settings

        target = Path(settings.VAR_DIR) / "demo-cut.jsonl"
        with path.open(encoding="utf-8") as source, target.open("w", encoding="utf-8") as out:
            out.writelines(line for _, line in zip(range(rows), source, strict=False))
        return target

    def answer_for_personal_data(self, data: DatasetVersion) -> None:
        """Paula says whether there are special categories in the rows: no scan can tell."""
        if scans.answer(data) is None:
            reason = "Read in full: accounts, cards and fees; no row speaks of health, belief, origin or the like."
            scan_services.answer(actor=self.stage["paula"], version_id=data.pk, holds=Holds.NO, reason=reason)

    def approve_data(self, data: DatasetVersion) -> Decision:
        reason = "Written for this demonstration, no person in it, CC0."
        return self.approve(data, asker=self.stage["ada"], decider=self.stage["ben"], reason=reason)

    def waive_the_writer(self, data: DatasetVersion) -> None:
        """Nobody wrote down which model wrote the rows, so its terms are not known: Ada asks Rita to accept that."""
        project, ada = self.stage.project, self.stage["ada"]
        for found in waivers.waivable(project, data):
            if found.waivable.purpose == project.use and found.waivable.about:
                asked = waiver_services.ask(
                    actor=ada, project_id=project.pk, kind=data.kind, subject_id=data.pk, reason=WAIVER_REASON,
                    expires_on=timezone.localdate() + LONGEST, **asdict(found.waivable),
                )  # fmt: skip
                request = ApprovalRequest.objects.get(subject_id=asked.pk)
                self.decide(request, self.stage["rita"], "For drafts inside the bank, for a year.")

    def write_plan(self) -> EvaluationPlan:
        """The demo's plan; told again by a newer version whose suites are others, a copy of it, which pins those."""
        given, project, ada = material("evaluation_plan.json"), self.stage.project, self.stage["ada"]
        of_the_demo = EvaluationPlan.objects.filter(project=project, name__startswith=given["name"])
        found = of_the_demo.order_by("-created_at").first()
        if found is None:
            return evaluation_plans.write(actor=ada, project_id=project.pk, **given)
        return found if _measurable(found) else evaluation_plans.copy(actor=ada, plan_id=found.pk)

    def classify(self) -> None:
        if projects.classification(self.stage.project.pk) is None:
            project_services.classify(
                actor=self.stage["rita"],
                project_id=self.stage.project.pk,
                answers=material("questionnaire.json"),
                reason=ANSWERS_REASON,
            )

    # the run

    def prepare(self, base: BaseModel, data: DatasetVersion, plan: EvaluationPlan, **changed: Any) -> Run:
        training = {**self.training, **changed.get("training", {})}
        run = runs.prepare(
            actor=self.stage["ada"],
            project_id=self.stage.project.pk,
            base_model_id=base.pk,
            data=[data.pk],
            evaluation_plan_id=plan.pk,
            training=training,
            budget={"max_minutes": 30},
            title=changed.get("title", "Short answers in the desk's tone"),
        )
        request = runs.submit(actor=self.stage["ada"], run_id=run.pk)
        self.decide(request, self.stage["rita"], reason="Small run, harmless data, limits fixed before it.")
        return runs.launch(actor=self.stage["ada"], run_id=run.pk)

    def wait_for_run(self, run: Run) -> Run:
        self._wait(lambda: self._job("train", run.pk), f"training {run}")
        run.refresh_from_db()
        return run

    def wait_for_evaluation(self, run: Run) -> Evaluation:
        evaluation = Evaluation.objects.filter(model_version__run=run).latest("created_at")
        self._wait(lambda: self._job("evaluate", evaluation.pk), "evaluating base and candidate")
        found = evaluations.latest(evaluation.model_version)
        if found is None:
            evaluation.refresh_from_db()
            raise StoryStopped(f"The evaluation ended as {evaluation.state}: {evaluation.error}")
        return found

    def wait_for_scan(self, data: DatasetVersion) -> None:
        """Every version is scanned when it is registered; one of before there were scans, now."""
        if not data.scans.exists():
            scan_services.ask(actor=self.stage["paula"], version_id=data.pk)
        self._wait(lambda: self._job("scan", data.scans.latest("created_at").pk), f"looking through {data}")

    # documents and release

    def complete_dossier(self, run: Run) -> DossierVersion:
        """Ada and Ben complete the declared text; Ada freezes the dossier."""
        dossier = run.model_version.dossier
        for entry in material("declared.json"):
            dossiers.declare(
                actor=self.stage[entry["by"]], dossier_id=dossier.pk, prompt=entry["prompt_id"], text=entry["text"]
            )
        for fact, value in material("cast.json")["projects"][0]["facts"].items():
            dossiers.state_fact(actor=self.stage["ada"], dossier_id=dossier.pk, fact=fact, value=value)
        return dossiers.freeze(actor=self.stage["ada"], dossier_id=dossier.pk)

    def sign_dossier(self, frozen: DossierVersion) -> Decision:
        reason = "Read point by point; the gaps are stated, and none of them is a duty for this outcome."
        return self.approve(frozen, asker=self.stage["ada"], decider=self.stage["cleo"], reason=reason)

    def release(self, frozen: DossierVersion) -> Release:
        """Proposed by Ada; Rita signs and releases, if every gate is open. Nobody forces one."""
        release = releases.propose(actor=self.stage["ada"], dossier_version_id=frozen.pk)
        request = ApprovalRequest.objects.get(subject_kind="release", subject_id=release.pk)
        shut = (release.evaluation.report or {})["gate"]["because"]
        if shut:
            self.say("           not released: " + "; ".join(shut))
            return release
        self.decide(request, self.stage["rita"], reason="For the demonstration only.")
        return releases.release(actor=self.stage["rita"], release_id=release.pk)

    def deploy(self, release: Release) -> list[Deployment]:
        """Planned by Ada at two desks; the first is taken into use, if the model was let go."""
        ada = self.stage["ada"]
        planned = [
            deployments.plan(actor=ada, release_id=release.pk, **described)
            for described in material("deployments.json")
        ]
        if release.state == ReleaseState.RELEASED:
            planned[0] = deployments.begin(actor=ada, deployment_id=planned[0].pk)
        return planned

    def render(self, evaluation: Evaluation, frozen: DossierVersion) -> dict[str, Rendering]:
        """The PDFs, made by the worker from the frozen documents."""
        cleo = self.stage["cleo"]
        asked = {
            "dossier.pdf": renderings.ask(actor=cleo, kind=DOSSIER, document_id=frozen.pk),
            "evaluation-report.pdf": renderings.ask(actor=cleo, kind=EVALUATION_REPORT, document_id=evaluation.pk),
        }
        for name, rendering in asked.items():
            if rendering.state != RenderingState.READY:
                self._wait(partial(self._job, "render", rendering.pk), f"making {name}")
            rendering.refresh_from_db()
            if rendering.state != RenderingState.READY:
                raise StoryStopped(f"{name} was not made: {(rendering.error or {}).get('message')} Run the demo again.")
        return asked

    def export_evidence(self, frozen: DossierVersion) -> Bundle:
        return evidence.export(actor=self.stage["cleo"], dossier_version_id=frozen.pk)

    # what else a newcomer finds

    def leave_more(self, base: BaseModel, data: DatasetVersion, plan: EvaluationPlan) -> None:
        """A run whose rows are all cut before an answer begins, a newer cut of the data that waits for Ben, and rows
        that wait for a review."""
        too_short = {"hyperparameters": {**self.training["hyperparameters"], "max_length": 16}}
        run = self.prepare(base, data, plan, training=too_short, title="Sixteen tokens a row: too few for an answer")
        self.wait_for_run(run)
        version = self.register_data(rows=200)
        if not standing(version).granted and standing(version).request is None:
            approvals.ask(
                actor=self.stage["ada"],
                subject=version,
                project_id=self.stage.project.pk,
                note="A shorter cut, to see how little data is enough.",
            )

        self.ask_for_review(data)
        self.hold_audit(data)

    def ask_for_review(self, data: DatasetVersion) -> None:
        """Rows that wait for Rita and Cleo: whoever signs in as one of them can answer."""
        if not data.annotation_tasks.exists():
            question = "Would you send this answer to a customer as it stands?"
            asked = Asked(Type.REVIEW, ("rita", "cleo"), question, rows=20)
            annotations.ask(actor=self.stage["ada"], version_id=data.pk, asked=asked)

    def hold_audit(self, data: DatasetVersion) -> None:
        """An audit by Omar: one request is answered, one waits for Ben."""
        if self.stage.project.engagements.exists():
            return
        omar, today = self.stage["omar"], timezone.localdate()
        engagement = engagements.plan(
            actor=self.stage["cleo"],
            organisation_id=self.stage.organisation.pk,
            project_ids=[self.stage.project.pk],
            title="Internal audit of the support assistant",
            purpose="Whether what the documents say of data and approvals can be shown.",
            auditors=["omar"],
            access_from=today,
            access_until=today + timedelta(days=60),
        )
        engagements.lay_open(actor=self.stage["cleo"], engagement_id=engagement.pk)
        due = today + timedelta(days=14)
        for text in AUDITORS_QUESTIONS:
            exchange.ask(actor=omar, engagement_id=engagement.pk, text=text, due=due)
        first = engagement.requests.get(number=1)
        shown = [(data.kind, str(data.pk))]
        exchange.answer(actor=self.stage["ben"], request_id=first.pk, text=AUDITORS_ANSWER, records=shown)

    # signing

    def approve(self, subject: Any, *, asker: Actor, decider: Actor, reason: str) -> Decision:
        answer = standing(subject, self.stage.project.pk)
        if answer.granted:
            return answer.decisions[-1]
        request = approvals.ask(actor=asker, subject=subject, project_id=self.stage.project.pk)
        return self.decide(request, decider, reason)

    def decide(self, request: ApprovalRequest, decider: Actor, reason: str) -> Decision:
        """Who decides has the request and its record before them: home tells them what happened to it since."""
        for kind, pk in ((request.kind, request.pk), (request.subject_kind, request.subject_id)):
            notifications.look(actor=decider, kind=kind, subject_id=pk)
        proof = reauthentication.by_password(
            actor=decider, password=PASSWORD, subject_digest=request.subject_digest, verdict=Verdict.APPROVE
        )
        decision = approvals.decide(
            actor=decider, request_id=request.pk, verdict=Verdict.APPROVE, reason=reason, proof=proof
        )
        self.decisions.append(decision)
        return decision

    # waiting

    def _job(self, task: str, subject_id: Any) -> Job:
        return Job.objects.filter(task=task, subject_id=subject_id).latest("created_at")

    def _wait(self, look: Callable[[], Job], what: str, limit_seconds: float = 3600) -> Job:
        """Watch a job to its end, telling its progress as it changes."""
        began, told = time.monotonic(), 0.0
        while time.monotonic() - began < limit_seconds:
            job = look()
            if job.state in ENDED:
                return job
            self.alive()
            if time.monotonic() - told > 10:
                told = time.monotonic()
                self.say(f"           {what}: {_progress(job)}")
            time.sleep(0.5)
        raise StoryStopped(f"{what} took longer than {limit_seconds / 60:.0f} minutes.")


def _measurable(plan: EvaluationPlan) -> bool:
    """Whether every suite that the plan pinned is still the one that is measured."""
    known = measures.known()
    suites = {name: measure.suite for name, measure in known.items() if measure.suite}
    pinned = {task["name"]: task["sha256"] for task in plan.tasks if task.get("sha256")}
    return all(name in suites and suites[name].sha256 == sha256 for name, sha256 in pinned.items())


def _progress(job: Job) -> str:
    shown = job.progress or {}
    if not shown.get("of"):
        return job.state
    left = shown.get("seconds_left")
    return f"{shown['done']} of {shown['of']}" + (f", {left:.0f} s left" if left is not None else "")
