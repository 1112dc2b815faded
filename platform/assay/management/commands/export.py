"""`assay export DOSSIER --format F`: a frozen dossier as a file, for who runs this installation."""

import shutil
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from assay.management.refusals import FAILED, spoken
from governance.delivery.evidence import services as evidence
from governance.documents.dossiers import services
from governance.documents.dossiers.models import DossierVersion
from governance.documents.renderings.models import Rendering
from governance.documents.renderings.rules import Format, State
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM
from governance.foundation.core.canonical import canonical, digest_of_file
from governance.foundation.core.errors import NotFound, WrongState
from governance.foundation.jobs import selectors as jobs

FORMATS = ("pdf", "md", "json", "bundle")
LATEST = "latest"
LOOK_AGAIN_SECONDS = 0.5


class Command(BaseCommand):
    help = "Write a frozen dossier as a file. A PDF or Markdown file is made by a worker, which must be running."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dossier", help=f"id of a dossier or of a frozen version of one, or “{LATEST}”")
        parser.add_argument("--format", required=True, choices=FORMATS)
        parser.add_argument("--out", type=Path, help="the file to write; by default in this folder, under its own name")
        parser.add_argument("--wait", type=float, default=300, metavar="SECONDS", help="how long to wait for a worker")

    def handle(self, *args: Any, dossier: str, out: Path | None, wait: float, **options: Any) -> None:
        with spoken():
            version = _version(dossier)
            form = options["format"]
            if form == "json":
                written = _put(canonical(version.document), out or Path(f"dossier-{version.number}.json"))
            elif form == "bundle":
                bundle = evidence.export(actor=PLATFORM, dossier_version_id=version.pk)
                written = _copy(bundle.file_sha256, out or Path("evidence.zip"))
            else:
                asked = services.export(actor=PLATFORM, version_id=version.pk, file_format=Format(form))
                made = _made(asked, wait)
                written = _copy(made.file_sha256, out or Path(made.file_name))
        sha256, size = digest_of_file(written)
        self.stdout.write(f"{written}: {version}, {size:,} bytes, sha256 {sha256}")


def _version(asked: str) -> DossierVersion:
    """The frozen version that was asked for. Raises NotFound, and WrongState while nothing is frozen."""
    versions = DossierVersion.objects.select_related("project", "dossier__model_version").order_by("-created_at")
    if asked == LATEST:
        found = versions.first()
        if found is None:
            raise WrongState("No dossier of this installation is frozen yet; freeze one first.")
        return found
    try:
        pk = UUID(asked)
    except ValueError:
        raise NotFound("dossier") from None
    found = versions.filter(pk=pk).first() or versions.filter(dossier=pk).first()
    if found is None:
        raise NotFound("dossier, or none that is frozen,")
    return found


def _made(rendering: Rendering, wait: float) -> Rendering:
    """The rendering once its file is there. Raises CommandError when it failed or nobody makes it."""
    until = time.monotonic() + wait
    while rendering.state == State.QUEUED:
        if time.monotonic() > until or not jobs.worker_is_alive():
            why = "is not done yet" if jobs.worker_is_alive() else "waits: no worker is alive; start “assay worker”"
            raise CommandError(f"{rendering} {why}. Ask again later; nothing is made twice.", returncode=FAILED)
        time.sleep(LOOK_AGAIN_SECONDS)
        rendering.refresh_from_db()
    if rendering.state == State.FAILED:
        raise CommandError(f"{rendering} was not made: {(rendering.error or {}).get('message')}", returncode=FAILED)
    return rendering


def _copy(sha256: str, target: Path) -> Path:
    with blobs.opened(sha256) as source, target.open("wb") as handle:
        shutil.copyfileobj(source, handle)
    return target


def _put(data: bytes, target: Path) -> Path:
    target.write_bytes(data)
    return target
