"""What is built once and put back is whole, whatever other tests did to it."""

import shutil

import pytest
from django.conf import settings
from django.db import transaction

from governance.foundation.core import blobs
from tests import factories
from tests.settled import settled

pytestmark = pytest.mark.django_db


def test_a_run_is_put_back_with_its_files_though_they_were_taken_away() -> None:
    with transaction.atomic():
        first = factories.finished_run(settled())
        transaction.set_rollback(True)
    shutil.rmtree(settings.DATA_DIR)
    again = factories.finished_run(settled())
    assert again.pk == first.pk
    (version,) = again.data()
    with blobs.as_local_file(version.file_sha256, version.file_name) as path:
        assert len(path.read_text().splitlines()) == version.rows


def test_on_a_house_that_something_was_done_in_all_is_built_anew() -> None:
    with transaction.atomic():
        first = factories.finished_run(settled())
        transaction.set_rollback(True)
    home = settled()
    factories.registered_version(home, rows=3)
    assert factories.finished_run(home).pk != first.pk
