"""A decision, a launch and a withdrawal at the same moment, on PostgreSQL: whoever comes later sees what was done."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.jobs import scan as scanning
from governance.delivery.lineage import selectors as withdrawals
from governance.delivery.lineage import services as lineage
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.materials.scans.models import Scan
from governance.people.approvals import reauthentication
from governance.people.approvals import services as approvals
from governance.people.approvals.rules import Verdict
from governance.people.approvals.selectors import standing
from governance.work.runs import services as runs
from governance.work.runs.models import Run
from tests import factories
from tests.people import PASSWORD, House, house

pytestmark = pytest.mark.usefixtures("postgresql")

TRIES = 6


@pytest.fixture
def home(postgresql: None, settings: Any, tmp_path: Path) -> House:
    settings.ASSAY_MODELS_DIR = tmp_path / "models"
    return house()


def versions(home: House, folder: Path) -> Iterator[DatasetVersion]:
    """Registered by Ada, with no row in common."""
    dataset = datasets.create(actor=home.ada, project_id=home.project.pk, name="Raced for")
    for number in range(TRIES):
        path = folder / f"{number}.jsonl"
        path.write_text("".join(factories.row(1_000 * number + place) for place in range(20)), encoding="utf-8")
        yield datasets.register_version(
            actor=home.ada, dataset_id=dataset.pk, path=path, file_name=path.name, licence="CC0-1.0",
            provenance=factories.PROVENANCE,
        )  # fmt: skip


def test_an_errand_is_carried_out(home: House) -> None:
    """Its lease is looked at under a lock, which PostgreSQL gives inside a transaction alone."""
    scan = factories.dataset_version(home).scans.get()
    scanning.PROCESS.carry_out(factories.lease_on(scan, "scan"), lambda: False)
    assert Scan.objects.get(pk=scan.pk).state == "done"


def test_an_approval_decided_during_a_withdrawal_does_not_stand(home: House, at_once: Any, tmp_path: Path) -> None:
    for version in versions(home, tmp_path):
        request = approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk)
        proof = reauthentication.by_password(
            actor=home.ben, password=PASSWORD, subject_digest=request.subject_digest, verdict=Verdict.APPROVE
        )

        def act(one: int, request: Any = request, version: Any = version, proof: str = proof) -> Any:
            if one == 0:
                return lineage.withdraw(actor=home.rita, version_id=version.pk, reason="Consent was taken back.")
            return approvals.decide(
                actor=home.ben, request_id=request.pk, verdict=Verdict.APPROVE, reason="Looked at it.", proof=proof
            )

        answers = at_once(act, 2)
        assert not isinstance(answers[0], Exception), answers
        assert not standing(version).granted


def test_a_run_taken_up_during_a_withdrawal_does_not_train(home: House, at_once: Any, tmp_path: Path) -> None:
    for version in versions(home, tmp_path):
        factories.approve(home.ben, approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk))
        run = factories.launched_run(home, data=version, title=str(version))
        runs.cancel(actor=home.ada, run_id=run.pk)

        def act(one: int, run: Run = run, version: Any = version) -> Any:
            if one == 0:
                return lineage.withdraw(actor=home.ben, version_id=version.pk, reason="Consent was taken back.")
            return runs.resume(actor=home.ada, run_id=run.pk)

        answers = at_once(act, 2)
        assert not isinstance(answers[0], Exception), answers
        assert Run.objects.get(pk=run.pk).state == "cancelled"


def test_the_same_rows_registered_during_a_withdrawal_are_reached(home: House, at_once: Any, tmp_path: Path) -> None:
    again = datasets.create(actor=home.ada, project_id=home.project.pk, name="By another door")
    for number, version in enumerate(versions(home, tmp_path)):

        def act(one: int, version: DatasetVersion = version, number: int = number) -> Any:
            if one == 0:
                return lineage.withdraw(actor=home.ben, version_id=version.pk, reason="Consent was taken back.")
            return datasets.register_version(
                actor=home.ada, dataset_id=again.pk, path=tmp_path / f"{number}.jsonl", file_name="again.jsonl",
                licence="CC0-1.0", provenance=factories.PROVENANCE,
            )  # fmt: skip

        answers = at_once(act, 2)
        assert not [answer for answer in answers if isinstance(answer, Exception)], answers
        assert withdrawals.why_not_approve(answers[1]) is not None
