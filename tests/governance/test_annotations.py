"""People are shown rows and answer: who may, what counts, how far they agree, and what is bound to the version."""

import json
from datetime import timedelta
from fractions import Fraction
from itertools import permutations
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from scipy.stats import binomtest

from assay.jobs import work
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable, WrongState
from governance.foundation.jobs.models import Job
from governance.materials.annotations import outcomes, rules, selectors, services
from governance.materials.annotations.agreement import agreement
from governance.materials.annotations.models import AnnotationRow, AnnotationTask, Answer
from governance.materials.annotations.rules import Asked, State, Type
from governance.materials.datasets import rules as dataset_rules
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals import subjects
from governance.people.projects import services as projects
from governance.people.projects.rules import Role
from preparation.drawing import Draw, draw
from preparation.reading import Reading
from tests import factories
from tests.people import House

# --- agreement, against what Krippendorff published and against his formula computed in fractions ----------------

# “Computing Krippendorff's Alpha-Reliability” (2011): sections A, B and C. "." is a missing value.
PUBLISHED = {
    "A": (["0100000010", "1110010000"], 0.095),
    "B": (["aabbdcccedda", "babbbccceddd"], 0.692),
    "C": (["123321412...", "1233224125.3", ".3332342251.", "12332441251."], 0.743),
}


def units(raters: list[str]) -> dict[int, dict[int, str]]:
    """{row: {person: value}} of what each person said, a character a row."""
    assert len({len(said) for said in raters}) == 1
    return {
        row: {person: said[row] for person, said in enumerate(raters) if said[row] != "."}
        for row in range(len(raters[0]))
    }


def by_coincidences(given: dict[int, dict[int, str]]) -> float:
    """1 - (n - 1) * (disagreeing pairs) / (expected ones), from the matrix of coincidences, exactly."""
    pairs: dict[tuple[str, str], Fraction] = {}
    for answers in given.values():
        values = list(answers.values())
        for one, other in permutations(range(len(values)), 2):
            key = (values[one], values[other])
            pairs[key] = pairs.get(key, Fraction(0)) + Fraction(1, len(values) - 1)
    totals: dict[str, Fraction] = {}
    for (one, _), weight in pairs.items():
        totals[one] = totals.get(one, Fraction(0)) + weight
    n = sum(totals.values())
    observed = sum(weight for (one, other), weight in pairs.items() if one != other)
    expected = sum(totals[one] * totals[other] for one in totals for other in totals if one != other)
    return float(1 - (n - 1) * observed / expected)


@pytest.mark.parametrize("section", PUBLISHED)
def test_alpha_is_what_krippendorff_published(section: str) -> None:
    raters, alpha = PUBLISHED[section]
    found = agreement(units(raters))
    assert found.alpha == pytest.approx(alpha, abs=5e-4) and found.why_not == ""
    assert found.alpha == pytest.approx(by_coincidences(units(raters)))
    assert found.people == len(raters)


def test_rows_that_one_person_answered_do_not_count_in_it() -> None:
    shared = {0: {1: "good", 2: "good"}, 1: {1: "bad", 2: "good"}, 2: {1: "bad", 2: "bad"}}
    lonely = shared | {3: {1: "good"}, 4: {2: "unsure"}}
    assert agreement(lonely).alpha == pytest.approx(by_coincidences(shared))
    assert agreement(lonely).rows == 3


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "fewer than two people"),
        ({0: {1: "good"}, 1: {1: "bad"}}, "fewer than two people"),
        ({0: {1: "good"}, 1: {2: "bad"}}, "no row was answered by two"),
        ({0: {1: "good", 2: "good"}, 1: {1: "good", 2: "good"}}, "without variation"),
    ],
)
def test_where_alpha_says_nothing_it_is_not_measured(given: dict[int, dict[int, str]], why: str) -> None:
    found = agreement(given)
    assert found.alpha is None and why in found.why_not


@pytest.mark.parametrize(("good", "n"), [(0, 7), (1, 10), (46, 50), (81, 263), (20, 20)])
def test_the_interval_is_wilsons(good: int, n: int) -> None:
    other = binomtest(good, n).proportion_ci(method="wilson")
    assert rules.wilson(good, n) == pytest.approx((other.low, other.high), abs=1e-12)


def test_the_most_frequent_answer_counts_and_a_tie_is_broken_by_one_person_or_not_at_all() -> None:
    assert rules.settled({1: "good", 2: "good", 3: "bad"}) == "good"
    assert rules.settled({1: "good", 2: "bad"}) is None
    assert rules.settled({1: "good", 2: "bad"}, 2) == "bad"
    assert rules.settled({1: "good", 2: "bad", 3: "good", 4: "bad", 5: "unsure"}, 5) is None
    assert rules.settled({}) is None


# --- the sample ---------------------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_rows_in_the_same_order(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(factories.row(number) for number in range(200)))
    places = [[one.place for one in draw(path, Reading(), Draw(20, seed)).rows] for seed in (1, 1, 2)]
    assert places[0] == places[1] != places[2]
    assert len(set(places[0])) == 20 and max(places[0]) < 200
    assert places[0] != sorted(places[0])
    whole = draw(path, Reading(), Draw(500, 0))
    assert whole.of == 200 and sorted(one.place for one in whole.rows) == list(range(200))


# --- a review -----------------------------------------------------------------------------------------------------


@pytest.fixture
def version(home: House) -> DatasetVersion:
    return factories.dataset_version(home, rows=12)


def review(home: House, version: DatasetVersion, *people: str, **asked: object) -> AnnotationTask:
    given = {"rows": None, "seed": 7, **asked}
    return services.ask(
        actor=home.ada, version_id=version.pk, asked=Asked(Type.REVIEW, people or ("ben", "rita"), **given)
    )  # type: ignore[arg-type]


def say(actor: Actor, task: AnnotationTask, *choices: str) -> None:
    """Answer the next rows, each in its turn; "" skips."""
    for choice in choices:
        row = selectors.next_row(selectors.own(actor, task))
        assert row is not None
        reason = "Wrong number." if choice == "bad" else ""
        services.answer(actor=actor, task_id=task.pk, place=row.place, choice=choice, reason=reason)


def closed(home: House, task: AnnotationTask) -> AnnotationTask:
    return services.close(actor=home.ada, task_id=task.pk)


@pytest.mark.django_db
def test_a_review_ends_in_a_statement_about_the_version(home: House, version: DatasetVersion) -> None:
    task = review(home, version)
    assert (task.state, task.rows, task.version_sha256) == (State.OPEN, 12, version.content_digest)
    say(home.ben, task, *["good"] * 9, "bad", "bad", "")
    say(home.rita, task, *["good"] * 8, "bad", "bad", "unsure", "good")
    ended = closed(home, task)
    told = ended.told
    # Row 8: good and bad, undecided; row 10: bad and unsure, undecided; row 11: Rita's answer alone.
    assert told["counts"] == {"good": 9, "bad": 1, "unsure": 0} and told["undecided"] == 2
    assert told["good"] == {"count": 9, "n": 12, "share": 0.75, "interval": None}
    both = [("good", "good")] * 8 + [("good", "bad"), ("bad", "bad"), ("bad", "unsure")]
    given = {row: dict(enumerate(pair)) for row, pair in enumerate(both)}
    assert told["agreement"]["alpha"] == pytest.approx(by_coincidences(given))
    assert [one["roles"] for one in told["people"]] == [["data steward"], ["risk owner"]]
    assert home.ben.name not in json.dumps(told)
    facts = {fact.label: fact for fact in subjects.summary(version, home.project)}
    assert facts["Expert review"].says.startswith("9 of 12 rows good") and facts["Expert review"].warns


@pytest.mark.django_db
def test_a_sample_has_an_interval_and_names_how_many_rows_there_are(home: House, version: DatasetVersion) -> None:
    task = review(home, version, rows=4)
    assert len({row.row for row in task.shown_rows.all()}) == 4
    say(home.ben, task, "good", "good", "good", "bad")
    told = closed(home, task).told
    low, high = binomtest(3, 4).proportion_ci(method="wilson")
    assert told["good"]["interval"] == pytest.approx([low, high])
    assert (told["rows"], told["of"]) == (4, 12)
    assert told["agreement"]["alpha"] is None and told["agreement"]["why_not"] == "fewer than two people answered"


@pytest.mark.django_db
def test_a_later_answer_counts_and_the_earlier_one_stays(home: House, version: DatasetVersion) -> None:
    task = review(home, version, "ben")
    say(home.ben, task, "good")
    services.answer(actor=home.ben, task_id=task.pk, place=0, choice="bad", reason="Read again: the number is wrong.")
    assert [(one.choice, one.ended_at is None) for one in Answer.objects.all()] == [("good", False), ("bad", True)]
    services.take_back(actor=home.ben, task_id=task.pk)
    assert selectors.next_row(selectors.own(home.ben, task)).place == 0
    with pytest.raises(WrongState, match="not answered about any row"):
        services.take_back(actor=home.ben, task_id=task.pk)
    say(home.ben, task, "unsure")
    assert closed(home, task).told["counts"] == {"good": 0, "bad": 0, "unsure": 1}
    with pytest.raises(WrongState, match="takes no answers: it is closed"):
        services.answer(actor=home.ben, task_id=task.pk, place=1, choice="good")
    with pytest.raises(WrongState):
        services.take_back(actor=home.ben, task_id=task.pk)


@pytest.mark.django_db
def test_two_standing_answers_of_one_person_about_one_row_cannot_be_kept(home: House, version: DatasetVersion) -> None:
    task = review(home, version, "ben")
    say(home.ben, task, "good")
    first = Answer.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Answer.objects.create(annotator=first.annotator, row=first.row, choice="bad", at=timezone.now())


@pytest.mark.django_db
def test_what_others_answered_is_seen_by_nobody_before_the_end(home: House, version: DatasetVersion) -> None:
    task = review(home, version)
    say(home.ben, task, "bad")
    for actor in (home.ada, home.ben, home.rita, home.omar, home.vera):
        assert not selectors.may_see_answers(actor, task)
    assert selectors.may_see_agreement(home.ada, task) and not selectors.may_see_agreement(home.rita, task)
    ended = closed(home, task)
    assert selectors.may_see_answers(home.rita, ended) and not selectors.may_see_answers(home.vera, ended)
    assert selectors.may_see_agreement(home.vera, ended)


@pytest.mark.django_db
def test_disagreement_comes_first_then_what_was_found_bad(home: House, version: DatasetVersion) -> None:
    task = review(home, version, rows=4)
    say(home.ben, task, "good", "bad", "good", "unsure")
    say(home.rita, task, "good", "bad", "bad", "unsure")
    closed(home, task)
    found = selectors.judged(task, selectors.order_of_judgment(task))
    assert [(one.row.place, one.verdict, one.disagrees) for one in found] == [
        (2, None, True), (3, "unsure", False), (1, "bad", False), (0, "good", False)
    ]  # fmt: skip
    assert {answer.reason for answer in found[2].answers} == {"Wrong number."}


@pytest.mark.django_db
def test_who_may_ask_and_who_can_be_asked(home: House, version: DatasetVersion) -> None:
    for actor in (home.rita, home.cleo, home.paula, home.omar, home.vera):
        with pytest.raises(NotAllowed):
            services.ask(actor=actor, version_id=version.pk, asked=Asked(Type.REVIEW, ("ben",)))
    with pytest.raises(NotFound):
        services.ask(actor=home.dev, version_id=version.pk, asked=Asked(Type.REVIEW, ("ben",)))
    for people, why in (
        ((), "Nobody is asked"),
        (("vera",), "“vera” is none who may read"),
        (("dev",), "“dev” is none who may read"),
        (("nobody",), "“nobody” is none who may read"),
    ):
        with pytest.raises(Unusable, match=why):
            services.ask(actor=home.ada, version_id=version.pk, asked=Asked(Type.REVIEW, people))
    with pytest.raises(Unusable, match="“rita” is not asked and cannot break ties"):
        review(home, version, "ben", tie_breaker="rita")
    with pytest.raises(Unusable, match="No row is to be shown"):
        review(home, version, rows=0)
    assert not AnnotationTask.objects.exists()


@pytest.mark.django_db
def test_more_rows_than_people_read_are_not_asked_for(
    home: House, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_ROWS", 10)
    with pytest.raises(Unusable, match="12 rows are more than people read"):
        review(home, version)
    assert review(home, version, rows=10).rows == 10


@pytest.mark.django_db
def test_only_those_who_are_asked_answer_and_only_while_they_may_read_rows(
    home: House, version: DatasetVersion
) -> None:
    task = review(home, version)
    for actor in (home.ada, home.omar, home.admin):
        with pytest.raises(NotAllowed, match="asks other people"):
            services.answer(actor=actor, task_id=task.pk, place=0, choice="good")
    with pytest.raises(NotFound):
        services.answer(actor=home.dev, task_id=task.pk, place=0, choice="good")
    with pytest.raises(NotFound):
        services.answer(actor=home.ben, task_id=task.pk, place=12, choice="good")
    with pytest.raises(Unusable, match="“fine” is no answer"):
        services.answer(actor=home.ben, task_id=task.pk, place=0, choice="fine")
    with pytest.raises(Unusable, match="Say what is wrong"):
        services.answer(actor=home.ben, task_id=task.pk, place=0, choice="bad", reason=" ")
    member = home.project.members.get(user_id=home.rita.user_id)
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="rita", role=Role.VIEWER)
    projects.dismiss(actor=home.admin, member_id=member.pk)
    with pytest.raises(NotAllowed, match="none any more"):
        services.answer(actor=home.rita, task_id=task.pk, place=0, choice="good")
    with pytest.raises(NotAllowed):
        services.close(actor=home.omar, task_id=task.pk)
    services.close(actor=home.ben, task_id=task.pk)
    with pytest.raises(WrongState):
        services.close(actor=home.ada, task_id=task.pk)


@pytest.mark.django_db
def test_the_trail_tells_sittings_and_the_end_and_binds_every_answer(home: House, version: DatasetVersion) -> None:
    task = review(home, version, "ben", rows=3)
    say(home.ben, task, "good", "good")
    later = Answer.objects.last()
    Answer.objects.filter(pk=later.pk).update(at=later.at - timedelta(hours=1))
    say(home.ben, task, "bad")
    ended = closed(home, task)
    events = AuditEvent.objects.filter(subject_id=str(task.pk)).order_by("pk")
    assert [event.action.removeprefix("annotation-task.") for event in events] == [
        "asked", "begun", "begun", "answered", "closed"
    ]  # fmt: skip
    assert json.loads(events.last().body)["facts"]["answers_sha256"] == ended.told["answers_sha256"]
    assert not [event for event in events if "Wrong number" in event.body]
    Answer.objects.filter(choice="bad").update(choice="good")
    assert outcomes.outcome(ended)["answers_sha256"] != ended.told["answers_sha256"]


@pytest.mark.django_db
def test_rows_wait_for_those_who_are_asked_until_they_have_answered(home: House, version: DatasetVersion) -> None:
    task = review(home, version, rows=2)
    assert [(one.annotator.task, one.left) for one in selectors.waiting_for(home.ben)] == [(task, 2)]
    assert selectors.waiting_for(home.ada) == []
    say(home.ben, task, "good", "")
    assert selectors.waiting_for(home.ben) == []
    told = {one.annotator.name: (one.answered, one.skipped, one.left) for one in selectors.progress(task)}
    assert told == {home.ben.name: (1, 1, 0), home.rita.name: (0, 0, 2)}
    closed(home, task)
    assert selectors.waiting_for(home.rita) == []


@pytest.mark.django_db
def test_what_was_erased_leaves_the_copies_and_the_reasons_too(home: House, version: DatasetVersion) -> None:
    task = review(home, version, "ben", rows=12)
    say(home.ben, task, *["bad"] * 12)
    gone, kept = task.shown_rows.all()[0], task.shown_rows.all()[1]
    with transaction.atomic():
        assert services.forget(version, [gone.row]) == 1
        assert services.forget(version, [gone.row]) == 0
    rows = AnnotationRow.objects.in_bulk([gone.pk, kept.pk])
    assert rows[gone.pk].shown is None and rows[kept.pk].shown is not None
    assert gone.answers.get().reason == "" and kept.answers.get().reason == "Wrong number."
    assert gone.answers.get().choice == "bad"


@pytest.mark.django_db
def test_a_changed_version_is_not_spoken_for(home: House, version: DatasetVersion) -> None:
    closed(home, review(home, version))
    assert selectors.latest_review(version) is not None
    DatasetVersion.objects.filter(pk=version.pk).update(licence="MIT")
    version.refresh_from_db()
    assert selectors.latest_review(version) is None


@pytest.mark.django_db
def test_a_large_file_is_read_by_a_worker_who_opens_the_task(
    home: House, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = review(home, version, rows=5)
    monkeypatch.setattr(dataset_rules, "READ_AT_ONCE", 0)
    task = review(home, version, rows=5)
    assert task.state == State.QUEUED and not task.shown_rows.exists()
    with pytest.raises(WrongState, match="it is queued"):
        services.answer(actor=home.ben, task_id=task.pk, place=0, choice="good")
    work.do(Job.objects.get(subject_id=task.pk).pk, worker="light@here")
    task.refresh_from_db()
    assert (task.state, task.rows, task.rows_sha256) == (State.OPEN, 5, at_once.rows_sha256)
    same = [list(one.shown_rows.values_list("row", "shown")) for one in (task, at_once)]
    assert same[0] == same[1]


@pytest.mark.django_db
def test_the_reading_can_be_ended_and_taken_up_again(
    home: House, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_rules, "READ_AT_ONCE", 0)
    task = review(home, version)
    assert services.cancel(actor=home.ben, task_id=task.pk).state == State.CANCELLED
    with pytest.raises(WrongState):
        services.close(actor=home.ada, task_id=task.pk)
    assert services.again(actor=home.ada, task_id=task.pk).state == State.QUEUED


@pytest.mark.django_db
def test_a_file_with_a_row_that_cannot_be_read_any_more_is_refused(home: House, version: DatasetVersion) -> None:
    DatasetVersion.objects.filter(pk=version.pk).update(format="alpaca")
    version.refresh_from_db()
    with pytest.raises(Unusable, match="Row 1"):
        review(home, version)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset_rules, "READ_AT_ONCE", 0)
        task = review(home, version)
    work.do(Job.objects.get(subject_id=task.pk).pk, worker="light@here")
    task.refresh_from_db()
    assert task.state == State.REFUSED and "Row 1" in task.error["message"]
