"""Every way through the questionnaire ends, asks about personal data, and is shut by a single unknown."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.law.regulation import rules

LAW = rules.latest()
DAY = date(2026, 11, 25)
QUESTIONS = {question.id: tuple(question.answers) for question in LAW.questions}


def sheets(*, unknown: bool) -> st.SearchStrategy[dict[str, str]]:
    """An answer to every question, whether it will be asked or not."""
    more = (rules.UNKNOWN,) if unknown else ()
    return st.fixed_dictionaries({each: st.sampled_from((*values, *more)) for each, values in QUESTIONS.items()})


def ask_one_by_one(sheet: dict[str, str]) -> dict[str, str]:
    """The answers as a person would give them: one question at a time, until no more is asked."""
    given_so_far: dict[str, str] = {}
    for _ in range(len(QUESTIONS) + 1):
        question = rules.next_question(given_so_far)
        if question is None:
            return given_so_far
        assert question.id not in given_so_far, "asked twice"
        given_so_far[question.id] = sheet[question.id]
    raise AssertionError(f"no end after {len(QUESTIONS)} questions")


@settings(max_examples=400, deadline=None)
@given(sheets(unknown=True))
def test_every_path_ends_and_asks_about_personal_data(sheet: dict[str, str]) -> None:
    asked = ask_one_by_one(sheet)
    assert list(asked)[-1] == "personal-data"


@settings(max_examples=400, deadline=None)
@given(sheets(unknown=True))
def test_one_unknown_on_the_path_blocks_and_owes_nothing_yet(sheet: dict[str, str]) -> None:
    asked = ask_one_by_one(sheet)
    found = rules.outcome(asked, DAY)
    unknown = {each for each, answer in asked.items() if answer == "unknown"}
    assert set(found.unknown) == unknown
    assert found.settled is not bool(unknown)
    forbidden = asked.get("prohibited") == "yes"
    assert (found.blocked_reason is None) is (not unknown and not forbidden)
    if unknown:
        assert (found.roles, found.required_leaves) == ((), {})
        assert found.risk_class == ("prohibited" if forbidden else "undetermined")
        for question in unknown:
            assert LAW.question(question).ask in str(found.blocked_reason)


@settings(max_examples=200, deadline=None)
@given(sheets(unknown=False))
def test_answers_to_questions_that_are_no_longer_asked_count_for_nothing(sheet: dict[str, str]) -> None:
    asked = ask_one_by_one(sheet)
    whole = rules.outcome(sheet, DAY)
    assert set(whole.off_path) == set(sheet) - set(asked)
    alone = rules.outcome(asked, DAY)
    assert (alone.flags, alone.duties, alone.required_leaves) == (whole.flags, whole.duties, whole.required_leaves)


@settings(max_examples=100, deadline=None)
@given(sheets(unknown=False), st.data())
def test_a_sheet_with_an_open_question_is_not_settled(sheet: dict[str, str], data: Any) -> None:
    asked = ask_one_by_one(sheet)
    left_out = data.draw(st.sampled_from(sorted(asked)))
    del asked[left_out]
    found = rules.outcome(asked, DAY)
    assert found.settled is False
    assert found.next_question == left_out
    assert LAW.question(left_out).ask in str(found.blocked_reason)


def test_nothing_answered_yet_asks_the_first_question() -> None:
    found = rules.outcome({}, DAY)
    assert found.next_question == "union"
    assert (found.role, found.risk_class, found.dossier_kind) == ("undetermined",) * 3


@pytest.mark.parametrize("verdict", ["below", "above"])
def test_the_question_of_a_significant_change_is_asked_whatever_the_meter_shows(verdict: str) -> None:
    sheet = {
        "union": "yes",
        "research": "no",
        "prohibited": "no",
        "gpai-base": "yes",
        "original-provider": "no",
        "compute-criterion": verdict,
    }
    question = rules.next_question(sheet)
    assert question is not None
    assert question.id == "significant-change"


def test_a_wrong_question_or_answer_names_the_known_ones() -> None:
    with pytest.raises(rules.NotAnAnswer, match=r"No question 'colour'.*Known: union, research"):
        rules.next_question({"colour": "red"})
    with pytest.raises(rules.NotAnAnswer, match=r"union: 'perhaps' is no answer\. Known: yes, no, unknown"):
        rules.outcome({"union": "perhaps"}, DAY)


def test_the_screening_is_no_only_when_every_practice_was_denied() -> None:
    items = {item.id: "no" for item in LAW.screening}
    assert len(items) == 10
    assert rules.screening_answer(items) == "no"
    assert rules.screening_answer(items | {"social-scoring": "unknown"}) == "unknown"
    assert rules.screening_answer(items | {"social-scoring": "yes", "face-scraping": "unknown"}) == "yes"
    del items["manipulation"]
    assert rules.screening_answer(items) == "unknown"
    with pytest.raises(rules.NotAnAnswer, match="No screening item"):
        rules.screening_answer({"colour": "no"})
    with pytest.raises(rules.NotAnAnswer, match="is no answer"):
        rules.screening_answer({"manipulation": "maybe"})


def test_the_new_prohibitions_screen_the_data_and_bind_from_december_2026() -> None:
    new = {item.id: item for item in LAW.screening if "(ba)" in item.ref or "(bb)" in item.ref}
    assert len(new) == 2
    for item in new.values():
        assert item.data is True
        assert LAW.clocks[item.clock].dates(()).binds_from == date(2026, 12, 2)
    assert set(LAW.screening_evidence) == {
        "modality",
        "data-origin",
        "outside-scan",
        "upstream-safeguards",
        "refusal-review",
    }
