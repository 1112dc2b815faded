"""What a decider reads before deciding: the facts first, the raw content folded, and the audit log told in bursts."""

import re
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assay.web.trail import Told, bursts
from governance.documents.dossiers import selectors as dossier_selectors
from governance.documents.dossiers import services as dossiers
from governance.documents.dossiers.models import DossierVersion
from governance.foundation.audit.models import AuditEvent
from governance.materials.datasets import services as datasets
from governance.people.approvals import services as approvals
from governance.people.approvals import subjects
from governance.people.approvals.models import ApprovalRequest
from tests import factories
from tests.people import PASSWORD, House


def read(who: str, url: str) -> str:
    client = Client()
    assert client.login(username=who, password=PASSWORD)
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.fixture
def frozen(home: House, models_dir: object) -> DossierVersion:
    factories.classification(home)
    dossier = dossier_selectors.of(factories.finished_run(home).model_version)
    assert dossier is not None
    return dossiers.freeze(actor=home.ada, dossier_id=dossier.pk)


def test_every_kind_that_can_be_asked_about_tells_its_facts_before_its_content(
    home: House, frozen: DossierVersion
) -> None:
    approvals.ask(actor=home.ada, subject=frozen, project_id=home.project.pk)
    proposed = Client()
    proposed.login(username="ada", password=PASSWORD)
    proposed.post(reverse("release-propose", args=[frozen.pk]), {"notes": "Small."})
    asked = list(ApprovalRequest.objects.all())
    assert {each.subject_kind for each in asked} == {"dataset_version", "base_model", "run", "dossier", "release"}
    for request in asked:
        page = read("omar", reverse("approval-detail", args=[request.pk]))
        facts, folded = page.index("What is asked: to approve this"), page.index('<details class="a-fold a-sheet"')
        for fact in subjects.summary(subjects.load(request.subject_kind, request.subject_id), home.project):
            assert facts < page.index(f"<dt>{fact.label}</dt>") < folded


def test_the_panel_opens_with_the_facts(home: House, frozen: DossierVersion) -> None:
    request = approvals.ask(actor=home.ada, subject=frozen, project_id=home.project.pk)
    page = read("cleo", reverse("approval-detail", args=[request.pk]))
    panel = page[page.index('role="dialog"') :]
    assert panel.index("What you decide on") < panel.index("<dt>Risk class</dt>") < panel.index("You sign")


def test_a_dossiers_prompts_are_told_as_they_stand(home: House, frozen: DossierVersion) -> None:
    facts = {fact.label: fact for fact in subjects.summary(frozen, home.project)}
    stand: Counter[str] = Counter()
    due = 0
    for section in frozen.document["sections"]:
        for prompt in section["prompts"]:
            met, absent = prompt["met_by"], prompt["not_applicable"]
            kind = section["statements"][met[0]]["source"] if met else "not applicable" if absent else "missing"
            stand[kind] += 1
            due += kind == "missing" and section["duty"] == "required"
    for label in ("Declared", "Attached", "Missing", "Not applicable"):
        assert facts[label].says == f"{stand[label.lower()]} prompts"
    assert facts["Measured"].says == f"{stand['measured']} of {stand.total()} prompts"
    assert facts["Missing"].warns == bool(due)


def test_a_subject_that_changed_is_not_told_as_if_it_had_been_asked_about(home: House, models_dir: object) -> None:
    version = factories.dataset_version(home)
    request = ApprovalRequest.objects.get(subject_id=version.pk)
    type(version).objects.filter(pk=version.pk).update(licence="MIT")
    page = read("omar", reverse("approval-detail", args=[request.pk]))
    assert "<dt>Rows</dt>" not in page and "no longer those that were asked about" in page


def test_whoever_proposes_a_release_sees_what_the_evaluation_found(home: House, frozen: DossierVersion) -> None:
    page = read("ada", reverse("release-propose", args=[frozen.pk]))
    report = frozen.dossier.model_version.evaluations.get().report
    assert "What the evaluation found" in page
    for comparison in (one for task in report["tasks"] for one in task["comparisons"] if one["group"] is None):
        assert comparison["verdict"].capitalize() in page
    for finding in report["findings"]:
        assert finding["message"].replace("'", "&#x27;") in page


NOON = datetime(2026, 11, 26, 12, tzinfo=timezone.get_current_timezone())
ADA, BEN = UUID(int=1), UUID(int=2)


def told(*acts: tuple[UUID, str, float]) -> list[Told]:
    """Entries (who, what, at which minute), as the log is read."""
    return [
        Told(
            event=AuditEvent(
                seq=seq, at=NOON + timedelta(minutes=minute), actor=who, action=act, subject_kind="declaration"
            ),
            who=str(who), did=act, what=str(uuid4()), url="", notes=[],
        )
        for seq, (who, act, minute) in enumerate(acts)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("acts", "sizes"),
    [
        ([(ADA, "declared", n) for n in range(4)], [4]),
        ([(ADA, "declared", n) for n in range(3)], [1, 1, 1]),
        ([(ADA, "declared", 6 * n) for n in range(4)], [1, 1, 1, 1]),
        ([(ADA, "declared", n) for n in range(4)] + [(BEN, "declared", 4)], [4, 1]),
        ([(ADA, "declared", 0), (BEN, "declared", 0)] * 3, [1] * 6),
        ([(ADA, "declared", 0)] * 4 + [(ADA, "froze", 0)] * 5, [4, 5]),
        ([], []),
    ],
)
def test_a_burst_is_one_line_and_nothing_is_lost(acts: list[tuple[UUID, str, float]], sizes: list[int]) -> None:
    rows = told(*acts)
    groups = list(bursts(rows))
    assert [len(group) for group in groups] == sizes
    assert [row for group in groups for row in group] == rows


def test_the_log_folds_a_burst_and_still_shows_every_entry(home: House) -> None:
    for number in range(5):
        datasets.create(actor=home.ada, project_id=home.project.pk, name=f"Tickets {number}")
    page = read("omar", reverse("audit-list"))
    shown = {int(seq) for seq in re.findall(r'<td class="n">(\d+)</td>', page)}
    visible = AuditEvent.objects.filter(project=home.project.pk) | AuditEvent.objects.filter(
        project=None, organisation=home.organisation.pk
    )
    assert shown == set(visible.values_list("seq", flat=True))
    assert "All 5 entries</summary>" in page and "Tickets 0</a> and 4 more" in page
