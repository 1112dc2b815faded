"""Where each record has its page, so that any statement, gate or audit entry can link to what it is about."""

from django.urls import reverse

PAGES = {
    "organisation": "organisation-detail",
    "project": "project-detail",
    "classification": "classification-detail",
    "approval_request": "approval-detail",
    "waiver": "waiver-detail",
    "base_model": "base-model-detail",
    "registration": "registration-detail",
    "dataset": "dataset-detail",
    "import": "import-detail",
    "dataset_version": "dataset-version-detail",
    "withdrawal": "withdrawal-detail",
    "split": "split-detail",
    "quality_profile": "quality-profile-detail",
    "scan": "scan-detail",
    "redaction": "redaction-detail",
    "synthesis": "synthesis-detail",
    "search": "search-detail",
    "erasure": "erasure-detail",
    "hold": "hold-detail",
    "annotation_task": "annotation-task-detail",
    "evaluation_plan": "evaluation-plan-detail",
    "run": "run-detail",
    "model_version": "model-version-detail",
    "evaluation": "evaluation-detail",
    "model_card": "model-card-detail",
    "dossier_draft": "dossier-detail",
    "dossier": "dossier-version-detail",
    "release": "release-detail",
}


def of(kind: str, pk: object) -> str:
    """The address of a record's page; "" for kinds without one."""
    name = PAGES.get(kind)
    return reverse(name, args=[pk]) if name and pk else ""
