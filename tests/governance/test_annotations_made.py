"""What people answered becomes a version: which rows, what it says of where they come from, who decides on it."""

import json
from pathlib import Path

import pytest

from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable, WrongState
from governance.materials.annotations import making, rules, selectors, services
from governance.materials.annotations.models import AnnotationTask
from governance.materials.annotations.rules import Asked, Type
from governance.materials.datasets import derivation, provenance
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals import selectors as approval_selectors
from governance.people.approvals import services as approvals
from tests import factories
from tests.people import House

pytestmark = pytest.mark.django_db

TEXTS = ("My card is gone.", "What is a rate?", "Close my account.", "The app is down.")


def registered(home: House, tmp_path: Path, rows: list[dict[str, object]], name: str = "Letters") -> DatasetVersion:
    line = datasets.create(actor=home.ada, project_id=home.project.pk, name=name)
    path = tmp_path / "letters.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return datasets.register_version(
        actor=home.ada, dataset_id=line.pk, path=path, file_name=path.name, licence="CC0-1.0",
        provenance=factories.PROVENANCE | {"labelling": "Not yet."},
    )  # fmt: skip


@pytest.fixture
def letters(home: House, tmp_path: Path) -> DatasetVersion:
    return registered(home, tmp_path, [{"text": text} for text in TEXTS])


def say(actor: Actor, task: AnnotationTask, **choices: str) -> None:
    """Answer each row by the first word of its text; rows that are not named are skipped."""
    for row in task.shown_rows.all():
        first = rules.text_of(row.shown).split()[0]
        services.answer(actor=actor, task_id=task.pk, place=row.place, choice=choices.get(first, ""))


def rows_of(version: DatasetVersion) -> list[dict[str, object]]:
    with blobs.opened(version.file_sha256) as file:
        return [json.loads(line) for line in file.read().splitlines()]


def labelled(home: House, version: DatasetVersion, **asked: object) -> AnnotationTask:
    given = {"people": ("ben", "rita"), "labels": ("card", "account", "other"), **asked}
    return services.ask(actor=home.ada, version_id=version.pk, asked=Asked(Type.LABELS, **given))  # type: ignore[arg-type]


def closed(home: House, task: AnnotationTask) -> AnnotationTask:
    return services.close(actor=home.ada, task_id=task.pk)


def test_labels_become_rows_that_a_classifier_is_trained_on(home: House, letters: DatasetVersion) -> None:
    task = labelled(home, letters)
    say(home.ben, task, My="card", What="other", Close="account", The="other")
    say(home.rita, task, My="card", What="other", Close="other")
    closed(home, task)
    made = making.make_version(actor=home.ada, task_id=task.pk)
    assert (made.format, made.number, made.file_name) == ("classification", 2, "letters-labelled.jsonl")
    # “Close my account.” is evenly split and left out; “The app is down.” has one answer.
    assert rows_of(made) == [
        {"text": TEXTS[0], "label": "card"},
        {"text": TEXTS[1], "label": "other"},
        {"text": TEXTS[3], "label": "other"},
    ]
    told = made.provenance["labelling"]
    assert told.startswith("Not yet.\n") and "2 people, data steward (4 rows), risk owner (3 rows)" in told
    assert "3 rows are written down, 1 stay undecided" in told and "Krippendorff's alpha, 3 rows, 2 people" in told
    assert home.ben.name not in json.dumps(made.provenance)
    assert provenance.flaws(made.provenance) == []
    assert [step.version for step in derivation.ancestry(home.ada, made)] == [letters]
    task.refresh_from_db()
    assert task.made == made


def test_the_one_who_breaks_ties_decides_where_people_are_evenly_split(home: House, letters: DatasetVersion) -> None:
    task = labelled(home, letters, tie_breaker="rita")
    say(home.ben, task, Close="account", My="card")
    say(home.rita, task, Close="other", My="card")
    closed(home, task)
    made = making.make_version(actor=home.ben, task_id=task.pk)
    assert {row["text"]: row["label"] for row in rows_of(made)} == {TEXTS[0]: "card", TEXTS[2]: "other"}
    assert "rows evenly split: by one of them" in made.provenance["labelling"]


def test_who_wrote_labels_does_not_decide_on_them_and_who_only_reviewed_does(
    home: House, letters: DatasetVersion
) -> None:
    task = labelled(home, letters)
    say(home.ben, task, My="card", What="other")
    closed(home, task)
    made = making.make_version(actor=home.ada, task_id=task.pk)
    asked = approvals.ask(actor=home.ada, subject=made, project_id=home.project.pk)
    why = approval_selectors.objection(home.ben, asked)
    assert why is not None and why.text == "Ben answered about rows of this data and cannot decide on it."
    assert asked not in approval_selectors.inbox(home.ben)
    # Rita was asked too and answered nothing.
    assert set(making.touched([made.pk])[made.pk]) == {home.ben.user_id}
    review = services.ask(actor=home.ada, version_id=letters.pk, asked=Asked(Type.REVIEW, ("ben",)))
    services.answer(actor=home.ben, task_id=review.pk, place=0, choice="good")
    closed(home, review)
    other = approvals.ask(actor=home.ada, subject=letters, project_id=home.project.pk)
    assert approval_selectors.objection(home.ben, other) is None and other in approval_selectors.inbox(home.ben)


def test_the_label_that_a_row_has_is_not_shown_and_labels_are_taken_from_the_rows(home: House, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": text, "label": label} for text, label in zip(TEXTS, "xyyz", strict=True)]
    version = registered(home, tmp_path, rows)
    task = labelled(home, version, labels=())
    assert sorted(task.choices) == ["x", "y", "z"] and task.choices[0] == "y"
    shown = json.dumps([rules.as_asked(Type.LABELS, row.shown) for row in task.shown_rows.all()])
    assert TEXTS[0] in shown and '"y"' not in shown and '"z"' not in shown
    one = registered(home, tmp_path, [{"text": text, "label": "x"} for text in TEXTS], "One label")
    with pytest.raises(Unusable, match="1 label in all"):
        labelled(home, one, labels=())


def test_of_a_conversation_what_is_asked_is_labelled(home: House, tmp_path: Path) -> None:
    turns = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "My card is gone."},
        {"role": "assistant", "content": "I block it now."},
    ]
    version = registered(home, tmp_path, [{"messages": turns}])
    task = labelled(home, version)
    services.answer(actor=home.ben, task_id=task.pk, place=0, choice="card")
    closed(home, task)
    made = making.make_version(actor=home.ada, task_id=task.pk)
    assert rows_of(made) == [{"text": "system: Be kind.\nuser: My card is gone.", "label": "card"}]


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ((), "No label is given"),
        (("card",), "at least two labels"),
        (("card", "card"), "at least two labels"),
        (("card", " account"), "cannot be a label"),
        (tuple(f"label {number}" for number in range(51)), "51 labels are more"),
    ],
)
def test_labels_that_nobody_can_choose_from_are_refused(
    home: House, letters: DatasetVersion, labels: tuple[str, ...], why: str
) -> None:
    with pytest.raises(Unusable, match=why):
        labelled(home, letters, labels=labels)


def test_a_table_is_not_labelled(home: House, tmp_path: Path) -> None:
    path = tmp_path / "figures.csv"
    path.write_text("a,b\n1,2\n")
    line = datasets.create(actor=home.ada, project_id=home.project.pk, name="Figures")
    table = datasets.register_version(
        actor=home.ada, dataset_id=line.pk, path=path, file_name=path.name, licence="CC0-1.0",
        provenance=factories.PROVENANCE,
    )  # fmt: skip
    with pytest.raises(Unusable, match="which text is to be labelled"):
        labelled(home, table)


def test_a_version_is_made_once_after_the_end_by_who_may_register_data(home: House, letters: DatasetVersion) -> None:
    task = labelled(home, letters)
    with pytest.raises(WrongState, match="close it first"):
        making.make_version(actor=home.ada, task_id=task.pk)
    say(home.ben, task, My="card")
    closed(home, task)
    for actor in (home.rita, home.omar, home.vera):
        with pytest.raises(NotAllowed):
            making.make_version(actor=actor, task_id=task.pk)
    with pytest.raises(NotFound):
        making.make_version(actor=home.dev, task_id=task.pk)
    making.make_version(actor=home.ada, task_id=task.pk)
    with pytest.raises(WrongState, match="was made from"):
        making.make_version(actor=home.ada, task_id=task.pk)
    assert letters.dataset.versions.count() == 2


def test_nothing_is_made_of_nothing_and_not_of_a_review(home: House, letters: DatasetVersion) -> None:
    empty = closed(home, labelled(home, letters))
    with pytest.raises(WrongState, match="Of no row"):
        making.make_version(actor=home.ada, task_id=empty.pk)
    review = services.ask(actor=home.ada, version_id=letters.pk, asked=Asked(Type.REVIEW, ("ben",)))
    with pytest.raises(WrongState, match="statement about the version"):
        making.make_version(actor=home.ada, task_id=review.pk)


def test_an_erased_row_is_not_written_down(home: House, letters: DatasetVersion) -> None:
    task = labelled(home, letters)
    say(home.ben, task, My="card", What="other")
    closed(home, task)
    services.forget(letters, [0])
    made = making.make_version(actor=home.ada, task_id=task.pk)
    assert [row["text"] for row in rows_of(made)] == [TEXTS[1]]
    assert selectors.visible(home.ada, task.pk).made == made
