"""What a run plan says, in words: its facts, its settings with what `auto` chose, its gates before it is saved."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assay.rendering import numerals
from assay.web import addresses, envelopes, steps
from assay.web.forms.runs import RunForm, as_the_form_says, label_of
from governance.foundation.core.actor import Actor
from governance.people.approvals import foresight
from governance.people.approvals.foresight import Foreseen
from governance.people.projects.models import Project
from governance.work.envelopes import selectors
from governance.work.envelopes.candidates import Asked
from governance.work.runs import gates
from governance.work.runs import selectors as runs
from governance.work.runs.estimates import estimate_plan, preview_plan
from governance.work.runs.inputs import links_of
from governance.work.runs.models import Run, RunData
from governance.work.runs.specs import settings_of

STATE_OF_LIGHT = {"green": "passed", "amber": "waits", "red": "shut"}


def method_words(method: dict[str, Any]) -> str:
    """ "LoRA r 16, alpha 32" as the header, the comparison and the plan say it."""
    if method["name"] != "lora":
        return _("full fine-tuning")
    words = f"LoRA r {method['r']}, alpha {method['alpha']:g}"
    if method.get("dropout"):
        words += _(", dropout %(share)g") % {"share": method["dropout"]}
    return words


def facts(run: Run) -> list[dict[str, Any]]:
    """The line under the run's name."""
    rows = [{"term": _("Base"), "value": str(run.base_model), "url": addresses.of("base_model", run.base_model_id)}]
    for link in run.links():
        term = _("Data") if link.role == RunData.Use.TRAIN else _("Validation")
        where = ("split", link.split_id) if link.split_id else ("dataset_version", link.dataset_version_id)
        rows.append({"term": term, "value": link.named, "url": addresses.of(*where)})
    rows.append({"term": _("Method"), "value": method_words(run.training["method"])})
    if run.evaluation_plan is not None:
        plan = run.evaluation_plan
        rows.append({"term": _("Evaluation"), "value": str(plan), "url": addresses.of("evaluation_plan", plan.pk)})
    rows.append({"term": _("By"), "value": run.created_by_name})
    return rows


def settings(run: Run) -> list[dict[str, Any]]:
    """Every setting of the plan: what was asked, what was used, and why where the trainer chose."""
    manifest: dict[str, Any] = run.manifest or {}
    chosen: dict[str, Any] = manifest.get("hyperparameters") or (run.estimate or {}).get("hyperparameters") or {}
    asked = run.training["hyperparameters"]
    rows = []
    for name in [*asked, *(extra for extra in chosen if extra not in asked)]:
        choice = chosen.get(name) or {}
        rows.append(
            {
                "name": label_of(name),
                "asked": _spoken(asked.get(name)) if name in asked else "",
                "used": _spoken(choice.get("value")) if choice else "",
                "why": as_the_form_says(choice.get("reason") or ""),
            }
        )
    for name in ("precision", "device"):
        choice = (manifest.get(name) or {}).get("choice") or {}
        rows.append(
            {
                "name": label_of(name),
                "asked": run.training[name],
                "used": _spoken(choice.get("value")) if choice else "",
                "why": choice.get("reason") or "",
            }
        )
    rows.append({"name": _("Seed"), "asked": str(run.training["seed"]), "used": _seed(manifest), "why": ""})
    return rows


def foreseen(estimate: dict[str, Any] | None) -> dict[str, Any] | None:
    """The trainer's estimate as a page shows it: times in minutes and seconds, no advice for a command line."""
    if not estimate or "rows" not in estimate:
        return estimate
    spoken = {"time": _span(estimate.get("time")), "compute": _flops(estimate.get("legal"))}
    rows = [
        {
            **row,
            "value": spoken.get(row["name"]) or row["value"],
            "reason": (row["reason"] or "").split("; give --")[0],
        }
        for row in estimate["rows"]
    ]
    return {**estimate, "rows": rows}


def _span(time: dict[str, Any] | None) -> str:
    """ "9.1 s to 1 min 5 s"."""
    if not time or time.get("low") is None:
        return ""
    return _("%(low)s to %(high)s") % {
        "low": numerals.duration(time["low"]),
        "high": numerals.duration(time["high"]),
    }


def _flops(legal: dict[str, Any] | None) -> str:
    return numerals.power_markup(legal["value"], "FLOP") if legal and legal.get("value") else ""


def gate_row(gate: gates.Gate) -> dict[str, Any]:
    """A gate as the list of gates shows it; what is shut links to what its cure is about."""
    shut = gate.light == gates.Light.RED
    return {
        "state": STATE_OF_LIGHT[gate.light.value],
        "title": gate.label,
        "detail": f"{gate.says}. {gate.cure}".strip() if gate.cure else gate.says,
        "url": _cure_of(gate) if shut else "",
        "action": _("Open it"),
    }


def _cure_of(gate: gates.Gate) -> str:
    """Where a shut gate is mended: what licences come to is decided on a page of its own."""
    if gate.key == "licence":
        return reverse("project-licences", args=[gate.id])
    return addresses.of(gate.kind, gate.id)


def approval_row(foreseen: Foreseen) -> dict[str, Any]:
    """What approving the plan will take, as the last of its gates: the steps, who could decide, who is barred."""
    terms = foreseen.governing.terms
    barred = _(" Barred: %(who)s.") % {"who": "; ".join(foreseen.barred)} if foreseen.barred else ""
    needed = sum(step.quorum for step in terms.steps)
    title = ngettext("Run plan needs %(n)d approval", "Run plan needs %(n)d approvals", needed) % {"n": needed}
    return {
        "state": "waits",
        "title": title,
        "detail": f"{steps.of_people(foreseen)}.{barred}",
        "url": reverse("policy-list"),
        "action": _("See the policies"),
    }


def preview(project: Project, form: RunForm, actor: Actor) -> dict[str, Any]:
    """Gates and estimate for what is typed so far."""
    given = getattr(form, "cleaned_data", {})
    base_model, data = given.get("base_model"), list(given.get("data") or [])
    every = list(dict.fromkeys([*data, *(given.get("validation_data") or [])]))
    rows = [gate_row(gate) for gate in gates.for_plan(project, base_model, every)]
    plan = given.get("evaluation_plan")
    rows.append(
        {
            "state": "passed" if plan else "waits",
            "title": _("Evaluation plan"),
            "detail": _("%(plan)s is locked when you submit") % {"plan": plan}
            if plan
            else _("Choose one before you submit; a draft is saved without."),
            "url": "",
        }
    )
    rows += [gate_row(gate) for gate in gates.limits(plan)]
    touched = runs.would_touch(actor, plan, every)
    approval = foresight.foresee(project.pk, "run", touched)
    rows.append(approval_row(approval))
    estimate = None
    if not form.errors and base_model is not None and data:
        rows += envelopes.gates(selectors.held_plan(project, _asked(project, form), touched), approval)
    if form.is_bound and not form.errors and base_model is not None and data:
        estimate = estimate_plan(base_model, _links(project, form), form.plan()["training"])
    return {"gates": rows, "estimate": foreseen(estimate)}


def row_preview(project: Project, form: RunForm, number: int) -> dict[str, Any]:
    """Training row `number` (from 1) as the model will see it, or why it cannot be shown."""
    given = getattr(form, "cleaned_data", {})
    base_model, data = given.get("base_model"), list(given.get("data") or [])
    if not form.is_bound or form.errors or not base_model or not data:
        return {"reason": _("Choose base model and data, and one row appears here as the model will see it.")}
    found = preview_plan(base_model, _links(project, form), form.plan()["training"], rows=number)
    if "reason" in found:
        return found
    shown = found["rows"]
    return {
        "row": shown[-1] if shown else None,
        "next": number + 1 if len(shown) == number else None,
        "report": found["report"],
        "loss_share": found["loss_share"],
    }


def _links(project: Project, form: RunForm) -> list[RunData]:
    plan = form.plan()
    return links_of(project, plan["data"], plan["splits"], plan["validation_data"])


def _asked(project: Project, form: RunForm) -> Asked:
    """What is typed so far, as an envelope sees a plan."""
    plan, given = form.plan(), form.cleaned_data
    links = _links(project, form)
    own = any(link.role == RunData.Use.VALIDATION for link in links)
    training = settings_of(plan["training"], own_validation=own)
    return Asked(given["base_model"], links, given.get("evaluation_plan"), training, plan["budget"])


def _seed(manifest: dict[str, Any]) -> str:
    return str(manifest["seed"]) if "seed" in manifest else ""


def _spoken(value: Any) -> str:
    if value is None:
        return _("no limit")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return f"{value:g}" if isinstance(value, float) else str(value)
