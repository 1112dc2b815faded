"""What the house's own scripts do, in a real browser under the real content security policy.

The pages are the shell with small contents, served with the static files as an installation would; the
journeys of people are walked elsewhere.
"""

import mimetypes
import os
import re
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from django.contrib.staticfiles import finders
from django.template import Context, Template
from playwright.sync_api import FloatRect, Locator, Page, expect, sync_playwright

from assay.settings.frontend import NODE_MODULES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and NODE_MODULES.is_dir()) and not os.environ.get("CI"),
    reason="needs Chromium and the front-end parts: run make setup",
)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'"
)
DIGEST = "e04b7716c9d3765f29aa574e50412bd72cf0a36864fe798712c6ef2b398bf283"
SHELL = {
    "nav": [{"label": "Home", "url": "/", "current": True}, {"label": "Runs", "url": "/runs", "count": 2}],
    "projects": [{"name": "Support", "url": "/", "current": True}],
    "search_url": "/search",
    "jobs": {"url": "/jobs", "running": 0, "queued": 0},
    "person": {"name": "Cleo", "role": "compliance officer", "links": []},
    "sign_out_url": "/sign-out",
}
PAGE = """{% extends "base.html" %}{% load assay %}{% block title %}T{% endblock %}{% block name %}Page{% endblock %}
{% block content %}<p>{% digest digest %}</p>
<form action="/done" data-confirm="Withdraw Support-7?" data-confirm-action="Withdraw it">
<button>Withdraw</button></form>
<button id="part" hx-get="/part" hx-target="#target">Part</button>
<button id="gone" hx-get="/broken" hx-target="#target">Broken</button><div id="target"></div>
{% if path == "/table" %}<div class="a-scroll"><table class="a-table"><thead><tr><th scope="col">Figure</th>
<th scope="col">A note that takes its room</th><th scope="col">Another that takes its room</th>
<th scope="col">Verdict</th></tr></thead><tbody><tr><th scope="row">Loss</th><td>3.4</td><td>{% digest digest %}</td>
<td>{% chip "failed" %}</td></tr></tbody></table></div>{% endif %}
{% if path == "/answer" %}<form action="/done" data-answering><textarea name="reason" data-key="r" aria-label="Reason">
</textarea><button name="choice" value="good" data-key="1 g">Good</button>
<button name="choice" value="left" data-key="ArrowLeft">Left</button></form>{% endif %}
{% if path == "/rail" %}<nav class="a-rail"><details open><summary><h2>Annex IV</h2></summary><ol>
{% for n in rows %}<li><a href="#"{% if n == 90 %} aria-current="true"{% endif %}>
<i></i><i></i><span class="t">Point {{ n }}</span></a></li>{% endfor %}</ol></details></nav>{% endif %}{% endblock %}
{% block panel %}{% if panel %}<div class="a-over"></div><div class="a-panel" role="dialog" aria-modal="true"
aria-labelledby="h"><form><header><h2 id="h" tabindex="-1">Decide</h2><a href="/" data-panel-close>Close</a></header>
<div class="body"><textarea class="a-in" aria-label="Reason"></textarea></div></form></div>{% endif %}{% endblock %}"""


def body(path: str) -> tuple[int, str, bytes]:
    if path.startswith("/static/"):
        found = finders.find(path.removeprefix("/static/"))
        kind = mimetypes.guess_type(path)[0] or "font/woff2"
        return (200, kind, Path(str(found)).read_bytes()) if found else (404, "text/plain", b"")
    if path == "/broken":
        return 500, "text/html", b"<p>trace</p>"
    if path == "/part":
        return 200, "text/html", Template("{% digest d %}").render(Context({"d": DIGEST[::-1]})).encode()
    given = {"shell": SHELL, "digest": DIGEST, "panel": path == "/panel", "csrf_token": "t"}
    context = Context({**given, "path": path, "rows": range(100)})
    return 200, "text/html; charset=utf-8", Template(PAGE).render(context).encode()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, kind, content = body(self.path.split("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the test's own report says what was asked for."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def faults() -> list[str]:
    """What the browser complained about, over all the tests of this file."""
    return []


@pytest.fixture(scope="module")
def browser_page(address: str, faults: list[str]) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(color_scheme="light", permissions=["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield page
        browser.close()


@pytest.fixture
def page(browser_page: Page, address: str) -> Page:
    browser_page.set_viewport_size({"width": 1280, "height": 800})
    browser_page.goto(address)
    return browser_page


def test_a_chosen_theme_is_remembered_and_system_follows_the_system(page: Page) -> None:
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "light")
    page.locator("summary.a-person").click()
    page.get_by_role("button", name="Dark").click()
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.locator("summary.a-person").click()
    page.get_by_role("button", name="System").click()
    page.emulate_media(color_scheme="dark")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(root).to_have_attribute("data-bs-theme", "light")


def test_a_digest_is_copied_whole_by_click_and_by_key(page: Page) -> None:
    digest = page.get_by_role("button", name=f"Copy digest {DIGEST[:12]}")
    digest.click()
    expect(page.locator("#announcer")).to_have_text("copied")
    assert page.evaluate("navigator.clipboard.readText()") == DIGEST
    page.evaluate("navigator.clipboard.writeText('')")
    digest.focus()
    page.keyboard.press("Enter")
    expect(digest).to_have_class(re.compile("copied"))
    assert page.evaluate("navigator.clipboard.readText()") == DIGEST


def test_the_search_takes_the_focus_by_its_keys_but_not_while_one_types(page: Page) -> None:
    search = page.get_by_role("searchbox")
    page.keyboard.press("/")
    expect(search).to_be_focused()
    page.keyboard.type("a/b")
    expect(search).to_have_value("a/b")
    page.locator("h1").click()
    page.keyboard.press("Control+k")
    expect(search).to_be_focused()


def test_what_cannot_be_taken_back_is_asked_first(page: Page, address: str) -> None:
    page.get_by_role("button", name="Withdraw").click()
    dialog = page.get_by_role("dialog", name="Withdraw Support-7?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.url.rstrip("/") == address
    page.get_by_role("button", name="Withdraw").click()
    page.get_by_role("button", name="Withdraw it").click()
    page.wait_for_url("**/done*")


def test_a_part_that_arrives_later_works_like_the_rest(page: Page) -> None:
    page.locator("#part").click()
    expect(page.get_by_role("button", name=f"Copy digest {DIGEST[::-1][:12]}")).to_be_visible()


def test_the_open_panel_holds_the_focus_and_escape_closes_it_unless_words_were_typed(page: Page, address: str) -> None:
    page.goto(f"{address}/panel")
    expect(page.locator(".a-panel h2")).to_be_focused()
    assert page.evaluate("document.querySelector('.a-shell').inert")
    page.get_by_label("Reason").fill("seen")
    page.keyboard.press("Escape")
    assert page.url.endswith("/panel")
    page.locator(".a-panel h2").focus()
    page.keyboard.press("Escape")
    page.wait_for_url(f"{address}/")


def boxes(*parts: Locator) -> list[FloatRect]:
    """Where parts lie; each is there."""
    found = [part.bounding_box() for part in parts]
    return [box for box in found if box is not None]


def test_on_a_narrow_screen_the_navigation_opens_by_its_address_alone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    nav = page.get_by_role("navigation", name="Main")
    expect(nav).to_be_hidden()
    page.get_by_role("link", name="Menu").click()
    expect(nav).to_be_visible()
    nav.get_by_role("link", name="Close").click()
    expect(nav).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_a_narrow_screen_a_row_shows_its_verdict_beneath_its_name(page: Page, address: str) -> None:
    page.goto(f"{address}/table")
    name, value, verdict = page.get_by_text("Loss"), page.get_by_text("3.4"), page.get_by_text("Failed")
    wide = [box["x"] for box in boxes(name, value, verdict)]
    assert wide == sorted(wide)
    page.set_viewport_size({"width": 390, "height": 800})
    tops = [box["y"] for box in boxes(name, verdict, value)]
    assert tops == sorted(tops)
    assert max(box["x"] + box["width"] for box in boxes(name, verdict, value)) <= 390
    assert page.locator("td", has_text="3.4").evaluate("one => getComputedStyle(one, '::before').content") == (
        '"A note that takes its room"'
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_row_is_answered_by_one_key_but_not_while_one_types(page: Page, address: str) -> None:
    page.goto(f"{address}/answer")
    page.keyboard.press("r")
    reason = page.get_by_label("Reason")
    expect(reason).to_be_focused()
    page.keyboard.type("good 1")
    expect(reason).to_have_value("good 1")
    page.keyboard.press("Escape")
    expect(reason).not_to_be_focused()
    page.keyboard.press("x")
    assert page.url == f"{address}/answer"
    page.keyboard.press("g")
    page.wait_for_url("**/done?*choice=good")
    page.goto(f"{address}/answer")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**/done?*choice=left")


def test_a_long_rail_opens_at_the_point_one_reads(page: Page, address: str) -> None:
    page.goto(f"{address}/rail")
    expect(page.get_by_text("Point 90")).to_be_in_viewport()
    assert page.evaluate("window.scrollY") == 0


def test_a_server_that_breaks_is_said_and_its_answer_is_not_shown(page: Page, faults: list[str]) -> None:
    page.locator("#gone").click()
    expect(page.get_by_text("The server did not answer")).to_be_visible()
    expect(page.get_by_text("trace")).to_have_count(0)
    page.locator("#part").click()
    expect(page.get_by_text("The server did not answer")).to_be_hidden()
    faults[:] = [fault for fault in faults if "500" not in fault and "/broken" not in fault]


def test_nothing_offended_the_policy_and_no_script_failed(page: Page, faults: list[str]) -> None:
    page.wait_for_load_state("networkidle")
    assert faults == []
