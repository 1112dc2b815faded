"""The job "profile": the quality of a version's rows is measured in a process of its own."""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from assay.jobs.importing import progress, why
from assay.jobs.keeping import keeping
from assay.jobs.supervise import Interrupted, Limits, Supervised
from evaluation import registry
from evaluation.suites import texts
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease
from governance.materials.datasets import measuring
from governance.materials.datasets.models import QualityProfile
from preparation.cli import PROFILE, SOUND
from preparation.quality.asked import Asked, Source

# A model of languages and numpy beside the rows' numbers, some 100 bytes a row; what is compared lies on disk.
LIMITS = Limits(address_space=8 * 1024**3, nice=5)


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Measure under `lease`. Raises LeaseLost, and Interrupted when `stopping` ended it."""
    with tempfile.TemporaryDirectory(prefix="assay-profile-") as name:
        folder = Path(name)
        with keeping(lease):
            found, path, asked = measuring.begin(lease=lease, profile_id=lease.subject_id, folder=folder)
            if found.options["suites"]:
                asked = replace(asked, suites=tuple(suites(folder)))
        outcome = Supervised(
            command(found, path, folder, asked),
            lease=lease,
            folder=folder,
            log_file=folder / "reader.log",
            progress_of=progress,
            stopping=stopping,
            limits=LIMITS,
        ).run()
        if outcome.was_interrupted:
            raise Interrupted
        if outcome.cancelled:
            measuring.stop(lease=lease, profile_id=lease.subject_id)
            return
        if outcome.exit_code != SOUND:
            if outcome.was_killed and jobs.hand_back(lease, attempt_counts=True):
                return
            fail(lease, why(outcome))
            return
        result = json.loads((folder / PROFILE).read_text(encoding="utf-8"))
        with keeping(lease):
            measuring.finish(lease=lease, profile_id=lease.subject_id, result=result)


def fail(lease: Lease, message: str) -> None:
    """Record that nothing was measured, and why. Raises LeaseLost."""
    measuring.fail(lease=lease, profile_id=lease.subject_id, message=message)


def suites(folder: Path) -> Iterator[Source]:
    """What the evaluation asks, from each task that brings its own suite, written into `folder`."""
    for registered in registry.every():
        if registered.task.needs_items:
            continue
        found = registered.task.items(None)
        path = folder / f"suite-{registered.name}.jsonl"
        with path.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps({"text": text}) + "\n" for text in dict.fromkeys(texts(found.items)))
        yield Source(found.suite.name, path)


def command(found: QualityProfile, path: Path, folder: Path, asked: Asked) -> list[str]:
    """The command line of the process that measures."""
    version = found.version
    return [
        sys.executable, "-m", "preparation", "profile", str(path), "--out", str(folder), "--name", version.file_name,
        "--container", version.container, "--format", version.format, "--columns", json.dumps(version.columns),
        "--asked", json.dumps(asked.to_json()),
    ]  # fmt: skip
