"""Annex XII: what those need to know who build on the model."""

from governance.documents.sources import data, licences, model, people
from governance.documents.sources.binding import answer

ANSWERS = (
    answer("xii-1-a.tasks", people.purpose, "project"),
    answer("xii-1-b.inherited", licences.inherited, *licences.INPUTS),
    answer("xii-1-b.inherited", model.upstream, "base_model"),
    answer("xii-1-c.date", model.released, each="releases"),
    answer("xii-1-c.channels", model.channels, "project", each="releases"),
    answer("xii-1-e.runtime", model.runtime, "model_version", "evaluation"),
    answer("xii-1-f.architecture", model.architecture, "base_model", "manifest"),
    answer("xii-1-f.parameters", model.parameters, "manifest"),
    answer(("xii-1-g.modalities", "xii-1-g.formats"), model.formats, "base_model", "manifest"),
    answer("xii-1-h.licence", licences.terms, *licences.INPUTS),
    answer("xii-2-a.guidance", model.card, "card"),
    answer("xii-2-a.infrastructure", model.runtime, "model_version", "evaluation"),
    answer("xii-2-b.formats", model.formats, "base_model", "manifest"),
    answer("xii-2-b.size", model.length, "base_model", "manifest"),
    answer("xii-2-c.type", data.kinds, "evaluation", "manifest", "datasets"),
    answer("xii-2-c.provenance", data.origin, each="datasets"),
    answer("xii-2-c.curation", data.cleaning, "manifest", "datasets"),
)
