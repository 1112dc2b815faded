"""Audit engagements by pages and API; what auditors read and what was refused goes on record."""

import hashlib
import json
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from assay.rendering.files import render
from governance.documents.renderings.models import Rendering
from governance.foundation.audit.models import AuditEvent
from governance.foundation.audit.verification import verify
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.refusals import rules, services
from governance.foundation.refusals.models import RefusalCount
from governance.people.approvals.models import ApprovalRequest
from governance.people.engagements import exchange
from governance.people.engagements import rules as engagement_rules
from governance.people.engagements.models import AnswerFile, Engagement, Finding, Request
from governance.people.engagements.rules import Severity
from governance.people.engagements.services import close, lay_open, plan
from governance.people.projects import services as projects
from governance.work.envelopes.models import Envelope, Passage
from governance.work.runs import services as runs
from governance.work.runs.models import Run
from tests import factories
from tests.callers import API, by_token
from tests.people import House, person
from tests.routes import everything, routes

pytestmark = pytest.mark.django_db


def page(actor: Actor) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.get(pk=actor.user_id))
    return client


@pytest.fixture
def orla(home: House) -> Actor:
    return person("orla", "Orla Quinn")


@pytest.fixture
def engagement(home: House, orla: Actor) -> Engagement:
    today = timezone.localdate()
    made = plan(
        actor=home.cleo, organisation_id=home.organisation.pk, project_ids=[home.project.pk], title="Audit of 2026",
        auditors=["orla"], access_from=today, access_until=today,
    )  # fmt: skip
    return lay_open(actor=home.cleo, engagement_id=made.pk)


def draft(home: House) -> Run:
    return runs.prepare(
        actor=home.ada, project_id=home.project.pk, base_model_id=factories.base_model(home).pk,
        data=[factories.dataset_version(home).pk], training={}, evaluation_plan_id=factories.evaluation_plan(home).pk,
    )  # fmt: skip


def entries(action: str) -> list[dict[str, Any]]:
    """Facts and subject of each entry, oldest first."""
    rows = AuditEvent.objects.filter(action=action).order_by("seq")
    return [{**json.loads(row.body)["facts"], "kind": row.subject_kind, "id": row.subject_id} for row in rows]


def test_an_audit_by_pages_from_plan_to_report(home: House, orla: Actor) -> None:
    data, today = factories.dataset_version(home), timezone.localdate().isoformat()
    cleo, auditor, rita = page(home.cleo), page(orla), page(home.rita)
    form = {"title": "Audit of 2026", "auditors": "orla, nobody", "access_from": today, "access_until": today}
    scope = {"scope": f"project:{home.project.pk}"}
    refused = cleo.post(reverse("engagement-create"), form | scope)
    assert refused.status_code == 422 and "There is no account “nobody”" in refused.content.decode()
    assert cleo.post(reverse("engagement-create"), form | scope | {"auditors": "orla"}).status_code == 302
    engagement = Engagement.objects.get()
    here = reverse("engagement-detail", args=[engagement.pk])
    assert auditor.get(reverse("project-detail", args=[home.project.pk])).status_code == 404
    edit = reverse("engagement-edit", args=[engagement.pk])
    shown = {"shown": engagement.content_digest}
    assert cleo.post(edit, form | scope | shown | {"auditors": "orla", "title": "Audit of 2027"}).status_code == 302
    late = cleo.post(reverse("engagement-open", args=[engagement.pk]), shown)
    assert late.status_code == 409 and "changed since it was shown" in late.content.decode()
    engagement.refresh_from_db()
    assert cleo.post(edit, form | shown).status_code == 409, "made on what the plan was before"
    shown = {"shown": engagement.content_digest, "state": "planned"}
    cleo.post(reverse("engagement-open", args=[engagement.pk]), shown)
    assert cleo.post(edit, form | shown | {"access_until": "2099-01-01"}).status_code == 409, (
        "it was laid open meanwhile"
    )
    assert Engagement.objects.get().access_until == engagement.access_until
    assert auditor.get(reverse("project-detail", args=[home.project.pk])).status_code == 200

    auditor.post(reverse("engagement-ask", args=[engagement.pk]), {"text": "Show me the data."})
    asked = Request.objects.get()
    assert "Show me the data." in rita.get(reverse("engagement-list")).content.decode()
    where = f"http://assay.example{reverse('dataset-version-detail', args=[data.pk])}?tab=quality"
    answer = reverse("audit-request-answer", args=[asked.pk])
    bad = rita.post(answer, {"text": "Here.", "records": "http://assay.example/nowhere/"})
    assert bad.status_code == 422 and "is no page of a record" in bad.content.decode()
    rita.post(answer, {"text": "It is this.", "records": where})
    shown = auditor.get(reverse("audit-request-detail", args=[asked.pk])).content.decode()
    assert "It is this." in shown and str(data) in shown
    auditor.post(reverse("audit-request-settle", args=[asked.pk]))
    finding = {"text": "No datasheet.", "severity": "minor", "records": where}
    auditor.post(reverse("engagement-find", args=[engagement.pk]), finding)
    found = Finding.objects.get()
    respond = reverse("audit-finding-respond", args=[found.pk])
    rita.post(respond, {"response": "Ben writes one.", "owner": "ben", "due": "2099-01-01"})
    assert "Ben writes one." in auditor.get(reverse("audit-finding-detail", args=[found.pk])).content.decode()

    read = auditor.get(f"{here}?tab=read").content.decode()
    assert str(home.project) in read and "its page" in read and "project-detail" not in read
    auditor.post(reverse("engagement-close", args=[engagement.pk]), {"conclusion": "One minor finding."})
    assert auditor.get(reverse("project-detail", args=[home.project.pk])).status_code == 404
    report = auditor.get(reverse("engagement-report", args=[engagement.pk])).content.decode()
    assert "One minor finding." in report and "Ben writes one." in report
    file = json.loads(auditor.get(reverse("engagement-download", args=[engagement.pk, "json"])).getvalue())
    assert file["sha256"] in report and file["requests"][0]["state"] == "settled"
    assert rita.get(reverse("engagement-report", args=[engagement.pk])).status_code == 403
    assert verify().sound


def test_files_go_with_an_answer_and_come_back_as_they_were_and_never_open_in_the_browser(
    home: House, engagement: Engagement, orla: Actor
) -> None:
    asked = exchange.ask(actor=orla, engagement_id=engagement.pk, text="Show me the minutes.")
    ben, address = page(home.ben), reverse("audit-request-answer", args=[asked.pk])
    hostile = SimpleUploadedFile("minutes.html", b"<script>alert(1)</script>", "text/html")
    refused = ben.post(address, {"text": "Here.", "files": hostile})
    assert refused.status_code == 422 and "is of no kind that is attached here" in refused.content.decode()
    assert not AnswerFile.objects.exists()
    two = [SimpleUploadedFile(name, data, "text/html") for name, data in (("minutes.txt", b"a"), ("figures.csv", b"b"))]
    assert ben.post(address, {"text": "Here.", "files": two}).status_code == 302
    kept = AnswerFile.objects.get(name="minutes.txt")
    assert kept.sha256 == hashlib.sha256(b"a").hexdigest() and kept.answer.files.count() == 2
    assert "figures.csv" in page(orla).get(reverse("audit-request-detail", args=[asked.pk])).content.decode()
    for answer in (
        page(orla).get(reverse("audit-file-download", args=[kept.pk])),
        by_token(orla).get(f"{API}/audit-files/{kept.pk}/file/"),
    ):
        assert b"".join(answer.streaming_content) == b"a"
        assert answer["Content-Disposition"] == 'attachment; filename="minutes.txt"'
        assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")
    assert [(each["kind"], each["page"]) for each in entries("record.read") if each["kind"] == "audit_file"] == [
        ("audit_file", "audit-file-download"), ("audit_file", "api:audit-file-file"),
    ]  # fmt: skip
    assert page(home.dev).get(reverse("audit-file-download", args=[kept.pk])).status_code == 404
    with transaction.atomic():
        assert not blobs.let_go(kept.sha256, lambda _: False), "an answer has these bytes"
    closed = close(actor=orla, engagement_id=engagement.pk, conclusion="Sound.")
    [answered] = closed.report["requests"][0]["answers"]
    assert [file["name"] for file in answered["files"]] == ["minutes.txt", "figures.csv"]
    assert verify(records=True).sound


def test_files_are_sent_over_rest_and_are_few_and_small(
    home: House, engagement: Engagement, orla: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = exchange.ask(actor=orla, engagement_id=engagement.pk, text="Show me the minutes.")
    address = f"{API}/audit-requests/{asked.pk}/answers/"

    def sent(*names: str) -> Any:
        files = [SimpleUploadedFile(name, b"12345") for name in names]
        links = json.dumps([{"kind": "project", "id": str(home.project.pk)}])
        return by_token(home.ben).post(address, {"text": "Here.", "records": links, "files": files}, format="multipart")

    made = sent("a.pdf", "b.pdf").json()
    assert [each["name"] for each in made["files"]] == ["a.pdf", "b.pdf"]
    assert made["records"][0]["name"] == "Bank support assistant"
    listed = by_token(orla).get(f"{API}/audit-files/?request={asked.pk}").json()["results"]
    assert {each["sha256"] for each in listed} == {hashlib.sha256(b"12345").hexdigest()}
    assert sent(*(f"{n}.pdf" for n in range(6))).status_code == 422
    monkeypatch.setattr(engagement_rules, "LARGEST_FILE", 4)
    assert "is too large" in sent("c.pdf").content.decode()
    assert AnswerFile.objects.count() == 2


def test_the_report_of_several_projects_comes_as_a_pdf_for_who_sees_the_whole_scope(home: House, orla: Actor) -> None:
    today, other = timezone.localdate(), projects.create(
        actor=home.admin, organisation_id=home.organisation.pk, name="Letters"
    )  # fmt: skip
    planned = plan(
        actor=home.admin, organisation_id=home.organisation.pk, title="Audit of 2026", auditors=["orla"],
        project_ids=[home.project.pk, other.pk], access_from=today, access_until=today,
    )  # fmt: skip
    lay_open(actor=home.admin, engagement_id=planned.pk)
    asked = exchange.ask(actor=orla, engagement_id=planned.pk, text="Show me <the> limits.")
    exchange.answer(
        actor=home.admin, request_id=asked.pk, text="There.", records=[(home.project.kind, str(home.project.pk))]
    )
    exchange.find(actor=orla, engagement_id=planned.pk, severity=Severity.MINOR, text="Nobody wrote one.")
    auditor = page(orla)
    auditor.get(reverse("project-detail", args=[home.project.pk]))
    auditor.post(reverse("engagement-close", args=[planned.pk]), {"conclusion": "Sound, but for one thing."})
    assert auditor.post(reverse("engagement-export", args=[planned.pk])).status_code == 302
    made = Rendering.objects.get()
    assert (made.project, made.organisation, made.state) == (None, home.organisation, "queued")
    assert "PDF is being made" in auditor.get(reverse("engagement-report", args=[planned.pk])).content.decode()
    for who, status in ((orla, 200), (home.admin, 200), (home.rita, 404), (home.dev, 404)):
        assert by_token(who).get(f"{API}/renderings/{made.pk}/").status_code == status
    assert by_token(home.rita).get(f"{API}/engagements/{planned.pk}/export/?format=pdf").status_code == 403
    paper = PdfReader(BytesIO(render("audit_report", made.document)))
    text = " ".join(" ".join(sheet.extract_text() for sheet in paper.pages).split())
    for words in (
        "Audit report Audit of 2026", "Sound, but for one thing.", "Bank support assistant, Letters", "Orla Quinn",
        "Show me <the> limits.", "There.", "Nobody wrote one.", made.document["sha256"][:12], "Project",
    ):  # fmt: skip
        assert words in text
    assert paper.metadata is not None and paper.metadata.title == "Audit report: Audit of 2026"


def test_what_an_auditor_reads_by_page_api_and_file_is_on_record_with_the_record(
    home: House, orla: Actor, engagement: Engagement
) -> None:
    data = factories.dataset_version(home)
    auditor, by_api, member = page(orla), by_token(orla), page(home.ada)
    for client, address in (
        (auditor, reverse("dataset-version-detail", args=[data.pk])),
        (auditor, reverse("dataset-version-rows", args=[data.pk])),
        (auditor, reverse("dataset-version-file", args=[data.pk])),
        (by_api, f"{API}/dataset-versions/{data.pk}/"),
        (member, reverse("dataset-version-detail", args=[data.pk])),
    ):
        for _ in range(2):
            assert client.get(address).status_code == 200
    assert [(each["page"], each["id"]) for each in entries("record.read")] == [
        ("dataset-version-detail", str(data.pk)),
        ("dataset-version-rows", str(data.pk)),
        ("dataset-version-file", str(data.pk)),
        ("api:dataset-version-detail", str(data.pk)),
    ]
    history = member.get(reverse("dataset-version-detail", args=[data.pk]) + "?tab=history").content.decode()
    assert "Orla Quinn" in history and "read, as an auditor," in history
    told = by_token(home.cleo).get(f"{API}/engagements/{engagement.pk}/readings/").json()
    assert [(one["by"], one["kind"], len(one["pages"])) for one in told] == [("Orla Quinn", "dataset_version", 4)]


def test_refused_acts_stand_in_the_trail_with_who_what_and_on_what(home: House) -> None:
    run = draft(home)
    assert page(home.vera).post(reverse("run-submit", args=[run.pk])).status_code == 403
    assert by_token(home.vera).post(f"{API}/runs/{run.pk}/submit/").status_code == 403
    body = {"project": str(home.project.pk), "name": "Mine", "secret": "hunter2"}
    assert by_token(home.vera).post(f"{API}/datasets/", body).status_code == 422
    assert by_token(home.vera).post(f"{API}/datasets/", {**body, "secret": ""}).status_code == 422
    del body["secret"]
    assert by_token(home.vera).post(f"{API}/datasets/", body).status_code == 403
    told = entries("act.refused")
    assert [(each["page"], each["method"], each["status"], each["times"]) for each in told] == [
        ("run-submit", "POST", 403, 1),
        ("api:run-submit", "POST", 403, 1),
        ("api:dataset-list", "POST", 403, 1),
    ]
    assert {each["id"] for each in told} == {str(home.project.pk)}, "what the service refused it for"
    shown = page(home.cleo).get(reverse("audit-list") + "?action=act.refused").content.decode()
    assert "was refused an act on" in shown and "Vera Lund" in shown and "hunter2" not in shown
    for said in ("submit: not theirs to do", "submit (API): not theirs", "make a new one (API): not theirs to do"):
        assert said in shown


def test_who_knocks_at_another_projects_record_is_on_record_there_and_learns_nothing(home: House) -> None:
    run = draft(home)
    dev = page(home.dev)
    foreign = dev.get(reverse("run-detail", args=[run.pk]))
    absent = dev.get(reverse("run-detail", args=[home.project.pk]))
    assert foreign.status_code == absent.status_code == 404
    (told,) = entries("act.refused")
    assert (told["page"], told["status"], told["kind"], told["id"]) == ("run-detail", 404, "run", str(run.pk))
    assert AuditEvent.objects.get(action="act.refused").project == home.project.pk
    mine = {"project": str(home.elsewhere.pk), "base_model": str(run.base_model_id), "data": [str(run.pk)]}
    assert by_token(home.dev).post(f"{API}/runs/", mine).status_code == 404
    assert len(entries("act.refused")) == 1


def test_a_loop_of_refusals_is_counted_and_does_not_fill_the_trail(home: House) -> None:
    run = draft(home)
    vera = page(home.vera)
    for _ in range(25):
        assert vera.post(reverse("run-submit", args=[run.pk])).status_code == 403
    assert [each["times"] for each in entries("act.refused")] == [1, 10]
    assert RefusalCount.objects.get().times == 25
    assert "submit: not theirs to do (10 times that day)" in page(home.cleo).get(reverse("audit-list")).content.decode()
    assert [n for n in range(2000) if rules.is_told(n)] == [1, 10, 100, 1000]


def test_one_person_cannot_fill_the_trail_by_many_addresses(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_A_DAY", 3)
    for number in range(30):
        services.note(actor=home.vera, page=f"page-{number}", method="GET", status=403, subject=home.project)
    assert [(each["page"], each["times"]) for each in entries("act.refused")] == [
        ("page-0", 1), ("page-1", 1), ("page-2", 1), ("", 1), ("", 10),
    ]  # fmt: skip


def test_what_was_made_outside_the_period_is_in_no_list() -> None:
    house = everything()
    long_ago = timezone.localdate() - timedelta(days=400)
    Engagement.objects.update(period_from=long_ago, period_until=long_ago)
    orla = house.client("orla", api=True)
    told = {}
    for route in routes():
        if route.is_api and route.name.endswith("-list") and not route.parameters:
            answer = orla.get(house.address(route, "GET"))
            if answer.status_code == 200 and answer.json().get("results"):
                told[route.name] = len(answer.json()["results"])
    # The scope itself with the names of its data, and the audit's own.
    assert told.keys() == {
        "api:project-list", "api:dataset-list", "api:engagement-list", "api:audit-request-list",
        "api:audit-file-list", "api:audit-finding-list", "api:notification-list",
    }  # fmt: skip
    envelope = Envelope.objects.get()
    Envelope.objects.update(created_at=timezone.now() - timedelta(days=400))
    Passage.objects.create(
        envelope=envelope, request=ApprovalRequest.objects.first(), approved_by="Rita Falk", approved_at=timezone.now(),
        checks=[],
    )  # fmt: skip
    address = f"{API}/envelopes/{envelope.pk}/"
    assert orla.get(address).json()["passages"] == []
    assert len(house.client("cleo", api=True).get(address).json()["passages"]) == 1
