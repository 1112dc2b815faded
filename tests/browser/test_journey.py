"""One walk through the whole house, as the different people, with a real server, a real worker and a tiny model."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from assay.demo.cast import material
from assay.settings.frontend import NODE_MODULES
from governance.law.regulation import rules as regulation
from tests.browser.journey import CHROMIUM, Installation, Walk, installation
from tests.people import PASSWORD

AXE = NODE_MODULES / "axe-core" / "axe.min.js"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not (CHROMIUM and AXE.is_file()) and not os.environ.get("CI"),
        reason="needs Chromium and the front-end parts: run make setup-browser",
    ),
]
PATIENCE = 240_000  # ms: a trainer that shares its cores with other work


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("house") / "var", tiny_model) as found:
        yield found


@pytest.fixture
def walk(place: Installation) -> Iterator[Walk]:
    with Walk.through(place, AXE.read_text(encoding="utf-8")) as found:
        yield found


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Twenty-four conversations, written here."""
    path = tmp_path / "opening-hours.jsonl"
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    places = ["the main branch", "the branch at the station", "the branch in Mill Lane", "the service point"]
    lines = [
        {
            "messages": [
                {"role": "user", "content": f"When does {where} open on {day}?"},
                {"role": "assistant", "content": f"On {day} {where} opens at nine. It closes at five."},
            ]
        }
        for where in places
        for day in days
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_a_model_goes_from_rows_to_release_and_back_by_the_hands_of_five_people(walk: Walk, rows: Path) -> None:
    data = register_data(walk, rows)
    walk.sign("ben", ask_for_approval(walk, data), "Approve this dataset version", "Rows without people in them.")
    base = register_base_model(walk)
    walk.sign("ben", ask_for_approval(walk, base), "Approve this base model", "Random weights, CC0.")
    answer_the_questionnaire(walk)
    write_the_plan(walk)
    run = prepare_the_run(walk)
    request = refuse_her_own_signature(walk, run)
    walk.sign("rita", request, "Approve this run plan", "Small, with a limit fixed before it.")
    evaluation = launch_and_watch(walk, run)
    read_the_report(walk, evaluation)
    dossier = declare_and_freeze(walk, evaluation)
    walk.sign("cleo", ask_for_signature(walk, dossier), "Sign this dossier", "Read point by point.")
    release = propose(walk, dossier)
    walk.sign("rita", request_of(walk, release), "Approve this release", "For the walk alone.")
    let_go(walk, release)
    take_the_pdf(walk, dossier)
    withdraw_the_data_and_take_that_back(walk, data, (run, dossier, release))
    withdraw(walk, release)
    look_around(walk)
    assert walk.faults == []


# --- materials ------------------------------------------------------------------------------------------------


def register_data(walk: Walk, rows: Path) -> str:
    page = walk.open("ada", f"/projects/{walk.place.project}/datasets/new/")
    walk.look(page, "dataset form")
    page.get_by_label("Name").fill("Opening hours")
    page.get_by_role("button", name="Go on to its first version").click()
    page.wait_for_url("**/versions/new/")
    walk.look(page, "dataset version form")
    page.locator("input[type=file]").set_input_files(rows)
    page.locator("#id_licence").fill("CC0-1.0")
    fill_what_is_required(page)
    page.get_by_role("button", name="Register this version").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Opening hours v1")
    walk.look(page, "dataset version")
    return page.url


def register_base_model(walk: Walk) -> str:
    page = walk.open("ada", f"/projects/{walk.place.project}/base-models/new/")
    walk.look(page, "base model form")
    page.locator("#id_folder").select_option("tiny")
    page.locator("#id_name").fill("Tiny")
    page.locator("#id_licence").fill("CC0-1.0")
    fill_what_is_required(page)
    page.get_by_role("button", name="Register this base model").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Tiny")
    walk.look(page, "base model")
    return page.url


def fill_what_is_required(page: Page) -> None:
    """What a form insists on and nobody has answered yet."""
    for one in page.locator("main :is(input, textarea):required").all():
        if one.get_attribute("type") not in ("file", "hidden") and not one.input_value():
            one.fill("Written for this walk")


def ask_for_approval(walk: Walk, url: str) -> str:
    page = walk.open("ada", f"{url}?tab=approvals")
    page.get_by_role("button", name="Ask for approval").click()
    page.wait_for_url("**/approvals/**")
    expect(page.get_by_role("dialog")).to_have_count(0)
    walk.look(page, "approval request")
    return page.url


def answer_the_questionnaire(walk: Walk) -> None:
    answers: dict[str, str] = {}
    given = material("questionnaire.json")
    page = walk.open("rita", f"/projects/{walk.place.project}/questionnaire/")
    while question := regulation.next_question(answers):
        expect(page.locator("legend")).to_have_text(question.ask)
        walk.look(page, "questionnaire")
        page.locator(f"input[name=answer][value='{given[question.id]}']").check()
        page.get_by_role("button", name="Next question").click()
        answers[question.id] = given[question.id]
    page.get_by_label("Why these answers hold").fill("A person reads every draft; nothing is decided about anybody.")
    walk.look(page, "answers to sign")
    page.get_by_role("button", name="Sign these answers").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Classification of")
    walk.look(page, "classification")


# --- the run --------------------------------------------------------------------------------------------------


def write_the_plan(walk: Walk) -> None:
    page = walk.open("ada", f"/projects/{walk.place.project}/evaluation-plans/new/?blank")
    walk.look(page, "evaluation plan form")
    page.locator("#id_name").fill("Hours, no worse")
    page.locator("#id_use_validation-loss").check()
    page.locator("#id_use_exact-match").check()
    page.locator("#id_limit_exact-match").fill("2")
    page.locator("#id_max_new_tokens_exact-match").fill("8")
    page.locator("#id_limits-0-measure").select_option("validation-loss/loss")
    page.locator("#id_limits-0-kind").select_option("max_rise")
    page.locator("#id_limits-0-limit").fill("5")
    page.get_by_role("button", name="Write this plan").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hours, no worse")
    walk.look(page, "evaluation plan")


def prepare_the_run(walk: Walk) -> str:
    page = walk.open("ada", f"/projects/{walk.place.project}/runs/new/")
    page.locator("#id_base_model").select_option(index=1)
    page.get_by_role("group", name="Training data").get_by_label("Opening hours v1").check()
    page.locator("#id_title").fill("Opening hours, a short try")
    for name, value in {"max_steps": "24", "batch_size": "2", "max_length": "128", "r": "4", "alpha": "8"}.items():
        page.locator(f"#id_{name}").fill(value)
    page.locator("#id_evaluation_plan").select_option(label="Hours, no worse")
    # what the form says beside it comes from the trainer itself
    expect(page.locator("#row mark").first).to_contain_text("opens at nine", timeout=PATIENCE)
    expect(page.locator("#preview")).to_contain_text("24 steps", timeout=PATIENCE)
    walk.look(page, "run form")
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Run R-1")
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_text("Submitted. The risk owner finds it among what waits.")).to_be_visible(timeout=PATIENCE)
    walk.look(page, "run that waits")
    return page.url


def refuse_her_own_signature(walk: Walk, run: str) -> str:
    """Ada sees no panel for what she asked herself, and a forged decision of hers is refused."""
    url = request_of(walk, run)
    page = walk.open("ada", url)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("You cannot decide on this")).to_be_visible()
    token = page.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    forged = {"csrfmiddlewaretoken": token, "verdict": "approve", "reason": "mine", "password": PASSWORD}
    answer = page.request.post(url, form=forged, headers={"Referer": url})
    assert answer.status == 403
    assert "cannot decide on it" in answer.text()
    return url


def request_of(walk: Walk, record: str) -> str:
    """The address of the newest request about a record."""
    page = walk.open("ada", f"{record}?tab=approvals")
    href = page.get_by_role("link", name="Open the request").first.get_attribute("href")
    return f"{walk.place.address}{href}"


def launch_and_watch(walk: Walk, run: str) -> str:
    page = walk.open("ada", run)
    page.get_by_role("button", name="Launch this run").click()
    expect(page.get_by_role("heading", name="Plan and observed")).to_be_visible()
    # the page is never loaded anew by hand: what follows is swapped in while the worker trains
    expect(page.locator("#live .a-log")).to_contain_text(re.compile(r"step \d+ +loss"), timeout=PATIENCE)
    walk.look(page, "live run")
    chip = page.locator(".a-head .a-chip")
    expect(chip).to_contain_text("Succeeded", timeout=PATIENCE)
    expect(page.locator("#live")).to_contain_text("of 24 steps")
    for tab in ("Evidence", "Approvals", "Lineage", "History"):
        page.locator(".a-tabs").get_by_role("link", name=tab).click()
        expect(page.locator(".a-tabs [aria-current]")).to_contain_text(tab)
        walk.look(page, f"run, {tab}")
    page.get_by_role("link", name=re.compile("^Open ")).click()
    page.wait_for_url("**/models/**")
    walk.look(page, "model")
    page.get_by_role("link", name="Under the plan Hours, no worse").click()
    page.wait_for_url("**/evaluations/**")
    return page.url


def read_the_report(walk: Walk, evaluation: str) -> None:
    page = walk.open("cleo", evaluation)
    expect(page.locator(".a-head .a-chip")).to_contain_text("Succeeded", timeout=PATIENCE)
    expect(page.get_by_role("heading", name="Every limit of the plan was kept")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^Loss"))).to_contain_text("rise at most 5")
    for fold in page.locator("details.a-fold.a-sheet").all():
        fold.locator("summary").first.click()
    walk.look(page, "evaluation report")
    page.get_by_role("link", name="All samples", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Samples")
    walk.look(page, "samples")


# --- documents and release --------------------------------------------------------------------------------------


def declare_and_freeze(walk: Walk, evaluation: str) -> str:
    page = walk.open("ada", evaluation)
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link").last.click()
    page.get_by_role("link", name="Open the dossier").click()
    page.wait_for_url("**/dossiers/**")
    page.get_by_text(re.compile("Declare text for this|Add declared text to this")).first.click()
    words = "The drafts are read by a person before they are sent."
    page.get_by_label("Your text").first.fill(words)
    page.get_by_role("button", name="Declare this under my name").first.click()
    expect(page.get_by_text("Kept under your name.")).to_be_visible()
    expect(page.locator(".a-stmt", has_text=words)).to_contain_text("Declared")
    walk.look(page, "dossier")
    page.get_by_role("button", name="Freeze this dossier").click()
    page.wait_for_url("**/dossier-versions/**")
    walk.look(page, "frozen dossier")
    return page.url


def ask_for_signature(walk: Walk, dossier: str) -> str:
    page = walk.open("ada", dossier)
    page.get_by_role("button", name="Ask for the signature").click()
    page.wait_for_url("**/approvals/**")
    return page.url


def propose(walk: Walk, dossier: str) -> str:
    page = walk.open("ada", dossier)
    expect(page.locator(".a-head .a-chip")).to_contain_text("Signed")
    page.get_by_role("link", name="Propose the release").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Propose to release")
    walk.look(page, "release form")
    page.get_by_label("Notes for the risk owner").fill("Made in a walk.")
    page.get_by_role("button", name="Propose this release").click()
    page.wait_for_url("**/releases/**")
    return page.url


def let_go(walk: Walk, release: str) -> None:
    page = walk.open("rita", release)
    walk.look(page, "release")
    page.get_by_role("button", name="Release this model").click()
    page.get_by_role("dialog").get_by_role("button", name="Release it").click()
    expect(page.get_by_text("Released by Rita Falk")).to_be_visible()


def take_the_pdf(walk: Walk, dossier: str) -> None:
    """Asked for, made by the worker with Cleo's signature in it, and taken."""
    page = walk.open("cleo", dossier)
    page.locator("summary", has_text="Export").click()
    page.get_by_role("button", name="Make the PDF").click()
    link = page.get_by_role("link", name="Download the PDF")
    for _try in range(PATIENCE // 2000):
        page.locator("summary", has_text="Export").click()
        if link.count():
            break
        page.wait_for_timeout(2000)
        page.reload()
    with page.expect_download() as taken:
        link.click()
    assert Path(taken.value.path()).read_bytes().startswith(b"%PDF-")


def withdraw_the_data_and_take_that_back(walk: Walk, data: str, resting: tuple[str, ...]) -> None:
    """Ben withdraws the data; Paula sees what that reached and suspended, and takes it back, as Ben cannot."""
    page = walk.open("ben", data)
    page.get_by_role("link", name="Withdraw", exact=True).click()
    table = page.get_by_role("table")
    for noun in ("run", "model", "dossier", "release"):
        expect(table.locator("th .a-sub", has_text=re.compile(f"^{noun}$"))).to_have_count(1)
    expect(table.get_by_text("its approval would be suspended")).to_have_count(4)
    walk.look(page, "withdrawal form")
    page.locator("#id_rows").fill("2-3")
    page.locator("#id_rows").press("Tab")
    expect(table).to_contain_text("holds what was withdrawn")
    page.locator("#id_rows").fill("")
    page.get_by_label("Why").fill("A contributor took the consent back.")
    page.get_by_role("button", name="Withdraw it").click()
    page.wait_for_url("**/withdrawals/**")
    expect(page.get_by_role("table").get_by_text("approval suspended")).to_have_count(4)
    expect(page.get_by_text("it takes another person to take that back")).to_be_visible()
    walk.look(page, "withdrawal")
    seen = walk.open("paula", f"{data}?tab=lineage")
    expect(seen.locator(".a-head .a-chip")).to_contain_text("Withdrawn")
    expect(seen.locator("svg.a-lineage .p-box.gone")).to_have_count(4)
    walk.look(seen, "lineage of withdrawn data")
    for record in resting:
        expect(walk.open("paula", record).get_by_text("It rests on withdrawn data")).to_be_visible()
    back = walk.open("paula", page.url)
    back.get_by_label("Why it may be used after all").fill("The consent covers these rows.")
    back.get_by_label("Password").fill(PASSWORD)
    back.get_by_role("button", name="Take this withdrawal back").click()
    expect(back.locator(".a-head .a-chip")).to_contain_text("Taken back")
    expect(walk.open("paula", resting[-1]).get_by_text("It rests on withdrawn data")).to_have_count(0)


def withdraw(walk: Walk, release: str) -> None:
    page = walk.open("rita", release)
    page.get_by_label("Reason, for whoever uses the model").fill("The walk is over.")
    page.get_by_role("button", name="Withdraw this release").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw it").click()
    expect(page.get_by_text("Withdrawn by Rita Falk")).to_be_visible()
    expect(page.locator(".a-head .a-chip")).to_contain_text("Withdrawn")


def look_around(walk: Walk) -> None:
    """The lists, the log and the inbox, as those see them who only look."""
    for url in (
        "/", "/projects/", f"/projects/{walk.place.project}/", "/datasets/", "/base-models/", "/evaluation-plans/",
        "/runs/", "/models/", "/dossiers/", "/approvals/", "/audit/?verify", "/jobs/", "/account/",
    ):  # fmt: skip
        walk.look(walk.open("omar", url), url)
    page = walk.open("omar", "/audit/")
    expect(page.get_by_role("table")).to_contain_text("Rita Falk withdrew the release of")
