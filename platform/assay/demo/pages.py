"""Every page that the house shows, found through its addresses, so that a new page cannot be forgotten.

An address without parameters is one page. One with a record in it is a page for each state that records of its
collection are in. An address that shows no page is named below with its reason; `tests/platform` holds each of
those reasons against what the address answers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Model, QuerySet
from django.urls import URLPattern, reverse
from django.utils.text import slugify

from assay.accounts import urls as accounts
from assay.accounts.models import User
from assay.web import urls as web
from governance.delivery.deployments.models import Deployment
from governance.delivery.disposals.models import Disposal
from governance.delivery.erasures.models import Erasure
from governance.delivery.lineage.models import Withdrawal
from governance.delivery.releases.models import Release
from governance.delivery.searches.models import Search
from governance.documents.dossiers.models import Dossier, DossierVersion
from governance.documents.model_cards.models import ModelCard
from governance.materials.annotations.models import AnnotationTask
from governance.materials.base_models.models import BaseModel, Registration
from governance.materials.datasets.models import Dataset, DatasetVersion, Import, QualityProfile, Split
from governance.materials.redactions.models import Redaction
from governance.materials.scans.models import Scan
from governance.materials.syntheses.models import Synthesis
from governance.oversight.retention.models import Hold, RetentionRule
from governance.people.access_reviews.models import AccessReview
from governance.people.approvals.models import ApprovalRequest
from governance.people.engagements.models import Engagement, Finding, Request
from governance.people.organisations.models import Organisation
from governance.people.policies.models import Policy
from governance.people.projects.models import Classification, Member, Project
from governance.people.waivers.models import Waiver
from governance.work.envelopes.models import Envelope
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.evaluations.models import Evaluation
from governance.work.model_versions.models import ModelVersion
from governance.work.runs.models import Run

ACTS, FILES, PARTS = "takes a POST alone", "sends a file", "a part that another page swaps in"
LEADS_ON = "leads on to the page of a record"

# Addresses that show no page of their own, and why.
NOT_PAGES: Mapping[str, str] = {
    "organisation-add-member": ACTS,
    "project-appoint": ACTS,
    "engagement-open": ACTS,
    "engagement-close": ACTS,
    "engagement-ask": ACTS,
    "engagement-find": ACTS,
    "engagement-export": ACTS,
    "engagement-download": FILES,
    "audit-request-answer": ACTS,
    "audit-request-send-back": ACTS,
    "audit-request-settle": ACTS,
    "audit-file-download": FILES,
    "audit-finding-respond": ACTS,
    "audit-finding-close": ACTS,
    "member-dismiss": ACTS,
    "approval-withdraw": ACTS,
    "approval-comment": ACTS,
    "delegation-end": ACTS,
    "policy-publish": ACTS,
    "policy-retire": ACTS,
    "policy-discard": ACTS,
    "approval-ask": ACTS,
    "import-cancel": ACTS,
    "import-discard": ACTS,
    "split-cancel": ACTS,
    "quality-profile-cancel": ACTS,
    "split-again": ACTS,
    "dataset-version-scan": ACTS,
    "scan-cancel": ACTS,
    "redaction-cancel": ACTS,
    "redaction-erase": ACTS,
    "synthesis-cancel": ACTS,
    "search-cancel": ACTS,
    "erasure-again": ACTS,
    "erasure-cancel": ACTS,
    "hold-lift": ACTS,
    "disposal-confirm": ACTS,
    "disposal-again": ACTS,
    "disposal-cancel": ACTS,
    "notification-mark-seen": ACTS,
    "notification-mark-all-seen": ACTS,
    "notification-open": LEADS_ON,
    "calendar-open": ACTS,
    "calendar-close": ACTS,
    "calendar-feed": FILES,
    "portfolio-export-projects": FILES,
    "portfolio-export-owed": FILES,
    "annotation-task-take-back": ACTS,
    "annotation-task-close": ACTS,
    "annotation-task-version": ACTS,
    "annotation-task-cancel": ACTS,
    "waiver-ask": ACTS,
    "waiver-revoke": ACTS,
    "envelope-revoke": ACTS,
    "licence-pick": ACTS,
    "licence-text-keep": ACTS,
    "evaluation-plan-copy": ACTS,
    "run-preview": ACTS,
    "run-preview-row": ACTS,
    "run-submit": ACTS,
    "run-launch": ACTS,
    "run-cancel": ACTS,
    "run-resume": ACTS,
    "evaluation-export": ACTS,
    "evaluation-retry": ACTS,
    "evaluation-cancel": ACTS,
    "dossier-declare": ACTS,
    "dossier-take-back": ACTS,
    "dossier-state-fact": ACTS,
    "dossier-freeze": ACTS,
    "dossier-export": ACTS,
    "dossier-bundle": ACTS,
    "release-release": ACTS,
    "release-withdraw": ACTS,
    "deployment-begin": ACTS,
    "deployment-end": ACTS,
    "withdrawal-take-back": ACTS,
    "withdrawal-export": FILES,
    "job-retry": ACTS,
    "sign-in-challenge": ACTS,
    "factor-key-challenge": ACTS,
    "key-challenge": ACTS,
    "create-token": ACTS,
    "audit-verify": ACTS,
    "revoke-token": ACTS,
    "sign-out": ACTS,
    "dataset-version-file": FILES,
    "dataset-version-description": FILES,
    "dataset-version-row-proof": FILES,
    "model-card-download": FILES,
    "model-card-notice": FILES,
    "evaluation-download": FILES,
    "dossier-download": FILES,
    "audit-extract": FILES,
    "audit-proof": FILES,
    "audit-checkpoint": FILES,
    "audit-timestamp": FILES,
    "audit-verifier": FILES,
    "run-live": PARTS,
}

# The first part of an address -> what it shows one of.
COLLECTIONS: Mapping[str, type[Model]] = {
    "people": User,
    "factors": Authenticator,
    "organisations": Organisation,
    "projects": Project,
    "classifications": Classification,
    "access-reviews": AccessReview,
    "engagements": Engagement,
    "audit-requests": Request,
    "audit-findings": Finding,
    "approvals": ApprovalRequest,
    "policies": Policy,
    "waivers": Waiver,
    "envelopes": Envelope,
    "base-models": BaseModel,
    "registrations": Registration,
    "imports": Import,
    "datasets": Dataset,
    "dataset-versions": DatasetVersion,
    "withdrawals": Withdrawal,
    "splits": Split,
    "quality-profiles": QualityProfile,
    "scans": Scan,
    "redactions": Redaction,
    "syntheses": Synthesis,
    "searches": Search,
    "erasures": Erasure,
    "holds": Hold,
    "retention-rules": RetentionRule,
    "disposals": Disposal,
    "annotation-tasks": AnnotationTask,
    "evaluation-plans": EvaluationPlan,
    "runs": Run,
    "evaluations": Evaluation,
    "models": ModelVersion,
    "model-cards": ModelCard,
    "dossiers": Dossier,
    "dossier-versions": DossierVersion,
    "releases": Release,
    "deployments": Deployment,
}

# Pages that only make sense of records in some state.
ONLY: Mapping[str, dict[str, Any]] = {
    "factor-reset": {"username": "rita"},
    "run-edit": {"state__in": ["draft", "submitted"]},
    "evaluation-plan-edit": {"locked_at": None},
    "annotation-task-answer": {"state": "open"},
    "evaluation-samples": {"state": "succeeded"},
    "engagement-report": {"state": "closed"},
    "policy-edit": {"state": "draft"},
    "envelope-create": {"state": "succeeded"},
    "deployment-create": {"state__in": ["proposed", "released"]},
    "deployment-edit": {"state": "planned"},
}

# Whose page it is; everything else is looked at by Ada.
WHO: Mapping[str, str] = {
    "sign-in": "",
    "sign-in-second": "",
    "factor-reset": "admin",
    "organisation-detail": "admin",
    "project-create": "admin",
    "questionnaire": "rita",
    "classification-detail": "rita",
    "organisation-review-access": "admin",
    "project-review-access": "admin",
    "access-review-list": "admin",
    "access-review-detail": "admin",
    "engagement-list": "ben",
    "engagement-create": "cleo",
    "engagement-edit": "cleo",
    "engagement-detail": "omar",
    "engagement-report": "omar",
    "audit-request-detail": "ben",
    "audit-finding-detail": "omar",
    "policy-create": "admin",
    "policy-edit": "admin",
    "approval-list": "ben",
    "notification-list": "rita",
    "dataset-version-special": "ben",
    "dataset-version-erase": "paula",
    "erasure-detail": "paula",
    "hold-list": "cleo",
    "project-retention": "ben",
    "project-retention-rule": "cleo",
    "disposal-detail": "paula",
    "search-list": "paula",
    "search-create": "paula",
    "search-detail": "paula",
    "dataset-version-withdraw": "ben",
    "withdrawal-detail": "paula",
    "evaluation-detail": "cleo",
    "evaluation-samples": "cleo",
    "dossier-detail": "cleo",
    "dossier-version-detail": "cleo",
    "dossier-compare": "cleo",
    "release-detail": "rita",
    "audit-list": "omar",
    "audit-integrity": "omar",
}

HOMES = ("ada", "ben", "rita", "cleo", "paula", "omar", "dev", "admin")


class UnknownCollection(LookupError):
    """An address begins with a word that this list does not know: add its model, or say why it is no page."""


@dataclass(frozen=True)
class Place:
    """One page as one person sees it: a name for its picture, its address, and a username ("" for nobody)."""

    name: str
    url: str
    who: str


def places() -> Iterator[Place]:
    """Every page, in the order of the addresses. Raises UnknownCollection."""
    for pattern in [*accounts.urlpatterns, *web.urlpatterns]:
        name = str(pattern.name)
        if name in NOT_PAGES:
            continue
        if name == "home":
            yield from (Place(f"home-{who}", reverse("home"), who) for who in HOMES)
        elif not pattern.pattern.converters:
            yield Place(name, reverse(name), WHO.get(name, "ada"))
        else:
            yield from _of_records(pattern, name)
    yield Place("missing-record", "/runs/00000000-0000-4000-8000-000000000000/", "ada")


def _of_records(pattern: URLPattern, name: str) -> Iterator[Place]:
    collection = str(pattern.pattern).split("/", 1)[0]
    if collection not in COLLECTIONS:
        raise UnknownCollection(
            f"{name} shows a record of {collection!r}; name its model in COLLECTIONS, or {name} in NOT_PAGES with its "
            f"reason. Known: {', '.join(COLLECTIONS)}."
        )
    (parameter,) = pattern.pattern.converters
    found: QuerySet[Model] = COLLECTIONS[collection]._default_manager.filter(**ONLY.get(name, {})).order_by("pk")
    for state, record in _one_a_state(found, every=name.endswith("-detail")).items():
        picture = slugify(f"{name} {state}")
        yield Place(picture, reverse(name, kwargs={parameter: record.pk}), _who(name, record))


def _one_a_state(records: QuerySet[Model], *, every: bool) -> dict[str, Model]:
    """The fullest record of each state; pages that act on a record need one alone."""
    found: dict[str, Model] = {}
    for record in sorted(records, key=_fullness, reverse=True):
        found.setdefault(_state(record) if every else "", record)
    return found


def _state(record: Model) -> str:
    words = [str(getattr(record, field)) for field in ("subject_kind", "state") if hasattr(record, field)]
    return " ".join(words).replace("_", " ")


def _fullness(record: Model) -> int:
    """How much there is to see: members of a project, rows of data, tasks of a report."""
    match record:
        case Project():
            return record.members.count() + record.runs.count()
        case DatasetVersion():
            return record.rows
        case Dataset():
            return record.versions.count()
        case ModelVersion():
            return record.evaluations.filter(report__isnull=False).count()
    return 0


def _who(name: str, record: Model) -> str:
    """Who looks: of a request still open, somebody who may decide on it; at rows, somebody who is asked about them."""
    if isinstance(record, AnnotationTask) and name == "annotation-task-answer":
        return str(record.annotators.all()[0].user.get_username())
    if not isinstance(record, ApprovalRequest) or record.state != "open":
        return WHO.get(name, "ada")
    deciders = [role for step in record.terms.steps for role in step.roles]
    member = Member.objects.filter(project_id=record.project_id, role__in=deciders).select_related("user").first()
    return member.user.get_username() if member else WHO.get(name, "ada")
