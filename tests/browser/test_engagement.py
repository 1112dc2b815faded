"""An audit by the hands of three people, with a real server: planned, laid open, asked, answered, read, closed; then an
administrator reviews who has access."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.journey import Installation, Walk, installation
from tests.browser.test_journey import AXE, pytestmark, register_data
from tests.people import PASSWORD

__all__ = ["pytestmark"]


@pytest.fixture
def place(tmp_path: Path, tiny_model: Path) -> Iterator[Installation]:
    with installation(tmp_path / "var", tiny_model) as found:
        yield found


@pytest.fixture
def walk(place: Installation) -> Iterator[Walk]:
    with Walk.through(place, AXE.read_text(encoding="utf-8")) as found:
        yield found


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "hours.jsonl"
    lines = [{"prompt": f"When does branch {n} open?", "completion": "At nine."} for n in range(6)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_an_auditor_asks_is_shown_and_closes_with_a_report(walk: Walk, rows: Path) -> None:
    data = register_data(walk, rows)
    engagement = plan_and_lay_open(walk)
    page = walk.open("omar", engagement)
    page.get_by_label("Show me").fill("Show me the rows.")
    page.get_by_role("button", name="Ask to be shown this").click()
    page.wait_for_url("**/audit-requests/**")
    request = page.url
    answer(walk, request, data, rows)
    page.reload()
    walk.look(page, "audit request")
    with page.expect_download() as taken:
        page.get_by_role("link", name="hours.jsonl").click()
    assert Path(taken.value.path()).read_bytes() == rows.read_bytes()
    page.get_by_role("link", name="Opening hours v1").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Opening hours v1")
    page.goto(request)
    page.get_by_role("button", name="This is settled").click()
    close(walk, walk.open("omar", engagement))
    read = walk.open("cleo", f"{engagement}?tab=read")
    expect(read.get_by_role("table")).to_contain_text("Opening hours v1")
    walk.look(read, "what was read")
    review(walk)
    assert walk.faults == []


def plan_and_lay_open(walk: Walk) -> str:
    today = timezone.localdate().isoformat()
    page = walk.open("cleo", "/engagements/new/")
    walk.look(page, "audit form")
    page.get_by_label("Title").fill("Audit of 2026")
    page.get_by_label("Auditors").fill("omar")
    page.get_by_role("checkbox").first.check()
    page.get_by_label("Access from").fill(today)
    page.get_by_label("Access until").fill(today)
    page.get_by_role("button", name="Plan this audit").click()
    page.wait_for_url("**/engagements/*-*/")
    page.get_by_role("button", name="Lay it open").click()
    page.get_by_role("dialog").get_by_role("button", name="Lay it open").click()
    expect(page.locator(".a-head .a-chip")).to_contain_text("Open")
    walk.look(page, "audit")
    return page.url


def answer(walk: Walk, request: str, data: str, file: Path) -> None:
    page = walk.open("ben", "/engagements/")
    walk.look(page, "audits")
    page.get_by_role("link", name="Show me the rows.").click()
    assert page.url == request
    page.get_by_label("Answer").fill("They are these.")
    page.get_by_label("Records").fill(data)
    page.get_by_label("Files").set_input_files(file)
    page.get_by_role("button", name="Answer this request").click()
    expect(page.get_by_text("They are these.")).to_be_visible()


def close(walk: Walk, page: Page) -> None:
    page.get_by_label("Conclusion").fill("Nothing to object to.")
    page.get_by_role("button", name="Close this engagement").click()
    page.get_by_role("dialog").get_by_role("button", name="Close it").click()
    page.wait_for_url("**/report/")
    expect(page.get_by_text("Nothing to object to.")).to_be_visible()
    walk.look(page, "audit report")


def review(walk: Walk) -> None:
    page = walk.open("admin", f"/projects/{walk.place.project}/review-access/")
    walk.look(page, "access review form")
    page.get_by_role("button", name="Keep all that is not yet chosen").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign this review").click()
    page.wait_for_url("**/access-reviews/**")
    walk.look(page, "access review")
    walk.look(walk.open("admin", f"/projects/{walk.place.project}/rights/"), "rights")
