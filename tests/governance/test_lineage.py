"""Withdrawing data: what it reaches, what loses its approval, who may take it back."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from governance.delivery.lineage import graph, selectors, services, worker
from governance.delivery.lineage.models import Trace, Withdrawal
from governance.delivery.releases import selectors as releases
from governance.delivery.releases.models import Release
from governance.documents.dossiers import services as dossiers
from governance.documents.dossiers.models import DossierVersion
from governance.documents.model_cards import services as model_cards
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import GateClosed, NotAllowed, NotFound, Unusable, WrongState
from governance.foundation.jobs import errands
from governance.foundation.jobs.models import Job
from governance.materials.datasets import services as datasets
from governance.materials.datasets import splitting
from governance.materials.datasets.models import Dataset, DatasetVersion
from governance.people.approvals import reauthentication
from governance.people.approvals import services as approvals
from governance.people.approvals.models import Suspension
from governance.people.approvals.rules import Verdict
from governance.people.approvals.selectors import standing
from governance.people.approvals.subjects import summary
from governance.people.projects import services as projects
from governance.people.projects.models import Project
from governance.work.runs import services as runs
from governance.work.runs.inputs import Parts
from governance.work.runs.models import Run
from governance.work.runs.rules import State as RunState
from preparation import splits
from tests import factories
from tests.people import PASSWORD, House


@pytest.fixture
def released(home: House) -> Release:
    return factories.released(home)


def data_of(release: Release) -> DatasetVersion:
    (version,) = release.model_version.run.data()
    return version


def withdraw(home: House, version: DatasetVersion, rows: list[int] | None = None) -> Withdrawal:
    return services.withdraw(actor=home.ben, version_id=version.pk, reason="Consent was taken back.", rows=rows)


def take_back(actor: Actor, found: Withdrawal, reason: str = "Consent covers it.") -> Withdrawal:
    proof = reauthentication.by_password(
        actor=actor, password=PASSWORD, subject_digest=found.content_digest, verdict=Verdict.APPROVE
    )
    return services.take_back(actor=actor, withdrawal_id=found.pk, reason=reason, proof=proof)


def traced(found: Withdrawal) -> Trace:
    """The worker looks through the versions that lie apart."""
    trace = found.trace
    lease = factories.lease_on(trace, "trace")
    told: list[tuple[int, int]] = []
    holding = worker.look(lease=lease, told=lambda done, of: told.append((done, of)))
    return worker.finish(lease=lease, holding=holding, looked_through=len(told))


def names(withdrawal: Withdrawal) -> dict[str, str]:
    return {each.kind: each.done for each in withdrawal.affected.all()}


ORIGIN = {"source": "written for a test", "issuer": "Linden Bank", "method": "by hand", "personal_data": "none"}


def register(
    home: House,
    tmp_path: Path,
    rows: list[dict[str, str]],
    *,
    dataset: Dataset | None = None,
    actor: Actor | None = None,
    project: Project | None = None,
    **more: object,
) -> DatasetVersion:
    who, where = actor or home.ben, project or home.project
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    name = f"Set {Dataset.objects.count() + 1}"
    dataset = dataset or datasets.create(actor=who, project_id=where.pk, name=name)
    return datasets.register_version(
        actor=who,
        dataset_id=dataset.pk,
        path=path,
        file_name=path.name,
        licence="CC0-1.0",
        provenance={**ORIGIN, **more},
    )


ROWS = [{"prompt": f"question {number}", "completion": f"answer {number}"} for number in range(12)]


def test_withdrawn_data_reaches_run_model_report_dossier_and_release(home: House, released: Release) -> None:
    found = withdraw(home, data_of(released))
    assert names(found) == {
        "dataset_version": "approval suspended",
        "run": "approval suspended",
        "model_version": "",
        "evaluation": "",
        "model_card": "",
        "dossier": "approval suspended",
        "release": "approval suspended",
    }
    run = released.model_version.run
    for subject in (data_of(released), run, released.dossier_version, released):
        answer = standing(subject)
        assert not answer.granted
        assert answer.why == (
            f"Suspended: {data_of(released)} was withdrawn by {home.ben.name}: Consent was taken back."
        )
    assert standing(run.base_model, home.project.pk).granted


def test_a_suspended_release_lets_nothing_go(home: House, released: Release) -> None:
    digest = released.model_version.digest
    assert releases.released(home.omar, digest) == [released]
    withdraw(home, data_of(released))
    assert releases.released(home.omar, digest) == []


def test_the_risk_owner_may_decide_anew_that_the_model_stays(home: House, released: Release) -> None:
    withdraw(home, data_of(released))
    request = approvals.ask(actor=home.ada, subject=released, project_id=home.project.pk)
    told = {fact.label: fact for fact in summary(released, home.project)}
    assert told["Withdrawn"].warns
    assert told["Withdrawn"].detail == "Consent was taken back."
    factories.approve(home.rita, request)
    assert standing(released).granted
    assert releases.released(home.omar, released.model_version.digest) == [released]


def test_nobody_is_asked_to_approve_what_was_withdrawn(home: House, released: Release) -> None:
    version = data_of(released)
    withdraw(home, version)
    with pytest.raises(WrongState, match=r"was withdrawn on .* by Ben"):
        approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk)


def test_a_request_that_waits_for_withdrawn_data_is_closed(home: House, tmp_path: Path) -> None:
    version = register(home, tmp_path, ROWS)
    request = approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk)
    found = withdraw(home, version)
    request.refresh_from_db()
    assert request.state == "void"
    assert names(found) == {"dataset_version": "request closed"}


def test_taken_back_by_another_person_everything_stands_again(home: House, released: Release) -> None:
    found = withdraw(home, data_of(released))
    with pytest.raises(NotAllowed, match="another person"):
        take_back(home.ben, found)
    take_back(home.paula, found)
    for subject in (data_of(released), released.model_version.run, released.dossier_version, released):
        assert standing(subject).granted
    with pytest.raises(WrongState, match="taken back already"):
        take_back(home.paula, found)


@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.REJECT, Verdict.CHANGES])
def test_what_was_decided_anew_while_it_was_suspended_stays_so_when_the_data_is_taken_back(
    home: House, released: Release, verdict: Verdict
) -> None:
    run, found = released.model_version.run, withdraw(home, data_of(released))
    old = standing(run).request
    assert old is not None and old.state == "suspended"
    factories.decide(
        home.rita, approvals.ask(actor=home.ada, subject=run, project_id=home.project.pk), verdict, reason="So."
    )
    take_back(home.paula, found)
    old.refresh_from_db()
    assert old.state == "replaced", "one answer at a time: the last that a person gave"
    assert not AuditEvent.objects.filter(action="approval.reinstated", subject_id=str(old.pk)).exists()
    assert standing(run).granted == (verdict == Verdict.APPROVE) and standing(run).request != old
    assert standing(released).granted
    if verdict != Verdict.APPROVE:
        again = approvals.ask(actor=home.ada, subject=run, project_id=home.project.pk)
        factories.approve(home.rita, again)
        assert standing(run).granted, "a run that was launched long ago is no dead end"


def test_two_withdrawals_must_both_be_taken_back(home: House, released: Release) -> None:
    first = withdraw(home, data_of(released))
    second = withdraw(home, data_of(released), rows=[1])
    take_back(home.paula, first)
    assert not standing(released).granted
    take_back(home.paula, second)
    assert standing(released).granted
    assert not Suspension.objects.filter(lifted_at=None).exists()


def test_what_is_final_is_not_taken_back(home: House) -> None:
    version = factories.dataset_version(home)
    found = services.withdraw(actor=home.ben, version_id=version.pk, reason="Erased.", rows=[1], is_final=True)
    with pytest.raises(WrongState, match="cannot be undone"):
        take_back(home.paula, found)


def test_a_run_under_way_is_ended(home: House) -> None:
    run = factories.launched_run(home)
    assert run.state == RunState.QUEUED
    found = withdraw(home, run.data()[0])
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert "cancelled" in names(found)["run"]
    assert not Job.objects.filter(subject_id=run.pk, task="train", state__in=["queued", "running"]).exists()


def test_a_run_on_withdrawn_data_does_not_start(home: House) -> None:
    run = factories.launched_run(home)
    runs.cancel(actor=home.ada, run_id=run.pk)
    withdraw(home, run.data()[0])
    with pytest.raises(GateClosed) as error:
        runs.resume(actor=home.ada, run_id=run.pk)
    assert {missing.kind for missing in error.value.missing} >= {"dataset_version", "run"}


def test_the_same_bytes_are_withdrawn_with_it(home: House, tmp_path: Path) -> None:
    one, other = register(home, tmp_path, ROWS), register(home, tmp_path, ROWS)
    assert one.file_sha256 == other.file_sha256
    found = withdraw(home, one)
    assert [(each.object_id, each.how, each.is_barred) for each in found.affected.all()] == [
        (one.pk, "withdrawn", True),
        (other.pk, f"the same bytes as {one}", True),
    ]


def test_what_was_derived_follows_and_can_be_asked_about_anew(home: House, tmp_path: Path) -> None:
    source = register(home, tmp_path, ROWS)
    child = register(home, tmp_path, ROWS[:6], derived_from_versions=[str(source.pk)])
    rewritten = [{"prompt": f"[{number}]", "completion": "masked"} for number in range(6)]
    grandchild = register(home, tmp_path, rewritten, derived_from_versions=[str(child.pk)])
    found = withdraw(home, source)
    assert {each.object_id: each.how for each in found.affected.all()} == {
        source.pk: "withdrawn",
        child.pk: "holds 6 rows of what was withdrawn",
        grandchild.pk: f"derived from {source}",
    }
    assert selectors.why_not_approve(child) is None
    assert selectors.why_not_approve(source) is not None


def test_rows_reach_the_versions_that_hold_them_alone(home: House, tmp_path: Path) -> None:
    whole = register(home, tmp_path, ROWS)
    with_it = register(home, tmp_path, [ROWS[5], ROWS[2]], dataset=whole.dataset)
    without = register(home, tmp_path, ROWS[6:], dataset=whole.dataset)
    found = withdraw(home, whole, rows=[3, 1])
    assert found.rows == [1, 3]
    reached = {each.object_id: each.how for each in found.affected.all()}
    assert reached == {whole.pk: "holds what was withdrawn", with_it.pk: "holds 1 row of what was withdrawn"}
    assert selectors.why_not_approve(without) is None


def test_rows_reach_runs_only_through_the_part_that_holds_them(home: House, tmp_path: Path) -> None:
    version = register(home, tmp_path, ROWS)
    made = splitting.split(actor=home.ada, version_id=version.pk, asked=splits.Split("folds", folds=3))
    plan, base = factories.evaluation_plan(home), factories.base_model(home)

    def run_on(part: str) -> Run:
        return runs.prepare(
            actor=home.ada, project_id=home.project.pk, base_model_id=base.pk, data=[], training={},
            splits=[Parts(made.pk, (part,))], evaluation_plan_id=plan.pk,
        )  # fmt: skip

    by_part = {part["name"]: run_on(part["name"]) for part in made.parts}
    for row in range(1, len(ROWS) + 1):
        reached = {each.record.pk for each in selectors.reached(version, [row])}
        hit = [part for part, run in by_part.items() if run.pk in reached]
        assert len(hit) == 1  # each row belongs to one fold
    every = {each.record.pk for each in selectors.reached(version, list(range(1, len(ROWS) + 1)))}
    assert every >= {run.pk for run in by_part.values()}


def test_rows_written_by_a_model_of_withdrawn_data_are_reached(home: House, released: Release, tmp_path: Path) -> None:
    model = released.model_version
    written = register(home, tmp_path, ROWS, synthetic_model=str(model), synthetic_share=100)
    found = withdraw(home, data_of(released))
    assert {each.object_id: each.how for each in found.affected.all()}[written.pk] == f"written by {model}"


def test_another_project_of_the_organisation_is_told_and_not_touched(home: House, tmp_path: Path) -> None:
    own = register(home, tmp_path, ROWS)
    beside = projects.create(actor=home.admin, organisation_id=home.organisation.pk, name="Beside")
    theirs = register(home, tmp_path, ROWS, actor=home.admin, project=beside)
    of_another_organisation = register(home, tmp_path, ROWS, actor=home.dev, project=home.elsewhere)
    found = withdraw(home, own)
    reached = {each.object_id: each for each in found.affected.all()}
    assert of_another_organisation.pk not in reached
    assert (reached[theirs.pk].is_barred, reached[theirs.pk].done) == (False, "")
    shown, elsewhere = selectors.affected_seen(home.ben, found)
    assert ({each.object_id for each in shown}, elsewhere) == ({own.pk}, 1)
    assert selectors.why_not_approve(theirs) is None


@pytest.mark.parametrize(
    ("rows", "says"),
    [([], "No row is named"), ([0], "has no row 0"), ([10**6], "has no row 1,000,000")],
)
def test_rows_that_are_not_there_are_refused(home: House, rows: list[int], says: str) -> None:
    with pytest.raises(Unusable, match=says):
        withdraw(home, factories.dataset_version(home), rows=rows)
    assert not Withdrawal.objects.exists()


def test_a_withdrawal_needs_a_reason_and_a_role(home: House) -> None:
    version = factories.dataset_version(home)
    with pytest.raises(Unusable, match="Say why"):
        services.withdraw(actor=home.ben, version_id=version.pk, reason=" ")
    for actor in (home.vera, home.omar, home.ada):
        with pytest.raises(NotAllowed):
            services.withdraw(actor=actor, version_id=version.pk, reason="Mine to say.")
    with pytest.raises(NotFound):
        services.withdraw(actor=home.dev, version_id=version.pk, reason="Mine to say.")
    assert not Withdrawal.objects.exists()


def test_whoever_had_a_part_in_it_does_not_take_a_withdrawal_back(home: House, released: Release) -> None:
    found = withdraw(home, data_of(released))
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="ada", role="owner")
    with pytest.raises(NotAllowed, match="had no part in what was reached"):
        take_back(home.ada, found)
    assert not standing(released).granted
    with pytest.raises(NotAllowed, match="Show again that it is you"):
        services.take_back(actor=home.paula, withdrawal_id=found.pk, reason="Consent covers it.", proof="")


def test_the_same_bytes_do_not_come_back_by_another_door(home: House, tmp_path: Path) -> None:
    first = register(home, tmp_path, ROWS)
    found = withdraw(home, first)
    again = register(home, tmp_path, ROWS)
    assert "was withdrawn" in str(selectors.why_not_approve(again))
    with pytest.raises(WrongState, match="was withdrawn"):
        approvals.ask(actor=home.ben, subject=again, project_id=home.project.pk)
    take_back(home.paula, found)
    assert selectors.why_not_approve(again) is None


def test_a_withdrawn_row_does_not_come_back_by_another_door(home: House, tmp_path: Path) -> None:
    first = register(home, tmp_path, ROWS)
    withdraw(home, first, rows=[4])
    with_it, without = register(home, tmp_path, ROWS[3:5]), register(home, tmp_path, ROWS[5:])
    assert selectors.why_not_approve(with_it) is not None
    assert selectors.why_not_approve(without) is None
    child = register(home, tmp_path, ROWS[8:], derived_from_versions=[str(first.pk)])
    assert {fact.label for fact in selectors.told_about_data(child, home.project)} == {"Withdrawn"}
    assert selectors.why_not_approve(child) is None


def test_a_worker_finds_the_rows_in_versions_that_lie_apart(home: House, tmp_path: Path) -> None:
    whole = register(home, tmp_path, ROWS)
    more = register(home, tmp_path, [*ROWS, {"prompt": "one more", "completion": "row"}])
    some = register(home, tmp_path, ROWS[:2])
    other = register(home, tmp_path, [{"prompt": "nothing", "completion": "of it"}])
    request = approvals.ask(actor=home.ben, subject=more, project_id=home.project.pk)
    found = withdraw(home, whole)
    assert {each.object_id for each in found.affected.all()} == {whole.pk}
    trace = traced(found)
    assert (trace.state, trace.versions, trace.found) == ("done", 3, 2)
    reached = {each.object_id: (each.how, each.is_barred) for each in found.affected.all()}
    assert reached[more.pk] == ("holds 12 rows of what was withdrawn", True)
    assert reached[some.pk] == ("holds 2 rows of what was withdrawn", False)
    assert other.pk not in reached
    request.refresh_from_db()
    assert request.state == "void"


def test_a_trace_suspends_what_rests_on_what_it_finds(home: House, released: Release, tmp_path: Path) -> None:
    """The demo's rows stand in another dataset too, and that is the one that is withdrawn."""
    version = data_of(released)
    with blobs.as_local_file(version.file_sha256, "rows") as path:
        first = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    apart = register(home, tmp_path, [first])
    found = withdraw(home, apart, rows=[1])
    assert standing(released).granted
    traced(found)
    assert not standing(released).granted
    assert not standing(version).granted


def test_a_trace_that_failed_is_tried_again(home: House, tmp_path: Path) -> None:
    whole = register(home, tmp_path, ROWS)
    register(home, tmp_path, ROWS[:2])
    found = withdraw(home, whole)
    errands.fail(factories.lease_on(found.trace, "trace"), "The disk did not answer.")
    services.trace_again(actor=home.ben, trace_id=found.trace.pk)
    assert traced(Withdrawal.objects.get(pk=found.pk)).found == 1


def test_a_version_that_two_models_wrote_comes_from_both(home: House, released: Release, tmp_path: Path) -> None:
    model = released.model_version
    written = register(home, tmp_path, ROWS, synthetic_model=f"{model}; another model", synthetic_share=50)
    found = withdraw(home, data_of(released))
    assert written.pk in {each.object_id for each in found.affected.all()}


def test_another_project_is_not_told_why(home: House, tmp_path: Path) -> None:
    own = register(home, tmp_path, ROWS)
    beside = projects.create(actor=home.admin, organisation_id=home.organisation.pk, name="Beside")
    theirs = register(home, tmp_path, ROWS, actor=home.admin, project=beside)
    withdraw(home, own)
    (fact,) = selectors.told_about_data(theirs, beside)
    assert fact.label == "Withdrawn elsewhere"
    assert "Consent" not in fact.detail
    assert "Ben" not in fact.says
    assert str(own) not in fact.says


def test_a_version_is_withdrawn_once(home: House) -> None:
    version = factories.dataset_version(home)
    withdraw(home, version, rows=[1])
    assert not selectors.is_withdrawn(version)
    withdraw(home, version)
    assert selectors.is_withdrawn(version)
    with pytest.raises(WrongState, match="withdrawn already"):
        withdraw(home, version)


def test_the_graph_goes_from_data_to_release_and_has_no_circle(home: House, released: Release) -> None:
    found = graph.load(Project.objects.filter(pk=home.project.pk))
    run = released.model_version.run
    down = {record.kind for record, _ in found.downstream([data_of(released).pk])}
    assert down == {"run", "model_version", "evaluation", "model_card", "dossier", "release"}
    up = {record.pk for record, _ in found.upstream([released.pk])}
    assert up >= {released.model_version.pk, run.pk, run.base_model_id, data_of(released).pk}
    around = found.around(run)
    order: dict[UUID, int] = {}
    edges = list(around.edges)
    while len(order) < len(around.records):
        ready = [
            pk for pk in around.records
            if pk not in order and all(edge.source in order for edge in edges if edge.target == pk)
        ]  # fmt: skip
        assert ready, "the graph has a circle"
        order |= {pk: len(order) for pk in ready}


def test_the_graph_takes_the_same_queries_for_one_run_and_for_two(
    home: House, released: Release, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(13):  # type: ignore[operator]
        graph.load(Project.objects.filter(pk=home.project.pk))


def test_a_document_made_afterwards_says_what_was_suspended_and_why(home: House, released: Release) -> None:
    version = data_of(released)
    withdraw(home, version)
    dossier = released.dossier_version.dossier
    frozen = dossiers.freeze(actor=home.ada, dossier_id=dossier.pk)
    told = [
        statement
        for section in frozen.document["sections"]
        for statement in section["statements"]
        if statement["text"].startswith(f"Suspension of the approval of {version}")
    ]
    assert len(told) == 1
    assert "Consent was taken back." in told[0]["text"]
    assert [cited["kind"] for cited in told[0]["evidence"]] == ["suspension"]
    card = model_cards.renew(actor=home.ada, model_version_id=released.model_version.pk)
    assert "Consent was taken back." in card.markdown


def test_a_dossier_frozen_before_says_what_was_withdrawn_to_who_signs_it(home: House, released: Release) -> None:
    withdraw(home, data_of(released))
    frozen = DossierVersion.objects.get(pk=released.dossier_version_id)
    assert "Withdrawn" in {fact.label for fact in summary(frozen, home.project)}
