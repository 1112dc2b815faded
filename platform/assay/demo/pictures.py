"""Pictures of every page and every PDF page, and what a look at each of them finds wrong.

A page is taken light and dark, on a desk (1280 wide) and on a telephone (390 wide). Each is checked for
sideways overflow, and for what axe calls serious or worse, as a browser shows it with the real style sheets under
the real content security policy.
"""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings

from assay.demo.cast import PASSWORD
from assay.demo.pages import Place
from assay.jobs.environment import source_roots
from assay.management.commands.serve import HOST, web
from assay.serving import Child, free

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

THEMES, WIDTHS = ("light", "dark"), (1280, 390)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SEVERE = ("serious", "critical")
PDF_DPI = "80"


class NoBrowser(Exception):
    """There is nothing to take pictures with; says what to install."""


@dataclass
class Album:
    """What was taken, and what was found wrong on the way."""

    folder: Path
    say: Callable[[str], None]
    taken: list[Path] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def pages(self, address: str, places: Iterable[Place], axe: str, chromium: str) -> None:
        """Take every place, and the tabs that it offers."""
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            contexts: dict[str, BrowserContext] = {}
            for place in places:
                if place.who not in contexts:
                    contexts[place.who] = signed_in(browser, address, place.who)
                self._place(contexts[place.who].new_page(), address, place, axe)
            browser.close()

    def pdf(self, path: Path) -> None:
        """Take every page of a PDF with `pdftoppm`."""
        stem = f"pdf-{path.stem}"
        subprocess.run(["pdftoppm", "-png", "-r", PDF_DPI, str(path), str(self.folder / stem)], check=True)  # noqa: S607
        made = sorted(self.folder.glob(f"{stem}-*.png"))
        self.taken += made
        self.say(f"  {path.name}: {len(made)} pages")

    def _place(self, page: "Page", address: str, place: Place, axe: str) -> None:
        answer = page.goto(address + place.url)
        if answer is None or answer.status >= 500:
            self.faults.append(f"{place.name}: {place.url} answered {answer.status if answer else 'nothing'}")
        tabs = page.locator(".a-tabs a:not([aria-current])").evaluate_all("all => all.map(one => one.href)")
        self._take(page, place.name, axe)
        for url in tabs:
            page.goto(url)
            self._take(page, f"{place.name}-{urlsplit(url).query.partition('tab=')[2]}", axe)
        page.close()

    def _take(self, page: "Page", name: str, axe: str) -> None:
        """Four pictures of what `page` shows, each width and theme; a narrow page's colours are those of a wide one."""
        page.wait_for_load_state("networkidle")  # parts that arrive later belong to the picture
        page.evaluate("document.fonts.ready")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if sideways := overflow(page):
                self.faults.append(f"{name} at {width}: {sideways}")
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                path = self.folder / f"{name}-{theme}-{width}.png"
                page.screenshot(path=path, full_page=True)
                self.taken.append(path)
                if (theme, width) != (THEMES[-1], WIDTHS[-1]):
                    self.faults += [f"{name} {theme} at {width}: {fault}" for fault in severe_faults(page, axe)]
        self.say(f"  {name}")


def signed_in(browser: "Browser", address: str, who: str) -> "BrowserContext":
    """A window of its own for `who`, signed in as a person would; for "" nobody is."""
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}, reduced_motion="reduce")
    if who:
        page = context.new_page()
        page.goto(f"{address}/sign-in/")
        page.get_by_label("Username").fill(who)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{address}/")
        page.close()
    return context


def overflow(page: "Page") -> str:
    """What makes the page wider than the window, or ""; what scrolls in its own frame does not."""
    return str(
        page.evaluate(
            """() => {
              const wide = document.documentElement.scrollWidth, window_ = document.documentElement.clientWidth;
              if (wide <= window_) return "";
              const over = [...document.querySelectorAll("main *")].filter(
                (one) => one.getBoundingClientRect().right > window_ + 1 && !one.closest(".a-scroll, .a-log, pre"));
              const first = over.length ? over[over.length - 1] : document.body;
              return `${wide - window_} px too wide, by <${first.tagName.toLowerCase()} class="${first.className}">`;
            }"""
        )
    )


def severe_faults(page: "Page", axe: str) -> list[str]:
    """What axe finds that is serious or worse, one line a rule with the first place."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"axe {one['impact']} {one['id']}: {one['nodes'][0]['html'][:160]} ({len(one['nodes'])})"
        for one in found["violations"]
        if one["impact"] in SEVERE
    ]


@contextmanager
def web_server(log: Path) -> Iterator[str]:
    """The web process alone, on a free port; its address. It ends with us, whatever ends us."""
    port = next(port for port in range(8100, 8200) if free(HOST, port))
    child = Child("web", web(port), log)
    child.start(
        {
            **os.environ,
            "ASSAY_VAR_DIR": str(settings.VAR_DIR),
            "PYTHONPATH": os.pathsep.join([*source_roots(), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep),
            "PYTHONSAFEPATH": "1",
        }
    )
    address = f"http://{HOST}:{port}"
    try:
        _wait_for(child, address)
        yield address
    finally:
        child.ask_to_end()
        child.finish()


def _wait_for(child: Child, address: str, patience: float = 60) -> None:
    began = time.monotonic()
    while time.monotonic() - began < patience:
        if not child.is_alive:
            raise NoBrowser(f"The web process ended:\n{child.last_lines()}")
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    raise NoBrowser(f"The web process did not answer within {patience:.0f} s; its log: {child.log}")


def read_axe() -> str:
    """The checker's source, from the pinned front-end parts. Raises NoBrowser."""
    path = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
    if not path.is_file():
        raise NoBrowser(f"{path} is missing; run `make setup` first. ({sys.executable})")
    return path.read_text(encoding="utf-8")
