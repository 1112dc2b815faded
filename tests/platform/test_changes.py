"""What became of the rows between two versions, on the page and over REST."""

import json
from pathlib import Path

import pytest
from django.test import Client

from governance.materials.datasets import services
from governance.materials.datasets.models import Dataset, DatasetVersion
from tests import factories
from tests.callers import API, by_token
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(home: House, tmp_path: Path) -> tuple[DatasetVersion, DatasetVersion]:
    line = services.create(actor=home.ada, project_id=home.project.pk, name="Support desk")
    old = {"Kept?": "Yes.", "Price?": "Two crowns.", "Gone?": "Soon."}
    new = {"Price?": "Three crowns.", "Kept?": "Yes.", "New?": "Indeed."}
    return register(home, line, old, tmp_path), register(home, line, new, tmp_path)


def register(home: House, line: Dataset, rows: dict[str, str], folder: Path) -> DatasetVersion:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps({"prompt": ask, "completion": say}) + "\n" for ask, say in rows.items()))
    return services.register_version(
        actor=home.ada, dataset_id=line.pk, path=path, file_name=path.name, licence="MIT",
        provenance=factories.PROVENANCE,
    )  # fmt: skip


def page(name: str, address: str) -> str:
    client = Client()
    assert client.login(username=name, password=PASSWORD)
    return client.get(address).content.decode()


def test_the_page_shows_what_changed_and_hides_rows_from_viewers(
    home: House, two: tuple[DatasetVersion, DatasetVersion]
) -> None:
    old, new = two
    shown = page("ada", f"/dataset-versions/{new.pk}/changes/")
    for words in ("Support desk v1", "<del>Two crowns.</del>", "<ins>Three crowns.</ins>", "Indeed.", "Soon."):
        assert words in shown
    assert "Yes." not in shown
    hidden = page("vera", f"/dataset-versions/{new.pk}/changes/?since={old.pk}")
    assert "Three crowns" not in hidden
    assert "not shown to viewers" in hidden
    assert "what changed since" in page("ada", f"/dataset-versions/{new.pk}/?tab=lineage")


def test_the_api_gives_places(home: House, two: tuple[DatasetVersion, DatasetVersion]) -> None:
    old, new = two
    address = f"{API}/dataset-versions/{new.pk}/changes/"
    told = by_token(home.ada).get(address, {"since": str(old.pk)}).json()
    assert told == {"since": str(old.pk), "kept": 1, "added": [2], "removed": [2], "changed": [[1, 0]]}
    assert by_token(home.ada).get(address, {"since": "x"}).status_code == 422
    assert by_token(home.ada).get(address, {"since": str(home.project.pk)}).status_code == 404


def test_a_version_without_an_index_is_said_not_to_be_comparable(
    home: House, two: tuple[DatasetVersion, DatasetVersion]
) -> None:
    old, new = two
    DatasetVersion.objects.filter(pk=old.pk).update(index_sha256="")
    assert "before rows were indexed" in page("ada", f"/dataset-versions/{new.pk}/changes/")
    answer = by_token(home.ada).get(f"{API}/dataset-versions/{new.pk}/changes/", {"since": str(old.pk)})
    assert answer.status_code == 409


def test_the_only_version_has_nothing_to_compare_with(home: House, tmp_path: Path) -> None:
    line = services.create(actor=home.ada, project_id=home.project.pk, name="Alone")
    only = register(home, line, {"One?": "One."}, tmp_path)
    assert "only version" in page("ada", f"/dataset-versions/{only.pk}/changes/")
