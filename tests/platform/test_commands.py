"""The operator's commands: what they print, what they leave, and the exit code that a script relies on."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from governance.documents.dossiers.models import DossierVersion
from governance.documents.renderings import services as renderings
from governance.documents.renderings.models import Rendering
from governance.foundation.audit import keys
from governance.foundation.audit.models import AuditEvent, TrailKey
from governance.foundation.core.canonical import canonical
from governance.foundation.jobs.models import Job, Worker
from tests import factories
from tests.callers import API
from tests.conftest import ROOT
from tests.people import House
from tests.tampering import guards_lifted

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> tuple[int, str, str]:
    """(exit code, standard output, standard error) of one command."""
    out, err = StringIO(), StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue(), err.getvalue()
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    return 0, out.getvalue(), err.getvalue()


def test_a_token_made_by_the_operator_opens_the_api_for_its_person_only(home: House, client: Any) -> None:
    code, token, told = said("token", "create", "ada")
    assert code == 0 and "Good until" in told
    names = client.get(f"{API}/projects/", headers={"Authorization": f"Token {token.strip()}"}).json()
    assert [project["name"] for project in names["results"]] == ["Bank support assistant"]
    entry = AuditEvent.objects.get(action="token.created")
    assert entry.actor is None and token.strip() not in entry.body


def test_a_token_for_nobody_is_wrong_input(home: House) -> None:
    code, out, told = said("token", "create", "nobody")
    assert (code, out) == (2, "")
    assert "There is no account “nobody”" in told


def test_the_trail_verifies_until_an_entry_is_changed(home: House) -> None:
    code, text, _ = said("audit", "verify")
    assert code == 0 and text.startswith("whole: ")
    code, answer, _ = said("audit", "verify", "--json")
    found = json.loads(answer)
    newest = AuditEvent.objects.latest("seq")
    assert (found["sound"], found["entries"], found["head"]) == (True, newest.seq, newest.hash)
    assert json.loads(said("audit", "head", "--json")[1])["end"] == {"seq": newest.seq, "hash": newest.hash}

    entry = AuditEvent.objects.get(pk=4)
    with guards_lifted():
        AuditEvent.objects.filter(pk=4).update(body=entry.body.replace('"seq":4', '"seq":40'))
    code, text, _ = said("audit", "verify")
    assert code == 1 and "entry 4" in text and "NOT whole" in text
    code, answer, _ = said("audit", "verify", "--json")
    assert code == 1 and json.loads(answer)["sound"] is False


def test_a_trail_that_was_never_signed_has_no_head(db: None) -> None:
    assert said("audit", "head")[1].strip() == "No head was signed yet. Sign one: assay audit sign"
    assert json.loads(said("audit", "head", "--json")[1]) == {"end": None, "signed": None, "keys": []}


def test_a_head_that_was_kept_is_what_the_trail_is_held_against(
    home: House, trail_key: TrailKey, tmp_path: Path
) -> None:
    code, note, _ = said("audit", "sign")
    assert code == 0 and note == said("audit", "head")[1]
    kept = tmp_path / "kept.txt"
    kept.write_text(note)
    code, text, _ = said("audit", "verify", "--head", str(kept))
    assert code == 0 and "1 signed heads hold" not in text and "1 signed head holds" in text
    kept.write_text(note.replace("\n", "\n1", 1))  # for ten times as many entries, which nobody signed
    code, text, _ = said("audit", "verify", "--head", str(kept))
    assert code == 1 and "is not signed by a key of this trail" in text
    kept.write_text("nothing of the kind")
    for unreadable in (kept, tmp_path / "absent.txt"):
        code, text, error = said("audit", "verify", "--head", str(unreadable))
        assert (code, text) == (2, "") and error.startswith("UNREADABLE: ")


def test_the_key_is_made_once_and_changed_by_rotation(home: House, trail_key: TrailKey) -> None:
    code, text, _ = said("audit", "key")
    assert code == 0 and str(keys.path()) in text and f"{trail_key.name}+" in text
    assert said("audit", "key")[1] == text
    code, rotated, _ = said("audit", "rotate-key")
    assert code == 0 and rotated.startswith("key 2") and said("audit", "key")[1] == rotated
    keys.path().unlink()
    code, _, error = said("audit", "rotate-key")
    assert code == 1 and "assay audit rotate-key --lost" in error
    assert said("audit", "rotate-key", "--lost")[1].startswith("key 3")
    assert said("audit", "verify")[0] == 0


def test_triggers_that_were_dropped_are_put_back(home: House) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER audit_auditevent_no_delete")
    assert said("audit", "verify")[0] == 1
    assert "mended: the trigger audit_auditevent_no_delete" in said("audit", "protect")[1]
    assert said("audit", "verify")[0] == 0
    code, _, error = said("audit", "grants", "assay_web")
    assert code == 1 and "SQLite knows no roles" in error


@pytest.fixture
def frozen(home: House) -> DossierVersion:
    return factories.frozen_dossier(home)


def test_a_frozen_dossier_is_exported_as_the_json_that_its_digest_is_over(
    frozen: DossierVersion, tmp_path: Path
) -> None:
    for asked in ("latest", str(frozen.pk), str(frozen.dossier_id)):
        target = tmp_path / f"{asked}.json"
        code, text, _ = said("export", asked, "--format", "json", "--out", str(target))
        document = json.loads(target.read_bytes())
        stated = document.pop("sha256")
        assert code == 0 and stated == frozen.sha256
        assert hashlib.sha256(canonical(document)).hexdigest() == frozen.sha256
        assert hashlib.sha256(target.read_bytes()).hexdigest() in text


def test_an_exported_bundle_verifies_without_database_or_settings_of_ours(
    frozen: DossierVersion, tmp_path: Path
) -> None:
    bundle = tmp_path / "evidence.zip"
    assert said("export", "latest", "--format", "bundle", "--out", str(bundle))[0] == 0
    alone = {
        **os.environ,
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "ASSAY_VAR_DIR": str(tmp_path / "var"),
        "DJANGO_SETTINGS_MODULE": "assay.settings.dev",
    }

    def verified(path: Path, *flags: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "manage.py"), "verify", str(path), *flags]
        return subprocess.run(command, capture_output=True, text=True, env=alone, cwd=tmp_path, check=False)

    sound = verified(bundle, "--json")
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert json.loads(sound.stdout)["sound"] is True
    broken = tmp_path / "broken.zip"
    data = bytearray(bundle.read_bytes())
    with zipfile.ZipFile(bundle) as opened:
        place = opened.getinfo("dossier.json").header_offset + 60
    data[place] ^= 1
    broken.write_bytes(data)
    assert verified(broken).returncode == 1
    assert verified(tmp_path / "none.zip").returncode == 2


def test_what_cannot_be_exported_says_why_and_ends_with_the_right_code(home: House) -> None:
    assert said("export", "latest", "--format", "json")[0] == 1
    assert said("export", str(home.project.pk), "--format", "json")[0] == 2
    assert said("export", "the-last-one", "--format", "json")[0] == 2
    with pytest.raises(CommandError, match="docx"):
        call_command("export", "latest", "--format", "docx")


def test_a_pdf_waits_for_a_worker_and_says_when_none_is_alive(frozen: DossierVersion, tmp_path: Path) -> None:
    target = tmp_path / "dossier.pdf"
    code, _, told = said("export", "latest", "--format", "pdf", "--out", str(target))
    assert code == 1 and "no worker is alive" in told and not target.exists()

    Worker.objects.create(name="light@here", started_at=timezone.now(), seen_at=timezone.now())
    code, _, told = said("export", "latest", "--format", "pdf", "--out", str(target), "--wait", "0")
    assert code == 1 and "is not done after 0 s" in told

    rendering = Rendering.objects.get()
    made = tmp_path / "made.pdf"
    made.write_bytes(b"%PDF-1.7 as the worker made it")
    assert Job.objects.filter(subject_id=rendering.pk).count() == 1
    renderings.finish(
        lease=factories.lease_on(rendering, "render"), rendering_id=rendering.pk, file=made, renderer="test"
    )
    code, text, _ = said("export", "latest", "--format", "pdf", "--out", str(target))
    assert code == 0 and target.read_bytes() == made.read_bytes() and str(target) in text


def test_a_pdf_that_failed_is_said_with_its_reason(frozen: DossierVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    Worker.objects.create(name="light@here", started_at=timezone.now(), seen_at=timezone.now())

    def fail(seconds: float) -> None:
        rendering = Rendering.objects.get()
        lease = factories.lease_on(rendering, "render")
        renderings.fail(lease=lease, rendering_id=rendering.pk, message="A font is missing.")

    monkeypatch.setattr("assay.management.commands.export.time.sleep", fail)
    code, _, told = said("export", "latest", "--format", "pdf")
    assert code == 1 and "A font is missing." in told
