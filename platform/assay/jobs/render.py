"""The job "render": a file from a frozen document, in a process that can take little and see no database."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from assay.jobs.folders import folder_of
from assay.jobs.keeping import keeping
from assay.jobs.supervise import Interrupted, Limits, Outcome, Supervised
from governance.documents.renderings import services as renderings
from governance.documents.renderings.models import Rendering
from governance.foundation.jobs.services import Lease

# A dossier of 39 pages took 14 s of processor and 180 MB (in less than 1 GiB of address space) on the machine of
# docs/results; what takes forty times that is no document of ours. Somebody waits for it, so it steps back for nobody.
# How long that takes by the clock is a matter of the machine, and of what else it does: the operator sets it.
ADDRESS_SPACE = 2 * 1024**3
CPU_SECONDS = 600


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Make the file under `lease` and keep it. Raises LeaseLost, and Interrupted when `stopping` ended it."""
    rendering = renderings.begin(lease=lease, rendering_id=lease.subject_id)
    with folder_of(lease) as folder:
        made, said = folder / f"document.{rendering.format}", folder / "renderer.log"
        outcome = Supervised(
            command(rendering, folder, made),
            lease=lease,
            folder=folder,
            log_file=said,
            stopping=stopping,
            limits=Limits(ADDRESS_SPACE, CPU_SECONDS, settings.ASSAY_RENDER_SECONDS, nice=0),
        ).run()
        if outcome.was_interrupted:
            raise Interrupted
        if outcome.exit_code != 0:
            fail(lease, why(outcome))
            return
        with keeping(lease):
            renderings.finish(lease=lease, rendering_id=lease.subject_id, file=made, renderer=renderer(said))


def fail(lease: Lease, message: str) -> None:
    """Record that there is no file, and why. Raises LeaseLost."""
    renderings.fail(lease=lease, rendering_id=lease.subject_id, message=message)


def command(rendering: Rendering, folder: Path, made: Path) -> list[str]:
    """Write the renderer's input into `folder`; its command line, which is to write `made`."""
    given = folder / "document.json"
    asked = {
        "document_kind": rendering.document_kind,
        "document": rendering.document,
        "seal": rendering.seal,
        "format": str(rendering.format),
    }
    given.write_text(json.dumps(asked, ensure_ascii=False), encoding="utf-8")
    return [sys.executable, "-m", "assay.rendering", str(given), str(made)]


def renderer(said: Path) -> str:
    """What made the file, in the words of the process that made it (its last line, JSON)."""
    last = said.read_text(encoding="utf-8").strip().splitlines()[-1]
    return str(json.loads(last)["renderer"])


def why(outcome: Outcome) -> str:
    if outcome.cancelled:
        return "It was cancelled."
    if outcome.timed_out:
        limit = f"It took longer than {settings.ASSAY_RENDER_SECONDS:,} s and was ended; the operator can allow more"
        return f"{limit} (ASSAY_RENDER_SECONDS). {outcome.last_words}".strip()
    return outcome.last_words or f"The renderer ended with code {outcome.exit_code} and said nothing."
