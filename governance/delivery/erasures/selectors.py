"""Questions about erasures: who may see them, what holds the rows still, who has a copy."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from governance.delivery.erasures import rules
from governance.delivery.erasures.models import Erasure
from governance.delivery.lineage import selectors as lineage
from governance.delivery.lineage.models import Withdrawal
from governance.foundation.audit import selectors as audit
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import WITH_FILE, DatasetVersion, Import
from governance.materials.datasets.rules import State as ImportState
from governance.oversight.retention import selectors as retention
from governance.people.approvals.subjects import Fact
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.evaluation_plans.measures import ON_VALIDATION_ROWS
from governance.work.evaluations.models import Evaluation

DISCARDED = ImportState.DISCARDED


def visible_to(actor: Actor) -> QuerySet[Erasure]:
    return Erasure.objects.filter(projects.within(actor, "version__dataset__project")).select_related(
        "version__dataset__project__organisation", "version__successor__dataset", "hold", "withdrawal"
    )


def visible(actor: Actor, erasure_id: UUID) -> Erasure:
    return one_of(visible_to(actor), erasure_id)


@dataclass(frozen=True)
class Remaining:
    """Something that holds the rows still, or may. `kind` and `id` name its record, where the asker may see it."""

    what: str
    why: str
    kind: str = ""
    id: str = ""


def remaining(actor: Actor, erasure: Erasure) -> list[Remaining]:
    """What this erasure does not destroy, by our own records."""
    version = erasure.version
    seen = set(projects.visible_to(actor).values_list("pk", flat=True))
    found = [
        _of_version(other, seen, "has the same bytes; they stay until its rows are erased likewise")
        for other in datasets.same_bytes(version).filter(WITH_FILE).select_related("dataset__project")
    ]
    listed = {one.id for one in found}
    found += _outside(version)
    if erasure.withdrawal is not None:
        barred = erasure.withdrawal.affected.filter(kind=DatasetVersion.kind, is_barred=True).exclude(
            object_id=version.pk
        )
        others = DatasetVersion.objects.filter(WITH_FILE, pk__in=barred.values("object_id"))
        found += [
            _of_version(other, seen, "holds some of the same rows")
            for other in others.select_related("dataset__project")
            if str(other.pk) not in listed
        ]
        found += _evaluations(erasure.withdrawal, seen)
    return found + [
        Remaining(
            str(each), "keeps the map from pseudonyms to values; it is erased on its page", each.kind, str(each.pk)
        )
        for each in version.redactions.filter(pseudonyms__erased_at=None, pseudonyms__isnull=False)
    ]


def _outside(version: DatasetVersion) -> list[Remaining]:
    """The same bytes where nobody of the organisation sees them, and files that were sent and not registered."""
    same = DatasetVersion.objects.filter(WITH_FILE, file_sha256=version.file_sha256)
    strange = same.exclude(dataset__project__organisation=version.dataset.project.organisation_id).count()
    sent = Import.objects.filter(file_sha256=version.file_sha256, version=None).exclude(state=DISCARDED)
    found = [Remaining("Another organisation of this installation", "has the same bytes")] * (strange > 0)
    return found + [
        Remaining(str(each), "was sent with the same bytes and is not registered; discard it", each.kind, str(each.pk))
        for each in sent.filter(dataset__project=version.project_id)
    ]


def _evaluations(withdrawal: Withdrawal, seen: set[UUID]) -> list[Remaining]:
    """Evaluations that looked at rows held out from the data: their samples, and bundles that hold these."""
    reached = withdrawal.affected.filter(kind=Evaluation.kind).values("object_id")
    found = Evaluation.objects.filter(pk__in=reached, model_version__run__project__in=seen).select_related("plan")
    return [
        Remaining(
            str(each),
            "its samples can quote rows that were held out, and so can bundles with them",
            each.kind,
            str(each.pk),
        )
        for each in found
        if any(task["name"] in ON_VALIDATION_ROWS for task in each.plan.tasks)
    ]


def _of_version(other: DatasetVersion, seen: set[UUID], why: str) -> Remaining:
    if other.project_id in seen:
        return Remaining(str(other), why, other.kind, str(other.pk))
    return Remaining("A version in a project that you do not see", why)


@dataclass(frozen=True)
class Copy:
    """Something that left the house with the rows in it: who took what, and when."""

    by: str
    what: str
    at: datetime


# What the trail says of data that leaves, in words.
LEFT = {"dataset-version.file-taken": "the file", "dataset-version.row-proved": "the proof of a row"}


def copies(erasure: Erasure) -> list[Copy]:
    """Who took the file, or the proof of one of the rows, before (GDPR Art. 19: they are to be told)."""
    lines = [erasure.version, *erasure.version.predecessors.all()]
    events = AuditEvent.objects.filter(
        action__in=LEFT, subject_kind=DatasetVersion.kind, subject_id__in=[str(one.pk) for one in lines]
    ).order_by("seq")
    mine = [event for event in events if _concerns(event, erasure)]
    names = audit.names(mine)
    return [Copy(names.get(event.actor, "") if event.actor else "", LEFT[event.action], event.at) for event in mine]


def _concerns(event: AuditEvent, erasure: Erasure) -> bool:
    if event.action != "dataset-version.row-proved" or event.subject_id != str(erasure.version_id):
        return True
    return json.loads(event.body)["facts"]["row"] in erasure.rows


def summary(erasure: Erasure, project: Project) -> Iterable[Fact]:
    """What the second person needs to know."""
    yield Fact("About", erasure.what, ", ".join(f"{row:,}" for row in erasure.rows[:50]))
    yield Fact("Case", erasure.case_number)
    yield Fact("Reason", erasure.reason)
    yield Fact("Asked by", erasure.asked_by_name)
    counts = Counter(each.record.kind for each in lineage.reached(erasure.version, erasure.rows))
    reached = ", ".join(f"{count} × {kind.replace('_', ' ')}" for kind, count in sorted(counts.items()))
    yield Fact("What it reaches", reached, "Approvals of these are suspended.", warns=True)
    hold = retention.before_erasure(erasure.version.dataset)
    if hold is not None:
        yield Fact("Kept by", str(hold), hold.ground, warns=True)
    yield Fact(
        "It cannot be undone", "The file and what is kept of each row are destroyed.", rules.NOT_UNLEARNED, warns=True
    )
