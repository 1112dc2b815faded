"""Annex XI: the technical documentation of a general-purpose model, its second section included."""

from governance.documents.sources import data, licences, model, people, quality, testing, training
from governance.documents.sources.binding import answer

ANSWERS = (
    # Section 1, point 1
    answer("xi-1-1-a.tasks", people.purpose, "project"),
    answer("xi-1-1-b.inherited", licences.inherited, *licences.INPUTS),
    answer("xi-1-1-b.inherited", model.upstream, "base_model"),
    answer("xi-1-1-c.date", model.released, each="releases"),
    answer("xi-1-1-c.channels", model.channels, "project", each="releases"),
    answer("xi-1-1-d.architecture", model.architecture, "base_model", "manifest"),
    answer("xi-1-1-d.parameters", model.parameters, "manifest"),
    answer(("xi-1-1-e.modalities", "xi-1-1-e.formats"), model.formats, "base_model", "manifest"),
    answer("xi-1-1-f.licence", licences.terms, *licences.INPUTS),
    # Section 1, point 2
    answer("xi-1-2-a.guidance", model.card, "card"),
    answer("xi-1-2-a.infrastructure", model.runtime, "model_version", "evaluation"),
    answer("xi-1-2-a.template", model.template, "model_version", "base_model", "manifest"),
    answer("xi-1-2-b.method", training.method, "manifest"),
    answer("xi-1-2-b.process", training.process, "manifest"),
    answer("xi-1-2-b.objective", training.objective, "manifest"),
    answer("xi-1-2-c.type", data.description, each="datasets"),
    answer("xi-1-2-c.provenance", data.origin, each="datasets"),
    answer("xi-1-2-c.selection", data.selection, each="datasets"),
    answer("xi-1-2-c.curation", data.cleaning, "manifest", "datasets"),
    answer("xi-1-2-c.count", data.used, "manifest", "datasets"),
    answer("xi-1-2-c.validation", data.validation, "manifest"),
    answer("xi-1-2-c.testing", testing.items, "evaluation"),
    answer("xi-1-2-c.unsuitable", data.quality, "manifest", each="datasets"),
    answer("xi-1-2-c.unsuitable", quality.checked, each="qualities"),
    answer("xi-1-2-c.bias", data.gaps, each="datasets"),
    answer("xi-1-2-d.compute", training.compute, "manifest"),
    answer("xi-1-2-d.compute", training.meter, "manifest", "base_model"),
    answer("xi-1-2-d.time", training.duration, "manifest"),
    answer("xi-1-2-d.hardware", training.hardware, "manifest"),
    answer("xi-1-2-d.details", training.details, "manifest"),
    answer("xi-1-2-e.energy", training.energy, "manifest"),
    answer("xi-1-2-e.method", training.energy_method, "manifest"),
    # Section 2
    answer("xi-2-1.strategy", testing.plan, "plan"),
    answer("xi-2-1.criteria", testing.thresholds, "plan"),
    answer("xi-2-1.results", testing.performance, "evaluation"),
    answer("xi-2-1.safety", testing.safety, "evaluation"),
    answer("xi-2-2.internal", testing.security, "evaluation"),
    answer("xi-2-2.adaptation", training.method, "manifest"),
    answer("xi-2-2.effect", testing.effect, "evaluation"),
    answer("xi-2-3.model", model.built, "base_model", "manifest"),
)
