"""Questions about annotation tasks. What others answered is shown to nobody before the task is closed: until then
every answer can be changed, and should be changed by the row alone."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed, NotFound
from governance.foundation.core.records import one_of
from governance.materials.annotations import outcomes, rules
from governance.materials.annotations.agreement import Agreement, agreement
from governance.materials.annotations.models import AnnotationRow, AnnotationTask, Annotator, Answer
from governance.materials.annotations.rules import BAD, State, Type
from governance.materials.datasets import rules as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals.subjects import Fact
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.people.projects.rules import listing


def visible_to(actor: Actor) -> QuerySet[AnnotationTask]:
    return AnnotationTask.objects.filter(projects.within(actor, "version__dataset__project")).select_related(
        "version__dataset__project", "made__dataset", "other__dataset"
    )


def visible(actor: Actor, task_id: UUID) -> AnnotationTask:
    return one_of(visible_to(actor), task_id)


def own(actor: Actor, task: AnnotationTask) -> Annotator:
    """`actor` as somebody who is asked, and may still read rows. Raises NotAllowed."""
    found = Annotator.objects.filter(task=task, user_id=actor.lookup_id).first()
    if found is None:
        raise NotAllowed(f"{task} asks other people; only they answer it.")
    if not may_read_rows(actor, task):
        raise NotAllowed(f"The rows are shown to {listing(datasets.READ_ROWS)} of this project; you are none any more.")
    return found


def is_asked(actor: Actor, task: AnnotationTask) -> bool:
    return Annotator.objects.filter(task=task, user_id=actor.lookup_id).exists()


def may_read_rows(actor: Actor, task: AnnotationTask) -> bool:
    return datasets.may_read_rows(projects.roles(actor, task.project_id))


def may_see_answers(actor: Actor, task: AnnotationTask) -> bool:
    """Others' answers, row by row: after the end, by those who may read rows."""
    return task.state == State.CLOSED and may_read_rows(actor, task)


def may_see_agreement(actor: Actor, task: AnnotationTask) -> bool:
    """How far answers agree so far: not by those who still give some."""
    return task.state == State.CLOSED or (task.state == State.OPEN and not is_asked(actor, task))


@dataclass(frozen=True)
class Progress:
    """How far somebody is."""

    annotator: Annotator
    answered: int
    skipped: int
    left: int

    @property
    def done(self) -> int:
        return self.answered + self.skipped


def progress(task: AnnotationTask) -> list[Progress]:
    """Everybody who is asked, in one query."""
    return _progress(task, task.annotators.all())


def own_progress(annotator: Annotator) -> Progress:
    (found,) = _progress(annotator.task, Annotator.objects.filter(pk=annotator.pk))
    return found


def _progress(task: AnnotationTask, people: QuerySet[Annotator]) -> list[Progress]:
    stands = Q(answers__ended_at=None, answers__isnull=False)
    counted = people.annotate(
        answered=Count("answers", filter=stands & ~Q(answers__choice="")),
        skipped=Count("answers", filter=stands & Q(answers__choice="")),
    )
    return [Progress(one, one.answered, one.skipped, task.rows - one.answered - one.skipped) for one in counted]


def waiting_for(actor: Actor) -> list[Progress]:
    """Open tasks with rows that wait for this person's answer, the oldest first."""
    found = Annotator.objects.filter(user_id=actor.lookup_id, task__state=State.OPEN, task__in=visible_to(actor))
    asked = list(found.select_related("task__version__dataset__project").order_by("task__created_at"))
    given = Answer.objects.filter(annotator__in=asked, ended_at=None).order_by().values_list("annotator")
    done = dict(given.annotate(given=Count("pk"))) if asked else {}
    waiting = [Progress(one, done.get(one.pk, 0), 0, one.task.rows - done.get(one.pk, 0)) for one in asked]
    return [one for one in waiting if one.left > 0]


def next_row(annotator: Annotator) -> AnnotationRow | None:
    """The first row that waits for this person; None where none does."""
    return waiting_rows(annotator).first()


def shown_to(annotator: Annotator, row: AnnotationRow) -> dict[str, Any] | None:
    """What of a row is shown to somebody who is asked; None where it was erased."""
    if row.shown is None:
        return None
    return rules.as_asked(Type(row.task.type), row.shown, swapped=row.is_swapped_for(annotator))


def offered_to(annotator: Annotator, answer: Answer) -> str:
    """The choice as it stood before the person who made it: of two answers, the side."""
    if annotator.task.type != Type.PREFERENCES:
        return answer.choice
    return rules.turned(answer.choice, swapped=answer.row.is_swapped_for(annotator))


def row_at(task: AnnotationTask, place: int) -> AnnotationRow:
    """Raises NotFound."""
    found = task.shown_rows.filter(place=place).first()
    if found is None:
        raise NotFound("row of this task")
    return found


def last_answer(annotator: Annotator) -> Answer | None:
    """What this person answered last, as far as it stands."""
    return annotator.answers.filter(ended_at=None).select_related("row").last()


def answers_for(actor: Actor, task: AnnotationTask) -> QuerySet[Answer]:
    """Standing answers: one's own until the end, everybody's after it. Raises NotAllowed."""
    found = Answer.objects.filter(annotator__task=task, ended_at=None).select_related("annotator", "row")
    if may_see_answers(actor, task):
        return found.order_by("row__place", "annotator")
    return found.filter(annotator=own(actor, task)).order_by("row__place")


def waiting_rows(annotator: Annotator) -> QuerySet[AnnotationRow]:
    """Rows that wait for this person, in the order in which they are shown."""
    answered = Answer.objects.filter(annotator=annotator, ended_at=None).values("row")
    return annotator.task.shown_rows.exclude(pk__in=answered).order_by("place")


def agreement_so_far(task: AnnotationTask) -> Agreement:
    return agreement(outcomes.standing(task))


@dataclass(frozen=True)
class Judged:
    """A row with what everybody answered about it."""

    row: AnnotationRow
    verdict: str | None
    disagrees: bool
    answers: list[Answer]


def order_of_judgment(task: AnnotationTask) -> list[int]:
    """Places of rows that somebody answered: those on which people disagree first, then what was not found good."""
    answers = outcomes.standing(task)
    verdicts = outcomes.settled(task, answers)
    rank = {choice: number for number, choice in enumerate([None, *reversed(task.choices)])}
    return sorted(verdicts, key=lambda place: (not _disagree(answers[place]), rank[verdicts[place]], place))


def judged(task: AnnotationTask, places: Collection[int]) -> list[Judged]:
    """The rows at these places, in this order."""
    rows = task.shown_rows.filter(place__in=places).prefetch_related(
        Prefetch("answers", Answer.objects.filter(ended_at=None).select_related("annotator"))
    )
    answers = {row.place: list(row.answers.all()) for row in rows}
    given = {place: {one.annotator_id: one.choice for one in ones if one.choice} for place, ones in answers.items()}
    verdicts = outcomes.settled(task, given)
    found = {
        row.place: Judged(row, verdicts[row.place], _disagree(given[row.place]), answers[row.place]) for row in rows
    }
    return [found[place] for place in places if place in found]


def _disagree(given: Mapping[int, str]) -> bool:
    return len(set(given.values())) > 1


def of_version(version: DatasetVersion) -> QuerySet[AnnotationTask]:
    """Tasks over the very content that the version has now."""
    return version.annotation_tasks.filter(version_sha256=version.content_digest)


def latest_review(version: DatasetVersion) -> AnnotationTask | None:
    """The expert review of this very content that was closed last."""
    closed = of_version(version).filter(type=Type.REVIEW, state=State.CLOSED)
    return closed.order_by("-closed_at").first()


def told_to_deciders(version: DatasetVersion, project: Project) -> Iterable[Fact]:
    """What the last expert review came to; nothing where there was none."""
    task = latest_review(version)
    if task is None:
        return
    found, counts = task.told["good"], task.told["counts"]
    if not found["n"]:
        yield Fact("Expert review", "closed without an answer", task.question)
        return
    says = f"{found['count']:,} of {found['n']:,} rows good"
    if found["interval"]:
        low, high = found["interval"]
        says += f" (95 %: {low:.0%} to {high:.0%} of all)"
    yield Fact("Expert review", f"{says}; {in_words(task.told['agreement'])}", task.question, warns=bool(counts[BAD]))


def in_words(found: dict[str, object]) -> str:
    """“agreement .81 (alpha, 40 rows, 3 people)”, or why it was not measured."""
    if found["alpha"] is None:
        return f"agreement not measured ({found['why_not']})"
    return f"agreement {found['alpha']:.2f} (Krippendorff's alpha, {found['rows']:,} rows, {found['people']} people)"
