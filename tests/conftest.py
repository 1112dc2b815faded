"""Fixtures that many rooms share: the house with its people, and a real small model made on the spot."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.conf import settings as django_settings
from django.core.management.commands import flush
from django.db import connection, connections
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from governance.foundation.audit import keys
from governance.foundation.audit.models import TrailKey
from tests.people import House
from tests.settled import settled
from tests.tampering import guards_lifted

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("OMP_NUM_THREADS", "1")
# How long an example takes says how busy the machine is, not whether the code is right.
hypothesis_settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("shared")


@pytest.fixture(scope="session", autouse=True)
def emptied_between_tests() -> Iterator[None]:
    """After a test with real transactions Django empties every table (`flush`), which the audit trail's triggers
    refuse. For that moment alone, and in tests alone, they are lifted."""
    emptied = flush.Command.handle

    def handle(command: flush.Command, **options: Any) -> None:
        with guards_lifted():
            emptied(command, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", handle)
        yield


HEADS = django_settings.ASSAY_TRAIL_HEADS


@pytest.fixture(autouse=True)
def own_file_of_heads(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A head that another test signed, over entries that were rolled back, is none of this one's trail."""
    if django_settings.ASSAY_TRAIL_HEADS == HEADS and HEADS.exists():
        monkeypatch.setattr(django_settings, "ASSAY_TRAIL_HEADS", tmp_path_factory.mktemp("trail") / "heads.jsonl")


@pytest.fixture
def home(db: None) -> House:
    """The organisation, its project, its people (`home.ada`, `home.rita`, ...), and a stranger (`home.dev`)."""
    return settled()


@pytest.fixture
def trail_key(db: None, settings: Any, tmp_path: Path) -> TrailKey:
    """The trail can be signed: a key and a file of heads of this test's own."""
    settings.ASSAY_TRAIL_KEY = tmp_path / "trail" / "key.pem"
    settings.ASSAY_TRAIL_HEADS = tmp_path / "trail" / "heads.jsonl"
    return keys.ready()


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random tiny Llama with tokenizer and chat template, as `python -m training tiny` makes it."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    subprocess.run(
        [sys.executable, "-m", "training", "tiny", "--out", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    return folder


@pytest.fixture
def models_dir(settings: object, tmp_path: Path, tiny_model: Path) -> Path:
    """The operator's folder of models, holding the tiny one under the name `tiny`."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "tiny").symlink_to(tiny_model)
    settings.ASSAY_MODELS_DIR = folder  # type: ignore[attr-defined]
    return folder


@pytest.fixture
def at_once() -> Callable[[Callable[[int], T], int], list[T | Exception]]:
    """Run a function in several threads that start together, each on a database connection of its own.

    at_once(act, 8) gives, by thread, what act(0..7) returned or raised.
    """

    def run(act: Callable[[int], T], threads: int) -> list[T | Exception]:
        start = threading.Barrier(threads, timeout=30)

        def one(number: int) -> T | Exception:
            try:
                connection.ensure_connection()  # so that they race for the row, not for a connection
                start.wait()
                return act(number)
            except Exception as error:
                return error
            finally:
                connections.close_all()

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(one, range(threads)))

    return run
