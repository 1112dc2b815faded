"""A person is found and erased by the hands of two people, with a real server and a real worker; then the old root
still verifies for every other row."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from governance.delivery.evidence import verify
from tests.browser.journey import Installation, Walk, installation
from tests.browser.test_journey import AXE, pytestmark, register_data
from tests.people import PASSWORD

__all__ = ["pytestmark"]
ROWS, GONE = 12, 5  # the row of the person, by its number


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
    path = tmp_path / "letters.jsonl"
    lines = [
        {"prompt": f"Letter {number}: how long?", "completion": f"{number} days."} for number in range(1, ROWS + 1)
    ]
    lines[GONE - 1]["prompt"] = "My name is Marguerite Lindqvist. How long?"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_two_people_erase_a_row_and_the_old_root_verifies_for_the_rest(walk: Walk, rows: Path, tmp_path: Path) -> None:
    data = register_data(walk, rows)
    search_for(walk, "margerite lindquist")
    erasure = ask_for_the_erasure(walk)
    request = walk.open("ben", erasure).get_by_role("link", name="Open the request").get_attribute("href")
    walk.sign("ben", f"{walk.place.address}{request}", "Approve this erasure", "It is her row.")
    page = walk.open("paula", erasure)
    expect(page.locator(".a-head .a-chip")).to_contain_text("Done", timeout=120_000)
    expect(page.get_by_text("They are not made to forget")).to_be_visible()
    walk.look(page, "erasure")
    old = walk.open("paula", data)
    expect(old.get_by_text("Rows were erased; the file is gone")).to_be_visible()
    walk.look(old, "erased version")
    prove_the_rest(walk, data, tmp_path)
    assert walk.faults == []


def search_for(walk: Walk, words: str) -> None:
    page = walk.open("paula", f"/projects/{walk.place.project}/searches/new/")
    walk.look(page, "search form")
    page.get_by_label("What to look for").fill(words)
    page.get_by_label("Case number").fill("2026-17")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator(".a-head .a-chip")).to_contain_text("Done", timeout=120_000)
    expect(page.get_by_role("table")).to_contain_text("the words, nearly")
    assert "indqvist" not in page.content()
    walk.look(page, "search")


def ask_for_the_erasure(walk: Walk) -> str:
    """From what was found, by the data protection officer."""
    page = walk.window("paula")
    page.get_by_role("link", name="Erase these rows").click()
    expect(page.get_by_label("Rows")).to_have_value(str(GONE))
    walk.look(page, "erasure form")
    page.get_by_label("Case number").fill("2026-17")
    page.get_by_label("On which ground").fill("Art. 17(1)(b) GDPR.")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Ask for the erasure").click()
    page.wait_for_url("**/erasures/**")
    expect(page.get_by_text("A second person confirms it")).to_be_visible()
    walk.look(page, "erasure that waits")
    return page.url


def prove_the_rest(walk: Walk, data: str, folder: Path) -> None:
    """The auditor takes the proof of every row of the old version and checks it without Assay."""
    page, roots = walk.window("omar"), set()
    for place in range(ROWS):
        answer = page.request.get(f"{data}rows/{place}/proof/")
        assert answer.status == 200
        path = folder / f"membership-{place}.json"
        path.write_bytes(answer.body())
        told = json.loads(answer.body())
        report = verify.verify(path)
        assert report.sound, report.as_text()
        assert told["row"].get("erased", False) is (place == GONE - 1)
        roots.add(told["record"]["content"]["rows_root"])
    assert len(roots) == 1
