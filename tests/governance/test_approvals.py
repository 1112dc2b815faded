"""Two people, really: who may decide, what a signature binds to, and what a change does to it."""

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.foundation.audit.models import AuditEvent
from governance.foundation.audit.verification import verify
from governance.foundation.core.errors import NotAllowed, NotFound, StaleSubject, Unusable, WrongState
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals import lines, reauthentication, selectors, services, subjects
from governance.people.approvals.rules import State, Verdict
from governance.work.runs import services as runs
from governance.work.runs.models import Run
from tests import factories
from tests.people import PASSWORD, House
from tests.tampering import guards_lifted

ROW = (
    '{"messages": [{"role": "user", "content": "Is it open?"}, {"role": "assistant", "content": "Yes, until six."}]}\n'
)
PROVENANCE = {
    "source": "Written for this test.",
    "issuer": "Linden Bank",
    "method": "Written by hand.",
    "personal_data": "None.",
}


@pytest.fixture
def version(home: House, tmp_path: object) -> DatasetVersion:
    path = tmp_path / "rows.jsonl"  # type: ignore[operator]
    path.write_text(ROW)
    dataset = datasets.create(actor=home.ada, project_id=home.project.pk, name="Tickets")
    return datasets.register_version(
        actor=home.ada,
        dataset_id=dataset.pk,
        path=path,
        file_name="rows.jsonl",
        licence="CC0-1.0",
        provenance=PROVENANCE,
    )


def proof(actor: object, request: object, verdict: Verdict = Verdict.APPROVE) -> str:
    return reauthentication.by_password(
        actor=actor,
        password=PASSWORD,
        subject_digest=request.subject_digest,
        verdict=verdict,  # type: ignore
    )


def ask(home: House, version: DatasetVersion) -> object:
    return services.ask(actor=home.ada, subject=version, project_id=home.project.pk)


def test_a_steward_approves_data_that_somebody_else_registered(home: House, version: DatasetVersion) -> None:
    request = ask(home, version)
    assert selectors.standing(version).missing == ["one data steward"]
    assert selectors.inbox(home.ben) == [request]
    services.decide(
        actor=home.ben, request_id=request.pk, verdict=Verdict.APPROVE, reason="", proof=proof(home.ben, request)
    )
    answer = selectors.standing(version)
    assert answer.granted and answer.by == "Ben Castell"
    assert selectors.inbox(home.ben) == []


def test_the_engineer_cannot_approve_her_own_data(home: House, version: DatasetVersion) -> None:
    request = ask(home, version)
    with pytest.raises(NotAllowed, match="Ada registered this data and cannot decide on it"):
        services.decide(
            actor=home.ada, request_id=request.pk, verdict=Verdict.APPROVE, reason="", proof=proof(home.ada, request)
        )
    assert not selectors.standing(version).granted


def test_a_role_without_the_right_cannot_decide(home: House, version: DatasetVersion) -> None:
    request = ask(home, version)
    with pytest.raises(NotAllowed, match="Only a data steward"):
        services.decide(
            actor=home.rita, request_id=request.pk, verdict=Verdict.APPROVE, reason="", proof=proof(home.rita, request)
        )


def test_somebody_of_another_project_learns_nothing(home: House, version: DatasetVersion) -> None:
    request = ask(home, version)
    with pytest.raises(NotFound):
        services.decide(
            actor=home.dev, request_id=request.pk, verdict=Verdict.APPROVE, reason="", proof=proof(home.dev, request)
        )


def test_a_changed_subject_loses_its_approval_by_arithmetic(home: House, version: DatasetVersion) -> None:
    request = ask(home, version)
    services.decide(
        actor=home.ben, request_id=request.pk, verdict=Verdict.APPROVE, reason="", proof=proof(home.ben, request)
    )
    DatasetVersion.objects.filter(pk=version.pk).update(licence="CC-BY-NC-4.0")
    version.refresh_from_db()
    answer = selectors.standing(version)
    assert not answer.granted and answer.changed
    again = ask(home, version)
    assert lines.last_decided(again) == request
    request.refresh_from_db()
    assert request.state == State.VOID
    assert list(lines.changes(request.subject_content, again.subject_content)) == [
        ("licence", "CC0-1.0", "CC-BY-NC-4.0")
    ]


def test_a_change_between_asking_and_signing_is_noticed(home: House, version: DatasetVersion) -> None:
    request = ask(home, version)
    shown = proof(home.ben, request)
    DatasetVersion.objects.filter(pk=version.pk).update(rows=2)
    with pytest.raises(StaleSubject):
        services.decide(actor=home.ben, request_id=request.pk, verdict=Verdict.APPROVE, reason="", proof=shown)


@pytest.mark.parametrize("spoil", ["none", "another person's", "another verdict's", "another digest's", "used"])
def test_a_signature_takes_a_fresh_proof_of_its_own(home: House, version: DatasetVersion, spoil: str) -> None:
    request = ask(home, version)
    bad = {
        "none": lambda: "",
        "another person's": lambda: proof(home.rita, request),
        "another verdict's": lambda: proof(home.ben, request, Verdict.REJECT),
        "another digest's": lambda: reauthentication.by_password(
            actor=home.ben, password=PASSWORD, subject_digest="0" * 64, verdict=Verdict.APPROVE
        ),
        "used": lambda: used(home, request),
    }[spoil]()
    with pytest.raises(NotAllowed, match="Show again that it is you"):
        services.decide(actor=home.ben, request_id=request.pk, verdict=Verdict.APPROVE, reason="", proof=bad)
    assert not request.decisions.exists()


def used(home: House, request: object) -> str:
    secret = proof(home.ben, request)
    reauthentication.consume(
        proof=secret,
        actor=home.ben,
        subject_digest=request.subject_digest,
        verdict=Verdict.APPROVE,  # type: ignore
    )
    return secret


def test_wrong_passwords_are_counted_recorded_and_stopped(home: House, version: DatasetVersion) -> None:
    for _ in range(5):
        with pytest.raises(Unusable, match="not your password"):
            reauthentication.by_password(
                actor=home.ben, password="guess", subject_digest="0" * 64, verdict=Verdict.APPROVE
            )
    with pytest.raises(WrongState, match="Too many"):
        reauthentication.by_password(
            actor=home.ben, password=PASSWORD, subject_digest="0" * 64, verdict=Verdict.APPROVE
        )
    assert AuditEvent.objects.filter(action="reauthentication.failed").count() == 5


def test_a_rejection_says_why(home: House, version: DatasetVersion) -> None:
    request = ask(home, version)
    with pytest.raises(Unusable, match="Say why"):
        services.decide(
            actor=home.ben, request_id=request.pk, verdict=Verdict.REJECT, reason=" ",
            proof=proof(home.ben, request, Verdict.REJECT),
        )  # fmt: skip


def test_only_one_request_is_open_and_a_closed_one_takes_no_decision(home: House, version: DatasetVersion) -> None:
    request = ask(home, version)
    with pytest.raises(WrongState, match="waits for a decision already"):
        ask(home, version)
    services.withdraw(actor=home.ada, request_id=request.pk)
    with pytest.raises(WrongState, match="closed"):
        services.decide(
            actor=home.ben, request_id=request.pk, verdict=Verdict.APPROVE, reason="", proof=proof(home.ben, request)
        )


def test_what_is_voided_before_anybody_decided_was_never_approved(home: House, version: DatasetVersion) -> None:
    request = ask(home, version)
    services.void_open(actor=home.ada, subject=version, project_id=home.project.pk)
    request.refresh_from_db()
    assert request.state == State.VOID
    answer = selectors.standing(version)
    assert (answer.granted, answer.changed, answer.why) == (False, False, "Nobody was asked yet.")
    again = ask(home, version)
    assert again.state == State.OPEN
    assert lines.last_decided(again) is None


def test_what_is_granted_stays_when_open_requests_are_voided(home: House, version: DatasetVersion) -> None:
    request = ask(home, version)
    services.decide(
        actor=home.ben, request_id=request.pk, verdict=Verdict.APPROVE, reason="", proof=proof(home.ben, request)
    )
    services.void_open(actor=home.ada, subject=version, project_id=home.project.pk)
    assert selectors.standing(version).granted


def test_the_trail_verifies_and_names_what_was_changed(home: House, version: DatasetVersion) -> None:
    ask(home, version)
    assert verify().sound
    entry = AuditEvent.objects.get(action="approval.asked")
    with guards_lifted():
        AuditEvent.objects.filter(pk=entry.pk).update(body=entry.body.replace("approval.asked", "approval.granted"))
    assert f"entry {entry.pk:,}: its text was changed after it was written" in verify().faults


def test_rows_that_cannot_be_used_are_named_and_nothing_is_kept(home: House, tmp_path: object) -> None:
    dataset = datasets.create(actor=home.ada, project_id=home.project.pk, name="Tickets")
    path = tmp_path / "rows.jsonl"  # type: ignore[operator]
    path.write_text(ROW + '{"messages": [{"role": "user", "content": ""}]}\n')
    with pytest.raises(Unusable) as error:
        datasets.register_version(
            actor=home.ada, dataset_id=dataset.pk, path=path, file_name="x", licence="CC0-1.0", provenance=PROVENANCE
        )
    assert [(fault.row, fault.field) for fault in error.value.faults] == [(2, "messages[0].content")]
    assert not DatasetVersion.objects.exists()


def another(home: House, tmp_path: Path, number: int) -> DatasetVersion:
    path = tmp_path / f"{number}.jsonl"
    path.write_text(ROW.replace("six", f"{number} o'clock"))
    dataset = home.project.datasets.get(name="Tickets")
    return datasets.register_version(
        actor=home.ada, dataset_id=dataset.pk, path=path, file_name=path.name, licence="CC0-1.0", provenance=PROVENANCE
    )


def test_the_inbox_takes_as_many_queries_for_ten_requests_as_for_one(
    home: House, version: DatasetVersion, tmp_path: Path
) -> None:
    services.ask(actor=home.ada, subject=version, project_id=home.project.pk)
    with CaptureQueriesContext(connection) as one:
        assert len(selectors.inbox(home.ben.reading())) == 1
    for number in range(1, 10):
        services.ask(actor=home.ada, subject=another(home, tmp_path, number), project_id=home.project.pk)
    with CaptureQueriesContext(connection) as ten:
        assert len(selectors.inbox(home.ben.reading())) == 10
    # roles, what is laid open, what they administer, loans, requests, decisions, what was carried over, the subjects of
    # one kind, who answered about their rows
    assert len(ten) == len(one) == 9


def test_run_plans_in_the_inbox_bring_their_thresholds_along(home: House, models_dir: object) -> None:
    """Who wrote the thresholds is barred too; that must not be asked run by run."""
    counts = []
    for number in range(2):
        run = draft_run(home, title=f"Try {number}")
        Run.objects.filter(pk=run.pk).update(state="submitted")
        run.refresh_from_db()
        services.ask(actor=home.ada, subject=run, project_id=home.project.pk)
        with CaptureQueriesContext(connection) as queries:
            assert len(selectors.inbox(home.rita)) == number + 1
        counts.append(len(queries))
    assert counts[0] == counts[1]


def draft_run(home: House, title: str) -> Run:
    return runs.prepare(
        actor=home.ada, project_id=home.project.pk, base_model_id=factories.base_model(home).pk,
        data=[factories.dataset_version(home).pk], evaluation_plan_id=factories.evaluation_plan(home).pk,
        training={"hyperparameters": {"max_steps": 5}}, title=title,
    )  # fmt: skip


def told(subject: object, home: House) -> dict[str, subjects.Fact]:
    return {fact.label: fact for fact in subjects.summary(subject, home.project)}  # type: ignore[arg-type]


def test_a_decider_is_told_what_speaks_against_data(home: House, version: DatasetVersion) -> None:
    facts = told(version, home)
    assert facts["Rows"].says == "1, chat"
    assert facts["Comes from"].says == "Written for this test."
    # Right after it is registered, nobody has looked for personal data or answered for special categories.
    assert {label for label, fact in facts.items() if fact.warns} == {"Personal data found", "Special categories"}
    version.licence = "CC-BY-NC-4.0"
    version.profile["exact_duplicates"] = 3
    home.project.use = "commercial"
    facts = told(version, home)
    assert facts["Licence"].warns and "CC-BY-NC-4.0: rule against it for commercial use" in facts["Licence"].says
    assert facts["Found in them"].warns and facts["Found in them"].says.startswith("3 exact duplicates")


def test_a_decider_on_a_run_plan_is_told_which_gates_are_shut(home: House, models_dir: object) -> None:
    run = draft_run(home, "Try")
    assert "Gates" not in told(run, home)  # a draft is not asked about
    run.state = "submitted"
    facts = told(run, home)
    assert facts["Base model"].says == str(run.base_model)
    assert facts["Data for training"].says == "Support desk v1, 77 rows"
    assert facts["Method"].says == "LoRA, rank 16, alpha 32"
    assert facts["Steps"].says == "epochs: auto, at most 5 steps"
    assert facts["Gates"].says == "5 of 5 others open"
    assert "questionnaire is not answered" in facts["Gates"].detail
    run.estimate = {"reason": "No row is short enough."}
    assert told(run, home)["Estimate"].warns


def test_a_new_version_of_approved_data_is_compared_with_the_one_before(
    home: House, version: DatasetVersion, tmp_path: Path
) -> None:
    first = ask(home, version)
    second = another(home, tmp_path, 2)
    assert lines.last_decided(services.ask(actor=home.ada, subject=second, project_id=home.project.pk)) is None
    factories.approve(home.ben, first)  # type: ignore[arg-type]
    third = services.ask(actor=home.ada, subject=another(home, tmp_path, 3), project_id=home.project.pk)
    assert lines.last_decided(third) == first
