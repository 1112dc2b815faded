"""What the demo leaves behind: the files of `var/demo/`, every one made from records and kept by digest."""

import json
import shutil
from pathlib import Path
from typing import Any

from assay.demo.story import Story
from governance.delivery.evidence.models import Bundle
from governance.documents.dossiers.models import DossierVersion
from governance.documents.model_cards.models import ModelCard
from governance.documents.model_cards.rules import notice_file
from governance.documents.renderings.models import Rendering
from governance.foundation.core import blobs
from governance.foundation.core.canonical import digest_of_file
from governance.work.evaluations.models import Evaluation
from governance.work.model_versions.selectors import folder as model_folder
from governance.work.runs.models import Run


def write(
    out: Path,
    *,
    story: Story,
    run: Run,
    evaluation: Evaluation,
    frozen: DossierVersion,
    renderings: dict[str, Rendering],
    bundle: Bundle,
) -> Path:
    """Write `out` anew; `summary.json` comes last, so that its existence means the rest is whole."""
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    card = ModelCard.objects.filter(model_version=run.model_version).latest("created_at")
    (out / "model-card.md").write_text(card.markdown, encoding="utf-8")
    blobs.copy_to(evaluation.report_sha256, out / "evaluation-report.json")
    (out / "dossier.json").write_text(json.dumps(frozen.document, indent=1, ensure_ascii=False), encoding="utf-8")
    for name, rendering in renderings.items():
        blobs.copy_to(rendering.file_sha256, out / name)
    blobs.copy_to(bundle.file_sha256, out / "evidence.zip")
    shutil.copytree(model_folder(run.model_version), out / "model")
    (out / "model" / "NOTICE").write_text(notice_file(card.document), encoding="utf-8")
    summary = out / "summary.json"
    summary.write_text(
        json.dumps(_summary(out, story, run, evaluation), indent=1, ensure_ascii=False), encoding="utf-8"
    )
    return summary


def _summary(out: Path, story: Story, run: Run, evaluation: Evaluation) -> dict[str, Any]:
    manifest: dict[str, Any] = run.manifest or {}
    return {
        "schema": "assay.demo/1",
        "run": {
            "id": str(run.pk),
            "train_loss": {name: manifest["train_loss"][name] for name in ("first", "last")},
            "validation_loss": _validation_loss(evaluation),
            "adapter_sha256": manifest["output"]["weights_sha256"],
        },
        "decisions": [
            {
                "subject": f"{decision.request.subject_kind} {decision.request.subject_name}",
                "sha256": decision.digest,
                "by": decision.by_name,
                "at": decision.created_at.isoformat(),
            }
            for decision in story.decisions
        ],
        "steps": story.steps,
        "files": {
            path.relative_to(out).as_posix(): digest_of_file(path)[0]
            for path in sorted(out.rglob("*"))
            if path.is_file()
        },
    }


def _validation_loss(evaluation: Evaluation) -> dict[str, Any]:
    """Of base and candidate, as the evaluation measured both on the trainer's own held-out rows."""
    report: dict[str, Any] = evaluation.report or {}
    task = next(task for task in report["tasks"] if task["name"] == "validation-loss")
    found = {m["model"]: m for m in task["metrics"] if m["name"] == "loss" and m["group"] is None}
    return {
        "base": found["base"]["value"],
        "candidate": found["candidate"]["value"],
        "n": found["candidate"]["n"],
    }
