"""The questionnaire: which question comes next, and what the answers given so far say. Pure: no Django, no models.

Questions run in order. One is asked when its condition holds on the flags set so far; an answer may end the part on the
AI Act and jump ahead, never back, so every path ends. "unknown" is taken everywhere, sets nothing and shuts the
outcome until somebody knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from governance.law.regulation.clauses import Question
from governance.law.regulation.editions import Edition

UNKNOWN = "unknown"


class NotAnAnswer(ValueError):
    """A question or answer that the edition does not have; the message names those it has."""


@dataclass(frozen=True)
class Walk:
    """The way through the questionnaire that the answers describe.

    `flags` maps each flag to the question whose answer set it first. `off_path` are answers to questions that are
    no longer asked, because an earlier answer was changed; they count for nothing.
    """

    path: tuple[str, ...]
    flags: Mapping[str, str]
    unknown: tuple[str, ...]
    next: Question | None
    off_path: tuple[str, ...]


def walk(law: Edition, answers: Mapping[str, str]) -> Walk:
    """Follow `answers` (question id -> answer) as far as they lead. Raises NotAnAnswer."""
    _check_answers(law, answers)
    place = {question.id: at for at, question in enumerate(law.questions)}
    flags: dict[str, str] = {}
    path: list[str] = []
    at, pending = 0, None
    while at < len(law.questions):
        question = law.questions[at]
        at += 1
        if not question.asked_if.holds(flags):
            continue
        if question.id not in answers:
            pending = question
            break
        path.append(question.id)
        if answers[question.id] == UNKNOWN:
            continue
        choice = question.answers[answers[question.id]]
        for flag in choice.sets:
            flags.setdefault(flag, question.id)
        at = place[choice.next] if choice.next else at
    return Walk(
        path=tuple(path),
        flags=flags,
        unknown=tuple(each for each in path if answers[each] == UNKNOWN),
        next=pending,
        off_path=tuple(sorted(set(answers) - set(path))),
    )


def _check_answers(law: Edition, answers: Mapping[str, str]) -> None:
    questions = {question.id: question for question in law.questions}
    for question_id, value in answers.items():
        if question_id not in questions:
            raise NotAnAnswer(f"No question {question_id!r} in {law.id}. Known: {', '.join(questions)}.")
        known = (*questions[question_id].answers, UNKNOWN)
        if value not in known:
            raise NotAnAnswer(f"{question_id}: {value!r} is no answer. Known: {', '.join(known)}.")


def screening_answer(law: Edition, items: Mapping[str, str]) -> str:
    """The answer to the question on forbidden practices, from the answers (yes, no, unknown) to the single items.

    One yes is yes; otherwise an item that is unknown or was not answered leaves the whole unknown. Raises NotAnAnswer.
    """
    known = [item.id for item in law.screening]
    for item, value in items.items():
        if item not in known:
            raise NotAnAnswer(f"No screening item {item!r} in {law.id}. Known: {', '.join(known)}.")
        if value not in ("yes", "no", UNKNOWN):
            raise NotAnAnswer(f"{item}: {value!r} is no answer. Known: yes, no, {UNKNOWN}.")
    given = [items.get(item, UNKNOWN) for item in known]
    if "yes" in given:
        return "yes"
    return UNKNOWN if UNKNOWN in given else "no"
