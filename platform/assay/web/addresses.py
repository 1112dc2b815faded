"""Where each record has its page, so that any statement, gate or audit entry can link to what it is about."""

from functools import cache
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve, reverse

from governance.foundation.core.records import kinds

PAGES = {
    "organisation": "organisation-detail",
    "project": "project-detail",
    "classification": "classification-detail",
    "approval_request": "approval-detail",
    "waiver": "waiver-detail",
    "access_review": "access-review-detail",
    "engagement": "engagement-detail",
    "audit_request": "audit-request-detail",
    "audit_finding": "audit-finding-detail",
    "envelope": "envelope-detail",
    "policy": "policy-detail",
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
    "retention_rule": "retention-rule-detail",
    "disposal": "disposal-detail",
    "annotation_task": "annotation-task-detail",
    "evaluation_plan": "evaluation-plan-detail",
    "run": "run-detail",
    "model_version": "model-version-detail",
    "evaluation": "evaluation-detail",
    "model_card": "model-card-detail",
    "dossier_draft": "dossier-detail",
    "dossier": "dossier-version-detail",
    "release": "release-detail",
    "deployment": "deployment-detail",
}


def of(kind: str, pk: object) -> str:
    """The address of a record's page; "" for kinds without one."""
    name = PAGES.get(kind)
    return reverse(name, args=[pk]) if name and pk else ""


def shown_by(page: str) -> str:
    """The kind of record whose own page has this name; "" for lists, forms and parts."""
    return next((kind for kind, name in PAGES.items() if name == page), "")


def kind_of(page: str) -> str:
    """The kind of record that a page is about, by the longest noun that its name begins with; "" for none."""
    return kind_and_part(page)[0]


def kind_and_part(page: str) -> tuple[str, str]:
    """The same, and how the page's name goes on after the noun; the whole name where it has none."""
    fitting = [noun for noun in _nouns() if page.startswith(f"{noun}-")]
    noun = max(fitting, key=len, default="")
    return (_nouns()[noun], page.removeprefix(f"{noun}-")) if noun else ("", page)


@cache
def _nouns() -> dict[str, str]:
    """How the names of addresses begin, and the kind of record that they are about."""
    spelt = {kind.replace("_", "-"): kind for kind in kinds()}
    return spelt | {name.removesuffix("-detail"): kind for kind, name in PAGES.items()}


def named(address: str) -> tuple[str, str] | None:
    """(kind, id) of the record whose page, or a part of it, has this address; None where it is no such page."""
    try:
        found = resolve(urlsplit(address).path)
    except Resolver404:
        return None
    kind, pk = kind_of(found.url_name or ""), found.kwargs.get("pk")
    return (kind, str(pk)) if kind and pk else None
