"""What must hold before a run may start. Each gate says where it stands, and what would open it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from governance.foundation.core.errors import Missing
from governance.law.licences import rules as licences
from governance.law.regulation import rules as regulation
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals.selectors import standing
from governance.people.policies import selectors as policies
from governance.people.projects import selectors as projects
from governance.people.projects.models import Classification, Project
from governance.people.waivers import selectors as waivers
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.runs.models import Run


class Light(StrEnum):
    GREEN = "green"  # open
    AMBER = "amber"  # open, but look
    RED = "red"  # shut


@dataclass(frozen=True)
class Gate:
    """One gate: `kind` and `id` name the record that the cure is about."""

    key: str
    label: str
    light: Light
    says: str
    cure: str = ""
    kind: str = ""
    id: str = ""

    def as_missing(self) -> Missing:
        return Missing(self.says, self.cure, self.kind, self.id)


def for_run(run: Run) -> list[Gate]:
    """Every gate of a run, the plan's own approval last."""
    gates = list(for_plan(run.project, run.base_model, run.data()))
    gates += [evaluation_plan(run), *limits(run.evaluation_plan)]
    answer = standing(run)
    gates.append(
        Gate(
            "approval",
            "Run plan approved",
            Light.GREEN if answer.granted else Light.RED,
            f"Approved by {answer.by}" if answer.granted else f"The run plan needs {' and '.join(answer.missing)}",
            answer.remark if answer.granted else answer.why,
            "run",
            str(run.pk),
        )
    )
    return gates


def for_plan(project: Project, base_model: BaseModel | None, data: Sequence[DatasetVersion]) -> Iterable[Gate]:
    """The gates that a plan can be shown before it is saved: materials, licence, classification."""
    if base_model is not None:
        yield _approved("base model", base_model, project)
    for version in data:
        yield _approved("data", version, project)
        if why := version.why_no_file:
            yield Gate(
                f"file:{version.pk}", "File there", Light.RED, why, "Choose other data.", version.kind, str(version.pk)
            )
    if base_model is not None and data:
        yield _licence(project, base_model, data)
    yield _classification(project)


def licence_verdict(project: Project, base_model: BaseModel, data: Sequence[DatasetVersion]) -> licences.Verdict:
    """The verdict over everything that goes in, for what the project wants to do with it."""
    return waivers.verdict(project, [base_model, *data])


def _approved(label: str, subject: BaseModel | DatasetVersion | EvaluationPlan, project: Project) -> Gate:
    answer = standing(subject, project.pk)
    return Gate(
        f"{subject.kind}:{subject.pk}",
        f"{label.capitalize()} approved",
        Light.GREEN if answer.granted else Light.RED,
        f"{subject} approved by {answer.by}" if answer.granted else f"{subject} needs {' and '.join(answer.missing)}",
        answer.remark if answer.granted else answer.why,
        subject.kind,
        str(subject.pk),
    )


def _licence(project: Project, base_model: BaseModel, data: Sequence[DatasetVersion]) -> Gate:
    verdict = licence_verdict(project, base_model, data)
    duties = sum(duty.due_now for duty in verdict.duties)
    says = f"Licences for {project.get_use_display()}: {verdict.words}"
    if verdict.outcome != "no-rule-against":
        says += f", decided by {verdict.deciding.input}: {verdict.deciding.because}"
    elif duties:
        says += f", {duties} {'duty' if duties == 1 else 'duties'} to carry"
    return Gate("licence", "Licences", licence_light(verdict), says, licence_cure(verdict), "project", str(project.pk))


def licence_light(verdict: licences.Verdict) -> Light:
    """Green where no rule speaks against the use, amber where somebody waived what one says, else red."""
    if verdict.outcome == "no-rule-against":
        return Light.GREEN
    return Light.AMBER if verdict.open else Light.RED


def licence_cure(verdict: licences.Verdict) -> str:
    if verdict.open:
        return ""
    row = next(row for row in verdict.per_input if row.name == verdict.deciding.input and not row.open)
    other = "Use other data or another base model, or change the project's use"
    if row.asks_choice:
        return f"Pick one of {', '.join(row.asks_choice)} on the page of {row.name}, and sign for it."
    return f"{other}, or ask for a waiver on the page of {row.name}." if row.waivable else f"{other}."


def _classification(project: Project) -> Gate:
    found = projects.classification(project.pk)
    if found is None:
        return Gate(
            "classification", "Questionnaire", Light.AMBER, "The AI Act questionnaire is not answered",
            "A run may start without it; no model is released without it.", "project", str(project.pk),
        )  # fmt: skip
    prohibited = found.outcome["risk_class"] == "prohibited"
    return Gate(
        "classification",
        "Questionnaire",
        Light.RED if prohibited else Light.GREEN,
        f"{class_words(found)}, signed by {found.decided_by_name}",
        "Article 5 forbids this practice; change the purpose." if prohibited else "",
        "project",
        str(project.pk),
    )


def class_words(found: Classification) -> str:
    """The risk class as the edition it was answered on spells it out."""
    name = found.outcome["risk_class"]
    return f"Classified: {regulation.edition(found.edition).names.get(name, name)}"


def evaluation_plan(run: Run) -> Gate:
    plan = run.evaluation_plan
    if plan is None:
        return Gate(
            "evaluation_plan", "Evaluation plan", Light.RED, "No evaluation plan is chosen",
            "Choose one: what is measured is fixed before the run.", "run", str(run.pk),
        )  # fmt: skip
    return Gate(
        "evaluation_plan", "Evaluation plan", Light.GREEN,
        f"{plan}: {len(plan.tasks)} tasks, {len(plan.thresholds)} thresholds", "", "evaluation_plan", str(plan.pk),
    )  # fmt: skip


def limits(plan: EvaluationPlan | None) -> Iterable[Gate]:
    """Whether what is measured and its limits are approved, where a policy asks for that."""
    if plan is not None and policies.asks_for(plan.kind, plan.project_id):
        yield _approved("evaluation plan", plan, plan.project)


def shut(gates: Iterable[Gate]) -> list[Missing]:
    return [gate.as_missing() for gate in gates if gate.light == Light.RED]
