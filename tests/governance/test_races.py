"""Sixteen at once over one thing, on SQLite."""

from typing import Any

import pytest

from tests import races
from tests.people import House
from tests.settled import settled

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def home(transactional_db: None) -> House:
    return settled()


def test_of_sixteen_who_decide_at_once_one_does(home: House, at_once: Any) -> None:
    races.one_decision(home, at_once)


def test_sixteen_launches_make_one_job(home: House, at_once: Any) -> None:
    races.one_launch(home, at_once)


def test_a_run_launched_and_cancelled_at_once_ends_once(home: House, at_once: Any) -> None:
    races.one_end(home, at_once)
