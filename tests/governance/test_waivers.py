"""Waivers and picked licences: asked, signed by the right person, bound to one input, and ended."""

import json
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from governance.delivery.evidence import services as evidence
from governance.delivery.evidence import verify
from governance.documents.dossiers import services as dossiers
from governance.documents.model_cards.rules import assemble, notice_file
from governance.documents.sources import licences
from governance.documents.sources.gathering import sources_of
from governance.foundation.audit import selectors as audit
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import GateClosed, NotAllowed, NotFound, Unusable, WrongState
from governance.law.licences import rules as licence_rules
from governance.law.licences.rules import LicensedInput
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals import reauthentication
from governance.people.approvals import selectors as approvals
from governance.people.approvals import services as approval_services
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import Verdict
from governance.people.organisations import services as organisations
from governance.people.projects import services as projects
from governance.people.waivers import rules, selectors, services
from governance.people.waivers.models import LicenceChoice, Waiver
from governance.people.waivers.rules import State
from governance.work.runs import gates
from governance.work.runs import services as runs
from preparation.quality import profiling
from preparation.quality.asked import Asked
from preparation.quality.asked import Source as Split
from tests import factories
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db
SOON = timedelta(days=90)
NC = "CC-BY-NC-4.0"


@pytest.fixture
def data(home: House) -> DatasetVersion:
    """Data that is not for commercial use, in a project for internal use: needs review."""
    return factories.dataset_version(home, licence="CC-BY-NC-4.0")


def ask(home: House, subject: Any, *, actor: Actor | None = None, **changes: Any) -> Waiver:
    given: dict[str, Any] = {
        "kind": subject.kind, "subject_id": subject.pk, "rule": "non-commercial", "purpose": "internal",
        "reason": "The bank's training department teaches staff with it; nothing is sold.",
        "expires_on": timezone.localdate() + SOON,
    }  # fmt: skip
    return services.ask(actor=actor or home.ada, project_id=home.project.pk, **(given | changes))


def request_of(waiver: Waiver) -> ApprovalRequest:
    return ApprovalRequest.objects.get(subject_id=waiver.pk)


def granted(home: House, subject: Any, **changes: Any) -> Waiver:
    waiver = ask(home, subject, **changes)
    factories.approve(home.rita, request_of(waiver))
    return waiver


def proved(home: House, actor: Actor, about: Any, chosen: str) -> str:
    return reauthentication.by_password(
        actor=actor, password=PASSWORD, subject_digest=about.content_digest, verdict=Verdict.APPROVE,
        choice=rules.choice(home.project.pk, chosen),
    )  # fmt: skip


def pick(
    home: House, about: Any, chosen: str, *, actor: Actor | None = None, reason: str = "It fits."
) -> LicenceChoice:
    actor = actor or home.ben
    proof = proved(home, actor, about, chosen)
    return services.choose(
        actor=actor, project_id=home.project.pk, kind=about.kind, subject_id=about.pk, chosen=chosen, reason=reason,
        proof=proof,
    )  # fmt: skip


def gate(home: House, data: DatasetVersion) -> gates.Gate:
    found = gates.for_plan(home.project, factories.base_model(home), [data])
    return next(gate for gate in found if gate.key == "licence")


def test_a_waiver_that_the_risk_owner_signed_opens_the_gate_and_the_gate_says_so(
    home: House, data: DatasetVersion
) -> None:
    assert gate(home, data).light == "red"
    assert "ask for a waiver on the page of Support desk v1" in gate(home, data).cure
    waiver = ask(home, data)
    assert gate(home, data).light == "red", "asked is not signed"
    factories.approve(home.rita, request_of(waiver))
    opened = gate(home, data)
    assert opened.light == "amber"
    assert "needs review, waived" in opened.says
    assert f"waived: Rita Falk, until {waiver.expires_on:%d %b %Y}" in opened.says
    assert selectors.states([waiver]) == {waiver.pk: State.IN_FORCE}


def test_a_run_on_waived_data_can_be_submitted_and_its_record_names_the_waiver(
    home: House, data: DatasetVersion
) -> None:
    factories.classification(home)
    run = runs.prepare(
        actor=home.ada, project_id=home.project.pk, base_model_id=factories.base_model(home).pk, data=[data.pk],
        training={}, evaluation_plan_id=factories.evaluation_plan(home).pk,
    )  # fmt: skip
    with pytest.raises(GateClosed, match="needs review"):
        runs.submit(actor=home.ada, run_id=run.pk)
    waiver = granted(home, data)
    factories.approve(home.rita, runs.submit(actor=home.ada, run_id=run.pk))
    run.refresh_from_db()
    assert run.licence_verdict is not None
    assert run.licence_verdict["outcome"] == "needs-review"
    assert run.licence_verdict["words"] == "needs review, waived"
    assert [row["waivers"][0]["id"] for row in run.licence_verdict["per_input"] if row["waivers"]] == [str(waiver.pk)]
    services.revoke(actor=home.cleo, waiver_id=waiver.pk, reason="The department sells courses now.")
    with pytest.raises(GateClosed, match="Licences for internal use: needs review"):
        runs.launch(actor=home.ada, run_id=run.pk)


def test_only_the_risk_owner_signs_and_never_who_asked(home: House, data: DatasetVersion) -> None:
    waiver = ask(home, data, actor=home.rita)
    for actor, why in ((home.rita, "asked for this waiver and cannot decide"), (home.ben, "Only a risk owner")):
        with pytest.raises(NotAllowed, match=why):
            factories.approve(actor, request_of(waiver))
    assert request_of(waiver) not in approvals.inbox(home.rita)
    other = ask(home, data, purpose="publish")
    assert request_of(other) in approvals.inbox(home.rita)


@pytest.mark.parametrize("who", ["omar", "vera"])
def test_who_makes_nothing_in_the_project_cannot_ask(home: House, data: DatasetVersion, who: str) -> None:
    with pytest.raises(NotAllowed):
        ask(home, data, actor=getattr(home, who))


def test_another_projects_data_is_not_there(home: House, data: DatasetVersion) -> None:
    with pytest.raises(NotFound):
        ask(home, data, actor=home.dev)
    with pytest.raises(NotFound):
        services.ask(
            actor=home.dev, project_id=home.elsewhere.pk, kind=data.kind, subject_id=data.pk, rule="non-commercial",
            purpose="internal", reason="x", expires_on=timezone.localdate(),
        )  # fmt: skip
    waiver = ask(home, data)
    with pytest.raises(NotFound):
        selectors.visible(home.dev, waiver.pk)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rule": "copyleft"}, "rule"),  # says nothing of this input
        ({"purpose": "commercial"}, "rule"),  # a rule against it is not waived
        ({"reason": "  "}, "reason"),
        ({"expires_on": date(2026, 1, 1)}, "expires_on"),
        ({"expires_on": timezone.localdate() + timedelta(days=367)}, "expires_on"),
    ],
)
def test_what_cannot_be_waived_is_refused_with_the_field(
    home: House, data: DatasetVersion, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Unusable) as refused:
        ask(home, data, **changes)
    assert [fault.field for fault in refused.value.faults] == [field]
    assert not Waiver.objects.exists()


def test_an_unknown_licence_is_waived_for_internal_use_and_for_nothing_else(home: House) -> None:
    data = factories.dataset_version(home, licence="unknown")
    assert gate(home, data).light == "red"
    with pytest.raises(Unusable):
        ask(home, data, rule="other", purpose="commercial")
    granted(home, data, rule="other")
    assert gate(home, data).light == "amber"
    projects.describe(actor=home.ada, project_id=home.project.pk, use="commercial")
    home.project.refresh_from_db()
    assert gate(home, data).light == "red"


def test_a_waiver_is_bound_to_the_input_as_it_is(home: House, data: DatasetVersion) -> None:
    granted(home, data)
    other = factories.dataset_version(home, licence="CC-BY-NC-4.0", rows=78)
    assert gate(home, other).light == "red"
    item = LicensedInput("it", "dataset", "CC-BY-NC-4.0")
    held = [selectors.record_of(each) for each in selectors.in_force(home.project, [data.content_digest])]
    assert rules.covered(item, data.content_digest, held).waivers
    assert not rules.covered(item, "0" * 64, held).waivers


def test_a_waiver_ends_with_its_last_day(home: House, data: DatasetVersion) -> None:
    waiver = granted(home, data, expires_on=timezone.localdate())
    assert gate(home, data).light == "amber"
    Waiver.objects.filter(pk=waiver.pk).update(expires_on=timezone.localdate() - timedelta(days=1))
    waiver.refresh_from_db()
    assert gate(home, data).light == "red"
    assert selectors.states([waiver])[waiver.pk] == State.EXPIRED


def test_a_revoked_waiver_opens_nothing_and_cannot_be_signed_any_more(home: House, data: DatasetVersion) -> None:
    waiver = ask(home, data)
    request = request_of(waiver)
    with pytest.raises(NotAllowed):
        services.revoke(actor=home.ada, waiver_id=waiver.pk, reason="x")
    with pytest.raises(Unusable, match="Say why"):
        services.revoke(actor=home.rita, waiver_id=waiver.pk, reason=" ")
    services.revoke(actor=home.rita, waiver_id=waiver.pk, reason="Other data was found.")
    with pytest.raises(WrongState):
        factories.approve(home.rita, request)
    with pytest.raises(WrongState, match="nothing to revoke"):
        services.revoke(actor=home.rita, waiver_id=waiver.pk, reason="Again.")
    assert [event.action for event in audit.history(waiver)] == ["waiver.revoked", "waiver.asked"]


def test_one_finding_is_waived_once_at_a_time(home: House, data: DatasetVersion) -> None:
    first = ask(home, data)
    with pytest.raises(WrongState, match="waits for a decision"):
        ask(home, data)
    factories.approve(home.rita, request_of(first))
    with pytest.raises(WrongState, match="in force"):
        ask(home, data)
    services.revoke(actor=home.rita, waiver_id=first.pk, reason="Too long.")
    assert ask(home, data).pk != first.pk


def test_a_refused_waiver_opens_nothing(home: House, data: DatasetVersion) -> None:
    waiver = ask(home, data)
    request = request_of(waiver)
    proof = reauthentication.by_password(
        actor=home.rita, password=PASSWORD, subject_digest=request.subject_digest, verdict=Verdict.REJECT
    )
    approval_services.decide(
        actor=home.rita, request_id=request.pk, verdict=Verdict.REJECT, reason="Courses are sold.", proof=proof
    )
    assert selectors.states([waiver])[waiver.pk] == State.REFUSED
    assert gate(home, data).light == "red"


def test_a_person_picks_among_licences_and_signs(home: House) -> None:
    data = factories.dataset_version(home, licence="GFDL-1.3-only OR CC-BY-NC-4.0")
    closed = gate(home, data)
    assert closed.light == "red"
    assert "Pick one of CC-BY-NC-4.0, GFDL-1.3-only on the page of Support desk v1" in closed.cure
    assert selectors.alternatives(data) == ["CC-BY-NC-4.0", "GFDL-1.3-only"]
    choice = pick(home, data, "gfdl-1.3-only")
    assert (choice.chosen, choice.by_name, choice.method) == ("GFDL-1.3-only", "Ben Castell", "password")
    assert gate(home, data).light == "green"
    row = selectors.verdict(home.project, [data]).per_input[0]
    assert "GFDL-1.3-only was picked" in row.notes[0] and "Ben Castell" in row.notes[0]
    pick(home, data, "CC-BY-NC-4.0")
    assert gate(home, data).light == "red", "the newest pick stands"


def test_a_pick_needs_a_role_a_reason_an_alternative_and_a_fresh_proof(home: House) -> None:
    data = factories.dataset_version(home, licence="MIT OR Apache-2.0")
    with pytest.raises(NotAllowed, match="pick a licence"):
        pick(home, data, "MIT", actor=home.ada)
    with pytest.raises(Unusable, match="no alternative"):
        pick(home, data, "GPL-3.0-only")
    with pytest.raises(Unusable, match="Say why"):
        pick(home, data, "MIT", reason="")
    given: dict[str, Any] = {
        "project_id": home.project.pk,
        "kind": data.kind,
        "subject_id": data.pk,
        "chosen": "MIT",
        "reason": "x",
    }
    with pytest.raises(NotAllowed, match="Show again"):
        services.choose(actor=home.ben, proof="no.proof", **given)
    of_the_data_alone = reauthentication.by_password(
        actor=home.ben, password=PASSWORD, subject_digest=data.content_digest, verdict=Verdict.APPROVE
    )
    for proof in (proved(home, home.rita, data, "MIT"), proved(home, home.ben, data, "Apache-2.0"), of_the_data_alone):
        with pytest.raises(NotAllowed, match="Show again"):
            services.choose(actor=home.ben, proof=proof, **given)
    assert not LicenceChoice.objects.exists()


def test_the_stricter_of_two_licences_on_the_same_bytes_counts_and_both_are_shown(home: House) -> None:
    mild = factories.dataset_version(home, licence="CC0-1.0")
    assert gate(home, mild).light == "green"
    factories.dataset_version(home, licence="CC-BY-NC-4.0")
    rows = selectors.verdict(home.project, [mild], "commercial").per_input
    assert [(row.name, row.expression, row.outcome) for row in rows] == [
        ("Support desk v1", "CC0-1.0", "no-rule-against"),
        ("Support desk v1, registered again", "CC-BY-NC-4.0", "rule-against"),
    ]
    assert gate(home, mild).light == "red"


def test_the_model_that_wrote_the_rows_is_judged_as_a_teacher(home: House) -> None:
    model = factories.base_model(home)
    type(model).objects.filter(pk=model.pk).update(licence="llama3")
    data = factories.dataset_version(home, rows=79, synthetic_model="Linden Nano 1.0")
    row = selectors.verdict(home.project, [data]).per_input[1]
    assert (row.kind, row.rule, row.outcome) == ("teacher", "llama-2-3-outputs", "needs-review")


def test_rows_that_match_a_set_for_non_commercial_use_ask_for_a_review(home: House) -> None:
    free = factories.dataset_version(home, rows=6)
    other = factories.dataset_version(home, rows=5, licence="CC-BY-NC-4.0")
    assert gate(home, free).light == "green"
    found: dict[str, Any] = {
        "n": 6,
        "others": [
            {
                "name": str(other),
                "kind": "split",
                **{how: {"count": count, "examples": []} for how, count in (("exact", 2), ("near", 4), ("any", 5))},
            }
        ],
    }
    measured = {"measures": {"against": found}}
    free.quality_profiles.all().delete()
    options = {"base_model": None, "limit": None, "versions": [str(other.pk)], "suites": True, "seed": 0}
    free.quality_profiles.create(
        version_sha256=free.content_digest, options=options, state="measured", result=measured, asked_by_name="Ada"
    )
    shut = gate(home, free)
    assert shut.light == "red"
    assert "5 of 6 rows match Support desk v2" in shut.says
    granted(home, free, rule="matched-rows")
    assert gate(home, free).light == "amber"
    none = {**found, "others": [{**found["others"][0], "any": {"count": 0}}]}
    free.quality_profiles.update(result={"measures": {"against": none}})
    assert gate(home, free).light == "green"
    whole = {**found, "others": [{**found["others"][0], "near": {"count": 6}}]}
    free.quality_profiles.update(result={"measures": {"against": whole}})
    row = selectors.verdict(home.project, [free], "commercial").per_input[-1]
    assert (row.name, row.outcome, row.waivable) == (
        "Support desk v1, every row of which stands in Support desk v2", "rule-against", (),
    )  # fmt: skip


def test_bands_that_an_organisation_states_reach_the_verdict(home: House) -> None:
    data = factories.dataset_version(home, licence="qwen")
    assert selectors.verdict(home.project, [data], "commercial").outcome == "needs-review"
    for band, outcome in (("up-to-100m", "no-rule-against"), ("over-700m", "rule-against")):
        organisations.describe(actor=home.admin, organisation_id=home.organisation.pk, users_band=band)
        home.project.organisation.refresh_from_db()
        assert selectors.verdict(home.project, [data], "commercial").outcome == outcome
    with pytest.raises(Unusable, match="up-to-100m"):
        organisations.describe(actor=home.admin, organisation_id=home.organisation.pk, users_band="many")


def test_card_dossier_and_notice_say_what_was_waived_and_who_picked(home: House) -> None:
    data = factories.dataset_version(home, licence="CC-BY-NC-4.0 OR GFDL-1.3-only")
    factories.classification(home)
    pick(home, data, "CC-BY-NC-4.0")
    waiver = granted(home, data)
    run = factories.finished_run(home, data=data)
    sources = sources_of(run.model_version)
    assert [each.kind for each in sources.licence_decisions] == ["waiver", "licence_choice"]
    drawn = sources.drawn(licences.INPUTS)
    assert drawn is not None
    judged = licences.judged(*drawn.values()).text
    assert "needs review, waived" in judged
    assert f"signed by Rita Falk, until {waiver.expires_on:%d %b %Y}" in judged
    assert "CC-BY-NC-4.0 was picked out of CC-BY-NC-4.0 OR GFDL-1.3-only by Ben Castell" in judged
    by_records = licences.verdict(*drawn.values()).as_dict()  # type: ignore[arg-type]
    assert by_records == gates.licence_verdict(home.project, run.base_model, run.data()).as_dict()
    notice = notice_file(assemble(sources))
    assert "Needs review by rule non-commercial for internal use of Support desk v1, waived by Rita Falk" in notice
    assert {"kind": "waiver", "id": str(waiver.pk)}.items() <= sources.licence_decisions[0].cited().items()


def test_without_decisions_documents_say_nothing_of_any(home: House) -> None:
    sources = sources_of(factories.finished_run(home).model_version)
    drawn = sources.drawn(licences.INPUTS)
    assert drawn is not None and sources.licence_decisions == ()
    assert "aived" not in licences.judged(*drawn.values()).text


def test_the_sealed_bundle_holds_the_waiver_and_the_notice_and_verifies(home: House, tmp_path: Path) -> None:
    data = factories.dataset_version(home, licence="CC-BY-NC-4.0")
    factories.classification(home)
    waiver = granted(home, data)
    version = factories.finished_run(home, data=data).model_version
    frozen = dossiers.freeze(actor=home.ada, dossier_id=version.dossier.pk)
    bundle = evidence.export(actor=home.cleo, dossier_version_id=frozen.pk)
    path = blobs.copy_to(bundle.file_sha256, tmp_path / "evidence.zip")
    with zipfile.ZipFile(path) as archive:
        assert [name for name in archive.namelist() if name.startswith(f"records/waiver/{waiver.pk}")]
        notice = " ".join(archive.read("NOTICE").decode().split())
    assert "Needs review by rule non-commercial for internal use of Support desk v1, waived by Rita Falk" in notice
    assert "Say that use is limited to the non-commercial or research purposes" in notice
    assert verify.verify(path).sound


def derived(home: House, source: DatasetVersion, rows: int = 60, licence: str = "MIT", **said: Any) -> DatasetVersion:
    """Rows that somebody declares under another licence than that of the version they were made from."""
    return factories.dataset_version(home, rows=rows, licence=licence, derived_from_versions=[str(source.pk)], **said)


def commercial(home: House, *materials: Any) -> licence_rules.Verdict:
    return selectors.verdict(home.project, list(materials), "commercial")


def test_a_licence_is_not_washed_off_by_deriving(home: House, data: DatasetVersion) -> None:
    second = derived(home, data)
    third = derived(home, second, rows=50, licence="Apache-2.0")
    for washed in (second, third):
        found = commercial(home, washed)
        assert (found.words, found.deciding.rule) == ("rule against it", "made-from")
        assert f"{washed} was made from Support desk v1" in found.deciding.because
    assert [row.name for row in commercial(home, third).per_input] == [
        "Support desk v3", "Support desk v3, made from Support desk v1", "Support desk v3, made from Support desk v2",
    ]  # fmt: skip
    projects.describe(actor=home.ada, project_id=home.project.pk, use="commercial")
    home.project.refresh_from_db()
    assert gate(home, second).light == "red"
    granted(home, second, rule="made-from", purpose="commercial", reason="Labels alone were taken over.")
    opened = gate(home, second)
    assert (opened.light, "rule against it, waived" in opened.says) == ("amber", True)
    assert gate(home, third).light == "red", "it was signed for the second version alone"


def test_what_was_made_from_something_that_is_gone_does_not_pass(home: House, data: DatasetVersion) -> None:
    second = derived(home, data)
    second.provenance["derived_from_versions"][0]["id"] = "00000000-0000-4000-8000-000000000000"
    found = commercial(home, second)
    assert (found.outcome, found.deciding.rule) == ("rule-against", "made-from")
    assert "made from Support desk v1, which is not there any more" in found.deciding.because


def test_rows_that_an_unknown_model_wrote_are_not_judged_as_if_nobody_had(home: House) -> None:
    for said in (
        {"synthetic_model": "Llama-2-70B-chat", "synthetic_share": 100},
        {"synthetic_model": "Linden Nano 1.0; Llama-2-70B-chat"},
        {"synthetic_share": 40},
    ):
        factories.base_model(home)
        data = factories.dataset_version(home, rows=10 + len(str(said)), **said)
        row = selectors.verdict(home.project, [data], "publish").per_input[-1]
        assert (row.kind, row.outcome, row.rule, row.waivable) == ("teacher", "rule-against", "other", ())
        assert "is not registered here" in row.because
        granted(home, data, rule="other")
        assert gate(home, data).light == "amber", "internal use, as of anything unknown"


def test_a_waiver_of_one_unknown_thing_does_not_cover_another(home: House) -> None:
    data = factories.dataset_version(home, licence="unknown", synthetic_model="Llama-2-70B-chat")
    with pytest.raises(Unusable, match="several things"):
        ask(home, data, rule="other")
    granted(home, data, rule="other", about="")
    assert gate(home, data).light == "red"
    signed = granted(home, data, rule="other", about="Llama-2-70B-chat")
    assert signed.subject_name == "Support desk v1, written by Llama-2-70B-chat"
    assert gate(home, data).light == "amber"


def test_what_a_model_of_the_house_wrote_brings_its_base_and_its_data(home: House, data: DatasetVersion) -> None:
    granted(home, data)
    run = factories.trained_run(home, data=data)
    type(run.base_model).objects.filter(pk=run.base_model_id).update(licence="llama3")
    written = factories.dataset_version(home, rows=31, synthetic_model=run.model_version.name, synthetic_share=100)
    found = {(row.kind, row.rule): row for row in selectors.verdict(home.project, [written], "publish").per_input}
    assert found["teacher", "llama-2-3-outputs"].outcome == "rule-against"
    assert "was made from Support desk v1" in found["dataset", "made-from"].because
    assert ("teacher", "other") not in found, "it is known here"
    type(run.model_version).objects.update(created_at=timezone.now())
    later = selectors.verdict(home.project, [written], "publish").per_input
    assert [row.rule for row in later if row.kind == "teacher"] == ["other"], "a later one of that name is another"


def test_a_waiver_of_one_matched_set_does_not_open_a_second(home: House) -> None:
    free, *others = (factories.dataset_version(home, rows=n, licence=x) for n, x in ((6, "CC0-1.0"), (5, NC), (4, NC)))
    counts = {how: {"count": 2, "examples": []} for how in ("exact", "near", "any")}
    free.quality_profiles.all().delete()

    def measured(*against: DatasetVersion) -> None:
        found = {"n": 6, "others": [{"name": str(one), "kind": "split", **counts} for one in against]}
        options = {"base_model": None, "limit": None, "versions": [str(one.pk) for one in against], "suites": True}
        free.quality_profiles.create(
            version_sha256=free.content_digest, options={**options, "seed": 0}, state="measured",
            result={"measures": {"against": found}}, asked_by_name="Ada",
        )  # fmt: skip

    measured(others[0])
    granted(home, free, rule="matched-rows")
    assert gate(home, free).light == "amber"
    measured(*others)
    assert gate(home, free).light == "red"
    (left,) = selectors.waivable(home.project, free)[:1]
    assert (left.waivable.rule, left.waivable.about) == ("matched-rows", others[1].content_digest)


def test_a_waiver_speaks_of_the_project_as_it_was_signed_for(home: House) -> None:
    data = factories.dataset_version(home, licence="AGPL-3.0-only")
    projects.describe(actor=home.ada, project_id=home.project.pk, use="commercial")
    granted(home, data, rule="network-copyleft", purpose="commercial")
    home.project.refresh_from_db()
    assert gate(home, data).light == "amber"
    projects.describe(actor=home.ada, project_id=home.project.pk, distribution="api")
    home.project.refresh_from_db()
    assert gate(home, data).light == "red"
    granted(home, data, rule="network-copyleft", purpose="commercial")
    assert gate(home, data).light == "amber", "what the service asks for was signed by itself"


def test_more_choices_than_a_person_can_weigh_are_refused_with_a_cure(home: House) -> None:
    many = " AND ".join(f"(MIT OR CC-BY-{n}.0)" for n in range(1, 5)) + " AND (ISC OR 0BSD)"
    data = factories.dataset_version(home, licence=many)
    assert "Register the input anew" in gate(home, data).says
    with pytest.raises(Unusable) as refused:
        pick(home, data, "MIT")
    assert "Register the input anew" in refused.value.faults[0].cure


def test_a_nested_choice_is_signed_and_settled(home: House) -> None:
    data = factories.dataset_version(home, licence="MIT OR (Apache-2.0 AND (CC-BY-4.0 OR CC-BY-NC-4.0))")
    pick(home, data, "Apache-2.0 AND CC-BY-4.0")
    assert gate(home, data).light == "green"


def test_matching_rows_count_as_they_are_really_measured(home: House, tmp_path: Path) -> None:
    """By the measuring itself: five of the six rows stand in the other set."""
    other = factories.dataset_version(home, rows=5, licence=NC)
    free = factories.dataset_version(home, rows=6)
    path, source = tmp_path / "free.jsonl", tmp_path / "other.jsonl"
    shared = "".join(factories.row(number) for number in range(5))
    turns = [
        ("user", "Why is the sky blue over the harbour?"),
        ("assistant", "Air scatters short waves of light most."),
    ]
    own = json.dumps({"messages": [{"role": role, "content": words} for role, words in turns]})
    path.write_text(f"{shared}{own}\n")
    source.write_text(shared)
    asked = Asked(splits=(Split(str(other), source, other.reading),))
    free.quality_profiles.all().delete()
    free.quality_profiles.create(
        version_sha256=free.content_digest, options={"versions": [str(other.pk)]}, state="measured",
        result=profiling.measure(path, free.reading, asked), asked_by_name="Ada",
    )  # fmt: skip
    row = commercial(home, free).per_input[-1]
    assert (row.rule, row.outcome) == ("matched-rows", "needs-review")
    assert "5 of 6 rows match Support desk v1" in row.because
