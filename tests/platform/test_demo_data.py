"""The demo's training rows keep to one policy, hold nobody's data and repeat nothing; its texts fit the catalogue."""

import csv
import itertools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.demo import base
from governance.materials.datasets import provenance
from governance.people.projects.rules import Role, may
from preparation.reading import inspect

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "platform" / "assay" / "demo"
ROWS = DEMO / "bank_support.jsonl"

_NUMBER = r"\d+(?:[.,]\d+)*"
_UNITS = r"EUR|%|working days?|days?|weeks?|months?|hours?|minutes?|seconds?|years?|am|pm"
_QUANTITY = re.compile(rf"({_NUMBER})(?: (?:to|or) ({_NUMBER}))? ({_UNITS})(?!\w)")
_SPELLED = re.compile(
    rf"\b(one|two|three|four|five|six|seven|eight|nine|ten|twelve) ({_UNITS}|euros?)(?!\w)", re.IGNORECASE
)
_TOPIC = re.compile(r"^- \*\*(?P<name>.+?)\*\*(?: \((?P<intents>[^)]+)\))?: (?P<facts>.+)$", re.MULTILINE)


def _load(name: str) -> Any:
    return json.loads((DEMO / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def rows() -> list[list[dict[str, str]]]:
    return [json.loads(line)["messages"] for line in ROWS.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def questions(rows: list[list[dict[str, str]]]) -> list[str]:
    return [row[1]["content"] for row in rows]


@pytest.fixture(scope="module")
def answers(rows: list[list[dict[str, str]]]) -> list[str]:
    return [row[2]["content"] for row in rows]


@pytest.fixture(scope="module")
def intents() -> list[str]:
    with (DEMO / "bank_support_intents.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [int(line["row"]) for line in table] == list(range(1, len(table) + 1))
    return [line["intent"] for line in table]


@pytest.fixture(scope="module")
def policy() -> dict[str, str]:
    """Intent -> its facts with those that hold everywhere."""
    topics = list(_TOPIC.finditer((DEMO / "bank_support_policy.md").read_text(encoding="utf-8")))
    everywhere = next(topic["facts"] for topic in topics if topic["intents"] is None)
    pairs = [(i, t["facts"]) for t in topics if t["intents"] for i in re.findall(r"`(\w+)`", t["intents"])]
    assert len(pairs) == len(dict(pairs)), "an intent stands under two topics"
    return {intent: f"{facts} {everywhere}" for intent, facts in pairs}


def _masked(text: str) -> str:
    """Case-folded, with numbers and capitalised words masked and white space made even."""
    text = re.sub(r"\b[A-Z]\w+", "<name>", text)
    text = re.sub(_NUMBER, "<number>", text)
    return " ".join(text.casefold().split())


def _quantities(text: str) -> set[tuple[str, str]]:
    """(number, unit) for every figure with a unit; "3 to 5 working days" gives both ends."""
    found = {
        (number, unit.removesuffix("s")) for first, last, unit in _QUANTITY.findall(text) for number in (first, last)
    }
    return {(number, unit) for number, unit in found if number}


def test_the_trainer_reads_every_row_as_chat() -> None:
    inspection = inspect(ROWS)
    assert inspection.sound, inspection.findings
    assert inspection.resolved is not None
    assert inspection.resolved.reading.format == "chat"
    assert 300 <= inspection.rows <= 600
    assert all(column.used for column in inspection.columns)


def test_roles_alternate_under_one_system_prompt(rows: list[list[dict[str, str]]]) -> None:
    assert {tuple(turn["role"] for turn in row) for row in rows} == {("system", "user", "assistant")}
    assert len({row[0]["content"] for row in rows}) == 1


def test_at_least_45_intents_have_a_handful_of_rows_each(rows: list[Any], intents: list[str]) -> None:
    assert len(intents) == len(rows)
    counts = Counter(intents)
    assert len(counts) >= 45
    assert min(counts.values()) >= 4
    assert max(counts.values()) <= 10


def test_no_two_questions_are_alike_once_names_and_numbers_are_masked(questions: list[str]) -> None:
    repeated = [text for text, count in Counter(map(_masked, questions)).items() if count > 1]
    assert repeated == []


def test_no_question_is_a_near_copy_of_another(questions: list[str]) -> None:
    words = [frozenset(re.findall(r"[\w<>']+", _masked(question))) for question in questions]
    near = [
        (questions[i], questions[j])
        for i, j in itertools.combinations(range(len(words)), 2)
        if len(words[i] & words[j]) >= 0.8 * len(words[i] | words[j])
    ]
    assert near == []


def test_no_answer_is_given_twice(answers: list[str]) -> None:
    assert len({_masked(answer) for answer in answers}) == len(answers)


def test_answers_are_short(answers: list[str]) -> None:
    lengths = [len(answer.split()) for answer in answers]
    assert min(lengths) >= 12
    assert max(lengths) <= 50


def test_every_intent_has_its_place_in_the_policy(intents: list[str], policy: dict[str, str]) -> None:
    assert set(intents) == set(policy)


def test_every_figure_in_an_answer_is_the_policys(
    answers: list[str], intents: list[str], policy: dict[str, str]
) -> None:
    strays = []
    for answer, intent in zip(answers, intents, strict=True):
        facts = policy[intent]
        figures = _quantities(answer) - _quantities(facts)
        numbers = set(re.findall(_NUMBER, answer)) - set(re.findall(_NUMBER, facts)) - {"2024"}
        if figures or numbers or _SPELLED.search(answer):
            strays.append((intent, answer, figures, numbers))
    assert strays == []


def test_the_check_of_figures_sees_a_wrong_one() -> None:
    facts = "5 working days; express 2 working days for 15 EUR; letter in 3 to 5 days"
    assert _quantities("It takes 5 working days.") <= _quantities(facts)
    assert not _quantities("It takes 5 weeks.") <= _quantities(facts)
    assert not _quantities("Express costs 2 EUR.") <= _quantities(facts)
    assert _quantities("within 5 days") <= _quantities(facts)


def test_no_answer_asks_for_a_secret(answers: list[str]) -> None:
    asks = re.compile(
        r"\b(tell|send|give|write|show)\s+(us|me)\b[^.;]*\b(PIN|TAN|password|card number|security code)\b"
        r"|\bwhat is your (PIN|TAN|password|card number)\b",
        re.IGNORECASE,
    )
    assert [answer for answer in answers if asks.search(answer)] == []
    assert asks.search("Please send us your card number.")


def test_no_row_holds_contact_or_account_data(questions: list[str], answers: list[str]) -> None:
    patterns = {
        "eight digits or more": r"(?:\d[ -]?){8,}",
        "an e-mail address": r"\S+@\S+",
        "an IBAN": r"\b[A-Z]{2}\d{2}[ \dA-Z]{10,}",
        "a web address": r"https?://|www\.",
    }
    found = [
        (what, text) for what, pattern in patterns.items() for text in questions + answers if re.search(pattern, text)
    ]
    assert found == []


def test_the_provenance_record_answers_what_registration_asks(rows: list[Any]) -> None:
    record = _load("provenance.json")
    assert provenance.flaws(record) == []
    assert provenance.answered(record).keys() == record.keys(), "nothing blank"
    assert "language model" in record["synthetic_by"]
    assert "CC0-1.0" in (DEMO / "bank_support_policy.md").read_text(encoding="utf-8")


def test_the_cast_has_the_people_and_roles_of_the_demo() -> None:
    cast = _load("cast.json")
    people = {person["username"]: person for person in cast["people"]}
    assert set(people) == {"ada", "ben", "rita", "cleo", "paula", "omar", "dev", "admin"}
    assert [name for name, person in people.items() if person["is_administrator"]] == ["admin"]
    assistant, notes = (project["members"] for project in cast["projects"])
    assert {Role(role) for members in (assistant, notes) for roles in members.values() for role in roles} <= set(Role)
    assert set(assistant) | set(notes) <= set(people)
    assert "dev" not in assistant
    assert not set(notes) & {"ada", "ben"}
    assert cast["organisation"]["contact"].endswith(".example")


def test_every_declared_text_answers_a_prompt_that_only_a_person_can() -> None:
    catalogues = sorted((ROOT / "governance/law/regulation/data").glob("eu_ai_act_*.yaml"))
    edition = yaml.safe_load(catalogues[-1].read_text(encoding="utf-8"))
    prompts = {
        prompt["id"]: (leaf["ref"], prompt)
        for annex in edition["annexes"]
        for leaf in annex["leaves"]
        for prompt in leaf["prompts"]
    }
    declared = _load("declared.json")
    assert len({entry["prompt_id"] for entry in declared}) == len(declared)
    for entry in declared:
        ref, prompt = prompts[entry["prompt_id"]]
        assert entry["ref"] == ref
        assert prompt.get("human"), f"{entry['prompt_id']} is met by a record"


def test_declared_texts_are_by_people_who_may_write_and_do_not_sign() -> None:
    members = _load("cast.json")["projects"][0]["members"]
    authors = {entry["by"] for entry in _load("declared.json")}
    assert authors == {"ada", "ben"}
    assert all(may({Role(role) for role in members[author]}, "declare dossier text") for author in authors)


def test_declared_texts_leave_figures_and_methods_to_the_records() -> None:
    # A text written before the run must hold whatever method, device or number of steps the run then had.
    claims = re.compile(r"\d|\b(Q?LoRA|adapter|quanti[sz]|epoch|GPU|CPU|CUDA|kWh|FLOP)", re.IGNORECASE)
    assert [entry["prompt_id"] for entry in _load("declared.json") if claims.search(entry["text"])] == []


def test_the_questionnaire_and_the_record_of_either_base_model_say_the_same(tmp_path: Path, settings: Any) -> None:
    settings.ASSAY_MODELS_DIR = tmp_path
    for folder, written_last in ((base.SMOLLM2, "conversion.json"), (base.TINY, "config.json")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / written_last).write_text("{}", encoding="utf-8")
    answered = {"yes": True, "no": False}[_load("questionnaire.json")["gpai-base"]]
    assert [facts["general_purpose"] for _, facts in (base.smollm2(), base.tiny())] == [answered, answered]
