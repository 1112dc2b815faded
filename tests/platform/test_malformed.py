"""Over three hundred files that are not what they should be: each is refused, quickly and in little memory."""

import gzip
import io
import json
import subprocess
import sys
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from governance.foundation.core import blobs
from governance.materials.datasets import services
from governance.materials.datasets.models import DatasetVersion, Import
from preparation.reading import inspect
from tests import factories
from tests.callers import API, by_token
from tests.malformed import jsonl, malformed
from tests.people import House

MEGABYTE = 1 << 20
# Reads every file of a folder in one process, as the reader of an upload does, and says of each what was found.
READER = """
import json, re, sys, time
from pathlib import Path
from preparation.examination import examine
# Its own peak: what getrusage gives begins with that of the process that forked it.
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024
for path in sorted(Path(sys.argv[1]).iterdir()):
    began = time.monotonic()
    found = examine(path)
    finding = found.inspection.findings[0] if found.inspection.findings else None
    print(json.dumps({
        "file": path.name, "sound": found.sound, "seconds": time.monotonic() - began,
        "says": str(finding), "cure": finding.cure if finding else "",
        "peak": peak(),
    }))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("malformed")
    for name, data in malformed():
        assert not (made / name).exists(), f"two files are called {name}"
        (made / name).write_bytes(data)
    return made


def test_each_is_refused_with_a_cure_in_seconds_and_little_memory(folder: Path) -> None:
    files = sorted(path.name for path in folder.iterdir())
    assert len(files) >= 300
    done = subprocess.run(
        [sys.executable, "-c", READER, str(folder)], capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"after {told[-1]['file'] if told else 'nothing'}: {done.stderr[-2000:]}"
    assert [one["file"] for one in told] == files
    wrong = [one for one in told if one["sound"] or not one["cure"]]
    assert not wrong, wrong
    traced = [one for one in told if "Traceback" in one["says"] or "Error" in one["says"].split(".")[0]]
    assert not traced
    assert max(one["peak"] for one in told) < 300
    assert max(one["seconds"] for one in told) < 5


def test_the_command_ends_with_2_and_says_where(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    families = groupby(sorted(path.name for path in folder.iterdir()), key=lambda name: name.split("-")[0])
    for _, names in families:
        name = next(iter(names))
        with pytest.raises(SystemExit) as ended:
            call_command("dataset", "profile", str(folder / name), "--json")
        assert ended.value.code == 2, name
        told = json.loads(capsys.readouterr().out)
        assert told["sound"] is False
        assert told["findings"][0]["cure"], name


@pytest.mark.django_db
def test_the_api_answers_a_problem_and_keeps_nothing(home: House, folder: Path) -> None:
    line = services.create(actor=home.ada, project_id=home.project.pk, name="Rubbish")
    ada = by_token(home.ada)
    small = [path for path in sorted(folder.iterdir()) if path.stat().st_size < MEGABYTE]
    statuses: dict[str, Any] = {}
    for path in small[::7]:
        sent = io.BytesIO(path.read_bytes())
        sent.name = path.name
        body = {"licence": "CC0-1.0", "provenance": json.dumps(factories.PROVENANCE), "file": sent}
        answer = ada.post(f"{API}/datasets/{line.pk}/versions/", body, format="multipart")
        statuses[path.name] = answer.status_code
        if answer.status_code == 202:  # packed: a worker says so later, nothing is registered
            continue
        assert answer.status_code == 422, (path.name, answer.content[:300])
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["faults"][0]["cure"], path.name
    assert len(statuses) > 30
    assert not DatasetVersion.objects.exists()
    waiting = set(Import.objects.values_list("file_sha256", flat=True))
    kept = {
        path.name for path in small if blobs.exists(sha := sha256(path.read_bytes()).hexdigest()) and sha not in waiting
    }
    assert not kept


def test_sound_files_pass_the_same_way(tmp_path: Path) -> None:
    """The reader does not refuse everything."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(jsonl({"prompt": "a", "completion": "b"}))
    assert inspect(path).sound
    path.write_bytes(gzip.compress(jsonl({"prompt": "a", "completion": "b"})))
    assert inspect(path).sound
