"""`assay export DOSSIER --format F`: a frozen dossier as a file, for who runs this installation."""

import shutil
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from assay.management.refusals import FAILED, spoken
from governance.delivery.evidence import services as evidence
from governance.documents.dossiers.models import DossierVersion
from governance.documents.renderings import services
from governance.documents.renderings.documents import DOCUMENTS, DOSSIER
from governance.documents.renderings.models import Rendering
from governance.documents.renderings.rules import Format, State
from governance.documents.renderings.services import Taken
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM
from governance.foundation.core.canonical import digest_of_file
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
        parser.add_argument(
            "--wait", type=float, default=settings.ASSAY_RENDER_SECONDS, metavar="SECONDS",
            help="how long to wait for a worker (ASSAY_RENDER_SECONDS)",
        )  # fmt: skip

    def handle(self, *args: Any, dossier: str, out: Path | None, wait: float, **options: Any) -> None:
        with spoken():
            version = _version(dossier)
            form = options["format"]
            if form == "bundle":
                bundle = evidence.export(actor=PLATFORM, dossier_version_id=version.pk)
                written = _copy(blobs.opened(bundle.file_sha256), out or Path("evidence.zip"))
            else:
                taken = _taken(version, form, wait)
                written = _copy(taken.file, out or Path(taken.name))
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


def _taken(version: DossierVersion, form: str, wait: float) -> Taken:
    """The file, asked for and waited for where a worker has to make it."""
    if form not in DOCUMENTS[DOSSIER].printed:
        return services.take(actor=PLATFORM, kind=DOSSIER, document_id=version.pk, form=form)
    asked = services.ask(actor=PLATFORM, kind=DOSSIER, document_id=version.pk, file_format=Format(form))
    return services.take_rendering(actor=PLATFORM, rendering_id=_made(asked, wait).pk)


def _made(rendering: Rendering, wait: float) -> Rendering:
    """The rendering once its file is there. Raises CommandError when it failed or nobody makes it."""
    until = time.monotonic() + wait
    while rendering.state == State.QUEUED:
        if time.monotonic() > until or not jobs.worker_is_alive():
            alive = jobs.worker_is_alive()
            why = f"is not done after {wait:,.0f} s" if alive else "waits: no worker is alive; start “assay worker”"
            raise CommandError(f"{rendering} {why}. Ask again later; nothing is made twice.", returncode=FAILED)
        time.sleep(LOOK_AGAIN_SECONDS)
        rendering.refresh_from_db()
    if rendering.state == State.FAILED:
        raise CommandError(f"{rendering} was not made: {(rendering.error or {}).get('message')}", returncode=FAILED)
    return rendering


def _copy(source: BinaryIO, target: Path) -> Path:
    with source, target.open("wb") as handle:
        shutil.copyfileobj(source, handle)
    return target
