"""A real installation for a walk through it: its own folder, its people, web, workers and scheduler, and a browser
that keeps a window for each person and notes whatever is wrong on the way."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from assay.demo.pictures import FLAGS, overflow, severe_faults
from assay.serving import free
from tests.people import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
ASSAY = [sys.executable, "-c", "from assay.cli import main; main()"]
SETTLE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", interactive=False, verbosity=0)
from tests.people import house
print(house().project.pk)
"""


@dataclass(frozen=True)
class Installation:
    """Where it answers, and the id of the project that its people work in."""

    address: str
    project: str
    log: Path


def ports() -> range:
    """Twenty of this test process's own. Two processes that looked for a free one among the same would both find it,
    one of them would get it, and the other's people would walk through a stranger's house without knowing."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return range(8300 + 20 * worker, 8320 + 20 * worker)


@contextmanager
def installation(folder: Path, model: Path) -> Iterator[Installation]:
    """`assay serve` on a free port, with `model` in the operator's folder of models under the name `tiny`."""
    (folder / "models").mkdir(parents=True)
    shutil.copytree(model, folder / "models" / "tiny")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "assay.settings.dev",
        "ASSAY_VAR_DIR": str(folder),
        "ASSAY_LEASE_SECONDS": "15",
        "ASSAY_JOB_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
    }
    environment.pop("DATABASE_URL", None)
    environment.pop("BROKER_URL", None)
    settled = subprocess.run(
        [sys.executable, "-c", SETTLE], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    port = next(port for port in ports() if free("127.0.0.1", port))
    output = folder / "serve.log"
    with output.open("wb") as log:
        serving = subprocess.Popen(
            [*ASSAY, "serve", "--port", str(port)], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(serving, f"{address}/readyz", output)
        yield Installation(address, settled.stdout.split()[-1], output)
    finally:
        serving.send_signal(signal.SIGINT)
        try:
            serving.wait(60)
        except subprocess.TimeoutExpired:
            serving.kill()


def _wait(serving: "subprocess.Popen[bytes]", url: str, log: Path, patience: float = 120) -> None:
    """Until database, broker and a worker are ready. Raises RuntimeError with the log's end."""
    began, said = time.monotonic(), ""
    while serving.poll() is None and time.monotonic() - began < patience:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own address
                return
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
        except (urllib.error.URLError, TimeoutError) as error:
            said = str(error)
        time.sleep(0.3)
    raise RuntimeError(f"the installation is not ready: {said}\n{log.read_text(errors='replace')[-2000:]}")


@dataclass
class Walk:
    """A browser with one window a person. `faults` holds what no page may do."""

    browser: Browser
    place: Installation
    axe: str
    faults: list[str] = field(default_factory=list)
    windows: dict[str, Page] = field(default_factory=dict)
    looked_at: set[str] = field(default_factory=set)

    @classmethod
    @contextmanager
    def through(cls, place: Installation, axe: str) -> Iterator[Self]:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            try:
                yield cls(browser, place, axe)
            finally:
                browser.close()

    def window(self, who: str) -> Page:
        """The page of `who`, signed in; opened when it is first asked for."""
        if who not in self.windows:
            self.windows[who] = self._sign_in(who)
        return self.windows[who]

    def open(self, who: str, url: str) -> Page:
        """`who` opens an address; a path is one of this installation."""
        page = self.window(who)
        page.goto(url if url.startswith("http") else f"{self.place.address}{url}")
        return page

    def look(self, page: Page, kind: str) -> None:
        """Once for each kind of page: nothing wider than a telephone, nothing that axe calls serious or worse."""
        if kind in self.looked_at:
            return
        self.looked_at.add(kind)
        try:
            self.faults += self._found_on(page, kind)
        except Error:  # a live page loads itself anew when its work has ended: then what it shows is looked at
            page.wait_for_load_state("networkidle")
            self.faults += self._found_on(page, kind)

    def _found_on(self, page: Page, kind: str) -> list[str]:
        found = []
        page.set_viewport_size({"width": 390, "height": 800})
        if sideways := overflow(page):
            found.append(f"{kind} at 390: {sideways}")
        page.set_viewport_size({"width": 1280, "height": 900})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            found += [f"{kind}, {theme}: {fault}" for fault in severe_faults(page, self.axe)]
        page.emulate_media(color_scheme="light")
        return found

    def sign(self, who: str, url: str, button: str, reason: str) -> None:
        """`who` opens a request for approval and decides on it in the panel, with reason and password."""
        page = self.open(who, url)
        panel = page.get_by_role("dialog")
        expect(panel).to_be_visible()
        self.look(page, "decision panel")
        panel.get_by_label("Reason").fill(reason)
        panel.get_by_label("Password").fill(PASSWORD)
        panel.get_by_role("button", name=button).click()
        expect(page.get_by_text("Your decision is recorded and signed.")).to_be_visible()

    def _sign_in(self, who: str) -> Page:
        context = self.browser.new_context(
            viewport={"width": 1280, "height": 900}, reduced_motion="reduce", color_scheme="light"
        )
        context.set_default_timeout(60_000)
        self._listen(context, who)
        page = context.new_page()
        page.goto(self.place.address)
        self.look(page, "sign-in")
        page.get_by_label("Username").fill(who)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Good ")
        return page

    def _listen(self, context: BrowserContext, who: str) -> None:
        host = urlsplit(self.place.address).netloc

        def asked(url: str) -> None:
            if urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc != host:
                self.faults.append(f"{who}: a page asked {url}")

        context.on("request", lambda request: asked(request.url))
        context.on("weberror", lambda error: self.faults.append(f"{who}: {error.error}"))
        context.on("console", lambda said: self._heard(who, said.type, said.text))

    def _heard(self, who: str, kind: str, text: str) -> None:
        if kind == "error":
            self.faults.append(f"{who}: the console says: {text}")
