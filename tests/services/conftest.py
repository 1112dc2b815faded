"""Tests against real PostgreSQL and Redis, for what SQLite and the file broker cannot show.

`make test-services` starts both for the run and names them in DATABASE_URL and BROKER_URL.
"""

import os
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db import connection

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies in this folder is a services test."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.services)


def absent(what: str) -> None:
    """Leave the test out, or fail it where everything has to run."""
    reason = f"needs {what}: make test-services"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def postgresql(transactional_db: None) -> None:
    """The test's database is PostgreSQL, and its transactions are real ones that other connections see."""
    if connection.vendor != "postgresql":
        absent("PostgreSQL (DATABASE_URL names another database)")


@pytest.fixture
def broker() -> redis.Redis:
    """A client of the test's Redis, which is empty at the start."""
    if not settings.BROKER_URL.startswith("redis://"):
        absent("Redis (BROKER_URL names another broker)")
    client = redis.Redis.from_url(settings.BROKER_URL)
    client.flushdb()
    return client
