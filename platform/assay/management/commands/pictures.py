"""`assay pictures`: every page and every PDF page as PNG, from the demo's database."""

import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from assay.demo.pages import HOMES, places
from assay.demo.pictures import Album, NoBrowser, read_axe, web_server
from governance.documents.renderings.models import Rendering
from governance.documents.renderings.rules import Format, State
from governance.foundation.core import blobs


class Command(BaseCommand):
    help = "Write every page (light, dark, 1280 and 390 wide) and every PDF page as PNG under var/pictures/."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--only", default="", help="only pages whose name contains this")

    def handle(self, *args: Any, only: str, **options: Any) -> None:
        folder = Path(settings.VAR_DIR) / "pictures"
        call_command("migrate", interactive=False, verbosity=0)  # the demo may have been told by an older version
        try:
            album = self._take(folder, only)
        except NoBrowser as error:
            raise CommandError(str(error)) from None
        self._say(f"{len(album.taken)} pictures in {folder}")
        for fault in album.faults:
            self.stderr.write(f"fault: {fault}")
        sys.exit(1 if album.faults else 0)

    def _take(self, folder: Path, only: str) -> Album:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        if chromium is None or importlib.util.find_spec("playwright") is None or shutil.which("pdftoppm") is None:
            raise NoBrowser("Pictures need Chromium, poppler-utils and Playwright: run `make setup-browser`.")
        if not get_user_model().objects.filter(username__in=HOMES).exists():
            raise NoBrowser("There is nothing to take pictures of yet: run `make demo` first.")
        axe = read_axe()
        wanted = [place for place in places() if only in place.name]
        pdfs = list(Rendering.objects.filter(state=State.READY, format=Format.PDF, file_name__contains=only))
        if folder.exists() and not only:
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        album = Album(folder, self._say)
        with web_server(Path(settings.VAR_DIR) / "log" / "pictures-web.log") as address:
            album.pages(address, wanted, axe, chromium)
        for rendering in pdfs:
            with blobs.as_local_file(rendering.file_sha256, rendering.file_name) as path:
                album.pdf(path)
        return album

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
