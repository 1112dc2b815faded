"""Annex IV, point 2: how it was developed, from which data, with which resources, and how it was tested."""

from governance.documents.sources import data, licences, model, personal, quality, testing, training
from governance.documents.sources.binding import answer

ANSWERS = (
    # (a) how it was developed
    answer("iv-2-a.method", training.method, "manifest"),
    answer("iv-2-a.steps", training.steps, "manifest"),
    answer("iv-2-a.steps", model.approved, "run", "base_model", "datasets", "decisions"),
    answer("iv-2-a.base", model.base, "base_model", "manifest"),
    answer("iv-2-a.base", model.base_said, "base_model"),
    answer("iv-2-a.tools", training.tools, "manifest"),
    # (b) design and its reasons
    answer("iv-2-b.objective", training.objective, "manifest"),
    answer("iv-2-b.quality", testing.performance, "evaluation"),
    # (c) architecture and resources
    answer("iv-2-c.model", model.built, "base_model", "manifest"),
    answer("iv-2-c.hardware", training.hardware, "manifest"),
    answer("iv-2-c.compute", training.compute, "manifest"),
    answer("iv-2-c.compute", training.meter, "manifest", "base_model"),
    answer("iv-2-c.duration", training.duration, "manifest"),
    answer("iv-2-c.evaluation", testing.resources, "evaluation"),
    # (d) data and how it was prepared
    answer("iv-2-d.description", data.description, each="datasets"),
    answer("iv-2-d.description", data.languages, each="datasets"),
    answer("iv-2-d.description", quality.traits, each="qualities"),
    answer("iv-2-d.sources", data.origin, each="datasets"),
    answer("iv-2-d.rights", data.rights, each="datasets"),
    answer("iv-2-d.rights", licences.judged, *licences.INPUTS),
    answer("iv-2-d.rights", data.suspended, each="suspensions"),
    answer("iv-2-d.selection", data.selection, each="datasets"),
    answer("iv-2-d.training", training.technique, "manifest"),
    answer("iv-2-d.used", data.used, "manifest", "datasets"),
    answer("iv-2-d.labels", data.labelling, each="datasets"),
    answer("iv-2-d.cleaning", data.cleaning, "manifest", "datasets"),
    answer("iv-2-d.cleaning", quality.checked, each="qualities"),
    answer("iv-2-d.cleaning", quality.reviewed, each="reviews"),
    answer("iv-2-d.personal", data.personal, each="datasets"),
    answer("iv-2-d.personal", personal.scanned, each="scans"),
    answer("iv-2-d.personal", personal.not_scanned, "datasets", "scans?"),
    answer("iv-2-d.personal", personal.special, each="special_categories"),
    answer("iv-2-d.synthetic", data.synthetic, each="datasets"),
    # (g) validation, tests and signed reports
    answer("iv-2-g.procedure", testing.plan, "plan"),
    answer("iv-2-g.validation-data", data.validation, "manifest"),
    answer("iv-2-g.test-data", testing.items, "evaluation"),
    answer("iv-2-g.accuracy", testing.performance, "evaluation"),
    answer("iv-2-g.robustness", testing.robustness, "evaluation"),
    answer("iv-2-g.discrimination", testing.bias, "evaluation"),
    answer("iv-2-g.other", testing.safety, "evaluation"),
    answer("iv-2-g.thresholds", testing.thresholds, "plan"),
    answer("iv-2-g.signed", testing.signed, "evaluation", each="signatures"),
    answer("iv-2-g.logs", testing.samples, "evaluation"),
    # (h) cybersecurity
    answer("iv-2-h.artifact", model.tampering, "model_version"),
    answer("iv-2-h.attacks", testing.security, "evaluation"),
)
