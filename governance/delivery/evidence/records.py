"""Every kind of record that a document may refer to, and how a bundle holds it."""

from collections.abc import Iterable
from uuid import UUID

from governance.delivery.releases.models import Release
from governance.documents.dossiers.models import Declaration, DossierVersion, StatedFact
from governance.documents.model_cards.models import ModelCard
from governance.documents.renderings.models import Rendering
from governance.foundation.core.records import Record
from governance.materials.annotations.models import AnnotationTask
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets.models import DatasetVersion, QualityProfile
from governance.materials.scans.models import Scan, SpecialCategories
from governance.people.approvals.models import Decision, Suspension
from governance.people.organisations.models import Organisation
from governance.people.projects.models import Classification, Project
from governance.people.waivers.models import LicenceChoice, Waiver
from governance.work.envelopes.models import Envelope, Passage
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.evaluations.models import Evaluation
from governance.work.model_versions.models import ModelVersion
from governance.work.runs.models import Run

KINDS: dict[str, type[Record]] = {
    model.kind: model
    for model in (
        Organisation, Project, Classification, BaseModel, DatasetVersion, EvaluationPlan, Run, ModelVersion,
        Evaluation, Decision, Declaration, StatedFact, ModelCard, DossierVersion, Release, Rendering, Waiver,
        LicenceChoice, Scan, SpecialCategories, QualityProfile, AnnotationTask, Suspension, Envelope, Passage,
    )
}  # fmt: skip


def load(references: Iterable[tuple[str, str]]) -> list[Record]:
    """The records behind (kind, id) pairs, each once, in a fixed order; absent ones are left out."""
    found = []
    for kind, pk in sorted(set(references)):
        model = KINDS.get(kind)
        record = model._default_manager.filter(pk=UUID(pk)).first() if model else None
        if record is not None:
            found.append(record)
    return found
