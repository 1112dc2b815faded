"""Two people review rows and licence under a policy. In a real browser Ben sets up an app and a security key, asks for
changes with the key, and signs the new version with a code of the app; what Rita decided on the licence is carried
over. The key is Chromium's own virtual one, driven by the devtools protocol."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.browser.journey import Installation, Walk, installation
from tests.browser.test_journey import AXE, ask_for_approval, fill_what_is_required, pytestmark, register_data
from tests.factories import row
from tests.people import PASSWORD

__all__ = ["pytestmark"]
KEY = {
    "protocol": "ctap2", "transport": "usb", "hasResidentKey": False, "hasUserVerification": False,
    "isUserVerified": False, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, tiny_model: Path) -> Iterator[Installation]:
    with installation(tmp_path / "var", tiny_model) as found:
        # a key belongs to a name: browsers have none for an address of digits
        yield replace(found, address=found.address.replace("127.0.0.1", "localhost"))


@pytest.fixture
def walk(place: Installation) -> Iterator[Walk]:
    with Walk.through(place, AXE.read_text(encoding="utf-8")) as found:
        yield found


class Codes:
    """An authenticator app whose person waits for a new code where the last one is used up."""

    def __init__(self, secret: str) -> None:
        self.totp, self.shown = pyotp.TOTP(secret), 0

    def next(self) -> str:
        self.shown = max(self.shown + 1, int(time.time()) // 30)
        while self.shown > int(time.time()) // 30 + 1:  # from further ahead none is taken
            time.sleep(1)
        return self.totp.at(self.shown * 30)


def test_what_changed_is_decided_anew_and_signed_with_a_code_and_the_rest_is_carried_over(
    walk: Walk, tmp_path: Path
) -> None:
    publish_a_policy_of_two_reviews(walk)
    page = walk.window("ben")
    session: Any = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    app = set_up_app(walk, page)
    set_up_key(walk, page, app)
    sign_in_again(walk, page)

    data = register_data(walk, written(tmp_path / "first.jsonl", range(12)))
    first = ask_for_approval(walk, data)
    walk.sign("rita", first, "Approve this dataset version", "Dedicated to the public.")
    decide(walk, page, first, "Ask for changes", "Row 3 names a person.")
    expect(page.get_by_text("Identity shown by security key")).to_be_visible()

    newer = register_next(walk, data, written(tmp_path / "second.jsonl", range(20, 32)))
    second = ask_for_approval(walk, newer)
    is_not_asked_again(walk, second)
    decide(walk, page, second, "Approve this dataset version", "The row is gone.", app)
    expect(page.get_by_text("Identity shown by code of an authenticator app")).to_be_visible()
    expect(page.locator(".a-head .a-chip")).to_contain_text("Approved")
    expect(walk.open("ben", "/account/").get_by_text("by security key")).to_be_visible()
    walk.look(page, "account")
    assert walk.faults == []


def publish_a_policy_of_two_reviews(walk: Walk) -> None:
    """Of rows by a data steward with a second factor, and of the licence by a risk owner, side by side."""
    page = walk.open("admin", f"/policies/new/?place=project:{walk.place.project}&subject_kind=dataset_version")
    page.get_by_role("button", name="Add a step").click()
    rows, licence = page.get_by_role("group", name="Step 1"), page.get_by_role("group", name="Step 2")
    expect(licence).to_be_visible()
    rows.get_by_label("What is reviewed").fill("Rows")
    rows.get_by_label("the rows and how they are read").check()
    rows.get_by_label("where the data comes from").check()
    rows.get_by_label("Signed with").select_option(label="a second factor")
    licence.get_by_label("What is reviewed").fill("Licence")
    licence.get_by_label("Risk owner").check()
    licence.get_by_label("the licence").check()
    walk.look(page, "policy form")
    page.get_by_role("button", name="Save this draft").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Publish this policy").click()
    expect(page.locator(".a-head .a-chip")).to_contain_text("Published")


def written(path: Path, numbers: range) -> Path:
    path.write_text("".join(map(row, numbers)), encoding="utf-8")
    return path


def is_not_asked_again(walk: Walk, request: str) -> None:
    """Rita decided on the licence, which is as it was: nothing waits for her, and the page says whence her word is."""
    page = walk.open("rita", request)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("Carried over, because the part it reviews is unchanged")).to_be_visible()
    expect(page.get_by_text("Could decide now: Ben Castell")).to_be_visible()
    walk.look(page, "request with what was carried over")
    expect(walk.open("rita", "/approvals/").get_by_text("Nothing waits for you.")).to_be_visible()


def set_up_app(walk: Walk, page: Page) -> Codes:
    walk.open("ben", "/account/app/")
    walk.look(page, "app")
    app = Codes(page.locator("main dd.a-mono").inner_text().replace(" ", ""))
    page.get_by_label("Code that the app shows now").fill(app.next())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Set up this app").click()
    expect(page.locator(".a-codes li")).to_have_count(10)
    walk.look(page, "recovery codes")
    return app


def set_up_key(walk: Walk, page: Page, app: Codes) -> None:
    walk.open("ben", "/account/keys/")
    walk.look(page, "key")
    page.get_by_label("What you call this key").fill("Blue key")
    page.get_by_label("Code", exact=True).fill(app.next())
    page.get_by_role("button", name="Add this key").click()
    expect(page.get_by_text("Blue key")).to_be_visible()


def sign_in_again(walk: Walk, page: Page) -> None:
    """With the password, then with the key."""
    page.context.clear_cookies()
    page.goto(f"{walk.place.address}/sign-in/")
    page.get_by_label("Username").fill("ben")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Second step, Ben")).to_be_visible()
    walk.look(page, "second step")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Good ")


def register_next(walk: Walk, data: str, rows: Path) -> str:
    page = walk.open("ada", data)
    page.get_by_role("link", name="Opening hours").first.click()
    page.goto(f"{page.url}versions/new/")
    page.locator("input[type=file]").set_input_files(rows)
    page.locator("#id_licence").fill("CC0-1.0")
    fill_what_is_required(page)
    page.get_by_role("button", name="Register this version").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Opening hours v2")
    return page.url


def decide(walk: Walk, page: Page, url: str, button: str, reason: str, app: Codes | None = None) -> None:
    """By a code of `app`, else by the key, which the panel offers first."""
    walk.open("ben", url)
    panel = page.get_by_role("dialog")
    expect(panel.locator("[type=password]")).to_be_hidden()
    panel.get_by_label("Reason").fill(reason)
    if app:
        panel.get_by_text("Code from your app").click()
        panel.get_by_label("Code", exact=True).fill(app.next())
    panel.get_by_role("button", name=button).click()
    expect(page.get_by_text("Your decision is recorded and signed.")).to_be_visible()
