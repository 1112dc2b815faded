"""What people answered becomes a version: which rows, what it says of where they come from, who decides on it."""

import json
from pathlib import Path

import pytest

from assay.jobs import work
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable, WrongState
from governance.foundation.jobs.models import Job
from governance.materials.annotations import making, rules, selectors, services
from governance.materials.annotations.models import AnnotationTask
from governance.materials.annotations.rules import Asked, State, Type
from governance.materials.datasets import derivation, provenance
from governance.materials.datasets import rules as dataset_rules
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
    assert [touch.person for touch in making.touched([made.pk])[made.pk]] == [home.ben.user_id]
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
    shown = rules.as_asked(Type.LABELS, task.shown_rows.get().shown)
    assert [turn[1] for turn in shown["turns"]] == ["My card is gone."]
    services.answer(actor=home.ben, task_id=task.pk, place=0, choice="card")
    closed(home, task)
    made = making.make_version(actor=home.ada, task_id=task.pk)
    assert rows_of(made) == [{"text": "My card is gone.", "label": "card"}]


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


# --- preferences ---------------------------------------------------------------------------------------------------

PAIRS: list[dict[str, object]] = [
    {"prompt": f"Question {number}?", "chosen": f"Good {number}.", "rejected": f"Poor {number}."}
    for number in range(40)
]


def compared(home: House, version: DatasetVersion, *people: str, **asked: object) -> AnnotationTask:
    return services.ask(
        actor=home.ada, version_id=version.pk, asked=Asked(Type.PREFERENCES, people or ("ben", "rita"), **asked)
    )  # type: ignore[arg-type]


def sides(actor: Actor, task: AnnotationTask) -> dict[int, list[str]]:
    """{place: [the text on the left, the text on the right]} as this person is shown them."""
    annotator = selectors.own(actor, task)
    found = {}
    for row in task.shown_rows.all():
        shown = selectors.shown_to(annotator, row)
        assert shown is not None
        found[row.place] = [turns[-1][1] for turns in shown["more"]["answers"]]
    return found


def prefer(actor: Actor, task: AnnotationTask, wanted: str) -> None:
    """Choose the side on which the text begins with `wanted`."""
    for place, (left, _right) in sides(actor, task).items():
        choice = "left" if left.startswith(wanted) else "right"
        services.answer(actor=actor, task_id=task.pk, place=place, choice=choice)


def test_which_answer_stands_left_is_drawn_for_each_person_and_row_and_nothing_tells(
    home: House, tmp_path: Path
) -> None:
    task = compared(home, registered(home, tmp_path, PAIRS))
    ben, rita = sides(home.ben, task), sides(home.rita, task)
    assert ben == sides(home.ben, task) and ben != rita
    for shown in (ben, rita):
        left = sum(one.startswith("Good") for one, _ in shown.values())
        assert 8 <= left <= 32  # of 40; beyond, a fair coin would fall once in 10,000 times
    seen = json.dumps([selectors.shown_to(selectors.own(home.ben, task), row) for row in task.shown_rows.all()])
    assert "chosen" not in seen and "rejected" not in seen


def test_preferences_become_chosen_and_rejected_and_ties_are_left_out(home: House, tmp_path: Path) -> None:
    version = registered(home, tmp_path, PAIRS[:4])
    task = compared(home, version, "ben")
    shown = sides(home.ben, task)
    by_question = {rules.text_of(row.shown): row.place for row in task.shown_rows.all()}
    wanted = {"Question 0?": "Poor", "Question 1?": "Good", "Question 2?": "tie", "Question 3?": "both-bad"}
    for question, choice in wanted.items():
        place = by_question[question]
        side = ("left" if shown[place][0].startswith(choice) else "right") if choice in ("Poor", "Good") else choice
        services.answer(actor=home.ben, task_id=task.pk, place=place, choice=side)
    told = closed(home, task).told
    assert told["counts"] == {"first": 1, "second": 1, "tie": 1, "both-bad": 1}
    made = making.make_version(actor=home.ada, task_id=task.pk)
    assert made.format == "preference" and rows_of(made) == [
        {"prompt": "Question 0?", "chosen": "Poor 0.", "rejected": "Good 0."},
        {"prompt": "Question 1?", "chosen": "Good 1.", "rejected": "Poor 1."},
    ]
    assert "2 rows are written down, 0 stay undecided" in made.provenance["labelling"]
    assert made.provenance["derived_from_versions"][0]["id"] == str(version.pk)


def test_two_who_agree_on_the_text_agree_whatever_side_it_stood_on(home: House, tmp_path: Path) -> None:
    task = compared(home, registered(home, tmp_path, [*PAIRS[:6], PAIRS[6] | {"chosen": "Poor.", "rejected": "Good."}]))
    prefer(home.ben, task, "Good")
    prefer(home.rita, task, "Good")
    told = closed(home, task).told
    assert told["agreement"]["alpha"] == 1.0
    assert told["counts"]["first"] == 6 and told["counts"]["second"] == 1
    left = sum(one.startswith("Good") for actor in (home.ben, home.rita) for one, _ in sides(actor, task).values())
    assert told["left"] == {"count": left, "n": 14}


def test_who_always_takes_the_left_one_is_seen_to(home: House, tmp_path: Path) -> None:
    task = compared(home, registered(home, tmp_path, PAIRS[:9]), "ben")
    for place in range(9):
        services.answer(actor=home.ben, task_id=task.pk, place=place, choice="left")
    told = closed(home, task).told
    assert told["left"] == {"count": 9, "n": 9} and told["counts"]["first"] not in (0, 9)


def chats(name: str, answers: dict[str, str]) -> list[dict[str, object]]:
    return [
        {"messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": asked},
            {"role": "assistant", "content": f"{answer} ({name})" if answer != "same" else "same"},
        ]}
        for asked, answer in answers.items()
    ]  # fmt: skip


def test_two_versions_are_compared_where_they_ask_the_same_and_answer_otherwise(home: House, tmp_path: Path) -> None:
    one = registered(home, tmp_path, chats("one", {"a": "x", "b": "same", "c": "z", "only here": "q"}), "One")
    other = registered(home, tmp_path, chats("other", {"c": "w", "b": "same", "a": "y", "only there": "q"}), "Other")
    DatasetVersion.objects.filter(pk=other.pk).update(
        licence="MIT",
        provenance=other.provenance | {"source": "Written by a model.", "synthetic_share": 100, "issuer": "Somebody"},
    )
    task = compared(home, one, "ben", other=other.pk)
    assert (task.rows, task.drawn_from, task.other_sha256) == (
        2,
        2,
        DatasetVersion.objects.get(pk=other.pk).content_digest,
    )
    for place, (left, _) in sides(home.ben, task).items():
        services.answer(actor=home.ben, task_id=task.pk, place=place, choice="left" if "(other)" in left else "right")
    assert closed(home, task).told["counts"] == {"first": 0, "second": 2, "tie": 0, "both-bad": 0}
    made = making.make_version(actor=home.ada, task_id=task.pk)
    prompt = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "a"}]
    assert rows_of(made)[0] == {"prompt": prompt, "chosen": "y (other)", "rejected": "x (one)"}
    assert made.licence == "(CC0-1.0) AND (MIT)"
    assert [link["id"] for link in made.provenance["derived_from_versions"]] == [str(one.pk), str(other.pk)]
    assert made.provenance["source"].splitlines() == [factories.PROVENANCE["source"], "Written by a model."]
    assert made.provenance["issuer"] == "The test suite; Somebody"
    assert "synthetic_share" not in made.provenance and provenance.flaws(made.provenance) == []


def test_pairs_of_large_versions_are_found_by_a_worker(
    home: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = registered(home, tmp_path, chats("one", {"a": "x", "b": "y"}), "One")
    other = registered(home, tmp_path, chats("other", {"b": "v", "a": "w"}), "Other")
    at_once = compared(home, one, other=other.pk)
    monkeypatch.setattr(dataset_rules, "READ_AT_ONCE", 0)
    task = compared(home, one, other=other.pk)
    assert task.state == State.QUEUED
    work.do(Job.objects.get(subject_id=task.pk).pk, worker="light@here")
    task.refresh_from_db()
    assert (task.state, task.rows_sha256, task.drawn_from) == (State.OPEN, at_once.rows_sha256, 2)
    assert [row.shown for row in task.shown_rows.all()] == [row.shown for row in at_once.shown_rows.all()]


def test_what_cannot_be_compared_is_refused_and_says_why(home: House, tmp_path: Path) -> None:
    one = registered(home, tmp_path, chats("one", {"a": "x"}), "One")
    strange = registered(home, tmp_path, chats("other", {"b": "x"}), "Strange")
    text = registered(home, tmp_path, [{"text": "a"}], "Text")
    for other, why in (
        (None, "hold one answer each"),
        (one.pk, "two versions of one project"),
        (text.pk, "no questions with one answer"),
        (strange.pk, "No row of one asks what a row of the other asks"),
    ):
        with pytest.raises(Unusable, match=why):
            compared(home, one, other=other)
    with pytest.raises(NotFound):
        compared(home, one, other=home.project.pk)
    assert not AnnotationTask.objects.exists()


def test_erasing_a_row_of_the_other_version_empties_the_pairs_with_it(home: House, tmp_path: Path) -> None:
    one = registered(home, tmp_path, chats("one", {"a": "x", "b": "y"}), "One")
    other = registered(home, tmp_path, chats("other", {"a": "w", "b": "v"}), "Other")
    task = compared(home, one, "ben", other=other.pk)
    assert services.forget(other, []) == 0
    assert services.forget(other, [1]) == 2
    assert [row.shown for row in task.shown_rows.all()] == [None, None]
