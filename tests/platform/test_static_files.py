"""What a browser asks for besides pages, as production serves it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """`collectstatic` as production runs it: every reference of a style sheet resolved, each name with its digest."""
    var = tmp_path_factory.mktemp("var")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "assay.settings.production",
        "ASSAY_SECRET_KEY": "for this test only, and long enough",
        "ASSAY_VAR_DIR": str(var),
    }
    command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads((var / "static" / "staticfiles.json").read_text(encoding="utf-8"))["paths"]


def test_everything_that_a_template_names_is_collected(manifest: dict[str, str]) -> None:
    named = {
        name
        for template in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r"""{% static ['"]([^'"]+)['"]""", template.read_text(encoding="utf-8"))
    }
    assert named
    assert named - manifest.keys() == set()


def test_variants_that_no_page_asks_for_are_not_served(manifest: dict[str, str]) -> None:
    assert "tabler/tabler.min.css" in manifest
    assert [name for name in manifest if name.startswith("tabler/tabler-") or ".rtl." in name] == []


def test_the_folders_that_static_files_come_from_are_there() -> None:
    assert [message for message in run_checks(tags=["staticfiles"]) if message.id == "staticfiles.W004"] == []


def test_the_embedded_default_serves_them_without_collecting(tmp_path: Path) -> None:
    program = (
        "import django; django.setup()\n"
        "from django.test import Client\n"
        "for path in ('tabler/tabler.min.css', 'htmx/htmx.min.js', 'assay/shell.css'):\n"
        "    print(path, Client().get('/static/' + path).status_code)\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "assay.settings.dev", "ASSAY_VAR_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [
        "tabler/tabler.min.css", "200", "htmx/htmx.min.js", "200", "assay/shell.css", "200"
    ], done.stderr[-2000:]  # fmt: skip
