"""The demo's story over REST, person by person, and what is refused on the way."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.errors import GateClosed, NotAllowed, Unusable
from governance.people.approvals import reauthentication
from governance.people.approvals import services as approvals
from governance.people.approvals.models import Decision
from governance.people.approvals.rules import Verdict
from governance.work.runs import services as runs
from tests import factories
from tests.callers import API, by_session, by_token, decide, proof, rows, upload
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db


def test_the_story_from_project_to_queued_run_and_its_decisions_over_rest(home: House) -> None:
    ada, ben, rita = by_token(home.ada), by_token(home.ben), by_token(home.rita)
    factories.base_folder()
    project = str(home.project.pk)

    answer = ada.post(
        f"{API}/base-models/",
        {"project": project, "folder": factories.BASE, "name": "Linden Nano", "licence": "Apache-2.0"},
    )
    assert answer.status_code == 201, answer.content
    base = answer.json()
    assert ada.get(answer["Location"]).json() == base
    assert base["standings"] == [
        {
            "project": project,
            "granted": False,
            "changed": False,
            "why": "Nobody was asked yet.",
            "missing": ["one data steward"],
            "request": None,
        }
    ]

    dataset = ada.post(f"{API}/datasets/", {"project": project, "name": "Support desk"}).json()
    answer = upload(ada, dataset["id"], rows())
    assert answer.status_code == 201, answer.content
    version = answer.json()
    assert (version["rows"], version["number"], version["project"]) == (40, 1, project)
    assert ada.get(f"{API}/datasets/{dataset['id']}/").json()["latest"] == 1

    for kind, record in (("base_model", base), ("dataset_version", version)):
        asked = ada.post(f"{API}/approvals/", {"kind": kind, "id": record["id"], "project": project, "note": "Please."})
        assert asked.status_code == 201, asked.content
        assert asked.json()["subject"]["sha256"] == record["sha256"]
        assert [row["id"] for row in ben.get(f"{API}/approvals/inbox/").json()] == [asked.json()["id"]]
        decided = decide(ben, asked.json()["id"])
        assert decided.status_code == 201, decided.content
        assert (decided.json()["by_name"], decided.json()["method"]) == ("Ben Castell", "password")

    plan = ada.post(
        f"{API}/evaluation-plans/",
        {"project": project, "name": "Limits", "tasks": factories.TASKS, "thresholds": factories.THRESHOLDS},
    )
    assert plan.status_code == 201, plan.content
    run = ada.post(
        f"{API}/runs/",
        {
            "project": project,
            "base_model": base["id"],
            "data": [version["id"]],
            "evaluation_plan": plan.json()["id"],
            "title": "First",
        },
    )
    assert run.status_code == 201, run.content
    address = run["Location"]
    assert run.json()["state"] == "draft"

    submitted = ada.post(f"{address}submit/", {"note": "Ready."})
    assert submitted.status_code == 201, submitted.content
    assert ada.get(address).json()["estimate"] is not None
    assert decide(rita, submitted.json()["id"]).status_code == 201
    lights = {gate["key"]: gate["light"] for gate in ada.get(f"{address}gates/").json()}
    assert lights["approval"] == "green"
    launched = ada.post(f"{address}launch/")
    assert launched.status_code == 202, launched.content
    assert launched.json()["state"] == "queued"
    assert ada.get(f"{address}events/").json() == {"state": "queued", "last": 0, "more": False, "results": []}
    assert ada.post(f"{address}cancel/").json()["state"] == "cancelled"


def test_events_are_read_on_from_the_last_number(home: House) -> None:
    run = factories.trained_run(home)
    ada = by_token(home.ada)
    first = ada.get(f"{API}/runs/{run.pk}/events/").json()
    seqs = [event["seq"] for event in first["results"]]
    assert seqs == sorted(seqs) and first["last"] == seqs[-1] and first["state"] == "succeeded"
    rest = ada.get(f"{API}/runs/{run.pk}/events/?after={seqs[3]}").json()
    assert [event["seq"] for event in rest["results"]] == seqs[4:]
    assert ada.get(f"{API}/runs/{run.pk}/events/?after=-1").status_code == 422
    assert ada.get(f"{API}/runs/{run.pk}/events/?after={10**30}").status_code == 422


# The same refusal from the service, the page and the API


def page_text(response: Any) -> str:
    return response.content.decode().replace("&#x27;", "'").replace("&quot;", '"').replace("&amp;", "&")


def test_ada_cannot_approve_her_own_run_by_service_page_or_api(home: House) -> None:
    run = _submitted(home)
    asked = run.project.approval_requests.get(subject_id=run.pk)
    with pytest.raises(NotAllowed) as refused:
        approvals.decide(actor=home.ada, request_id=asked.pk, verdict=Verdict.APPROVE, reason="Fine.", proof="none")
    sentence = str(refused.value)
    assert sentence == "Ada submitted the run plan and cannot decide on it."

    ada = by_token(home.ada)
    answer = decide(ada, str(asked.pk))
    assert answer.status_code == 403
    assert answer.json()["detail"] == sentence
    assert ada.get(f"{API}/approvals/{asked.pk}/").json()["why_not"] == sentence

    page = by_session(home.ada).post(
        f"/approvals/{asked.pk}/", {"verdict": "approve", "reason": "Fine.", "password": PASSWORD}, format="multipart"
    )
    assert page.status_code == 403
    assert sentence in page_text(page)
    assert not Decision.objects.filter(request=asked).exists()


def test_a_launch_without_approvals_lists_what_is_missing_everywhere(home: House) -> None:
    run = _submitted(home)
    with pytest.raises(GateClosed) as refused:
        runs.launch(actor=home.ada, run_id=run.pk)
    answer = by_token(home.ada).post(f"{API}/runs/{run.pk}/launch/")
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == "urn:assay:problem:gate-closed"
    assert body["detail"] == str(refused.value)
    assert body["missing"] == [
        {
            "what": "The run plan needs one risk owner",
            "cure": "Asked; waiting for a decision.",
            "kind": "run",
            "id": str(run.pk),
        }
    ]
    page = by_session(home.ada).post(
        f"/runs/{run.pk}/launch/", follow=True, HTTP_REFERER=f"http://testserver/runs/{run.pk}/", format="multipart"
    )
    assert str(refused.value) in page_text(page)


def test_a_broken_file_is_refused_with_its_rows_and_nothing_is_kept(home: House) -> None:
    ada = by_token(home.ada)
    dataset = ada.post(f"{API}/datasets/", {"project": str(home.project.pk), "name": "Broken"}).json()
    good = factories.row(1)
    broken = SimpleUploadedFile("broken.jsonl", (good + "{not json}\n" + good + '{"messages": []}\n').encode())
    answer = upload(ada, dataset["id"], broken)
    assert answer.status_code == 422, answer.content
    assert {fault["row"] for fault in answer.json()["faults"]} == {2, 4}
    assert all(fault["message"] and fault["cure"] for fault in answer.json()["faults"])
    assert ada.get(f"{API}/dataset-versions/").json()["results"] == []


def test_an_unknown_licence_and_an_unanswered_provenance_are_faults_of_their_fields(home: House) -> None:
    ada = by_token(home.ada)
    dataset = ada.post(f"{API}/datasets/", {"project": str(home.project.pk), "name": "Desk"}).json()
    answer = upload(ada, dataset["id"], rows(), licence="Apache 2 AND AND", provenance=json.dumps({"soruce": "us"}))
    fields = {fault["field"] for fault in answer.json()["faults"]}
    assert answer.status_code == 422
    assert {"licence", "provenance.soruce", "provenance.source", "provenance.issuer"} <= fields
    answer = upload(ada, dataset["id"], rows(), provenance="[1]")
    assert [fault["field"] for fault in answer.json()["faults"]] == ["provenance"]
    answer = upload(ada, dataset["id"], rows(), licence_told=json.dumps([{"where": 1}]))
    assert [fault["field"] for fault in answer.json()["faults"]] == ["licence_told"]


def test_the_file_of_a_version_is_given_to_those_who_need_it_and_that_goes_on_record(home: House) -> None:
    version = factories.dataset_version(home)
    taken = by_token(home.omar).get(f"{API}/dataset-versions/{version.pk}/file/")
    body = b"".join(taken.streaming_content)
    assert taken.status_code == 200 and body.count(b"\n") == version.rows
    refused = by_token(home.vera).get(f"{API}/dataset-versions/{version.pk}/file/")
    assert refused.status_code == 403 and refused["Content-Type"] == "application/problem+json"
    acts = AuditEvent.objects.filter(action__startswith="dataset-version.file").values_list("action", flat=True)
    assert sorted(acts) == ["dataset-version.file-refused", "dataset-version.file-taken"]


# A token alone never signs


def test_a_token_alone_cannot_sign(home: House) -> None:
    run = _submitted(home)
    asked = run.project.approval_requests.get(subject_id=run.pk)
    rita = by_token(home.rita)
    address = f"{API}/approvals/{asked.pk}/decisions/"
    for body in (
        {"verdict": "approve", "reason": "Fine."},
        {"verdict": "approve", "reason": "Fine.", "proof": ""},
        {"verdict": "approve", "reason": "Fine.", "proof": f"{asked.pk}.guess"},
        {"verdict": "approve", "reason": "Fine.", "proof": "\u2603"},
    ):
        answer = rita.post(address, body)
        assert answer.status_code == 403, answer.content
        assert answer.json()["detail"].startswith("Show again that it is you")
    assert rita.get(f"{API}/approvals/{asked.pk}/").json()["decisions"] == []


def test_a_wrong_password_gives_no_proof_and_stays_on_record(home: House) -> None:
    run = _submitted(home)
    rita = by_token(home.rita)
    answer = proof(rita, run.content_digest, password="a loud record office")
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["field"] == "password"
    assert AuditEvent.objects.filter(action="reauthentication.failed").count() == 1


def test_token_and_password_sign_once_for_this_digest_and_verdict_and_the_trail_shows_it(home: House) -> None:
    run = _submitted(home)
    asked = run.project.approval_requests.get(subject_id=run.pk)
    rita = by_token(home.rita)
    address = f"{API}/approvals/{asked.pk}/decisions/"
    for_reject = proof(rita, asked.subject_digest, "reject").json()["proof"]
    assert rita.post(address, {"verdict": "approve", "reason": "x", "proof": for_reject}).status_code == 403
    for_another = proof(rita, "0" * 64).json()["proof"]
    assert rita.post(address, {"verdict": "approve", "reason": "x", "proof": for_another}).status_code == 403
    of_another = reauthentication.by_password(
        actor=home.cleo, password=PASSWORD, subject_digest=asked.subject_digest, verdict=Verdict.APPROVE
    )
    assert rita.post(address, {"verdict": "approve", "reason": "x", "proof": of_another}).status_code == 403

    given = proof(rita, asked.subject_digest)
    assert given["Cache-Control"] == "no-store"
    right = given.json()["proof"]
    decided = rita.post(address, {"verdict": "approve", "reason": "Within budget.", "proof": right})
    assert decided.status_code == 201, decided.content
    assert decided.json()["sha256"] == run.content_digest

    entry = rita.get(f"{API}/audit-events/?action=approval.decided&project={run.project_id}").json()["results"][0]
    assert entry["by_name"] == "Rita Falk"
    assert entry["subject"] == {"kind": "decision", "id": decided.json()["id"]}
    assert entry["body"]["facts"] == {
        "request": str(asked.pk),
        "step": "Review of the run plan",
        "verdict": "approve",
        "sha256": run.content_digest,
        "outcome": "granted",
    }
    assert entry["personal"] == {"reason": "Within budget."}


def test_a_changed_plan_loses_its_approval_and_is_not_decided_on_unseen(home: House) -> None:
    run = _submitted(home)
    asked = run.project.approval_requests.get(subject_id=run.pk)
    ada, rita = by_token(home.ada), by_token(home.rita)
    assert decide(rita, str(asked.pk)).status_code == 201
    seen = ada.get(f"{API}/runs/{run.pk}/")
    assert seen.json()["standing"]["granted"] is True
    changed = ada.patch(f"{API}/runs/{run.pk}/", {"budget": {"max_minutes": 5}}, HTTP_IF_MATCH=seen["ETag"])
    assert changed.status_code == 200, changed.content
    assert changed.json()["state"] == "draft"
    assert changed.json()["standing"]["granted"] is False
    assert changed.json()["data"] == seen.json()["data"]


# Deployments ask by digest


def test_a_deployment_asks_whether_a_digest_is_released(home: House) -> None:
    version = factories.finished_run(home).model_version
    answer = by_token(home.vera).get(f"{API}/model-versions/by-digest/{version.digest}/")
    assert answer.status_code == 200
    assert (answer.json()["released"], answer.json()["releases"]) == (False, [])
    absent = by_token(home.vera).get(f"{API}/model-versions/by-digest/{'0' * 64}/")
    foreign = by_token(home.dev).get(f"{API}/model-versions/by-digest/{version.digest}/")
    assert absent.status_code == foreign.status_code == 404
    assert absent.json() == foreign.json()


def _submitted(home: House) -> Any:
    factories.classification(home)
    run = runs.prepare(
        actor=home.ada,
        project_id=home.project.pk,
        base_model_id=factories.base_model(home).pk,
        data=[factories.dataset_version(home).pk],
        training={},
        evaluation_plan_id=factories.evaluation_plan(home).pk,
    )
    runs.submit(actor=home.ada, run_id=run.pk)
    run.refresh_from_db()
    return run


def test_refusals_of_services_keep_their_faults(home: House) -> None:
    with pytest.raises(Unusable) as refused:
        factories.projects.appoint(actor=home.admin, project_id=home.project.pk, username="nobody", role="viewer")
    answer = by_token(home.admin).post(
        f"{API}/projects/{home.project.pk}/members/", {"username": "nobody", "role": "viewer"}
    )
    assert answer.status_code == 422
    assert answer.json()["detail"] == str(refused.value)
    assert answer.json()["faults"] == [
        {
            "field": "username",
            "message": "“nobody” does not belong to Linden Bank.",
            "cure": "Add them there first.",
        }
    ]
