"""A range of retrains is approved once: what lies inside passes on record, what lies outside takes the full way."""

import zipfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from governance.delivery.evidence import services as evidence
from governance.delivery.evidence import verify
from governance.delivery.lineage import services as lineage
from governance.delivery.releases import services as releases
from governance.documents.dossiers import selectors as dossiers
from governance.documents.dossiers.services import freeze
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core import blobs
from governance.foundation.core.errors import GateClosed, NotAllowed, NotFound, Unusable, WrongState
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals import reauthentication
from governance.people.approvals import services as approvals
from governance.people.approvals.models import ApprovalRequest, Decision
from governance.people.approvals.rules import State as Asked
from governance.people.approvals.rules import Verdict
from governance.people.approvals.selectors import standing
from governance.people.notifications.models import Notice
from governance.people.policies import services as policies
from governance.people.projects import services as projects
from governance.people.projects.models import Member
from governance.people.projects.rules import Role
from governance.work.envelopes import selectors, services
from governance.work.envelopes.models import Passage
from governance.work.envelopes.rules import Bounds, State
from governance.work.runs import services as runs
from governance.work.runs.folders import run_folder
from governance.work.runs.models import Run
from tests import factories
from tests.people import PASSWORD, House

WITH_ADDRESS = factories.row(500).replace("transfer", "transfer to mia.keller@example.org,")


@pytest.fixture(autouse=True)
def quick_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The estimate has tests of its own; here it would start a process for each submission."""
    monkeypatch.setattr(runs, "estimate", lambda run: {"reason": "not asked for in this test"})


@pytest.fixture
def reference(home: House) -> Run:
    """R-1: finished, and its 77 rows looked through."""
    return factories.looked_through_run(home)


def next_version(
    home: House, rows: range, *, more: str = "", licence: str = "CC0-1.0", looked: bool = True, **said: Any
) -> DatasetVersion:
    """The next version of the support desk, registered by Ada; nobody was asked about it yet."""
    path = run_folder(home.project.pk) / f"desk-{rows.start}-{rows.stop}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(factories.row(number) for number in rows) + more, encoding="utf-8")
    made = datasets.register_version(
        actor=home.ada, dataset_id=home.project.datasets.get(slug="support-desk").pk, path=path, file_name=path.name,
        licence=licence, provenance=factories.PROVENANCE | said,
    )  # fmt: skip
    return factories.looked_through(home, made) if looked else made


def ask(home: House, subject: Any) -> ApprovalRequest:
    return approvals.ask(actor=home.ada, subject=subject, project_id=home.project.pk)


def retrain(home: House, version: DatasetVersion, **changed: Any) -> ApprovalRequest:
    plan: dict[str, Any] = {
        "base_model_id": factories.base_model(home).pk,
        "evaluation_plan_id": factories.evaluation_plan(home).pk,
        "training": {},
    }
    made = runs.prepare(actor=home.ada, project_id=home.project.pk, data=[version.pk], **(plan | changed))
    return runs.submit(actor=home.ada, run_id=made.pk)


def crossed(request: ApprovalRequest, subject: Any) -> list[str]:
    (one,) = selectors.held(request, subject)
    return [check.what for check in one.outside]


def test_a_retrain_inside_passes_from_data_to_launch_and_nobodys_decision_is_made_up(
    home: House, reference: Run
) -> None:
    envelope = factories.envelope(home, reference)
    before = Decision.objects.count()
    version = next_version(home, range(80))
    assert ask(home, version).state == Asked.GRANTED
    request = retrain(home, version)
    assert request.state == Asked.GRANTED
    run = runs.launch(actor=home.ada, run_id=request.subject_id)
    assert Decision.objects.count() == before
    answer = standing(run)
    today = f"{timezone.localdate():%d %b %Y}"
    assert answer.granted
    assert answer.by == f"Ben Castell, Rita Falk on {today}, beforehand, by change envelope E-{envelope.number}"
    found = {check["what"]: check["found"] for check in Passage.objects.get(request=request).checks}
    assert found[f"Rows added to {version}"] == "3, 3.9 %"
    assert found["Method and settings"] == "as in the reference"


def test_what_passed_stands_in_the_trail_and_those_who_would_have_decided_are_told(home: House, reference: Run) -> None:
    factories.envelope(home, reference)
    version = next_version(home, range(78))
    request = ask(home, version)
    told = Notice.objects.filter(subject_id=request.pk, text__contains="passed under change envelope E-1")
    assert {notice.person_id for notice in told} == {home.ada.user_id, home.ben.user_id}
    last = list(AuditEvent.objects.order_by("-seq").values_list("action", "actor")[:2])
    assert last == [("approval.passed", None), ("envelope.passed", None)], "no person did this"


OUTSIDE: list[tuple[range, dict[str, Any], str]] = [
    (range(98), {}, "Rows added"),  # 21 where 20 are allowed
    (range(1, 77), {}, "Rows removed"),
    (range(78), {"licence": "Apache-2.0"}, "Licence"),
    (range(79), {"issuer": "Somebody else"}, "Provenance"),
    (range(80), {"more": WITH_ADDRESS}, "Personal data and secrets"),
    (range(81), {"looked": False}, "Personal data and secrets"),
]


def test_data_outside_waits_for_a_person_and_the_page_is_told_which_bound_was_crossed(
    home: House, reference: Run
) -> None:
    factories.envelope(home, reference)
    for rows, said, bound in OUTSIDE:
        version = next_version(home, rows, **said)
        request = ask(home, version)
        assert request.state == Asked.OPEN, bound
        assert any(what.startswith(bound) for what in crossed(request, version))
        (fact,) = [fact for fact in selectors.told(version, home.project) if fact.label == "Outside E-1"]
        assert bound in fact.says
    assert not Passage.objects.exists()
    told = Notice.objects.filter(text__contains="lies outside the change envelope E-1")  # Ada asked, and saw it
    assert {notice.person_id for notice in told} == {home.ben.user_id, home.rita.user_id}
    assert told.count() == 2 * len(OUTSIDE)
    factories.approve(home.ben, request)
    assert standing(version).granted
    dated = next_version(home, range(82), collected_to="2026-11")
    assert ask(home, dated).state == Asked.GRANTED, "other dates of collection are no other answer"


def test_a_plan_with_another_setting_is_outside_and_a_lower_budget_is_not(home: House, reference: Run) -> None:
    factories.envelope(home, reference)
    version = next_version(home, range(78))
    ask(home, version)
    for changed in ({"method": {"name": "lora", "r": 4}}, {"seed": 5}):
        request = retrain(home, version, training=changed)
        assert request.state == Asked.OPEN
        assert crossed(request, Run.objects.get(pk=request.subject_id)) == ["Method and settings"]
    assert retrain(home, version, budget={"max_minutes": 5}).state == Asked.GRANTED


def test_a_changed_plan_loses_what_passed_like_any_approval(home: House, reference: Run) -> None:
    factories.envelope(home, reference)
    version = next_version(home, range(78))
    ask(home, version)
    request = retrain(home, version)
    plan = {"base_model_id": reference.base_model_id, "evaluation_plan_id": reference.evaluation_plan_id}
    runs.revise(
        actor=home.ada, run_id=request.subject_id, data=[version.pk], training={"seed": 9}, **plan  # type: ignore[arg-type]
    )  # fmt: skip
    answer = standing(Run.objects.get(pk=request.subject_id))
    assert not answer.granted
    assert answer.changed
    again = runs.submit(actor=home.ada, run_id=request.subject_id)
    assert again.state == Asked.OPEN


def test_nothing_passes_before_the_last_signature_nor_after_the_last_day_nor_once_revoked(
    home: House, reference: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    envelope = factories.envelope(home, reference, approved=False)
    request = ApprovalRequest.objects.get(subject_id=envelope.pk)
    factories.approve(home.ben, request)
    first = ask(home, next_version(home, range(78)))
    factories.approve(home.rita, request)
    assert selectors.states([envelope])[envelope.pk] == State.IN_FORCE
    passing = ask(home, next_version(home, range(79)))
    with monkeypatch.context() as later:
        later.setattr(timezone, "localdate", lambda: envelope.expires_on + timedelta(days=1))
        assert selectors.states([envelope])[envelope.pk] == State.EXPIRED
        late = ask(home, next_version(home, range(80)))
    services.revoke(actor=home.rita, envelope_id=envelope.pk, reason="The desk changed its tone.")
    revoked = ask(home, next_version(home, range(81)))
    assert [each.state for each in (first, passing, late, revoked)] == [
        Asked.OPEN, Asked.GRANTED, Asked.OPEN, Asked.OPEN,
    ]  # fmt: skip
    assert standing(DatasetVersion.objects.get(pk=passing.subject_id)).granted, "what passed stands"
    with pytest.raises(WrongState, match="nothing to revoke"):
        services.revoke(actor=home.rita, envelope_id=envelope.pk, reason="Again.")


def test_withdrawn_data_suspends_the_envelope_until_it_is_taken_back(home: House, reference: Run) -> None:
    envelope = factories.envelope(home, reference)
    version = next_version(home, range(78))
    made = lineage.withdraw(actor=home.ben, version_id=reference.data()[0].pk, reason="Consent was taken back.")
    assert selectors.states([envelope])[envelope.pk] == State.SUSPENDED
    assert any("Suspended" in each for each in selectors.fallen(envelope))
    told = Notice.objects.filter(subject_id=envelope.pk, text__startswith="Nothing passes under the change envelope")
    # Ben withdrew it; Ada wrote the envelope and Rita approved it: once each, though data and plan both fell
    assert sorted(told.values_list("person__username", flat=True)) == ["ada", "rita"]
    proof = reauthentication.by_password(
        actor=home.paula, password=PASSWORD, subject_digest=made.content_digest, verdict=Verdict.APPROVE
    )
    lineage.take_back(actor=home.paula, withdrawal_id=made.pk, reason="It was another file.", proof=proof)
    assert selectors.states([envelope])[envelope.pk] == State.IN_FORCE
    assert ask(home, version).state == Asked.GRANTED


def test_while_its_reference_is_asked_about_anew_it_holds_and_whoever_refuses_that_ends_it(
    home: House, reference: Run
) -> None:
    envelope, (data,) = factories.envelope(home, reference), reference.data()
    terms = {"steps": [{"name": "Second look", "roles": ["compliance_officer"]}]}
    draft = policies.draft(actor=home.admin, subject_kind=data.kind, terms=terms, project_id=home.project.pk)
    factories.published(home.admin, draft)
    renewal = ask(home, data)
    assert renewal.state == Asked.OPEN, "what is approved already is renewed by people"
    assert selectors.states([envelope])[envelope.pk] == State.IN_FORCE
    factories.decide(home.cleo, renewal, Verdict.REJECT, reason="The source is not named.")
    assert selectors.states([envelope])[envelope.pk] == State.SUSPENDED
    told = Notice.objects.filter(subject_id=envelope.pk, text__startswith="Nothing passes under the change envelope")
    assert sorted(told.values_list("person__username", flat=True)) == ["ada", "ben", "rita"]


def test_who_wrote_it_or_launched_the_reference_does_not_decide_on_it(home: House, reference: Run) -> None:
    envelope = factories.envelope(home, reference, approved=False)
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="ada", role=Role.RISK_OWNER)
    request = ApprovalRequest.objects.get(subject_id=envelope.pk)
    with pytest.raises(NotAllowed, match="Ada wrote the change envelope"):
        factories.approve(home.ada, request)
    other = services.write(
        actor=home.rita, run_id=reference.pk, bounds=Bounds(1), expires_on=timezone.localdate(), reason="One row."
    )
    with pytest.raises(NotAllowed, match="Ada submitted the run plan"):
        factories.approve(home.ada, ApprovalRequest.objects.get(subject_id=other.pk))


def test_who_approved_the_range_has_no_part_in_what_passes(home: House, reference: Run) -> None:
    """Else they would have approved their own work, a day early."""
    factories.envelope(home, reference)
    version = next_version(home, range(78))
    request = approvals.ask(actor=home.ben, subject=version, project_id=home.project.pk)
    assert request.state == Asked.OPEN
    assert crossed(request, version) == ["Approved beforehand by people who could decide on this"]


def test_who_is_no_decider_any_more_lets_nothing_pass(home: House, reference: Run) -> None:
    factories.envelope(home, reference)
    Member.objects.filter(project=home.project, user_id=home.ben.person_id).delete()
    assert ask(home, next_version(home, range(78))).state == Asked.OPEN


def test_a_stricter_policy_is_not_gone_round_by_an_envelope(home: House, reference: Run) -> None:
    factories.envelope(home, reference)
    two = {"steps": [{"name": "Both", "roles": ["risk_owner", "compliance_officer"], "quorum": 2}]}
    policy = policies.draft(actor=home.admin, subject_kind="run", terms=two, project_id=home.project.pk)
    factories.published(home.admin, policy)
    version = next_version(home, range(78))
    assert ask(home, version).state == Asked.GRANTED, "of data the policy says nothing"
    request = retrain(home, version)
    assert request.state == Asked.OPEN
    assert crossed(request, Run.objects.get(pk=request.subject_id)) == [
        "Approved beforehand by people who could decide on this"
    ]


def test_what_somebody_said_no_to_does_not_pass_when_it_is_asked_again(home: House, reference: Run) -> None:
    version = next_version(home, range(80))
    request = ask(home, version)
    factories.envelope(home, reference)
    factories.decide(home.ben, request, Verdict.REJECT, reason="These three rows are wrong.")
    assert ask(home, version).state == Asked.OPEN


def test_what_lost_its_approval_with_its_data_is_somebodys_to_decide(home: House, reference: Run) -> None:
    factories.envelope(home, reference)
    version = next_version(home, range(80))
    ask(home, version)
    passed = retrain(home, version)
    run = Run.objects.get(pk=passed.subject_id)
    lineage.withdraw(actor=home.ben, version_id=version.pk, reason="Consent was taken back.", rows=[79, 80])
    assert ask(home, run).state == Asked.OPEN
    assert not standing(run).granted


def test_another_purpose_leaves_the_range(home: House, reference: Run) -> None:
    factories.envelope(home, reference)
    projects.describe(actor=home.ada, project_id=home.project.pk, intended_purpose="Ranks job applicants.")
    version = next_version(home, range(80))
    request = ask(home, version)
    assert request.state == Asked.OPEN
    assert crossed(request, version) == ["Intended purpose"]


def test_what_passed_is_no_younger_than_the_approval_of_its_range(home: House, reference: Run) -> None:
    terms = {"steps": [{"name": "Review", "roles": ["data_steward"]}], "expires_after_days": 7}
    drafted = policies.draft(actor=home.admin, subject_kind="dataset_version", terms=terms, project_id=home.project.pk)
    factories.published(home.admin, drafted)
    envelope = factories.envelope(home, reference)
    request = ask(home, next_version(home, range(80)))
    request.refresh_from_db()
    assert request.expires_at == standing(envelope).decisions[-1].created_at + timedelta(days=7)


def test_a_release_passes_only_where_the_envelope_says_so_and_never_without_its_dossier(
    home: House, reference: Run
) -> None:
    factories.envelope(home, reference)
    factories.envelope(home, reference, most_worse=0.5)
    version = next_version(home, range(78))
    ask(home, version)
    run = _finished(home, version)
    frozen = freeze(actor=home.ada, dossier_id=dossiers.of(run.model_version).pk)  # type: ignore[union-attr]
    release = releases.propose(actor=home.ada, dossier_version_id=frozen.pk)
    request = ApprovalRequest.objects.get(subject_id=release.pk)
    assert request.state == Asked.GRANTED
    assert request.passage.envelope.number == 2
    with pytest.raises(GateClosed, match="compliance officer"):
        releases.release(actor=home.rita, release_id=release.pk)


def test_dossier_and_bundle_say_that_it_passed_and_who_approved_the_range(
    home: House, reference: Run, tmp_path: Path
) -> None:
    factories.envelope(home, reference)
    version = next_version(home, range(78))
    ask(home, version)
    run = _finished(home, version)
    frozen = freeze(actor=home.ada, dossier_id=dossiers.of(run.model_version).pk)  # type: ignore[union-attr]
    said = " ".join(each["text"] for section in frozen.document["sections"] for each in section["statements"])
    assert f"{run} under change envelope E-1, approved beforehand by Ben Castell, Rita Falk" in said
    signed = {(each["by"], each["over"]["kind"]) for each in dossiers.seal(frozen)["signatures"]}
    assert {("Ben Castell", "envelope"), ("Rita Falk", "envelope")} <= signed
    assert ("Rita Falk", "run") not in signed
    bundle = evidence.export(actor=home.cleo, dossier_version_id=frozen.pk)
    path = blobs.copy_to(bundle.file_sha256, tmp_path / "evidence.zip")
    assert verify.verify(path).sound
    with zipfile.ZipFile(path) as archive:
        held = Counter(name.split("/")[-2] for name in archive.namelist() if name.count("/") > 1)
    assert (held["passage"], held["envelope"]) == (2, 1)


def _finished(home: House, version: DatasetVersion) -> Run:
    """A retrain that passes, and goes the whole way: Rita is asked for nothing."""
    request = retrain(home, version)
    assert request.state == Asked.GRANTED
    return factories.ended(runs.launch(actor=home.ada, run_id=request.subject_id))


def test_an_envelope_needs_a_reference_that_succeeded_and_of_which_all_is_known(home: House) -> None:
    version = factories.dataset_version(home)
    run = factories.launched_run(home)
    with pytest.raises(WrongState, match="no reference"):
        factories.envelope(home, run)
    factories.ended(run)
    run.refresh_from_db()
    with pytest.raises(Unusable, match="Personal data and secrets in Support desk v1: not known"):
        factories.envelope(home, run)
    factories.looked_through(home, version)
    assert factories.envelope(home, run).number == 1


def test_bounds_that_are_none_are_refused_by_name(home: House, reference: Run) -> None:
    today = timezone.localdate()
    sound: dict[str, Any] = {"bounds": Bounds(1), "expires_on": today, "reason": "A week of questions."}
    for given, field in (
        ({"bounds": Bounds(-1)}, "most_rows_added"),
        ({"reason": " "}, "reason"),
        ({"expires_on": today - timedelta(days=1)}, "expires_on"),
        ({"expires_on": today + timedelta(days=400)}, "expires_on"),
    ):
        with pytest.raises(Unusable) as error:
            services.write(actor=home.ada, run_id=reference.pk, **(sound | given))
        assert error.value.faults[0].field == field


def test_who_may_write_and_revoke_one(home: House, reference: Run) -> None:
    with pytest.raises(NotAllowed):
        services.write(
            actor=home.vera, run_id=reference.pk, bounds=Bounds(1), expires_on=timezone.localdate(), reason="So."
        )
    envelope = factories.envelope(home, reference)
    with pytest.raises(NotAllowed):
        services.revoke(actor=home.ada, envelope_id=envelope.pk, reason="So.")
    with pytest.raises(NotFound):
        selectors.visible(home.dev, envelope.pk)
    with pytest.raises(NotFound):
        services.revoke(actor=home.dev, envelope_id=envelope.pk, reason="So.")
