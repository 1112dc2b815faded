"""Two people review rows in the browser, without a script and with one; the interface does the same."""

import json
import re
from pathlib import Path

import pytest
from django.test import Client

from governance.materials.annotations import selectors, services
from governance.materials.annotations.models import AnnotationTask, Answer
from governance.materials.annotations.rules import Asked, State, Type
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import DatasetVersion
from tests import factories
from tests.callers import API, by_token
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def version(home: House) -> DatasetVersion:
    return factories.dataset_version(home, rows=9)


@pytest.fixture
def task(home: House, version: DatasetVersion) -> AnnotationTask:
    return services.ask(actor=home.ada, version_id=version.pk, asked=Asked(Type.REVIEW, ("ben", "rita"), rows=3))


def page_of(username: str) -> Client:
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client


def text(client: Client, address: str, **headers: str) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_two_people_review_rows_and_the_decider_is_told(home: House, version: DatasetVersion) -> None:
    ada = page_of("ada")
    form = {"type": "review", "question": "Would you send it?", "rows": "3", "seed": "1", "people": ["ben", "rita"]}
    asked = ada.post(f"/dataset-versions/{version.pk}/annotate/", form)
    task = AnnotationTask.objects.get()
    address = f"/annotation-tasks/{task.pk}/"
    assert asked.url == address and task.question == "Would you send it?"
    for username, choices in (("ben", ("good", "bad", "")), ("rita", ("good", "good", "unsure"))):
        person = page_of(username)
        assert "3 rows wait for your answer" in text(person, "/")
        for place, choice in enumerate(choices):
            shown = text(person, f"{address}answer/")
            assert f"Row {place + 1} of 3" in shown and "Would you send it?" in shown
            given = {"place": place, "choice": choice, "reason": "No such branch." if choice == "bad" else ""}
            assert person.post(f"{address}answer/", given).url == f"{address}answer/"
        assert "You have answered every row" in text(person, f"{address}answer/")
        assert "wait for your answer" not in text(person, "/")
        assert "No such branch." not in text(person, address) or username == "ben"
    assert "No such branch." not in text(ada, address)
    assert ada.post(f"{address}close/").url == address
    closed = text(ada, address)
    assert "No such branch." in closed and "people disagree" in closed and home.ben.name in closed
    assert "33.3 %" in closed and "1 of 3" in closed
    assert "Expert review: 1 of 3 rows good" in text(ada, f"/dataset-versions/{version.pk}/?tab=quality")
    # Somebody who may not read rows sees what it came to, and neither rows nor reasons.
    told = text(page_of("vera"), address)
    assert "33.3 %" in told and "No such branch." not in told and "transfer number" not in told


def test_the_next_row_comes_without_a_page_and_a_refusal_keeps_what_was_typed(
    home: House, task: AnnotationTask
) -> None:
    ben, address = page_of("ben"), f"/annotation-tasks/{task.pk}/answer/"
    refused = ben.post(address, {"place": 0, "choice": "bad", "reason": ""}, headers=HTMX)
    assert refused.status_code == 422 and "Say what is wrong with it" in refused.content.decode()
    part = ben.post(address, {"place": 0, "choice": "good", "reason": "Short & clear."}, headers=HTMX)
    body = part.content.decode()
    assert part.status_code == 200 and body.lstrip().startswith('<div id="row"') and "Row 2 of 3" in body
    assert part["Cache-Control"] == "no-store"
    again = text(ben, f"{address}?row=0")
    assert "Short &amp; clear." in again and "answered: Good" in again
    back = ben.post(f"/annotation-tasks/{task.pk}/take-back/", headers=HTMX).content.decode()
    assert "Row 1 of 3" in back and not Answer.objects.filter(ended_at=None).exists()


def test_an_answer_changed_on_its_own_page_counts_and_undo_leads_back_to_its_row(
    home: House, task: AnnotationTask
) -> None:
    ben, address = page_of("ben"), f"/annotation-tasks/{task.pk}/"
    for place in (0, 1):
        ben.post(f"{address}answer/", {"place": place, "choice": "good"})
    assert ben.post(f"{address}take-back/").url == f"{address}answer/?row=1"
    ben.post(f"{address}answer/", {"place": 0, "choice": "bad", "reason": "Read again."})
    assert "Read again." in text(ben, address)
    assert [(one.row.place, one.choice) for one in Answer.objects.filter(ended_at=None)] == [(0, "bad")]


def test_each_button_names_a_key_and_none_twice(home: House, task: AnnotationTask) -> None:
    shown = text(page_of("ben"), f"/annotation-tasks/{task.pk}/answer/")
    keys = [key for listed in re.findall(r'data-key="([^"]*)"', shown) for key in listed.split()]
    assert {"1", "2", "3", "g", "b", "u", "s", "r"} <= set(keys) and len(keys) == len(set(keys))


def test_an_erased_row_is_not_shown_any_more(home: House, task: AnnotationTask, version: DatasetVersion) -> None:
    ben, row = page_of("ben"), task.shown_rows.all()[0]
    content = row.shown["turns"][0][1]
    assert content in text(ben, f"/annotation-tasks/{task.pk}/answer/")
    services.forget(version, [row.row])
    shown = text(ben, f"/annotation-tasks/{task.pk}/answer/")
    assert content not in shown and "This row was erased" in shown


def test_who_is_not_asked_or_too_late_gets_no_rows(home: House, task: AnnotationTask) -> None:
    assert page_of("ada").get(f"/annotation-tasks/{task.pk}/answer/").status_code == 403
    services.close(actor=home.ada, task_id=task.pk)
    ben = page_of("ben")
    assert ben.get(f"/annotation-tasks/{task.pk}/answer/").url == f"/annotation-tasks/{task.pk}/"
    assert ben.post(f"/annotation-tasks/{task.pk}/answer/", {"place": 0, "choice": "good"}).status_code == 422
    assert "Nobody answered" in text(ben, f"/annotation-tasks/{task.pk}/")


def test_the_form_says_what_cannot_be_asked(home: House, version: DatasetVersion) -> None:
    ada, address = page_of("ada"), f"/dataset-versions/{version.pk}/annotate/"
    assert "Vera" not in text(ada, address)
    refused = ada.post(address, {"type": "review", "seed": "0", "people": ["ben"], "tie_breaker": "rita"})
    assert refused.status_code == 422 and "is not asked and cannot break ties" in refused.content.decode()
    assert not AnnotationTask.objects.exists()


def test_the_interface_asks_answers_and_closes(home: House, version: DatasetVersion) -> None:
    body = {"version": str(version.pk), "type": "review", "rows": 2, "people": ["ben", "rita"]}
    asked = by_token(home.ada).post(f"{API}/annotation-tasks/", body, format="json")
    assert asked.status_code == 201 and asked.json()["state"] == "open"
    address = f"{API}/annotation-tasks/{asked.json()['id']}"
    ben, rita = by_token(home.ben), by_token(home.rita)
    waiting = ben.get(f"{address}/rows/").json()
    assert waiting["left"] == 2 and waiting["results"][0]["shown"]["turns"][1][2] is True
    said = ben.post(f"{address}/answers/", {"place": 0, "choice": "bad", "reason": "Wrong."}, format="json")
    assert said.status_code == 201 and said.json()["by_name"] == home.ben.name
    unknown = ben.post(f"{address}/answers/", {"place": 0, "choice": "fine"}, format="json")
    assert unknown.status_code == 422
    assert rita.get(f"{address}/answers/").json() == []
    assert ben.post(f"{address}/take-back/").json()["place"] == 0
    assert by_token(home.ada).post(f"{address}/close/").json()["outcome"]["answered"] == 0
    assert ben.post(f"{address}/answers/", {"place": 0, "choice": "good"}, format="json").status_code == 409
    assert rita.get(f"{address}/answers/").json() == []
    assert by_token(home.vera).get(f"{address}/answers/").status_code == 403


def test_a_list_of_tasks_takes_as_many_questions_to_the_database_however_long(
    home: House, version: DatasetVersion, django_assert_max_num_queries: object
) -> None:
    client = by_token(home.ada)

    def ask() -> None:
        services.ask(actor=home.ada, version_id=version.pk, asked=Asked(Type.REVIEW, ("ben",), rows=1))

    counts = []
    for more in (1, 5):
        for _ in range(more):
            ask()
        with django_assert_max_num_queries(60) as seen:  # type: ignore[operator]
            assert client.get(f"{API}/annotation-tasks/").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert selectors.visible_to(home.ada).filter(state=State.OPEN).count() == 6


def test_labels_are_asked_for_given_by_key_and_made_a_version(home: House, version: DatasetVersion) -> None:
    ada = page_of("ada")
    form = {"type": "labels", "rows": "2", "seed": "1", "people": ["ben"], "labels": "transfer\n\n card \n"}
    address = ada.post(f"/dataset-versions/{version.pk}/annotate/", form).url
    task = AnnotationTask.objects.get()
    assert task.choices == ["transfer", "card"]
    ben = page_of("ben")
    shown = text(ben, f"{address}answer/")
    assert "transfer number" in shown and "One working day" not in shown
    assert 'data-key="1"' in shown and "Which label fits this text?" in shown
    for place in (0, 1):
        ben.post(f"{address}answer/", {"place": place, "choice": "transfer"})
    assert "Make the new version" not in text(ada, address)
    ada.post(f"{address}close/")
    assert "Make the new version" in text(ada, address)
    assert "Make the new version" not in text(page_of("rita"), address)
    made = ada.post(f"{address}version/")
    new = version.dataset.versions.get(number=version.number + 1)
    assert made.url == f"/dataset-versions/{new.pk}/" and new.format == "classification" and new.rows == 2
    after = text(ada, address)
    assert str(new) in after and "Make the new version" not in after


def test_the_interface_shows_no_label_and_makes_the_version(home: House, version: DatasetVersion) -> None:
    body = {"version": str(version.pk), "type": "labels", "rows": 1, "people": ["ben"], "labels": ["a", "b"]}
    address = f"{API}/annotation-tasks/{by_token(home.ada).post(f'{API}/annotation-tasks/', body).json()['id']}"
    ben, ada = by_token(home.ben), by_token(home.ada)
    (row,) = ben.get(f"{address}/rows/").json()["results"]
    assert [turn[0] for turn in row["shown"]["turns"]] == ["user"]
    ben.post(f"{address}/answers/", {"place": row["place"], "choice": "b"})
    assert ada.post(f"{address}/version/").status_code == 409
    ada.post(f"{address}/close/")
    made = ada.post(f"{address}/version/")
    assert made.status_code == 201
    assert made.json()["made"] == str(version.dataset.versions.get(number=version.number + 1).pk)
    assert by_token(home.rita).post(f"{address}/version/").status_code == 403


@pytest.fixture
def pairs(home: House, tmp_path: Path) -> DatasetVersion:
    rows = [{"prompt": f"Q{n}?", "chosen": f"Better {n}.", "rejected": f"Worse {n}."} for n in range(6)]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    line = datasets.create(actor=home.ada, project_id=home.project.pk, name="Pairs")
    return datasets.register_version(
        actor=home.ada, dataset_id=line.pk, path=path, file_name=path.name, licence="CC0-1.0",
        provenance=factories.PROVENANCE,
    )  # fmt: skip


def test_of_two_answers_the_side_is_chosen_and_what_it_meant_is_told_after_the_end(
    home: House, pairs: DatasetVersion
) -> None:
    ada, ben = page_of("ada"), page_of("ben")
    form = {"type": "preferences", "seed": "5", "people": ["ben"]}
    address = ada.post(f"/dataset-versions/{pairs.pk}/annotate/", form).url
    for place in range(6):
        shown = text(ben, f"{address}answer/")
        assert 'data-key="1 ArrowLeft"' in shown and "chosen" not in shown.lower().replace("can choose", "")
        better_left = shown.index("Better") < shown.index("Worse")
        left = better_left == (place > 0)  # once the worse one, or the rows would be those that there are
        ben.post(f"{address}answer/", {"place": place, "choice": "left" if left else "right"})
    again = text(ben, f"{address}answer/?row=0")
    assert "answered: The left one" in again or "answered: The right one" in again
    assert "The chosen one of the row" not in text(ben, address)
    ada.post(f"{address}close/")
    told = text(ada, address)
    assert told.count("<strong>The chosen one of the row</strong>") == 5 and "Left one preferred" in told
    ada.post(f"{address}version/")
    assert pairs.dataset.versions.get(number=2).format == "preference"


def test_a_review_of_pairs_says_which_answer_is_chosen(home: House, pairs: DatasetVersion) -> None:
    task = services.ask(actor=home.ada, version_id=pairs.pk, asked=Asked(Type.REVIEW, ("ben",), rows=1))
    shown = text(page_of("ben"), f"/annotation-tasks/{task.pk}/answer/")
    assert shown.index("Chosen") < shown.index("Better") < shown.index("Rejected") < shown.index("Worse")


def test_the_form_offers_versions_with_one_answer_a_row_to_compare_with(
    home: House, version: DatasetVersion, pairs: DatasetVersion
) -> None:
    shown = text(page_of("ada"), f"/dataset-versions/{pairs.pk}/annotate/")
    assert f'<option value="{version.pk}">' in shown and f'<option value="{pairs.pk}">' not in shown
    form = {"type": "preferences", "seed": "0", "people": ["ben"]}
    refused = page_of("ada").post(f"/dataset-versions/{version.pk}/annotate/", form)
    assert refused.status_code == 422 and "hold one answer each" in refused.content.decode()


def test_the_interface_compares_blindly(home: House, pairs: DatasetVersion) -> None:
    body = {"version": str(pairs.pk), "type": "preferences", "people": ["ben"]}
    address = f"{API}/annotation-tasks/{by_token(home.ada).post(f'{API}/annotation-tasks/', body).json()['id']}"
    ben = by_token(home.ben)
    for row in ben.get(f"{address}/rows/").json()["results"]:
        left = row["shown"]["more"]["answers"][0][-1][1]
        choice = "left" if left.startswith("Worse") else "right"
        said = ben.post(f"{address}/answers/", {"place": row["place"], "choice": choice})
        assert said.status_code == 201
    assert ben.post(f"{address}/answers/", {"place": 0, "choice": "first"}).status_code == 422
    counts = by_token(home.ada).post(f"{address}/close/").json()["outcome"]["counts"]
    assert counts == {"first": 0, "second": 6, "tie": 0, "both-bad": 0}
