"""From records to sources, for one model version. Reads; never writes."""

import json
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from evaluation import report as reports
from governance.documents.sources.records import Source, Sources
from governance.foundation.audit import selectors as audit
from governance.foundation.core.records import Record
from governance.law.licences.rules import LicensedInput
from governance.materials.annotations import selectors as annotations
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.materials.scans import selectors as scans
from governance.people.approvals import selectors as approvals
from governance.people.approvals.models import Decision
from governance.people.projects import selectors as projects
from governance.people.waivers import selectors as waivers
from governance.people.waivers.models import LicenceChoice
from governance.work.envelopes import selectors as envelopes
from governance.work.envelopes.models import Passage
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.evaluations import selectors as evaluations
from governance.work.evaluations.models import Evaluation
from governance.work.model_versions.models import ModelVersion
from governance.work.runs.models import Run
from training.manifest import Manifest


def sources_of(model_version: ModelVersion) -> Sources:
    """Everything on record about `model_version` up to its evaluation. What lies on floors above, its own callers add.

    Raises training.errors.UserError or evaluation.spec.Invalid for a manifest or report that is not as its schema
    has it: a document must not be made from one.
    """
    run = Run.objects.select_related("project__organisation", "base_model", "evaluation_plan").get(
        pk=model_version.run_id
    )
    project, data = run.project, run.data()
    classification = projects.classification(project.pk)
    evaluation = evaluations.latest(model_version)
    earlier = ModelVersion.objects.filter(project=project, number__lt=model_version.number).order_by("number")
    base = run.base_model
    licensed = waivers.licensed([base, *data])
    decided = waivers.in_force(project, waivers.digests([base, *data], licensed))
    return Sources(
        organisation=_described(project.organisation),
        project=_described(project),
        classification=_source(classification, by=classification.decided_by_name, at=classification.created_at)
        if classification
        else None,
        base_model=_material(base, licensed[base.pk]),
        run=_source(run, by=run.created_by_name, at=run.created_at),
        manifest=manifest_of(run),
        datasets=tuple(_material(each, licensed[each.pk]) for each in data),
        scans=tuple(_source(scan, at=scan.ended_at) for each in data if (scan := scans.latest_done(each))),
        special_categories=tuple(
            _source(said, by=said.by_name, at=said.created_at) for each in data if (said := scans.answer(each))
        ),
        qualities=tuple(
            _source(found, by=found.asked_by_name, at=found.created_at)
            for each in data
            if (found := datasets.quality(each))
        ),
        reviews=tuple(
            _source(task, by=task.asked_by_name, at=task.closed_at)
            for each in data
            if (task := annotations.latest_review(each))
        ),
        licence_decisions=tuple(_decided(each) for each in decided),
        plan=_plan(run.evaluation_plan),
        evaluation=evaluation_source(evaluation) if evaluation else None,
        model_version=_source(model_version, at=model_version.created_at),
        earlier=tuple(_source(each, at=each.created_at) for each in earlier),
        decisions=(
            *(decision_source(each) for each in _decisions(run)),
            *(_passed(each) for each in envelopes.passages_on(_subjects(run), project.pk)),
        ),
        suspensions=tuple(
            _source(each, by=each.by_name, at=each.created_at)
            for each in approvals.suspensions([run.pk, base.pk, *(each.pk for each in data)], project.pk)
        ),
    )


def manifest_of(run: Run) -> Source | None:
    """The run's manifest, cited by the sha256 of the file as the trainer wrote it."""
    if run.manifest is None:
        return None
    return Source(
        kind="run_manifest",
        id=str(run.pk),
        sha256=run.manifest_sha256,
        name=f"manifest of {run}",
        facts=Manifest.parse(run.manifest),
        at=run.ended_at,
    )


def evaluation_source(evaluation: Evaluation) -> Source:
    """An evaluation with its report, read strictly."""
    return Source(
        kind=evaluation.kind,
        id=str(evaluation.pk),
        sha256=evaluation.content_digest,
        name=str(evaluation),
        facts=reports.parse(evaluation.report),
        at=evaluation.ended_at,
    )


def _source(record: Record, *, by: str | None = None, at: datetime | None = None) -> Source:
    return Source(
        kind=record.kind,
        id=str(record.pk),
        sha256=record.content_digest,
        name=str(record),
        facts=record.content(),
        by=by,
        at=at,
    )


def _material(record: BaseModel | DatasetVersion, licensed: list[LicensedInput]) -> Source:
    """With what has to be judged about its licence beside what the record says."""
    facts = {**record.content(), "licensed": licensed}
    return replace(_source(record, by=record.registered_by_name, at=record.created_at), facts=facts)


def _decided(decided: waivers.Decided) -> Source:
    record = decided.record
    by = record.by_name if isinstance(record, LicenceChoice) else record.asked_by_name
    return replace(_source(record, by=by, at=record.created_at), facts=waivers.record_of(decided))


def _described(record: Record) -> Source:
    """A record that people describe and describe again. Who did so last is told by the trail, and only as long as
    the record is still what that entry covers: words that came in by another way have nobody who declared them."""
    event = audit.history(record).first()
    if event is None or event.actor is None or json.loads(event.body)["record"] != record.record_digest:
        return _source(record)
    return _source(record, by=audit.names([event]).get(event.actor), at=event.at)


def _plan(plan: EvaluationPlan | None) -> Source | None:
    if plan is None:
        return None
    return Source(
        kind=plan.kind,
        id=str(plan.pk),
        sha256=plan.content_digest,
        name=str(plan),
        facts={**plan.content(), "locked_at": plan.locked_at},
        by=plan.created_by_name,
        at=plan.created_at,
    )


def _decisions(run: Run) -> list[Decision]:
    """Decisions on what went into the run and on its plan, as they stand in this project."""
    return list(
        Decision.objects.filter(request__project=run.project_id, request__subject_id__in=_subjects(run))
        .select_related("request")
        .order_by("created_at")
    )


def _subjects(run: Run) -> list[UUID]:
    """What went into the run, and its plan."""
    return [run.pk, run.base_model_id, *(version.pk for version in run.data())]


def _passed(passage: Passage) -> Source:
    """What was approved beforehand, beside decisions: cited as what it is."""
    found = _source(passage, by=passage.approved_by, at=passage.approved_at)
    subject = {"id": str(passage.request.subject_id), "sha256": passage.request.subject_digest}
    return replace(found, facts={**found.facts, "subject": subject})


def decision_source(decision: Decision) -> Source:
    return Source(
        kind=decision.kind,
        id=str(decision.pk),
        sha256=decision.content_digest,
        name=f"decision on {decision.request.subject_name}",
        facts={**decision.content(), "subject": {"id": str(decision.request.subject_id), "sha256": decision.digest}},
        by=decision.by_name,
        at=decision.created_at,
    )
