"""From answers to a new version: what people settled is written as rows and registered by the usual way."""

import json
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Unusable, WrongState
from governance.materials.annotations import outcomes, rules, selectors
from governance.materials.annotations.models import AnnotationTask, Annotator
from governance.materials.annotations.rules import MAKES, State, Type
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.materials.datasets.provenance import BY_NAME, Form
from governance.people.policies.kinds import Act, Touch
from governance.people.projects import selectors as projects
from preparation.examination import examine
from preparation.reading import Reading

ACT = "register data"
ENDINGS = {Type.LABELS: "labelled", Type.PREFERENCES: "preferred"}


def make_version(*, actor: Actor, task_id: UUID) -> DatasetVersion:
    """Register what the answers came to as the dataset's next version. Undecided and erased rows are left out.

    Raises NotFound, NotAllowed, WrongState, Unusable.
    """
    task = selectors.visible(actor, task_id)
    projects.require(actor, task.project_id, ACT)
    _check(task)
    rows = list(_rows(task))
    if not rows:
        raise WrongState("Of no row people came to an answer that can be written down.")
    source = task.version
    with tempfile.TemporaryDirectory(prefix="assay-") as folder, tempfile.TemporaryFile() as index:
        stem = Path(source.file_name.removesuffix(".gz")).stem[:180]
        path = Path(folder) / f"{stem}-{ENDINGS[Type(task.type)]}.jsonl"
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        found = examine(path, Reading("jsonl", MAKES[Type(task.type)]), name=path.name, index=index)
        if not found.sound:
            raise Unusable(datasets.faults_of(found))
        sha256, size = blobs.put_path(path)
        index_sha256, _ = blobs.put(index)
        licence, told = _licence(task)
        said = datasets.Statement(licence, _provenance(task, len(rows)), told)
        with transaction.atomic():
            _check(AnnotationTask.objects.select_for_update().get(pk=task.pk))
            version = datasets.keep(
                actor, source.dataset, said, found, file=(path.name, sha256, size), index_sha256=index_sha256,
                registered_by=(actor.user_id, actor.name),
            )  # fmt: skip
            AnnotationTask.objects.filter(pk=task.pk).update(made=version)
            record(actor, "annotation-task.version-made", subject=task, facts={"version": str(version.pk)})
    return version


def touched(versions: Collection[UUID]) -> Mapping[UUID, list[Touch]]:
    """Who wrote rows of these versions by answering."""
    found: dict[UUID, list[Touch]] = {}
    answered = Annotator.objects.filter(task__made__in=versions, answers__ended_at=None, answers__isnull=False)
    for version, user in answered.values_list("task__made", "user").distinct():
        found.setdefault(version, []).append(Touch(user, Act.EDITED_DATA, "answered about rows of this data"))
    return found


def _check(task: AnnotationTask) -> None:
    if Type(task.type) not in MAKES:
        raise WrongState(f"{task} ends in a statement about the version, not in a new one.")
    if task.state != State.CLOSED:
        raise WrongState(f"{task} is {task.state}: close it first.")
    if task.made_id is not None:
        raise WrongState(f"{task.made} was made from {task} already.")


def _rows(task: AnnotationTask) -> Iterator[dict[str, Any]]:
    """What the settled rows are in the new version, in the order of the version that they come from."""
    verdicts = outcomes.settled(task, outcomes.standing(task))
    for row in task.shown_rows.order_by("row"):
        choice = verdicts.get(row.place)
        if choice is not None and row.shown is not None:
            if task.type == Type.LABELS:
                yield {"text": rules.text_of(row.shown), "label": choice}
            elif choice in (rules.FIRST, rules.SECOND):
                yield _preferred(row.shown, choice)


def _preferred(shown: Mapping[str, Any], choice: str) -> dict[str, Any]:
    """A row of a preference set; what is one turn is written as text."""
    first, second = shown["more"]["answers"]
    chosen, rejected = (first, second) if choice == rules.FIRST else (second, first)
    return {
        "prompt": _written(shown["turns"], "user"),
        "chosen": _written(chosen, "assistant"),
        "rejected": _written(rejected, "assistant"),
    }


def _written(turns: list[Any], role: str) -> Any:
    if len(turns) == 1 and turns[0][0] == role and len(turns[0]) < 4:
        return turns[0][1]
    return [{"role": turn[0], "content": turn[1], **(turn[3] if len(turn) > 3 else {})} for turn in turns]


def _provenance(task: AnnotationTask, rows: int) -> dict[str, Any]:
    """The source's record, with what was derived from it and how; of people it has roles."""
    source, told = task.version, task.told
    people = [f"{' and '.join(one['roles'])} ({one['answered']:,} rows)" for one in told["people"] if one["answered"]]
    ties = "by one of them" if task.annotators.filter(breaks_ties=True).exists() else "left out"
    of = " and ".join(map(str, _sources(task)))
    labelling = (
        f"In Assay, of {of}: {task.rows:,} of {told['of']:,} rows (seed {task.seed}) were shown to "
        f"{len(people)} people, {', '.join(people)}. Asked: “{task.question}” Choices: {', '.join(task.choices)}. "
        f"What most of them answered counts; rows evenly split: {ties}. {rows:,} rows are written down, "
        f"{told['undecided']:,} stay undecided; {selectors.in_words(told['agreement'])}."
    )
    record = _merged(source.provenance, task.other.provenance) if task.other else dict(source.provenance)
    before = str(record.get("labelling") or "").strip()
    links = [{"id": str(one.pk), "name": str(one), "file_sha256": one.file_sha256} for one in _sources(task)]
    return {**record, "derived_from_versions": links, "labelling": f"{before}\n{labelling}".strip()}


def _sources(task: AnnotationTask) -> list[DatasetVersion]:
    return [task.version, *([task.other] if task.other else [])]


def _licence(task: AnnotationTask) -> tuple[str, list[dict[str, str]]]:
    """The licence of the rows, and what other places say of it; both licences where two versions have two."""
    licences = list(dict.fromkeys(one.licence for one in _sources(task)))
    told = [entry for one in _sources(task) for entry in one.licence_told]
    return licences[0] if len(licences) == 1 else " AND ".join(f"({one})" for one in licences), told


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of two versions, of both: texts one after the other, lists together; of anything else only what
    both say alike, since neither holds for the rows of the other."""
    found: dict[str, Any] = {}
    for name in dict.fromkeys([*one, *other]):
        said = [record[name] for record in (one, other) if record.get(name)]
        if all(isinstance(each, list) for each in said):
            found[name] = list(dict.fromkeys(item for each in said for item in each if isinstance(item, str)))
        elif all(isinstance(each, str) for each in said) and BY_NAME[name].form == Form.TEXT:
            found[name] = ("\n" if BY_NAME[name].long else "; ").join(dict.fromkeys(said))
        elif len(said) == 2 and said[0] == said[1]:
            found[name] = said[0]
    return found
