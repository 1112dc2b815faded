"""Asking people about rows, answering, and closing. The worker's side, for large files, is `worker`."""

from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import digest
from governance.foundation.core.errors import Fault, Faults, Unusable, WrongState
from governance.foundation.core.moves import move
from governance.foundation.jobs import errands
from governance.materials.annotations import outcomes, rules, selectors
from governance.materials.annotations.models import AnnotationRow, AnnotationTask, Annotator, Answer
from governance.materials.annotations.rules import CHOICES, QUESTIONS, TRANSITIONS, Asked, State, Type
from governance.materials.datasets import rules as dataset_rules
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.people.projects import selectors as projects
from governance.people.projects.rules import SPOKEN, listing
from preparation.drawing import Draw, Sampled, draw
from preparation.findings import Refused
from preparation.pairing import Other, pair

ACT = "have rows annotated"


def ask(*, actor: Actor, version_id: UUID, asked: Asked) -> AnnotationTask:
    """Open a task at once where reading the file takes a second or two; else a worker reads it, and it is queued.

    Raises NotFound, NotAllowed, and Unusable for what cannot be asked.
    """
    version = datasets.version_visible(actor, version_id)
    projects.require(actor, version.project_id, ACT)
    wanted = _checked(version, asked)
    people = _people(version, asked)
    other = _other(actor, version, asked)
    read = [version, other] if other else [version]
    if not all(datasets.is_read_at_once(one) for one in read):
        with transaction.atomic():
            task = errands.ask(actor, _task(version, asked, wanted, other), facts=_facts(version, asked, wanted))
            _keep_people(task, people)
        return task
    try:
        sampled = _drawn(_task(version, asked, wanted, other))
    except Refused as refused:
        raise Unusable([Fault(refused.field or "version", refused.message, refused.cure)]) from None
    with transaction.atomic():
        task = errands.enter(actor, _task(version, asked, wanted, other))
        _keep_people(task, people)
        move(task, TRANSITIONS, State.OPEN, ended_at=timezone.now(), **keep_rows(task, sampled))
        record(actor, "annotation-task.asked", subject=task, facts=_facts(version, asked, wanted))
    return task


@transaction.atomic
def again(*, actor: Actor, task_id: UUID) -> AnnotationTask:
    """Have a worker try once more to read the rows. Raises NotFound, NotAllowed, WrongState."""
    task = _own(actor, task_id)
    return errands.ask_again(actor, task, facts={"version_sha256": task.version_sha256})


@transaction.atomic
def answer(*, actor: Actor, task_id: UUID, place: int, choice: str, reason: str = "") -> Answer:
    """Put on record what `actor` says about the row at `place`; an empty choice skips it. Of two answers, `choice` is
    the side. An earlier answer of the same person stays, and stands no longer.

    The trail tells of each sitting and of the end, not of every row: the answers themselves are never changed, and
    closing puts their digest on record.

    Raises NotFound, NotAllowed, WrongState, Unusable.
    """
    annotator = _answering(actor, task_id)
    row = selectors.row_at(annotator.task, place)
    said = _checked_answer(annotator.task, choice, reason)
    if annotator.task.type == Type.PREFERENCES:
        choice = rules.turned(choice, swapped=row.is_swapped_for(annotator))
    now = timezone.now()
    last = annotator.answers.last()
    annotator.answers.filter(row=row, ended_at=None).update(ended_at=now)
    made = Answer.objects.create(annotator=annotator, row=row, choice=choice, reason=said, at=now)
    if last is None or now - last.at > rules.SITTING:
        record(actor, "annotation-task.begun", subject=annotator.task)
    done = selectors.own_progress(annotator)
    if not done.left:
        facts = {"answered": done.answered, "skipped": done.skipped}
        record(actor, "annotation-task.answered", subject=annotator.task, facts=facts)
    return made


@transaction.atomic
def take_back(*, actor: Actor, task_id: UUID) -> AnnotationRow:
    """Undo the last answer that stands; its row waits again. Raises NotFound, NotAllowed, WrongState."""
    annotator = _answering(actor, task_id)
    last = selectors.last_answer(annotator)
    if last is None:
        raise WrongState("You have not answered about any row yet.")
    Answer.objects.filter(pk=last.pk).update(ended_at=timezone.now())
    return last.row


@transaction.atomic
def close(*, actor: Actor, task_id: UUID) -> AnnotationTask:
    """End the answering; what the answers came to is written down and bound to the version.

    Raises NotFound, NotAllowed, WrongState.
    """
    task = _own(actor, task_id)
    _lock(task)
    move(task, TRANSITIONS, State.CLOSED, outcome=outcomes.outcome(task), closed_at=timezone.now())
    facts = {"content": task.content_digest, "answers_sha256": task.told["answers_sha256"]}
    record(actor, "annotation-task.closed", subject=task, facts=facts)
    return task


def cancel(*, actor: Actor, task_id: UUID) -> AnnotationTask:
    """End the reading of a large file, before anybody can answer. Raises NotFound, NotAllowed, WrongState."""
    return errands.cancel(actor, AnnotationTask, task_id, _own)


def drawing(task: AnnotationTask) -> Draw:
    """What is drawn from the version's file."""
    return Draw(task.wanted, task.seed, labels=0 if task.choices else rules.MOST_LABELS)


def second(task: AnnotationTask, path: Path) -> Other | None:
    """Whose rows are the second answers, its file laid out at `path`; none where each row holds two."""
    if task.other is None:
        return None
    blobs.copy_to(task.other.readable, path)
    return Other(str(path), **asdict(task.other.reading), name=task.other.file_name)


def _drawn(task: AnnotationTask) -> Sampled:
    """Raises Refused."""
    version, how = task.version, drawing(task)
    with blobs.as_local_file(version.readable, "rows") as path:
        if other := second(task, path.with_name("other")):
            return pair(path, version.reading, how, other, name=version.file_name)
        return draw(path, version.reading, how, name=version.file_name)


def keep_rows(task: AnnotationTask, sampled: Sampled) -> dict[str, Any]:
    """Keep the rows that were drawn, in the caller's transaction. Returns what the task says of them.

    Raises Unusable where its labels were to be those of the rows, and there are none to choose from.
    """
    choices = task.choices or sampled.labels
    if len(choices) < rules.FEWEST_LABELS:
        cure = "Type those that people are to choose from."
        raise Unusable([Fault("labels", f"The rows have {len(choices)} label in all.", cure)])
    AnnotationRow.objects.bulk_create(
        AnnotationRow(
            task=task,
            place=place,
            row=one.place,
            number=one.number,
            sha256=one.digest,
            shown=rules.kept_of(Type(task.type), one.turns, one.more),
        )
        for place, one in enumerate(sampled.rows)
    )
    drawn = digest([[one.place, one.digest] for one in sampled.rows])
    return {"rows": len(sampled.rows), "drawn_from": sampled.of, "rows_sha256": drawn, "choices": choices}


def forget(version: DatasetVersion, rows: Collection[int]) -> int:
    """Empty the copies of these rows (from 0), every pair whose second answer may come from one of them, and the
    reasons given about either, in the caller's transaction.

    What was answered stays: it says nothing of anybody. Returns how many copies there were.
    """
    if not rows:
        return 0
    held = Q(task__version=version, row__in=rows) | Q(task__other=version)
    copies = AnnotationRow.objects.filter(held).exclude(shown=None)
    Answer.objects.filter(row__in=copies).update(reason="")
    return copies.update(shown=None)


def _checked(version: DatasetVersion, asked: Asked) -> int:
    """How many rows are to be shown. Raises Unusable for what can be told before the file is read."""
    faults = Faults()
    wanted = version.rows if asked.rows is None else min(asked.rows, version.rows)
    if wanted < 1:
        faults.add("rows", "No row is to be shown.", "Give a number above 0.")
    if wanted > rules.MOST_ROWS:
        cure = f"Ask for a sample of up to {rules.MOST_ROWS:,}."
        faults.add("rows", f"{wanted:,} rows are more than people read.", cure)
    if asked.type == Type.LABELS:
        _check_labels(version, asked, faults)
    if not 0 <= asked.seed < 2**32:
        faults.add("seed", "The seed is out of range.", "Use a whole number from 0 to 4294967295.")
    faults.raise_if_any()
    return wanted


def _other(actor: Actor, version: DatasetVersion, asked: Asked) -> DatasetVersion | None:
    """The version that second answers come from; none where each row holds two. Raises NotFound, Unusable."""
    if asked.type != Type.PREFERENCES:
        return None
    if asked.other is None:
        if version.format in rules.PAIRED:
            return None
        message, cure = f"The rows of {version} hold one answer each.", "Choose a version with other answers."
        raise Unusable([Fault("other", message, cure)])
    other = datasets.version_visible(actor, asked.other)
    if other.project_id != version.project_id or other.pk == version.pk:
        raise Unusable([Fault("other", "Answers are compared of two versions of one project.", "Choose another one.")])
    for one in (version, other):
        if one.format not in rules.ANSWERED:
            message = f"The rows of {one} ({one.format}) are no questions with one answer each."
            raise Unusable([Fault("other", message, "Choose versions of conversations, or of prompts and answers.")])
    return other


def _check_labels(version: DatasetVersion, asked: Asked, faults: Faults) -> None:
    if version.format == "table":
        cure = "Register the file again with a column mapped to `text`."
        faults.add("type", "Of a table nobody knows which text is to be labelled.", cure)
    if not asked.labels and version.format != rules.MAKES[Type.LABELS]:
        faults.add("labels", "No label is given, and the rows have none.", "Type at least two, one a line.")
    if len(set(asked.labels)) != len(asked.labels) or len(asked.labels) == 1:
        faults.add("labels", "People need at least two labels to choose from, each once.", "Change the list.")
    if len(asked.labels) > rules.MOST_LABELS:
        cure = f"Give at most {rules.MOST_LABELS}; ask about groups of them first."
        faults.add("labels", f"{len(asked.labels)} labels are more than people tell apart.", cure)
    for label in asked.labels:
        if not label.strip() or label != label.strip() or len(label) > rules.LONGEST_LABEL:
            cure = f"Use 1 to {rules.LONGEST_LABEL} characters, without spaces around them."
            faults.add("labels", f"“{label[:40]}” cannot be a label.", cure)


def _people(version: DatasetVersion, asked: Asked) -> list[Annotator]:
    """Whom the task asks, not saved yet. Raises Unusable, naming each who cannot be asked."""
    faults = Faults()
    names = list(dict.fromkeys(asked.people))
    if not names:
        faults.add("people", "Nobody is asked.", "Name at least one person of the project; agreement takes two.")
    if len(names) > rules.MOST_PEOPLE:
        faults.add("people", f"{len(names)} people are too many.", f"Name at most {rules.MOST_PEOPLE}.")
    if asked.tie_breaker and asked.tie_breaker not in names:
        cure = "Choose one of the people who are asked."
        faults.add("tie_breaker", f"“{asked.tie_breaker}” is not asked and cannot break ties.", cure)
    users = {user.get_username(): user for user in get_user_model().objects.filter(username__in=names)}
    found = []
    for name in names:
        user = users.get(name)
        roles = projects.roles(Actor.of(user), version.project_id) if user else frozenset()
        if user is None or not dataset_rules.may_read_rows(roles):
            cure = f"Rows are shown to {listing(dataset_rules.READ_ROWS)} of the project."
            faults.add("people", f"“{name}” is none who may read these rows.", cure)
            continue
        spoken = [SPOKEN[role] for role in SPOKEN if role in roles]
        found.append(
            Annotator(user=user, name=Actor.of(user).name, roles=spoken, breaks_ties=name == asked.tie_breaker)
        )
    faults.raise_if_any()
    return found


def _task(version: DatasetVersion, asked: Asked, wanted: int, other: DatasetVersion | None) -> AnnotationTask:
    return AnnotationTask(
        other=other,
        other_sha256=other.content_digest if other else "",
        type=asked.type,
        version=version,
        version_sha256=version.content_digest,
        question=asked.question.strip() or QUESTIONS[asked.type],
        choices=list(CHOICES.get(asked.type, asked.labels)),
        wanted=wanted,
        seed=asked.seed,
    )


def _keep_people(task: AnnotationTask, people: list[Annotator]) -> None:
    for one in people:
        one.task = task
    Annotator.objects.bulk_create(people)


def _facts(version: DatasetVersion, asked: Asked, wanted: int) -> dict[str, Any]:
    return {
        "type": asked.type,
        "version_sha256": version.content_digest,
        "rows": wanted,
        "seed": asked.seed,
        "people": len(asked.people),
    }


def _checked_answer(task: AnnotationTask, choice: str, reason: str) -> str:
    """The reason as it is kept. Raises Unusable."""
    said = reason.strip()
    choices = rules.offered(Type(task.type), task.choices)
    if choice and choice not in choices:
        known = ", ".join(choices)
        raise Unusable([Fault("choice", f"“{choice}” is no answer to this question.", f"Choose one of: {known}.")])
    if choice in rules.NEEDS_REASON and not said:
        raise Unusable([Fault("reason", "Say what is wrong with it.", "A few words, for whoever mends the data.")])
    return said


def _answering(actor: Actor, task_id: UUID) -> Annotator:
    """`actor` as one who is asked, the task locked and open. Raises NotFound, NotAllowed, WrongState."""
    task = selectors.visible(actor, task_id)
    annotator = selectors.own(actor, task)
    _lock(task)
    if task.state != State.OPEN:
        raise WrongState(f"{task} takes no answers: it is {task.state}.")
    annotator.task = task
    return annotator


def _lock(task: AnnotationTask) -> None:
    """An answer and the end do not cross."""
    task.state = AnnotationTask.objects.select_for_update().values_list("state", flat=True).get(pk=task.pk)


def _own(actor: Actor, task_id: UUID) -> AnnotationTask:
    task = selectors.visible(actor, task_id)
    projects.require(actor, task.project_id, ACT)
    return task
