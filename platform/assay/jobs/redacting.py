"""The job "redact": a process of its own writes a version's rows again, without what it finds in them."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from assay.jobs import preparing
from assay.jobs.scan import LIMITS, names_model
from assay.jobs.supervise import Outcome
from governance.foundation.jobs.services import Lease
from governance.materials.redactions import worker as redactions
from preparation.cli import INDEX, NOT_SOUND, PSEUDONYMS, REDACTION, RESULT, ROWS, SALT, SOUND
from preparation.examination import Examination


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Redact the version under `lease`. Raises LeaseLost, and Interrupted when `stopping` ended it."""
    preparing.carry_out(
        lease,
        stopping,
        prepare=partial(_prepare, lease),
        take=partial(_take, lease),
        stop=partial(redactions.stop, lease=lease, redaction_id=lease.subject_id),
        fail=fail,
        limits=LIMITS,
        understood=(SOUND, NOT_SOUND),
    )


def fail(lease: Lease, message: str) -> None:
    """Record that no version came of it, and why. Raises LeaseLost."""
    redactions.fail(lease=lease, redaction_id=lease.subject_id, message=message)


def _prepare(lease: Lease, folder: Path) -> list[str]:
    """The salt is made by the process itself and never stands on its command line."""
    found, path = redactions.begin(lease=lease, redaction_id=lease.subject_id, folder=folder)
    source = found.source
    more = ("--redaction", json.dumps(found.options), *names_model())
    return preparing.command("redact", path, folder, source.file_name, source.reading, *more)


def _take(lease: Lease, folder: Path, outcome: Outcome) -> None:
    if outcome.exit_code == NOT_SOUND:
        redactions.refuse(lease=lease, redaction_id=lease.subject_id, message=preparing.why(outcome))
        return
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
