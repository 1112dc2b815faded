"""What the answers of a task add up to, as it is written down when the task is closed."""

from collections import Counter
from typing import Any

from governance.foundation.core.canonical import digest
from governance.materials.annotations import rules
from governance.materials.annotations.agreement import agreement
from governance.materials.annotations.models import AnnotationTask, Answer
from governance.materials.annotations.rules import Type


def standing(task: AnnotationTask) -> dict[int, dict[int, str]]:
    """{row's place: {annotator: choice}} of the answers that stand, without what was skipped."""
    found = Answer.objects.filter(annotator__task=task, ended_at=None)
    return rules.by_row(found.values_list("annotator_id", "row__place", "choice"))


def settled(task: AnnotationTask, answers: dict[int, dict[int, str]]) -> dict[int, str | None]:
    """What each row that somebody answered comes to; None where it stays undecided."""
    breaker = task.annotators.filter(breaks_ties=True).values_list("pk", flat=True).first()
    return {place: rules.settled(given, breaker) for place, given in answers.items()}


def outcome(task: AnnotationTask) -> dict[str, Any]:
    """Counts of rows, how far people agree, who answered by role, and the digest of every answer ever given."""
    answers = standing(task)
    verdicts = settled(task, answers)
    counts = Counter(choice for choice in verdicts.values() if choice is not None)
    found: dict[str, Any] = {
        "rows": task.rows,
        "of": task.drawn_from,
        "answered": len(answers),
        "counts": {choice: counts[choice] for choice in task.choices},
        "undecided": sum(choice is None for choice in verdicts.values()),
        "people": _people(task),
        "agreement": agreement(answers).to_json(),
        "answers_sha256": _answers_digest(task),
    }
    if task.type == Type.REVIEW:
        found["good"] = _good(task, counts[rules.GOOD], len(answers))
    if task.type == Type.PREFERENCES:
        found["left"] = _left(task)
    return found


def _good(task: AnnotationTask, good: int, answered: int) -> dict[str, Any]:
    """The share of good rows; its interval only where other rows of the version were not looked at."""
    if not answered:
        return {"count": 0, "n": 0, "share": None, "interval": None}
    whole = answered == task.drawn_from
    interval = None if whole else list(rules.wilson(good, answered))
    return {"count": good, "n": answered, "share": good / answered, "interval": interval}


def _left(task: AnnotationTask) -> dict[str, int]:
    """How often the answer on the left was preferred: far from half of the times, the place decided, not the text."""
    chosen = Counter[bool]()
    given = Answer.objects.filter(annotator__task=task, ended_at=None, choice__in=[rules.FIRST, rules.SECOND])
    for answer in given.select_related("annotator", "row__task"):
        chosen[(answer.choice == rules.FIRST) != answer.row.is_swapped_for(answer.annotator)] += 1
    return {"count": chosen[True], "n": chosen.total()}


def _people(task: AnnotationTask) -> list[dict[str, Any]]:
    """Who answered how much, by role: names stay with the task."""
    answered, skipped = Counter[int](), Counter[int]()
    for annotator, choice in Answer.objects.filter(annotator__task=task, ended_at=None).values_list(
        "annotator_id", "choice"
    ):
        (answered if choice else skipped)[annotator] += 1
    people = [
        {"roles": one.roles, "answered": answered[one.pk], "skipped": skipped[one.pk]} for one in task.annotators.all()
    ]
    return sorted(people, key=lambda one: (one["roles"], -one["answered"]))


def _answers_digest(task: AnnotationTask) -> str:
    """Over every answer, those that were replaced too; without the reasons, which may have to be erased."""
    rows = Answer.objects.filter(annotator__task=task).order_by("pk")
    return digest(list(rows.values_list("annotator__user_id", "row__sha256", "choice", "at", "ended_at")))
