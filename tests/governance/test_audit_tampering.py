"""A fair share of what can be done to trail and records behind the platform's back; `make chaos` does all of it."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.db import transaction

from assay.accounts.services import create_token
from governance.documents.dossiers import services as dossiers
from governance.foundation.audit import heads, keys
from governance.foundation.audit.verification import verify
from tests import factories, tampering
from tests.devices import App
from tests.people import house

pytestmark = pytest.mark.django_db

SHARE = 29  # every so manieth


@pytest.fixture(scope="module", autouse=True)
def signed_house(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """From data to a frozen dossier, signed; every test only looks, and undoes what it did."""
    folder = tmp_path_factory.mktemp("trail")
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setattr("django.conf.settings.ASSAY_TRAIL_KEY", folder / "key.pem")
        patch.setattr("django.conf.settings.ASSAY_TRAIL_HEADS", folder / "heads.jsonl")
        keys.ready()
        home = house()
        run = factories.finished_run(home)
        App(home.rita)
        create_token(actor=home.rita)
        dossiers.freeze(actor=home.ada, dossier_id=run.model_version.dossier.pk)
        heads.sign()
        yield
        transaction.set_rollback(True)


def test_the_untouched_house_raises_no_alarm() -> None:
    report = verify(records=True)
    assert report.faults == []
    assert report.records and report.records > 30 and report.entries > 30


def found(batches: Iterable[tampering.Batch]) -> dict[str, bool | None]:
    return {what: is_found for batch in batches for what, is_found in tampering.tried(batch).items()}


def test_every_change_of_a_signed_head_is_found_and_named() -> None:
    head = heads.last()
    assert head is not None
    tried = found(batch for batch in tampering.of_trail() if batch[0].what.startswith("head at entry"))
    assert tried == {f"head at entry {head.size}: {name}": True for name in ("at", "root", "key_id", "checkpoint")}


def test_every_change_of_the_trail_is_found_and_named() -> None:
    tried = found(list(tampering.of_trail())[::SHARE])
    assert [what for what, is_found in tried.items() if is_found is False] == []
    assert sum(is_found is True for is_found in tried.values()) > 40
    assert verify(records=True).faults == []


@pytest.mark.parametrize("noun", ["account", "second factor", "API token", "pseudonym"])
def test_every_change_of_who_may_come_in_and_who_they_are_is_found_and_named(noun: str) -> None:
    tried = found(tampering.of_records(rows=1, nouns=[noun]))
    assert [what for what, is_found in tried.items() if is_found is False] == []
    assert sum(is_found is True for is_found in tried.values()) >= 3, tried


def test_every_change_of_a_record_in_its_table_is_found_and_named() -> None:
    tried = found(list(tampering.of_records(rows=1))[::3])
    assert [what for what, is_found in tried.items() if is_found is False] == []
    assert sum(is_found is True for is_found in tried.values()) > 20
    assert verify(records=True).faults == []
