"""The job "redact": a process of its own writes a version's rows again, without what it finds in them."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from assay.jobs.importing import progress, why
from assay.jobs.keeping import keeping
from assay.jobs.scan import LIMITS
from assay.jobs.supervise import Interrupted, Supervised
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease
from governance.materials.redactions import worker as redactions
from governance.materials.redactions.models import Redaction
from preparation.cli import INDEX, NOT_SOUND, PSEUDONYMS, REDACTION, RESULT, ROWS, SALT, SOUND
from preparation.examination import Examination


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Redact the version under `lease`. Raises LeaseLost, and Interrupted when `stopping` ended it."""
    with tempfile.TemporaryDirectory(prefix="assay-redact-") as name:
        folder = Path(name)
        with keeping(lease):
            found, path = redactions.begin(lease=lease, redaction_id=lease.subject_id, folder=folder)
        outcome = Supervised(
            command(found, path, folder),
            lease=lease,
            folder=folder,
            log_file=folder / "redact.log",
            progress_of=progress,
            stopping=stopping,
            limits=LIMITS,
        ).run()
        if outcome.was_interrupted:
            raise Interrupted
        if outcome.cancelled:
            redactions.stop(lease=lease, redaction_id=lease.subject_id)
        elif outcome.exit_code == SOUND:
            with keeping(lease):
                _finish(lease, folder)
        elif outcome.exit_code == NOT_SOUND:
            redactions.refuse(lease=lease, redaction_id=lease.subject_id, message=why(outcome))
        elif not (outcome.was_killed and jobs.hand_back(lease, attempt_counts=True)):
            fail(lease, why(outcome))


def fail(lease: Lease, message: str) -> None:
    """Record that no version came of it, and why. Raises LeaseLost."""
    redactions.fail(lease=lease, redaction_id=lease.subject_id, message=message)


def command(found: Redaction, path: Path, folder: Path) -> list[str]:
    """The redactor's command line. The salt is made there and never stands on it."""
    source = found.source
    names = ["--names", settings.ASSAY_NAMES_MODEL] if settings.ASSAY_NAMES_MODEL else []
    return [
        sys.executable, "-m", "preparation", "redact", str(path), "--out", str(folder), "--name", source.file_name,
        "--container", source.container, "--format", source.format, "--columns", json.dumps(source.columns),
        "--redaction", json.dumps(found.options), *names,
    ]  # fmt: skip


def _finish(lease: Lease, folder: Path) -> None:
    redactions.finish(
        lease=lease,
        redaction_id=lease.subject_id,
        done=json.loads((folder / REDACTION).read_text(encoding="utf-8")),
        examination=Examination.from_json(json.loads((folder / RESULT).read_text(encoding="utf-8"))),
        rows=folder / ROWS,
        index=folder / INDEX,
        salt=folder / SALT,
        pseudonyms=folder / PSEUDONYMS,
    )
