"""What a worker carries out ends on record, however it ends: the same for all that are carried by a job."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from assay.jobs import housekeeping, work
from assay.jobs.supervise import Outcome, Supervised
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.errors import NotAllowed, NotFound
from governance.foundation.jobs import errands
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Errand, Job
from governance.materials.datasets import measuring, splitting
from governance.materials.datasets import rules as dataset_rules
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import DatasetVersion, Import
from governance.materials.redactions import services as redactions
from governance.materials.scans import services as scans
from governance.materials.syntheses import services as syntheses
from preparation import splits
from preparation.persons.redaction import Redaction
from preparation.synthesis import Synthesis
from tests import factories
from tests.people import House

pytestmark = pytest.mark.django_db

# How the audit trail calls each, and how a person ends it.
SPOKEN = {
    "import": "import", "split": "dataset-split", "profile": "quality-profile", "scan": "scan", "redact": "redaction",
    "synthesise": "synthesis",
}  # fmt: skip
CANCEL: dict[str, Callable[..., Any]] = {
    "import": lambda actor, pk: datasets.cancel(actor=actor, import_id=pk),
    "split": lambda actor, pk: splitting.cancel(actor=actor, split_id=pk),
    "profile": lambda actor, pk: measuring.cancel(actor=actor, profile_id=pk),
    "scan": lambda actor, pk: scans.cancel(actor=actor, scan_id=pk),
    "redact": lambda actor, pk: redactions.cancel(actor=actor, redaction_id=pk),
    "synthesise": lambda actor, pk: syntheses.cancel(actor=actor, synthesis_id=pk),
}


def test_what_a_killed_worker_left_on_the_disk_is_removed_when_its_attempt_is_over(
    home: House, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file with the rows, a term that was sought, a map of pseudonyms: a kill removes none of them."""
    seen: list[Path] = []

    def killed(self: Supervised) -> Outcome:
        seen.append(self._folder)
        assert (self._folder / "file").exists() or list(self._folder.iterdir())
        assert self._folder.stat().st_mode & 0o077 == 0
        jobs.keep(self._lease)
        housekeeping.round_of("another@here")  # while the attempt is held, its folder is its own
        assert self._folder.exists()
        raise RuntimeError("as if the machine had lost its power")

    monkeypatch.setattr(Supervised, "run", killed)
    found = redactions.ask(actor=home.ada, version_id=version.pk, asked=Redaction("mask", ("email",)))
    job = Job.objects.get(subject_id=found.pk)
    work.do(job.pk, worker="light@here")
    (folder,) = seen
    assert Path(settings.DATA_DIR) in folder.parents and not folder.exists()
    folder.mkdir()
    (folder / "file").write_text("jane.roe@example.org")
    late = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(state="running", lease_until=late, token=1, attempts=1, ended_at=None)
    housekeeping.round_of("another@here")
    assert not folder.exists()


@pytest.fixture
def version(home: House) -> DatasetVersion:
    return factories.dataset_version(home)


@pytest.fixture(params=list(SPOKEN))
def errand(
    request: pytest.FixtureRequest, home: House, version: DatasetVersion, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Errand:  # fmt: skip
    """One of each that waits for a worker."""
    monkeypatch.setattr(dataset_rules, "READ_AT_ONCE", 0)
    match request.param:
        case "import":
            path = tmp_path / "rows.jsonl"
            path.write_text('{"prompt": "Large?", "completion": "Yes."}\n')
            found = datasets.enter(
                actor=home.ada, dataset_id=version.dataset_id, path=path, file_name=path.name, licence="CC0-1.0",
                provenance=factories.PROVENANCE,
            )  # fmt: skip
            assert isinstance(found, Import)
            return found
        case "split":
            return splitting.split(actor=home.ada, version_id=version.pk, asked=splits.Split("folds"))
        case "profile":
            return version.quality_profiles.get()
        case "scan":
            return version.scans.get()
        case "synthesise":
            writer, asked = factories.base_model(home), Synthesis("answers", "{row.given}", 5)
            return syntheses.ask(actor=home.ada, version_id=version.pk, base_model_id=writer.pk, asked=asked)
        case _:
            return redactions.ask(actor=home.ada, version_id=version.pk, asked=Redaction("mask", ("email",)))


def job_of(errand: Errand) -> Job:
    assert errand.job is not None
    return errand.job


def events(errand: Errand) -> list[tuple[str, bool]]:
    """What the trail says of it, in order: the action, and whether a person did it."""
    found = AuditEvent.objects.filter(subject_id=str(errand.pk)).order_by("seq")
    return [(event.action.removeprefix(SPOKEN[errand.task] + "."), event.actor is not None) for event in found]


def test_one_that_a_person_ends_while_a_worker_is_at_it_is_cancelled_on_record(home: House, errand: Errand) -> None:
    lease = factories.lease_on(errand, errand.task)
    CANCEL[errand.task](home.ada, errand.pk)
    assert jobs.keep(lease)  # the worker hears of it
    errands.stop(lease)
    errand.refresh_from_db()
    assert (errand.state, job_of(errand).state) == ("cancelled", "cancelled")
    assert errand.ended_at is not None
    assert events(errand) == [("asked", True), ("cancelled", True), ("cancelled", False)]


def test_one_whose_worker_is_lost_for_good_fails_on_record_with_its_job(errand: Errand) -> None:
    lease = factories.lease_on(errand, errand.task)
    Job.objects.filter(pk=lease.job_id).update(max_attempts=1)
    jobs.reap(now=timezone.now() + timedelta(days=1))
    errand.refresh_from_db()
    assert errand.error is not None
    assert errand.state == "failed" and errand.error["code"] == "worker-lost"
    assert events(errand) == [("asked", True), ("failed", False)]
    last = AuditEvent.objects.filter(subject_id=str(errand.pk)).latest("seq")
    assert json.loads(last.body)["facts"] == {"job": str(lease.job_id)}
    assert json.loads(last.body)["record"] == errand.record_digest


def test_one_that_cannot_be_carried_out_says_why_and_whose_it_is_to_mend(
    errand: Errand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("assay.jobs.errands.Supervised", full)
    work.do(job_of(errand).pk, worker="light@here")
    errand.refresh_from_db()
    assert (errand.state, job_of(errand).state) == ("failed", "failed")
    assert errand.error is not None
    assert errand.error == job_of(errand).error
    assert (errand.error["message"], errand.error["fault"]) == ("No space left on device", "platform")
    assert events(errand) == [("asked", True), ("failed", False)]


def test_a_worker_that_was_thought_dead_writes_nothing(errand: Errand) -> None:
    lease = factories.lease_on(errand, errand.task)
    Job.objects.filter(pk=lease.job_id).update(token=lease.token + 1)
    before = errand.record_digest
    for write in (errands.stop, lambda lost: errands.fail(lost, "Too late.")):
        with pytest.raises(jobs.LeaseLost):
            write(lease)
    errand.refresh_from_db()
    assert errand.record_digest == before and events(errand) == [("asked", True)]


def test_only_who_may_ask_for_it_ends_it(home: House, errand: Errand) -> None:
    with pytest.raises(NotAllowed):
        CANCEL[errand.task](home.vera, errand.pk)
    with pytest.raises(NotFound, match=str(errand._meta.verbose_name)):
        CANCEL[errand.task](home.dev, errand.pk)
    errand.refresh_from_db()
    assert errand.state == "queued" and events(errand) == [("asked", True)]
