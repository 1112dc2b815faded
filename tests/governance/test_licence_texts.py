"""Licence texts: kept as they came, and a later registration with another text is noticed."""

from pathlib import Path
from typing import Any

import pytest

from governance.foundation.core import blobs
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable
from governance.materials.base_models import selectors as base_models
from governance.materials.base_models import services as registering
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.materials.licence_texts import selectors, services
from governance.materials.licence_texts.models import LicenceText
from tests import factories
from tests.people import House

pytestmark = pytest.mark.django_db
TEXT = "The Reading Licence\n\nYou may read it, and train on what you read.\n"
OTHER = "The Reading Licence\n\nYou may read it, and train on what you read, unless you are a bank.\n"


def keep(home: House, about: Any, text: str = TEXT, *, where: str = "LICENSE", actor: Any = None) -> LicenceText:
    return services.hand_in(
        actor=actor or home.ada,
        project_id=home.project.pk,
        kind=about.kind,
        subject_id=about.pk,
        where=where,
        text=text,
    )


def model(home: House, text: str | None, name: str) -> BaseModel:
    """A folder with a licence text beside the weights, registered under one name."""
    folder: Path = factories.base_folder(name)
    (folder / "LICENSE").write_text(text or "", encoding="utf-8")
    return registering.register(
        actor=home.ada, project_id=home.project.pk, folder=name, name="Reader", revision=name, licence="Apache-2.0"
    )


def test_a_text_beside_the_weights_is_kept_byte_for_byte_at_registration(home: House) -> None:
    (kept,) = selectors.of(model(home, TEXT, "reader-1").pk)
    assert (kept.where, kept.kept_by_name, kept.project_id) == ("LICENSE", "Ada Brandt", None)
    with blobs.opened(kept.text_sha256) as file:
        assert file.read() == TEXT.encode()


def test_a_later_registration_with_another_text_is_noticed_and_told_to_who_decides(home: House) -> None:
    model(home, TEXT, "reader-1")
    same = model(home, TEXT.replace("\n\n", "  \r\n\r\n"), "reader-2")
    assert selectors.drift(selectors.of(same.pk)) is None, "spaces are no change"
    other = model(home, OTHER, "reader-3")
    drift = selectors.drift(selectors.of(other.pk))
    assert drift is not None and drift.before == "Reader reader-2"
    told = [fact for fact in base_models.summary(other, home.project) if fact.label == "Licence text"]
    assert [(fact.says, fact.warns) for fact in told] == [("Another text came with it than with Reader reader-2", True)]


def test_without_a_text_there_is_nothing_to_compare(home: House) -> None:
    model(home, TEXT, "reader-1")
    assert selectors.of(model(home, None, "reader-2").pk) == []


def versions(home: House) -> tuple[DatasetVersion, DatasetVersion]:
    return factories.dataset_version(home, rows=5), factories.dataset_version(home, rows=6)


def test_the_texts_of_a_datasets_versions_are_compared(home: House) -> None:
    first, second = versions(home)
    keep(home, first)
    keep(home, second, OTHER)
    drift = selectors.drift(selectors.of(second.pk))
    assert drift is not None and drift.before == "Support desk v1"
    assert any(fact.label == "Licence text" for fact in datasets.summary(second, home.project))
    assert selectors.drift(selectors.of(first.pk)) is None, "nothing came before the first"


@pytest.mark.parametrize(
    ("given", "field"),
    [({"text": " \n"}, "text"), ({"where": " "}, "where"), ({"text": "x" * 2**20 + "y"}, "text")],
)
def test_what_is_no_text_is_refused(home: House, given: dict[str, str], field: str) -> None:
    with pytest.raises(Unusable) as refused:
        keep(home, versions(home)[0], **{"text": TEXT, **given})
    assert [fault.field for fault in refused.value.faults] == [field]


def test_a_text_is_kept_once_by_who_registers_and_seen_inside_the_project(home: House) -> None:
    data = versions(home)[0]
    kept = keep(home, data)
    with pytest.raises(Unusable, match="kept already"):
        keep(home, data)
    with pytest.raises(NotAllowed):
        keep(home, data, OTHER, actor=home.rita)
    assert selectors.visible(home.vera, kept.pk) == kept
    with pytest.raises(NotFound):
        selectors.visible(home.dev, kept.pk)
    with pytest.raises(NotFound):
        keep(home, data, OTHER, actor=home.dev)
