"""A row's proof holds for that row in that version and for nothing else; the verifier needs the file alone."""

import copy
import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from governance.delivery.evidence import membership, verify
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.errors import NotAllowed, NotFound, WrongState
from governance.materials.datasets import services
from governance.materials.datasets.models import DatasetVersion
from tests import factories
from tests.people import House

ROWS = 13


@pytest.fixture
def version(home: House, tmp_path: Path) -> DatasetVersion:
    line = services.create(actor=home.ada, project_id=home.project.pk, name="Support desk")
    path = tmp_path / "rows.jsonl"
    rows = [{"prompt": f"Frage {n}: wie lange?", "completion": f"{n} Tage – höchstens."} for n in range(ROWS)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return services.register_version(
        actor=home.ada, dataset_id=line.pk, path=path, file_name=path.name, licence="CC0-1.0",
        provenance=factories.PROVENANCE,
    )  # fmt: skip


def checked(proof: Any, folder: Path) -> verify.Report:
    path = folder / "membership.json"
    path.write_text(json.dumps(proof, ensure_ascii=False), encoding="utf-8")
    return verify.verify(path)


def test_every_row_of_a_version_is_proved_and_read_by_the_lone_verifier(
    home: House, version: DatasetVersion, tmp_path: Path
) -> None:
    for place in range(ROWS):
        proof = membership.prove(actor=home.omar, version_id=version.pk, place=place)
        assert proof["row"]["content"][0][1] == f"Frage {place}: wie lange?"
        report = checked(proof, tmp_path)
        assert report.sound, report.as_text()
        assert (report.verdict("integrity"), report.verdict("authorship")) == ("holds", "not checked")
        assert report.digest == version.content_digest
    assert AuditEvent.objects.filter(action="dataset-version.row-proved").count() == ROWS
    alone = subprocess.run(
        [sys.executable, "-I", str(verify.__file__), str(tmp_path / "membership.json")],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert alone.returncode == 0, alone.stderr
    assert f"number {ROWS} of {ROWS}" in alone.stdout


def test_a_later_proof_reads_the_block_of_its_row_alone(
    home: House, version: DatasetVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    membership.prove(actor=home.omar, version_id=version.pk, place=0)

    def never(index: object) -> None:
        raise AssertionError("the whole index was read again")

    monkeypatch.setattr(membership, "block_roots", never)
    assert checked(membership.prove(actor=home.omar, version_id=version.pk, place=ROWS - 1), tmp_path).sound


def test_a_changed_row_place_salt_path_or_record_does_not_pass(
    home: House, version: DatasetVersion, tmp_path: Path
) -> None:
    proof = membership.prove(actor=home.ada, version_id=version.pk, place=5)
    draw = random.Random(0)  # noqa: S311 - the same mutations at each run, no secret
    mutations: list[tuple[str, Any]] = [
        ("row", lambda p: p["row"]["content"][1].__setitem__(1, "5 Tage - höchstens.")),
        ("trained", lambda p: p["row"]["content"][1].__setitem__(2, False)),
        ("salt", lambda p: p["row"].__setitem__("salt", "0" * 32)),
        ("place", lambda p: p.__setitem__("place", 4)),
        ("beyond", lambda p: p.__setitem__("place", ROWS)),
        ("path", lambda p: p["path"].__setitem__(draw.randrange(len(p["path"])), "ab" * 32)),
        ("shorter", lambda p: p["path"].pop()),
        ("root", lambda p: p["record"]["content"].__setitem__("rows_root", "cd" * 32)),
        ("licence", lambda p: p["record"]["content"].__setitem__("licence", "MIT")),
        ("erased", lambda p: p["row"].update(erased=True, leaf="ef" * 32)),
    ]
    for name, mutate in mutations:
        changed = copy.deepcopy(proof)
        mutate(changed)
        report = checked(changed, tmp_path)
        assert (report.sound, report.exit_status) == (False, 1), name
    assert checked(proof, tmp_path).sound


def test_a_row_that_is_not_shown_is_not_said_to_be_erased(home: House, version: DatasetVersion, tmp_path: Path) -> None:
    """Anybody can take salt and content out of the proof of a row that nobody erased."""
    proof = membership.prove(actor=home.ada, version_id=version.pk, place=5)
    row = proof["row"]
    leaf = hashlib.sha256(b"\0" + bytes.fromhex(row["salt"]) + verify.canonical(row["content"])).hexdigest()
    proof["row"] = {"erased": True, "leaf": leaf}
    report = checked(proof, tmp_path)
    said = {(line.area, line.name): line for line in report.checks}
    assert said["integrity", "leaf"].result == "holds"
    assert said["integrity", "row"].result == "not checked"
    assert "only the leaf is shown" in said["integrity", "row"].detail
    assert "that it was erased is not checked" in said["integrity", "row"].detail
    assert report.verdict("integrity") == "not checked"


def test_the_id_of_the_record_is_said_not_to_be_checked(home: House, version: DatasetVersion, tmp_path: Path) -> None:
    proof = membership.prove(actor=home.ada, version_id=version.pk, place=5)
    proof["record"]["id"] = other = "00000000-0000-0000-0000-000000000000"
    (line,) = [line for line in checked(proof, tmp_path).checks if other in line.detail]
    assert (line.area, line.name, line.result) == ("authorship", "record id", "not checked")


@pytest.mark.parametrize("rubbish", [{}, {"schema": "assay.membership/2"}, {"schema": "assay.membership/1"}, []])
def test_rubbish_is_unreadable_or_broken_and_never_sound(rubbish: Any, tmp_path: Path) -> None:
    assert checked(rubbish, tmp_path).exit_status in (1, 2)


def test_who_may_not_read_rows_gets_no_proof(home: House, version: DatasetVersion) -> None:
    with pytest.raises(NotAllowed):
        membership.prove(actor=home.vera, version_id=version.pk, place=0)
    with pytest.raises(NotFound):
        membership.prove(actor=home.dev, version_id=version.pk, place=0)
    with pytest.raises(NotFound):
        membership.prove(actor=home.ada, version_id=version.pk, place=ROWS)
    DatasetVersion.objects.filter(pk=version.pk).update(index_sha256="")
    with pytest.raises(WrongState, match="before rows had a Merkle root"):
        membership.prove(actor=home.ada, version_id=version.pk, place=0)
    assert not AuditEvent.objects.filter(action="dataset-version.row-proved").exists()
