"""Annex IV, point 1: what the system is, in which forms and surroundings it comes."""

from governance.documents.sources import model, people, training
from governance.documents.sources.binding import answer

ANSWERS = (
    answer("iv-1-a.purpose", people.purpose, "project"),
    answer("iv-1-a.provider", people.provider, "organisation"),
    answer("iv-1-a.version", model.version, "model_version"),
    answer("iv-1-a.previous", model.lineage, "model_version", "base_model", "run", "earlier?"),
    answer("iv-1-b.interfaces", model.formats, "base_model", "manifest"),
    answer("iv-1-c.software", training.tools, "manifest"),
    answer("iv-1-c.runtime", model.runtime, "model_version", "evaluation"),
    answer("iv-1-d.forms", model.channels, "project", each="releases"),
    answer("iv-1-d.artifact", model.files, "model_version", "base_model"),
    answer("iv-1-e.footprint", model.footprint, "model_version", "base_model", "manifest"),
)
