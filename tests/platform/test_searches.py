"""A person is looked for in all versions: by a real worker's steps; what is sought is nowhere once it is over."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from assay.jobs import housekeeping, searching, work
from assay.jobs.supervise import Supervised
from governance.delivery.searches import selectors, services
from governance.delivery.searches.models import Part, Search, Term
from governance.delivery.searches.rules import State
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable, WrongState
from governance.foundation.jobs import errands
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import DatasetVersion, Import
from governance.people.projects import services as projects
from governance.people.projects.models import Project
from governance.people.projects.rules import Role
from tests import factories
from tests.callers import API, by_token
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db

NAME = "Marguerite Lindqvist"
ROWS = [
    {"prompt": f"My name is {NAME}.", "completion": "Noted.", "internal_note": ""},
    {"prompt": "What is a rate?", "completion": "A price.", "internal_note": "of a loan"},
    {"prompt": "And now?", "completion": "Nothing.", "internal_note": "lindqvist, margerite"},
]


def registered(
    actor: Actor, project: Project, tmp_path: Path, rows: list[dict[str, Any]], **how: Any
) -> DatasetVersion:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    line = project.datasets.first() or datasets.create(actor=actor, project_id=project.pk, name="Support desk")
    return datasets.register_version(
        actor=actor, dataset_id=line.pk, path=path, file_name=path.name, licence=how.get("licence", "CC0-1.0"),
        provenance=factories.PROVENANCE,
    )  # fmt: skip


@pytest.fixture
def version(home: House, tmp_path: Path) -> DatasetVersion:
    return registered(home.ada, home.project, tmp_path, ROWS)


def asked(home: House, actor: Actor | None = None, term: str = NAME, how: str = "near", **also: Any) -> Search:
    return services.ask(
        actor=actor or home.paula, project_id=home.project.pk, case_number="2026-17", term=term, how=how, **also
    )


def worked(search: Search) -> Search:
    work.do(Job.objects.filter(subject_id=search.pk).latest("created_at").pk, worker="light@here")
    search.refresh_from_db()
    return search


def everything_kept() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        kept = []
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')
            kept += [str(row) for row in cursor.fetchall()]
    return "\n".join(kept).casefold()


def test_a_worker_finds_the_rows_of_every_version(home: House, version: DatasetVersion, tmp_path: Path) -> None:
    other = registered(home.ada, home.project, tmp_path, ROWS[1:2])
    again = registered(home.ada, home.project, tmp_path, ROWS, licence="MIT")  # the same bytes: read once
    search = worked(asked(home))
    assert search.state == State.DONE and search.expires_at is not None
    assert search.expires_at - search.ended_at == pytest.approx(timedelta(days=14), abs=timedelta(seconds=5))
    found = {part.version_id: part for part in search.parts.all()}
    assert {pk: (part.rows, part.rows_hit) for pk, part in found.items()} == {
        version.pk: (3, 2), other.pk: (1, 0), again.pk: (3, 2)
    }  # fmt: skip
    hits = found[version.pk].hits
    assert [(hit["place"], hit["places"][0]["path"]) for hit in hits] == [(0, "prompt"), (2, "internal_note")]
    assert (worked(asked(home, how="exact")).parts.get(version=version).rows_hit) == 1


def test_what_is_sought_is_nowhere_once_it_is_over(home: House, version: DatasetVersion, settings: Any) -> None:
    search = asked(home)
    assert Term.objects.get(search=search).text == NAME
    job = Job.objects.get(subject_id=search.pk)
    assert NAME not in json.dumps([job.progress, job.error]) + str(job)
    worked(search)
    kept = everything_kept()
    assert "2026-17" in kept and "lindqvist" not in kept.replace("lindqvist, margerite", "")
    assert search.is_for(NAME) and search.is_for("marguerite  LINDQVIST") and not search.is_for("Margerite Lindqvist")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert search.is_for(NAME)
    settings.SECRET_KEY_FALLBACKS = []
    assert not search.is_for(NAME)  # without the key nobody can try names


@pytest.mark.parametrize("ending", ["cancelled", "failed", "cancelled in the queue"])
def test_however_it_ends_what_is_sought_goes(home: House, version: DatasetVersion, ending: str) -> None:
    search = asked(home)
    if ending == "cancelled in the queue":
        services.cancel(actor=home.paula, search_id=search.pk)
        assert not Term.objects.exists()
    else:
        lease = jobs.claim(job_id=Job.objects.get(subject_id=search.pk).pk, worker="light@here")
        assert lease is not None
        if ending == "failed":
            searching.fail(lease, "The disk is full.")
        else:
            services.cancel(actor=home.paula, search_id=search.pk)
            assert Term.objects.exists()  # the worker still needs it
            errands.stop(lease)
    housekeeping.destroy()
    search.refresh_from_db()
    assert search.state == ("failed" if ending == "failed" else "cancelled")
    assert not Term.objects.exists() and not Part.objects.exclude(hits=[]).exists()


def test_the_process_is_told_by_a_file_that_is_gone_then(
    home: House, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bool]] = []
    run = Supervised.run

    def watched(self: Supervised) -> Any:
        sought = self._folder / searching.SOUGHT
        assert sought.stat().st_mode & 0o077 == 0 and NAME in sought.read_text()
        outcome = run(self)
        seen.append((" ".join(self._command), sought.exists()))
        return outcome

    monkeypatch.setattr(Supervised, "run", watched)
    worked(asked(home))
    ((command, is_there),) = seen
    assert "--sought" in command and "lindqvist" not in command.casefold() and not is_there


def test_the_embedded_database_overwrites_what_is_deleted(home: House) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no such setting")
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA secure_delete").fetchone() == (1,)


def test_what_was_found_is_destroyed_in_time_and_the_record_stays(home: House, version: DatasetVersion) -> None:
    search = worked(asked(home))
    assert search.expires_at is not None
    assert services.destroy_what_expired(search.expires_at - timedelta(seconds=1)) == []
    Search.objects.filter(pk=search.pk).update(expires_at=timezone.now())
    housekeeping.round_of("here")
    search.refresh_from_db()
    part = search.parts.get()
    assert (search.state, part.hits, part.rows_hit, part.rows) == (State.EXPIRED, [], 2, 3)
    assert search.is_for(NAME)
    actions = AuditEvent.objects.filter(action__startswith="search.").order_by("seq").values_list("action", flat=True)
    assert list(actions) == ["search.asked", "search.done", "search.expired"]
    assert not services.destroy_what_expired(timezone.now())


def test_it_takes_a_role_a_case_and_something_to_look_for(home: House, version: DatasetVersion) -> None:
    for actor in (home.ada, home.rita, home.cleo, home.omar, home.vera, home.admin):
        with pytest.raises(NotAllowed, match="a data steward or a data protection officer"):
            asked(home, actor)
    with pytest.raises(NotFound):
        asked(home, home.dev)
    with pytest.raises(Unusable) as refused:
        services.ask(actor=home.paula, project_id=home.project.pk, case_number=" ", term="x", how="near")
    assert {fault.field for fault in refused.value.faults} == {"case_number", "term"}
    assert not Search.objects.exists()
    with pytest.raises(WrongState):
        services.cancel(actor=home.paula, search_id=worked(asked(home, home.ben)).pk)


def test_who_may_not_search_is_not_told_who_was_searched_for(home: House, version: DatasetVersion) -> None:
    search = worked(asked(home))
    for actor in (home.ada, home.rita, home.vera, home.dev):
        with pytest.raises(NotFound):
            selectors.visible(actor, search.pk)
    parts, others = selectors.parts_seen(home.omar, selectors.visible(home.omar, search.pk))
    assert [(part.rows_hit, part.hits) for part in parts] == [(2, [])] and others == 0
    # The jobs drawer and the trail are everybody's: no case number there.
    client = Client()
    assert client.login(username="vera", password=PASSWORD)
    for address in ("/jobs/", "/audit/"):
        shown = client.get(address).content.decode()
        assert "search of" in shown.lower() and "2026-17" not in shown


def test_other_projects_are_gone_through_where_one_may_search_there(
    home: House, version: DatasetVersion, tmp_path: Path
) -> None:
    other = projects.create(actor=home.admin, organisation_id=home.organisation.pk, name="Mortgage letters")
    hidden = projects.create(actor=home.admin, organisation_id=home.organisation.pk, name="Hidden")
    projects.appoint(actor=home.admin, project_id=other.pk, username="paula", role=Role.DATA_PROTECTION_OFFICER)
    there = registered(home.admin, other, tmp_path, ROWS[:1])
    registered(home.admin, hidden, tmp_path, ROWS[:1])
    assert [part.version for part in asked(home).parts.all()] == [version]
    search = worked(asked(home, everywhere=True))
    assert {part.version for part in search.parts.all()} == {version, there}
    parts, others = selectors.parts_seen(home.ben, selectors.visible(home.ben, search.pk))
    assert [part.version for part in parts] == [version] and others == 1


def test_a_lost_worker_does_not_look_through_the_same_file_twice(
    home: House, version: DatasetVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered(home.ada, home.project, tmp_path, ROWS[1:])
    search, runs = asked(home), []
    take = searching.searches.take

    def dies(lease: Any, parts: Any, found: Any) -> None:
        take(lease, parts, found)
        runs.append(parts[0].version.number)
        if len(runs) == 1:
            raise jobs.LeaseLost("Its machine went down.")

    monkeypatch.setattr(searching.searches, "take", dies)
    job = Job.objects.get(subject_id=search.pk)
    work.do(job.pk, worker="light@here")
    jobs.reap(now=timezone.now() + timedelta(seconds=django_settings.ASSAY_LEASE_SECONDS + 1))
    assert worked(search).state == State.DONE
    assert sorted(runs) == [1, 2] and all(part.rows is not None for part in search.parts.all())


def test_the_page_asks_shows_where_it_is_and_answers_whether_it_was_for_somebody(
    home: House, version: DatasetVersion
) -> None:
    client = Client()
    assert client.login(username="paula", password=PASSWORD)
    form = {"term": NAME, "how": "near", "case_number": ""}
    address = f"/projects/{home.project.pk}/searches/new/"
    assert client.post(address, form).status_code == 422
    answer = client.post(address, form | {"case_number": "2026-17"})
    search = Search.objects.get()
    assert answer["Location"] == f"/searches/{search.pk}/"
    assert "0 of 1 versions looked through" in client.get(answer["Location"]).content.decode()
    worked(search)
    shown = client.get(answer["Location"])
    page = shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    assert "xx xxxx xx [xxxxxxxxxx xxxxxxxxx] ." in page and "indqvist" not in page
    assert f'href="/dataset-versions/{version.pk}/rows/?start=2"' in page
    for verb in ("withdraw", "erase"):
        assert f'href="/dataset-versions/{version.pk}/{verb}/?rows=1,3"' in page
    assert "Yes, the search was for that." in client.post(answer["Location"], {"term": NAME}).content.decode()
    assert "No, the search was for" in client.post(answer["Location"], {"term": "Somebody Else"}).content.decode()
    assert "2026-17" in client.get(f"/projects/{home.project.pk}/searches/").content.decode()


def test_over_rest(home: House, version: DatasetVersion) -> None:
    client = by_token(home.paula)
    body = {"project": str(home.project.pk), "case_number": "2026-17", "term": NAME}
    answer = client.post(f"{API}/searches/", body, format="json", headers={"Idempotency-Key": "once"})
    assert answer.status_code == 202 and NAME not in answer.content.decode()
    assert answer.json()["parts"] == [{"version": str(version.pk), "rows": None, "rows_hit": 0, "hits": []}]
    worked(Search.objects.get())
    (part,) = client.get(answer["Location"]).json()["parts"]
    assert [hit["place"] for hit in part["hits"]] == [0, 2]
    assert by_token(home.omar).get(answer["Location"]).json()["parts"][0]["hits"] == []
    assert by_token(home.ada).get(answer["Location"]).status_code == 404
    assert client.post(f"{answer['Location']}cancel/").status_code == 409
    assert client.post(f"{API}/searches/", body | {"term": "x"}, format="json").status_code == 422


def test_whether_it_was_this_term_is_asked_on_record_and_not_without_end(home: House, version: DatasetVersion) -> None:
    search = worked(asked(home))
    assert services.was_it(actor=home.paula, search_id=search.pk, term=f"  {NAME.upper()} ")
    assert not services.was_it(actor=home.ben, search_id=search.pk, term="Somebody")
    with pytest.raises(NotAllowed):
        services.was_it(actor=home.omar, search_id=search.pk, term=NAME)
    tried = AuditEvent.objects.filter(action="search.tried")
    assert tried.count() == 2
    assert not [event for event in tried if NAME.lower() in event.body.lower()]
    for _ in range(3):
        services.was_it(actor=home.paula, search_id=search.pk, term="Somebody else")
    with pytest.raises(WrongState, match="too often"):
        services.was_it(actor=home.paula, search_id=search.pk, term=NAME)


def test_what_may_hold_a_person_and_was_not_looked_through_is_named(home: House, version: DatasetVersion) -> None:
    search = worked(asked(home))
    assert selectors.not_searched(home.paula, search) == []
    Import.objects.create(
        dataset=version.dataset, file_name="refused.jsonl", file_sha256="0" * 64, file_bytes=1, asked={},
        licence="CC0-1.0", provenance={}, state="refused", asked_by_name="Ada",
    )  # fmt: skip
    assert selectors.not_searched(home.paula, search) == [("files that were sent and not registered", 1)]
    assert selectors.not_searched(home.omar, search) == []
