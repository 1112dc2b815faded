"""Somebody is asked, is told, and lends the role for a week; who has it on loan decides; who asked is told of it; a
calendar program reads what ends. With a real server."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
import vobject
from playwright.sync_api import expect

from tests.browser.journey import Installation, Walk, installation
from tests.browser.test_journey import AXE, ask_for_approval, pytestmark, register_data

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
    lines = (f'{{"prompt": "When on day {day}?", "completion": "At {day}."}}\n' for day in range(1, 13))
    path.write_text("".join(lines), encoding="utf-8")
    return path


def test_people_are_told_of_one_another_and_a_calendar_of_what_ends(walk: Walk, rows: Path) -> None:
    data = register_data(walk, rows)
    request = ask_for_approval(walk, data)
    ben = walk.open("ben", "/")
    expect(ben.get_by_role("link", name="Notices 1 new")).to_be_visible()
    walk.look(ben, "home that waits")
    ben.get_by_role("link", name="Notices 1 new").click()
    walk.look(ben, "notices")
    ben.get_by_role("link", name="asks you to decide").press("Enter")
    expect(ben).to_have_url(request)
    for who in ("Ada Brandt", "Paula Ingold"):
        lend(walk, who)
    refuse_who_registered_it(walk, request)
    walk.sign("paula", request, "Approve this dataset version", "Rows without people in them.")
    expect(walk.window("paula").get_by_text("in the stead of Ben Castell")).to_be_visible()
    ada = walk.open("ada", "/notifications/?only=new")
    expect(ada.get_by_role("link", name="approved by Paula Ingold")).to_be_visible()
    expect(ada.get_by_role("link", name="lends you the role of data steward")).to_be_visible()
    ada.keyboard.press("j")
    expect(ada.get_by_role("link", name="approved by Paula Ingold")).to_be_focused()
    ada.get_by_role("button", name="Mark all 2 as seen").click()
    expect(ada.get_by_text("No notice fits")).to_be_visible()
    walk.look(walk.open("rita", "/portfolio/"), "portfolio")
    until = place_a_hold(walk)
    loans_end = date.today() + timedelta(days=6)  # noqa: DTZ011 - the server runs here
    assert sorted(event.dtstart.value for event in calendar_of(walk)) == [loans_end, loans_end, until]
    assert walk.faults == []


def lend(walk: Walk, taker: str) -> None:
    """Ben is away for a week. Whom he lends his role is chosen among the members; an auditor is none of them."""
    today = date.today()  # noqa: DTZ011 - the server runs here
    page = walk.open("ben", f"/projects/{walk.place.project}/delegations/")
    expect(page.get_by_label("Lend it to").get_by_text("Omar Kaya")).to_have_count(0)
    page.get_by_label("Your role").select_option(label="Data steward")
    page.get_by_label("Lend it to").select_option(label=taker)
    page.get_by_label("From").fill(today.isoformat())
    page.get_by_label("Last day").fill((today + timedelta(days=6)).isoformat())
    page.get_by_label("Why").fill("On leave")
    page.get_by_role("button", name="Lend this role").click()
    walk.look(page, "roles on loan")
    expect(page.locator(".a-list li", has_text=taker)).to_contain_text("In force")


def refuse_who_registered_it(walk: Walk, request: str) -> None:
    """A loan opens nothing to who is barred: Ada has the role, and made what is asked about."""
    page = walk.open("ada", request)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("and cannot decide on it")).to_be_visible()


def place_a_hold(walk: Walk) -> date:
    until = date.today() + timedelta(days=30)  # noqa: DTZ011 - the server runs here
    page = walk.open("cleo", f"/projects/{walk.place.project}/holds/")
    page.get_by_label("Statutory retention").check()
    page.get_by_label("Ground").fill("Section 257 HGB")
    page.get_by_label("Last day").fill(until.isoformat())
    page.get_by_role("button", name="Place it").click()
    expect(page.get_by_text("Placed.")).to_be_visible()
    return until


def calendar_of(walk: Walk) -> list[vobject.base.Component]:
    """What a program reads at the address that Vera is shown."""
    page = walk.open("vera", "/notifications/preferences/")
    walk.look(page, "how one is told")
    page.get_by_role("button", name="Open a calendar").click()
    shown = page.locator(".a-band .a-mono").inner_text()
    path = shown[shown.index("/calendar/") :]
    with urlopen(f"{walk.place.address}{path}", timeout=30) as answer:  # noqa: S310 - our own address
        events: list[vobject.base.Component] = vobject.readOne(answer.read().decode()).vevent_list
    return events
