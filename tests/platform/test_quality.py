"""A version is measured by a worker after it is registered, and again as somebody asks; the newest is shown."""

import html
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from assay.jobs import work
from governance.foundation.core.errors import NotAllowed, Unusable, WrongState
from governance.foundation.jobs.models import Job
from governance.materials.datasets import measuring, selectors, services, splitting
from governance.materials.datasets.measuring import Options
from governance.materials.datasets.models import DatasetVersion, QualityProfile
from governance.materials.datasets.rules import ProfileState
from preparation.splits import Split
from tests import factories
from tests.people import House
from tests.settled import settled

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


@pytest.fixture
def home(transactional_db: None, settings: Any, tmp_path: Path) -> House:
    settings.ASSAY_MODELS_DIR = tmp_path / "models"
    return settled()


@pytest.fixture
def version(home: House) -> DatasetVersion:
    return factories.dataset_version(home)


def carried_out(profile: QualityProfile) -> QualityProfile:
    work.do(Job.objects.get(subject_id=profile.pk, task="profile").pk, worker="test")
    profile.refresh_from_db()
    return profile


def signed_in(home: House, actor: Any) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.get(pk=actor.user_id))
    return client


def verdict(profile: QualityProfile, name: str) -> list[dict[str, Any]]:
    return [one for one in profile.result["checklist"] if one["name"] == name]


def test_what_was_registered_is_measured_without_being_asked(home: House, version: DatasetVersion) -> None:
    profile = version.quality_profiles.get()
    assert (profile.state, profile.version_sha256) == (ProfileState.QUEUED, version.content_digest)
    assert selectors.quality(version) is None
    carried_out(profile)
    assert profile.state == ProfileState.MEASURED, profile.error
    assert profile.result["rows"] == version.rows
    names = {one["name"] for one in profile.result["measures"]["against"]["others"]}
    assert names == {"assay-counterfactual", "assay-general-text", "assay-safety-both-ways"}
    assert selectors.quality(version) == profile
    assert Job.objects.get(subject_id=profile.pk).state == "succeeded"


def test_another_try_with_other_options_is_another_profile_and_the_newest_is_shown(
    home: House, version: DatasetVersion
) -> None:
    first = carried_out(version.quality_profiles.get())
    second = measuring.measure(actor=home.ben, version_id=version.pk, options=Options(suites=False))
    assert selectors.quality(version) == first
    carried_out(second)
    assert "not_measured" in second.result["measures"]["against"]
    assert selectors.quality(version) == second
    assert version.quality_profiles.count() == 2


def test_one_version_is_measured_once_at_a_time_and_cancelling_frees_it(home: House, version: DatasetVersion) -> None:
    profile = version.quality_profiles.get()
    with pytest.raises(WrongState, match="is being measured"):
        measuring.measure(actor=home.ada, version_id=version.pk, options=Options())
    assert measuring.cancel(actor=home.ada, profile_id=profile.pk).state == ProfileState.CANCELLED
    with pytest.raises(WrongState, match="is not being measured"):
        measuring.cancel(actor=home.ada, profile_id=profile.pk)
    assert measuring.again(actor=home.ada, profile_id=profile.pk).state == ProfileState.QUEUED


def test_options_that_cannot_be_used_say_so(home: House, version: DatasetVersion) -> None:
    measuring.cancel(actor=home.ada, profile_id=version.quality_profiles.get().pk)
    with pytest.raises(Unusable, match="no tokenizer was chosen"):
        measuring.measure(actor=home.ada, version_id=version.pk, options=Options(limit=512))
    with pytest.raises(Unusable, match="not held against itself"):
        measuring.measure(actor=home.ada, version_id=version.pk, options=Options(versions=(version.pk,)))
    with pytest.raises(NotAllowed):
        measuring.measure(actor=home.omar, version_id=version.pk, options=Options())


def test_rows_of_another_version_are_found(home: House, version: DatasetVersion) -> None:
    measuring.cancel(actor=home.ada, profile_id=version.quality_profiles.get().pk)
    other = factories.dataset_version(home, rows=40)
    made = measuring.measure(actor=home.ada, version_id=version.pk, options=Options(versions=(other.pk,), suites=False))
    (found,) = carried_out(made).result["measures"]["against"]["others"]
    assert (found["kind"], found["name"], found["exact"]["count"]) == ("split", str(other), 40)
    assert verdict(made, "overlap")[0]["state"] == "look"


def test_a_worker_that_cannot_measure_says_why(home: House, version: DatasetVersion, tmp_path: Path) -> None:
    profile = version.quality_profiles.get()
    DatasetVersion.objects.filter(pk=version.pk).update(format="kto")
    carried_out(profile)
    assert profile.state == ProfileState.FAILED
    assert "cannot be used" in profile.error["message"]
    assert "Traceback" not in profile.error["message"]
    page = signed_in(home, home.ada).get(f"/dataset-versions/{version.pk}/?tab=quality").content.decode()
    assert "The last measuring failed" in page


def test_the_tab_shows_checklist_and_pictures_and_links_only_to_who_may_read_rows(
    home: House, version: DatasetVersion
) -> None:
    address = f"/dataset-versions/{version.pk}/?tab=quality"
    assert "Not measured yet" in signed_in(home, home.ada).get(address).content.decode()
    measuring.cancel(actor=home.ada, profile_id=version.quality_profiles.get().pk)
    other = factories.dataset_version(home, rows=40)
    profile = carried_out(
        measuring.measure(actor=home.ada, version_id=version.pk, options=Options(versions=(other.pk,)))
    )
    looked = next(one for one in profile.result["checklist"] if one["rows"])
    link = f"/dataset-versions/{version.pk}/rows/?start={looked['places'][0]}"
    page = signed_in(home, home.ada).get(address).content.decode()
    assert looked["ask"] in page
    assert "<svg" in page and "Rows of which something is to be said" in page
    assert link in page
    assert link not in signed_in(home, home.vera).get(address).content.decode()


def test_page_and_api_ask_for_the_same(home: House, version: DatasetVersion) -> None:
    client = signed_in(home, home.ada)
    profile = version.quality_profiles.get()
    assert client.post(f"/quality-profiles/{profile.pk}/cancel/").status_code == 302
    response = client.post(f"/dataset-versions/{version.pk}/measure/", {"limit": "512"})
    assert response.status_code == 422
    assert "no tokenizer was chosen" in response.content.decode()
    response = client.post(f"/dataset-versions/{version.pk}/measure/", {"suites": "on"})
    made = QualityProfile.objects.get(state=ProfileState.QUEUED)
    assert (response.status_code, response["Location"]) == (302, f"/quality-profiles/{made.pk}/")
    assert made.options == Options().to_json()
    assert "Waits for a worker." in client.get(f"/quality-profiles/{made.pk}/").content.decode()
    shown = client.get(f"/api/v1/quality-profiles/{made.pk}/").json()
    assert (shown["state"], shown["result"], shown["version"]) == ("queued", None, str(version.pk))


def test_parts_of_its_own_split_are_held_against_one_another(home: House, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"prompt": f"Question {n}?", "completion": f"Answer {n}.", "part": "train"} for n in range(8)]
    rows += [{**rows[0], "part": "test"}, {**rows[1], "part": "train"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    version = services.register_version(
        actor=home.ada, dataset_id=factories.dataset_version(home).dataset_id, path=path, file_name="rows.jsonl",
        licence="CC0-1.0", provenance=factories.PROVENANCE,
    )  # fmt: skip
    split = splitting.split(actor=home.ada, version_id=version.pk, asked=Split("given", column="part"))
    client, profile = signed_in(home, home.ada), version.quality_profiles.get()
    (silent,) = verdict(carried_out(profile), "parts")
    assert silent["state"] == "not-measured"
    elsewhere = factories.dataset_version(home)
    measuring.cancel(actor=home.ada, profile_id=elsewhere.quality_profiles.get().pk)
    with pytest.raises(Unusable, match="is no split of"):
        measuring.measure(actor=home.ada, version_id=elsewhere.pk, options=Options(split=split.pk))
    asked = client.post(f"/dataset-versions/{version.pk}/measure/", {"split": str(split.pk)})
    assert asked.status_code == 302
    made = carried_out(QualityProfile.objects.get(state=ProfileState.QUEUED, version=version))
    (found,) = verdict(made, "parts")
    assert found["state"] == "look"
    assert "1 with 2 rows, of them 1 of exact copies (train and test: 1)" in found["reason"]
    assert found["rows"] == [1, 9]
    assert found["reason"] in html.unescape(client.get(asked["Location"]).content.decode())


def test_no_text_of_a_row_stands_in_the_record(home: House, version: DatasetVersion) -> None:
    profile = carried_out(version.quality_profiles.get())
    told = json.dumps(profile.result)
    for row in selectors.sample(version, count=5):
        for message in (row[1] if isinstance(row, tuple) else row).messages:
            assert message.content not in told
