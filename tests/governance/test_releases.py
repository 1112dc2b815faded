"""Letting a model go takes everybody's word; taking it back takes one person's."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from governance.delivery.evidence import services as evidence
from governance.delivery.evidence import verify
from governance.delivery.releases import selectors, services
from governance.delivery.releases.models import Release
from governance.delivery.releases.rules import State
from governance.documents.dossiers import services as dossiers
from governance.documents.dossiers.models import DossierVersion
from governance.foundation.core import blobs
from governance.foundation.core.errors import GateClosed, NotAllowed, NotFound, Unusable, WrongState
from governance.people.approvals import services as approvals
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import State as Asked
from governance.people.organisations import services as organisations
from governance.people.projects import services as projects
from governance.people.projects.models import Classification
from governance.work.evaluations import services as evaluations
from tests import factories
from tests.people import House


@pytest.fixture
def frozen(home: House) -> DossierVersion:
    return factories.frozen_dossier(home)


def sign(home: House, frozen: DossierVersion) -> None:
    request = approvals.ask(actor=home.ada, subject=frozen, project_id=home.project.pk)
    factories.approve(home.cleo, request)


def propose(home: House, frozen: DossierVersion) -> Release:
    return services.propose(actor=home.ada, dossier_version_id=frozen.pk)


def approve(home: House, release: Release) -> None:
    factories.approve(home.rita, ApprovalRequest.objects.get(subject_kind="release", subject_id=release.pk))


def test_signed_approved_and_released_the_digest_answers_yes(home: House, frozen: DossierVersion) -> None:
    sign(home, frozen)
    release = propose(home, frozen)
    approve(home, release)
    services.release(actor=home.rita, release_id=release.pk)
    digest = frozen.dossier.model_version.digest
    assert selectors.released(home.omar, digest) == [release]
    assert selectors.released(home.dev, digest) == []


def test_an_unsigned_dossier_keeps_the_gate_shut(home: House, frozen: DossierVersion) -> None:
    release = propose(home, frozen)
    approve(home, release)
    with pytest.raises(GateClosed) as error:
        services.release(actor=home.rita, release_id=release.pk)
    assert [missing.kind for missing in error.value.missing] == ["dossier"]


def test_without_the_questionnaire_nothing_is_released(home: House, frozen: DossierVersion) -> None:
    sign(home, frozen)
    release = propose(home, frozen)
    approve(home, release)
    Classification.objects.all().delete()
    with pytest.raises(GateClosed, match="questionnaire is not answered"):
        services.release(actor=home.rita, release_id=release.pk)


def test_the_proposer_does_not_decide(home: House, frozen: DossierVersion) -> None:
    release = propose(home, frozen)
    with pytest.raises(NotAllowed, match="Ada proposed this release"):
        factories.approve(home.ada, ApprovalRequest.objects.get(subject_kind="release", subject_id=release.pk))
    with pytest.raises(NotAllowed):
        services.release(actor=home.ada, release_id=release.pk)


def test_a_finding_that_the_report_does_not_have_cannot_be_accepted(home: House, frozen: DossierVersion) -> None:
    with pytest.raises(Unusable, match="has no finding"):
        services.propose(actor=home.ada, dossier_version_id=frozen.pk, accepted_findings=["all is well"])


def test_one_live_release_a_model(home: House, frozen: DossierVersion) -> None:
    propose(home, frozen)
    with pytest.raises(WrongState, match="proposed or released already"):
        propose(home, frozen)


def test_withdrawing_needs_a_reason_and_no_gate(home: House, frozen: DossierVersion) -> None:
    release = propose(home, frozen)
    with pytest.raises(Unusable, match="Say why"):
        services.withdraw(actor=home.cleo, release_id=release.pk, reason=" ")
    services.withdraw(actor=home.cleo, release_id=release.pk, reason="A fee in it is wrong.")
    release.refresh_from_db()
    assert release.state == State.WITHDRAWN
    assert propose(home, frozen).pk != release.pk


def test_withdrawing_a_proposal_closes_what_is_asked_about_it(home: House, frozen: DossierVersion) -> None:
    release = propose(home, frozen)
    request = ApprovalRequest.objects.get(subject_kind="release", subject_id=release.pk)
    services.withdraw(actor=home.cleo, release_id=release.pk, reason="A fee in it is wrong.")
    request.refresh_from_db()
    assert request.state == Asked.VOID
    release.refresh_from_db()
    with pytest.raises(WrongState, match="only a proposed release is asked about"):
        approvals.ask(actor=home.ada, subject=release, project_id=home.project.pk)


def test_another_classification_than_the_dossier_states_keeps_the_gate_shut(
    home: House, frozen: DossierVersion
) -> None:
    sign(home, frozen)
    release = propose(home, frozen)
    approve(home, release)
    answered = Classification.objects.get(project=home.project).answers
    projects.classify(actor=home.rita, project_id=home.project.pk, answers=answered, reason="Looked at it anew.")
    with pytest.raises(GateClosed, match="The dossier states another classification") as error:
        services.release(actor=home.rita, release_id=release.pk)
    assert len(error.value.missing) == 1
    services.withdraw(actor=home.rita, release_id=release.pk, reason="Its dossier is out of date.")
    anew = dossiers.freeze(actor=home.ada, dossier_id=frozen.dossier_id)
    sign(home, anew)
    second = propose(home, anew)
    approve(home, second)
    assert services.release(actor=home.rita, release_id=second.pk).state == State.RELEASED


def test_another_evaluation_than_the_dossier_states_keeps_the_gate_shut(home: House, frozen: DossierVersion) -> None:
    sign(home, frozen)
    model = frozen.dossier.model_version
    factories.evaluated(evaluations.ask(model_version=model))
    release = propose(home, frozen)
    approve(home, release)
    with pytest.raises(GateClosed, match="The dossier states another evaluation"):
        services.release(actor=home.rita, release_id=release.pk)


def test_somebody_of_another_organisation_sees_no_release(home: House, frozen: DossierVersion) -> None:
    release = propose(home, frozen)
    with pytest.raises(NotFound):
        services.withdraw(actor=home.dev, release_id=release.pk, reason="No.")


def test_the_bundle_of_a_signed_dossier_is_sound_for_whoever_has_only_python(
    home: House, frozen: DossierVersion, tmp_path: Path
) -> None:
    sign(home, frozen)
    bundle = evidence.export(actor=home.cleo, dossier_version_id=frozen.pk)
    path = blobs.copy_to(bundle.file_sha256, tmp_path / "evidence.zip")
    with zipfile.ZipFile(path) as archive:
        archive.extract("verify.py", tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(tmp_path / "verify.py"), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = verify.verify(path)
    assert report.sound
    assert "not signed" in done.stdout


def test_a_bundle_says_nothing_about_another_organisations_projects(
    home: House, frozen: DossierVersion, tmp_path: Path
) -> None:
    sign(home, frozen)
    bundle = evidence.export(actor=home.cleo, dossier_version_id=frozen.pk)
    path = blobs.copy_to(bundle.file_sha256, tmp_path / "evidence.zip")
    data = path.read_bytes()
    assert str(home.elsewhere.pk).encode() not in data
    assert b"Claims notes" not in data


def test_a_bundle_holds_what_the_dossier_cites_though_it_was_described_anew_since(
    home: House, frozen: DossierVersion, tmp_path: Path
) -> None:
    sign(home, frozen)
    organisations.describe(actor=home.admin, organisation_id=home.organisation.pk, contact="the new press office")
    projects.describe(actor=home.ada, project_id=home.project.pk, foreseeable_misuse="Something nobody saw then.")
    bundle = evidence.export(actor=home.cleo, dossier_version_id=frozen.pk)
    path = blobs.copy_to(bundle.file_sha256, tmp_path / "evidence.zip")
    report = verify.verify(path)
    assert report.sound, [each for each in report.checks if each.result != verify.HOLDS]
    with zipfile.ZipFile(path) as archive:
        held = b"".join(archive.read(name) for name in archive.namelist() if name.startswith("records/"))
    assert b"the new press office" not in held and b"nobody saw then" not in held


def test_two_exports_of_the_same_records_differ_only_in_their_seal(
    home: House, frozen: DossierVersion, tmp_path: Path
) -> None:
    sign(home, frozen)
    members = []
    for name in ("one.zip", "two.zip"):
        bundle = evidence.export(actor=home.cleo, dossier_version_id=frozen.pk)
        with zipfile.ZipFile(blobs.copy_to(bundle.file_sha256, tmp_path / name)) as archive:
            members.append({n: archive.read(n) for n in archive.namelist() if not n.startswith("seal/")})
    assert members[0] == members[1]
