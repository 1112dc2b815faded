"""Questions about runs."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.foundation.jobs import selectors as jobs
from governance.foundation.jobs.models import Job
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals import subjects
from governance.people.approvals.subjects import Fact
from governance.people.policies.kinds import Act, Touch, touches
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.runs import gates
from governance.work.runs.models import Run, RunData, RunEvent
from governance.work.runs.rules import State


def visible_to(actor: Actor) -> QuerySet[Run]:
    return Run.objects.filter(projects.within(actor)).select_related(
        "project__organisation", "base_model", "evaluation_plan"
    )


def visible(actor: Actor, run_id: UUID) -> Run:
    return one_of(visible_to(actor), run_id)


def job(run: Run) -> Job | None:
    return jobs.latest(run, "train")


def jobs_of(runs: Iterable[Run]) -> dict[UUID, Job]:
    """The live job of each run that has one, in one query."""
    return {job.subject_id: job for job in jobs.live_on([run.pk for run in runs], "train")}


def events(run: Run, after: int = 0) -> QuerySet[RunEvent]:
    """Its events in order, those after number `after`."""
    return RunEvent.objects.filter(run=run, seq__gt=after)


def last_events(run: Run, count: int) -> list[RunEvent]:
    """The last `count` of its events, in order."""
    return list(RunEvent.objects.filter(run=run).order_by("-seq")[:count])[::-1]


ESTIMATED = ("time", "memory", "energy", "cost")


def summary(run: Run, project: Project) -> Iterable[Fact]:
    """What a decider needs to know: what is trained on what and how, what it takes, and what else stands in the way."""
    yield Fact("Base model", str(run.base_model), run.base_model.licence)
    for link in run.links():
        yield Fact(f"Data for {link.get_role_display()}", f"{link.named}, {link.rows:,} rows", _told_of(link))
    held_out = run.training["data"]["validation_fraction"]
    if held_out:
        yield Fact("Held out", f"{100 * held_out:g} % of the rows")
    yield Fact("Method", _method(run.training["method"]))
    yield from _amount(run)
    if run.budget.get("max_minutes"):
        yield Fact("Budget", f"at most {run.budget['max_minutes']:,} minutes")
    if run.budget.get("max_kwh"):
        limit = f"at most {run.budget['max_kwh']:g} kWh"
        yield Fact("Energy budget", limit, "Where its energy cannot be measured, the run does not begin.")
    plan = run.evaluation_plan
    measured = f"{plan}: {len(plan.tasks)} tasks, {len(plan.thresholds)} limits" if plan else "no plan is chosen"
    yield Fact("Evaluation", measured, plan.rationale if plan else "", warns=plan is None)
    yield Fact("Prepared by", run.created_by_name)
    if run.state == State.SUBMITTED:
        yield _gates(run)


def touched(run_ids: Collection[UUID]) -> dict[UUID, list[Touch]]:
    """Who made the data of these runs: as its versions say, and the nouns that rest on them."""
    links = RunData.objects.filter(run__in=run_ids).values_list("run", "dataset_version")
    versions = subjects.load_all(DatasetVersion.kind, {version for _, version in links})
    made = subjects.touched_all(list(versions.values()))
    found: dict[UUID, list[Touch]] = {pk: [] for pk in run_ids}
    for run, version in links:
        found[run] += [Touch(each.person, Act.EDITED_DATA, _did(each)) for each in made[version]]
    return found


def would_touch(actor: Actor, plan: EvaluationPlan | None, data: Collection[DatasetVersion]) -> list[Touch]:
    """What people would have done to a run plan that `actor` is about to save with these."""
    thresholds = plan.touched_by() if plan else []
    made = subjects.touched_all(data) if data else {}
    return [
        *touches((actor.user_id, Act.MADE, "prepares the run plan")),
        *(Touch(each.person, Act.WROTE_THRESHOLDS, "wrote the run's thresholds") for each in thresholds),
        *(Touch(each.person, Act.EDITED_DATA, _did(each)) for acts in made.values() for each in acts),
    ]


def _did(touch: Touch) -> str:
    return "registered the data" if touch.act == Act.MADE else touch.did


def _told_of(link: RunData) -> str:
    """The licence, and what of the data the run leaves aside."""
    version = link.dataset_version
    return version.licence if link.split is None else f"{version.licence}; the whole has {version.rows:,} rows"


def _method(method: dict[str, Any]) -> str:
    if method["name"] != "lora":
        return "full fine-tuning: every weight changes"
    dropout = f", dropout {method['dropout']:g}" if method["dropout"] else ""
    return f"LoRA, rank {method['r']}, alpha {method['alpha']:g}{dropout}"


def _amount(run: Run) -> Iterable[Fact]:
    """How long it trains and what that takes, from the estimate that is kept with the plan."""
    estimate: dict[str, Any] = run.estimate or {}
    rows = {row["name"]: row for row in estimate.get("rows", [])}
    asked = run.training["hyperparameters"]
    limit = f", at most {asked['max_steps']:,} steps" if asked["max_steps"] else ""
    yield Fact("Steps", rows["work"]["value"] if "work" in rows else f"epochs: {asked['epochs']}{limit}")
    if reason := estimate.get("reason"):
        yield Fact("Estimate", "none could be made", reason, warns=True)
    for row in (rows[name] for name in ESTIMATED if name in rows and rows[name]["value"]):
        yield Fact(f"{row['label']}, estimated", row["value"])


def _gates(run: Run) -> Fact:
    """Where the gates stand beside this approval itself."""
    others = [gate for gate in gates.for_run(run) if gate.key != "approval"]
    counts = Counter(gate.light for gate in others)
    says = f"{counts[gates.Light.GREEN] + counts[gates.Light.AMBER]} of {len(others)} others open"
    look = [gate for gate in others if gate.light != gates.Light.GREEN]
    return Fact("Gates", says, "; ".join(gate.says for gate in look), warns=bool(look))


@dataclass(frozen=True)
class Curves:
    """What the pictures are drawn from: (step, value) pairs, a step's last report counting.

    A run taken up again from a checkpoint reports some steps twice; the later line is what happened.
    """

    steps: int | None
    done: int
    epoch: float | None  # how many times the rows were gone through by then
    seconds_left: float | None
    train_loss: list[tuple[int, float]]
    validation_loss: list[tuple[int, float]]
    learning_rate: list[tuple[int, float]]
    tokens_per_second: list[tuple[int, float]]
    memory_bytes: list[tuple[int, float]]  # resident memory of the trainer
    validation_rows: int | None


SERIES = {
    "loss": "train_loss",
    "validation_loss": "validation_loss",
    "learning_rate": "learning_rate",
    "tokens_per_second": "tokens_per_second",
    "rss_bytes": "memory_bytes",
}


def curves(run: Run) -> Curves:
    """The run's curves from its metric events."""
    series: dict[str, dict[int, float]] = defaultdict(dict)
    last: dict[str, Any] = {}
    for data in events(run).filter(type="metrics").values_list("data", flat=True):
        step = data.get("step")
        if step is None:
            continue
        last |= data
        for key, name in SERIES.items():
            if data.get(key) is not None:
                series[name][step] = data[key]
    return Curves(
        steps=last.get("of"),
        done=last.get("step", 0),
        epoch=last.get("epoch"),
        seconds_left=last.get("seconds_left"),
        validation_rows=last.get("rows"),
        **{name: sorted(series[name].items()) for name in SERIES.values()},
    )


@dataclass(frozen=True)
class Observation:
    """One fact of the plan beside what was observed. `agrees` is None while it cannot be said yet."""

    fact: str  # a setting by the trainer's name, or words
    planned: Any
    observed: Any
    agrees: bool | None


def plan_and_observed(run: Run) -> list[Observation]:
    """Declared versus observed: files, rows, base, method, epochs, as the manifest reports them."""
    manifest: dict[str, Any] = run.manifest or {}
    rows = [_compare("Base model", run.base_model.folder_sha256, (manifest.get("base_model") or {}).get("sha256"))]
    read = {_key(entry): entry for entry in (manifest.get("data") or {}).get("files", [])}
    for link in run.links():
        sha256 = link.dataset_version.file_sha256
        seen = read.get((sha256, link.role, *link.parts))
        rows.append(_compare(f"File of {link.named}", sha256, seen and seen["sha256"], known=bool(read)))
        if link.split is not None:
            part = seen and seen["part"]["sha256"]
            rows.append(_compare(f"Parts of {link.named}", link.split.assignment_sha256, part, known=bool(read)))
        rows.append(_compare(f"Rows read of {link.named}", link.rows, seen and seen["rows_read"], known=bool(read)))
    spoken = {"method": manifest.get("method"), "seed": manifest.get("seed")}
    for name, observed in spoken.items():
        rows.append(_compare(name, run.training[name], observed))
    chosen = manifest.get("hyperparameters") or {}
    for name in ("epochs", "learning_rate", "batch_size", "gradient_accumulation", "max_length"):
        asked, choice = run.training["hyperparameters"].get(name), chosen.get(name)
        value = choice["value"] if choice else None
        agrees = None if choice is None else asked in ("auto", None) or asked == value
        rows.append(Observation(name, asked, value, agrees))
    steps = manifest.get("steps")
    if steps:
        rows.append(_compare("Steps", steps["planned"], steps["done"]))
    return rows


def _key(file: dict[str, Any]) -> tuple[str, ...]:
    """By what a file of the manifest is told apart: the same one may be read for two uses, by different parts."""
    return (file["sha256"], file["role"], *(file.get("part") or {}).get("names", ()))


def _compare(fact: str, planned: Any, observed: Any, known: bool | None = None) -> Observation:
    known = observed is not None if known is None else known
    return Observation(fact, planned, observed, planned == observed if known else None)
