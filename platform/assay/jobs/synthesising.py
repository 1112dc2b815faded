"""The job "synthesise": a model writes rows in the evaluator's own process, where models are loaded."""

import json
import sys
from pathlib import Path

from assay.jobs import errands
from assay.jobs.supervise import Limits, Outcome
from governance.foundation.jobs.services import Lease
from governance.materials.syntheses import worker as syntheses
from preparation.cli import INDEX, NOT_SOUND, RESULT, ROWS, SOUND
from preparation.examination import Examination

# A model takes what it takes, as in training and evaluation.
LIMITS = Limits()


def _prepare(lease: Lease, folder: Path) -> list[str]:
    spec = folder / "spec.json"
    spec.write_text(json.dumps(syntheses.begin(lease=lease, folder=folder), ensure_ascii=False), encoding="utf-8")
    return [sys.executable, "-m", "evaluation", "synthesise", str(spec), "--out", str(folder / "out")]


def _take(lease: Lease, folder: Path, outcome: Outcome) -> None:
    if outcome.exit_code == NOT_SOUND:
        syntheses.refuse(lease=lease, message=errands.why(outcome).splitlines()[-1])
        return
    out = folder / "out"
    syntheses.finish(
        lease=lease,
        done=json.loads((out / "synthesis.json").read_text(encoding="utf-8")),
        examination=Examination.from_json(json.loads((out / RESULT).read_text(encoding="utf-8"))),
        rows=out / ROWS,
        index=out / INDEX,
    )


PROCESS = errands.Process(_prepare, _take, LIMITS, understood=(SOUND, NOT_SOUND))
