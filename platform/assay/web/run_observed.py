"""What a run shows while it goes on and when it has ended: curves, log, plan beside observation, compute."""

import math
from typing import Any

from django.utils.translation import gettext as _

from assay.rendering import pictures
from assay.web.forms.runs import LABELS
from assay.web.run_plans import foreseen, method_words
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State as JobState
from governance.law.regulation import rules as regulation
from governance.work.runs import selectors
from governance.work.runs.models import Run
from governance.work.runs.rules import ENDED, State

LAST_LINES = 14


def look_of(run: Run, job: Job | None) -> str:
    """What the run's chip shows: between two workers it runs on paper alone, and its job says so."""
    if run.state == State.RUNNING and job is not None and job.state == JobState.QUEUED:
        return "requeued"
    return run.state


def live(run: Run) -> dict[str, Any]:
    """The context of the part that is swapped in while the run goes on."""
    job = selectors.job(run)
    curves = selectors.curves(run)
    manifest: dict[str, Any] = run.manifest or {}
    observations = [_observation(row) for row in selectors.plan_and_observed(run)]
    return {
        "run": run,
        "look": look_of(run, job),
        "curves": curves,
        "loss": pictures.loss_curve(
            [step for step, _loss in curves.train_loss],
            [loss for _step, loss in curves.train_loss],
            validation=curves.validation_loss,
            total_steps=curves.steps,
            epoch_marks=_epoch_marks(curves),
            validation_n=curves.validation_rows,
        ),
        "learning_rate": pictures.learning_rate(
            [step for step, _rate in curves.learning_rate],
            [rate for _step, rate in curves.learning_rate],
            total_steps=curves.steps,
        ),
        "speed": [value for _step, value in curves.tokens_per_second],
        "memory": [value for _step, value in curves.memory_bytes],
        "peak_memory": max((value for _step, value in curves.memory_bytes), default=None),
        "energy": manifest.get("energy"),
        "seconds": (manifest.get("compute") or {}).get("wall_seconds"),
        "foreseen": {row["name"]: row["value"] for row in (foreseen(run.estimate) or {}).get("rows", [])},
        "observations": observations,
        "tally": _tally(observations, ended=run.state in ENDED),
        "lines": lines(run, last=LAST_LINES),
        "line_count": selectors.events(run).count(),
        "meter": meter(run),
        "live": run.state in (State.QUEUED, State.RUNNING),
    }


def meter(run: Run) -> dict[str, Any] | None:
    """Compute against the indicative criterion: a figure with its working, never a role."""
    manifest: dict[str, Any] = run.manifest or {}
    legal = (manifest.get("compute") or {}).get("legal")
    if legal is None:
        return None
    base = run.base_model
    found = regulation.provider_meter(legal["value"], base.training_flops, base.systemic_risk)
    words = {"below": _("below it"), "above": _("above it"), "unknown": _("not known")}
    return {"meter": found, "legal": legal, "verdict": words.get(found.verdict, found.verdict)}


def lines(run: Run, last: int | None = None) -> list[dict[str, Any]]:
    """The run's events as lines of a log, in order; the `last` so many."""
    rows = selectors.last_events(run, last) if last else list(selectors.events(run))
    return [
        {"at": event.at, "type": event.type, "level": event.level, "text": _words(event.type, event.data)}
        for event in rows
    ]


def _words(kind: str, data: dict[str, Any]) -> str:
    match kind:
        case "message":
            return str(data.get("message", ""))
        case "state":
            return str(data.get("state", "")).replace("_", " ")
        case "checkpoint":
            return f"step {data.get('step', '?')}"
        case "metrics" if data.get("phase") == "validation":
            return f"step {data['step']}  validation {data['validation_loss']:.3f}"
        case "metrics":
            return f"step {data['step']}  loss {data['loss']:.3f}  lr {data['learning_rate']:.2g}"
    return ", ".join(f"{key} {value}" for key, value in data.items())


def _epoch_marks(curves: selectors.Curves) -> list[tuple[int, str]]:
    """Where each epoch after the first begins, so far as the trainer's own count tells."""
    if not curves.epoch or not curves.done:
        return []
    length = curves.done / curves.epoch
    end = curves.steps or curves.done
    count = min(math.ceil(end / length), 12)
    return [(round(number * length), _("epoch %(n)d") % {"n": number + 1}) for number in range(1, count)]


def _observation(row: selectors.Observation) -> dict[str, Any]:
    return {
        "fact": LABELS.get(row.fact, row.fact),
        "planned": _value(row.planned),
        "observed": None if row.observed is None else _value(row.observed),
        "agrees": row.agrees,
    }


def _value(value: Any) -> dict[str, str]:
    """A value as `text`, or as a `digest`."""
    if isinstance(value, dict):
        return {"text": method_words(value) if "name" in value else ", ".join(f"{k} {v}" for k, v in value.items())}
    if isinstance(value, str) and len(value) == 64:
        return {"digest": value}
    if value is None:
        return {"text": _("auto")}
    return {"text": f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else value}


def _tally(observations: list[dict[str, Any]], *, ended: bool) -> str:
    """ "8 agree, 3 not observed yet, 0 differ" for the table's header line."""
    verdicts = [row["agrees"] for row in observations]
    words = _("%(agree)d agree, %(open)d not observed yet, %(differ)d differ")
    if ended:
        words = _("%(agree)d agree, %(open)d not observed, %(differ)d differ")
    return words % {
        "agree": verdicts.count(True),
        "open": verdicts.count(None),
        "differ": verdicts.count(False),
    }
