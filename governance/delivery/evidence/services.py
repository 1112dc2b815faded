"""Writing the evidence bundle of a frozen dossier: documents, records, decisions, and its stretch of the trail."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.delivery.evidence import container, records, verify
from governance.delivery.evidence.models import Bundle
from governance.documents.dossiers import selectors as dossiers
from governance.documents.dossiers.models import DossierVersion
from governance.documents.model_cards.models import ModelCard
from governance.documents.model_cards.rules import notice_file
from governance.documents.renderings import selectors as renderings
from governance.documents.renderings.rules import State as RenderingState
from governance.foundation.audit import extracts, heads
from governance.foundation.audit import selectors as audit
from governance.foundation.audit.models import TreeHead
from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import canonical
from governance.foundation.core.records import Record
from governance.people.approvals.models import ApprovalRequest, Decision
from governance.people.projects import selectors as projects
from governance.work.envelopes.models import Passage
from governance.work.evaluations import selectors as evaluations

# Cited by the digest of the trainer's file, which the bundle holds as a file of its own, not as a record.
RUN_MANIFEST = "run_manifest"


@dataclass
class Contents:
    """Files of a bundle by section, and why a section is missing."""

    files: dict[str, bytes | Path] = field(default_factory=dict)
    sections: dict[str, list[str]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    segment: list[int] = field(default_factory=list)  # the numbers of the audit entries in it
    head: TreeHead | None = None  # the newest that is signed

    def put(self, section: str, name: str, data: bytes | Path) -> None:
        self.files[name] = data
        self.sections.setdefault(section, []).append(name)


def export(*, actor: Actor, dossier_version_id: UUID) -> Bundle:
    """Write and keep the bundle of a frozen dossier. Raises NotFound, NotAllowed."""
    actor = actor.acting()
    frozen = dossiers.version_visible(actor, dossier_version_id)
    projects.require(actor, frozen.project_id, "export evidence")
    with tempfile.TemporaryDirectory(prefix="assay-bundle-") as folder:
        contents, head = _contents(frozen, Path(folder))
        out = Path(folder) / "evidence.zip"
        container.write(
            contents.files,
            container.seal_files(exported_at=timezone.now(), head=head, trail=_signed(contents)),
            out,
            subject=frozen.document["subject"],
            sections=contents.sections,
            missing=contents.missing,
            elsewhere=_elsewhere(frozen, contents),
        )
        sha256, size = blobs.put_path(out)
    # Copying and hashing are done; only the record of it is written under the lock.
    with transaction.atomic():
        bundle = Bundle.objects.create(
            project=frozen.project,
            dossier_version=frozen,
            file_sha256=sha256,
            file_bytes=size,
            exported_by_name=actor.name,
        )
        record(actor, "evidence.exported", subject=bundle, facts={"dossier": frozen.sha256, "file_sha256": sha256})
    return bundle


def _contents(frozen: DossierVersion, folder: Path) -> tuple[Contents, dict[str, Any] | None]:
    contents = Contents()
    model_version = frozen.dossier.model_version
    run = model_version.run
    contents.put("dossier", "dossier.json", canonical(frozen.document))
    _file(contents, "dossier", "dossier", frozen.sha256, "dossier.pdf", folder)
    card = ModelCard.objects.filter(model_version=model_version).first()
    if card is None:
        contents.missing["model_card"] = "no model card was assembled"
    else:
        contents.put("model_card", "model-card.json", canonical(card.document))
        contents.put("model_card", "model-card.md", card.markdown.encode())
        contents.put("model_card", "NOTICE", notice_file(card.document).encode())
    evaluation = evaluations.latest(model_version)
    if evaluation is None:
        contents.missing["evaluation_report"] = "the evaluation has no report"
    else:
        report = blobs.copy_to(evaluation.report_sha256, folder / "report.json")
        contents.put("evaluation_report", "evaluation-report.json", report)
        contents.put("evaluation_report", "samples.jsonl", blobs.copy_to(evaluation.samples_sha256, folder / "samples"))
    contents.put("run_manifest", "run-manifest.json", blobs.copy_to(run.manifest_sha256, folder / "manifest.json"))
    referred = records.load(_references(frozen))
    referred += _ranges(referred)
    decisions = _decisions(frozen, referred)
    kept = {(row.kind, row.pk): row for row in [*referred, *decisions]}
    for row in kept.values():
        _record(contents, row.kind, row.pk, *frozen.as_cited(row))
    for decision in decisions:
        # What was decided on, as it was then: the request keeps it. The dossier lies in the bundle already.
        request = decision.request
        if request.subject_id != frozen.pk:
            _record(contents, request.subject_kind, request.subject_id, request.subject_content, decision.digest)
    if decisions:
        contents.put("decisions", "decisions.json", canonical([_decision(d) for d in decisions]))
    else:
        contents.missing["decisions"] = "nobody has decided on anything in it yet"
    about = [(row.kind, str(row.pk)) for row in kept.values()] + [(run.kind, str(run.pk))]
    segment = audit.segment(about, project=frozen.project_id)
    if segment:
        contents.segment, contents.head = [entry["seq"] for entry in segment], heads.over(segment[-1]["seq"])
        contents.put("audit", "audit/segment.jsonl", container.segment_file(segment))
    else:
        contents.missing["audit"] = "the trail has no entry about it"
    return contents, audit.head()


def _signed(contents: Contents) -> dict[str, Any] | None:
    """A signed head over the segment of the trail that is in the bundle, and the proof for it."""
    head = contents.head
    if head is None or not contents.segment or contents.segment[-1] > head.size:
        return None
    return {"schema": verify.TRAIL_SCHEMA, **extracts.sealed(contents.segment, head)}


def _record(contents: Contents, kind: str, pk: UUID, content: Any, sha256: str) -> None:
    name, data = container.record_file(kind, pk, content, sha256)
    contents.files[name] = data


def _file(contents: Contents, section: str, kind: str, sha256: str, name: str, folder: Path) -> None:
    """The PDF that was made of a document, where there is one."""
    made = renderings.of(kind, sha256)
    if made is not None and made.state == RenderingState.READY:
        contents.put(section, name, blobs.copy_to(made.file_sha256, folder / name))


def _references(frozen: DossierVersion) -> list[tuple[str, str]]:
    return [(kind, pk) for kind, pk, _ in verify.dossier_references(frozen.document)]


def _ranges(referred: list[Record]) -> list[Record]:
    """The envelopes under which something of it passed: what was signed for that, was signed under them."""
    return list({row.envelope_id: row.envelope for row in referred if isinstance(row, Passage)}.values())


def _decisions(frozen: DossierVersion, referred: list[Record]) -> list[Decision]:
    """Decisions in this project on what the dossier relies on, and on the dossier itself, oldest first."""
    ids = [row.pk for row in referred] + [frozen.pk]
    requests = ApprovalRequest.objects.filter(project_id=frozen.project_id, subject_id__in=ids)
    return list(Decision.objects.filter(request__in=requests).select_related("request").order_by("created_at", "pk"))


def _decision(decision: Decision) -> dict[str, Any]:
    return {**decision.content(), "id": decision.pk}


def _elsewhere(frozen: DossierVersion, contents: Contents) -> list[dict[str, str]]:
    """References of the dossier that the bundle does not hold as stated, each with the reason."""
    held = {
        name.rsplit("/", 2)[1] + ":" + name.rsplit("/", 1)[1].split(".")[0] for name in contents.files if "/" in name
    }
    return [
        {"kind": kind, "id": pk, "sha256": sha256, "because": "the record is no longer there"}
        for kind, pk, sha256 in sorted(set(verify.dossier_references(frozen.document)))
        if f"{kind}:{pk}" not in held and kind != RUN_MANIFEST
    ]
