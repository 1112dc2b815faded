"""The job "redact": a process of its own writes a version's rows again, without what it finds in them."""

import json
from pathlib import Path

from assay.jobs import errands
from assay.jobs.scan import LIMITS, names_model
from assay.jobs.supervise import Outcome
from governance.foundation.jobs.services import Lease
from governance.materials.redactions import worker as redactions
from preparation.cli import INDEX, NOT_SOUND, PSEUDONYMS, REDACTION, RESULT, ROWS, SALT, SOUND
from preparation.examination import Examination


def _prepare(lease: Lease, folder: Path) -> list[str]:
    """The salt is made by the process itself and never stands on its command line."""
    found, path = redactions.begin(lease=lease, folder=folder)
    source = found.source
    more = ("--redaction", json.dumps(found.options), *names_model())
    return errands.command("redact", path, folder, source.file_name, source.reading, *more)


def _take(lease: Lease, folder: Path, outcome: Outcome) -> None:
    if outcome.exit_code == NOT_SOUND:
        redactions.refuse(lease=lease, message=errands.why(outcome))
        return
    redactions.finish(
        lease=lease,
        done=json.loads((folder / REDACTION).read_text(encoding="utf-8")),
        examination=Examination.from_json(json.loads((folder / RESULT).read_text(encoding="utf-8"))),
        rows=folder / ROWS,
        index=folder / INDEX,
        salt=folder / SALT,
        pseudonyms=folder / PSEUDONYMS,
    )


PROCESS = errands.Process(_prepare, _take, LIMITS, understood=(SOUND, NOT_SOUND))
