"""What deciders opened before they decided is on record where the policy wants it, and nowhere else."""

import re

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from assay.rendering.views.dossiers import signatures
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import plain
from governance.foundation.core.records import Record
from governance.people.approvals import opening
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import Verdict
from governance.people.policies import services as policies
from governance.people.policies.editions import default, digest_of
from governance.work.runs import services as runs
from governance.work.runs.models import Run
from tests import factories
from tests.callers import API, by_token
from tests.people import House

WANTED = {"steps": [{"name": "Risk", "roles": ["risk_owner"]}], "record_opened": True}


def pages(actor: Actor) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.get(pk=actor.user_id))
    return client


def opens(actor: Actor, record: Record, page: str = "") -> None:
    name = page or f"{record.kind.replace('_', '-')}-detail"
    assert pages(actor).get(reverse(name, args=[record.pk])).status_code == 200


def noted() -> list[tuple[str, str]]:
    found = AuditEvent.objects.filter(action=opening.ACT).order_by("seq")
    return re.findall(r'"kind":"(\w+)","page":"([\w:-]+)"', "".join(found.values_list("body", flat=True)))


def asked(home: House, **terms: object) -> ApprovalRequest:
    """Ada asks about a run plan, under `terms`."""
    drafted = policies.draft(actor=home.admin, subject_kind="run", terms=WANTED | terms, project_id=home.project.pk)
    factories.published(home.admin, drafted)
    factories.classification(home)
    run = runs.prepare(
        actor=home.ada, project_id=home.project.pk, base_model_id=factories.base_model(home).pk, training={}, title="",
        data=[factories.dataset_version(home).pk], evaluation_plan_id=factories.evaluation_plan(home).pk,
    )  # fmt: skip
    return runs.submit(actor=home.ada, run_id=run.pk)


def subject(request: ApprovalRequest) -> Run:
    return Run.objects.get(pk=request.subject_id)


def test_a_decision_says_what_its_signer_opened_and_what_not(home: House) -> None:
    request = asked(home)
    run = subject(request)
    for _ in range(2):  # once for each part, however often it is opened
        opens(home.rita, run)
    opens(home.rita, run.base_model)
    assert by_token(home.rita).get(f"{API}/evaluation-plans/{run.evaluation_plan_id}/").status_code == 200
    opens(home.ada, run)  # asked for it, and decides on nothing
    opens(home.ben, run)
    panel = pages(home.rita).get(reverse("approval-detail", args=[request.pk])).content.decode()
    assert "What you opened of it in Assay" in panel and panel.count("not opened") == 1
    assert noted() == [
        ("run", "run-detail"), ("base_model", "base-model-detail"), ("evaluation_plan", "api:evaluation-plan-detail"),
    ]  # fmt: skip
    decision = factories.decide(home.rita, request, Verdict.APPROVE)
    assert [(each["label"], bool(each["at"])) for each in decision.opened] == [
        ("Run plan", True), ("Base model", True), ("Data", False), ("Evaluation plan", True),
    ]  # fmt: skip
    assert decision.content()["opened"] == decision.opened
    shown = pages(home.omar).get(reverse("approval-detail", args=[request.pk])).content.decode()
    assert re.search(r"Opened in Assay before deciding: run plan \d+ \w+ \d\d:\d\d, base .*; not opened: data", shown)
    sent = by_token(home.omar).get(f"{API}/approvals/{request.pk}/").json()
    assert sent["decisions"][0]["opened"][2] | {"sha256": "", "name": ""} == {
        "label": "Data", "name": "", "sha256": "", "at": None,
    }  # fmt: skip


def test_without_the_wish_of_a_policy_nothing_is_noted(home: House) -> None:
    request = asked(home, record_opened=False)
    opens(home.rita, subject(request))
    assert noted() == []
    assert factories.decide(home.rita, request, Verdict.APPROVE).opened is None


def test_who_decides_in_a_later_step_is_noted_and_who_is_closed_out_is_not(home: House) -> None:
    first, later = ({"name": role, "roles": [role], "stage": n} for n, role in ((1, "risk_owner"), (2, "owner")))
    request = asked(home, steps=[first, later])
    run = subject(request)
    opens(home.admin, run)
    factories.decide(home.rita, request, Verdict.APPROVE)
    opens(home.rita, run.base_model)  # she decided already
    assert noted() == [("run", "run-detail")]


def test_what_was_opened_is_printed_beside_a_document(home: House) -> None:
    request = asked(home)
    decision = factories.decide(home.rita, request, Verdict.APPROVE)
    [printed] = signatures({"signatures": [plain(decision.printed())]})
    told = "Nothing of it was opened in Assay before deciding: run plan, base model, data, evaluation plan"
    assert printed["opened"] == told
    opens(home.rita, subject(request))  # after it: the decision is as it was
    decision.refresh_from_db()
    assert [printed] == signatures({"signatures": [plain(decision.printed())]})


def test_the_default_edition_is_as_it_was(home: House) -> None:
    terms = default().terms["run"]
    assert "record_opened" not in terms.content() and digest_of("x", "run", terms)
