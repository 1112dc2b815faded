"""The servers that `make test-services` starts live exactly as long as the command they were started for."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = [sys.executable, str(ROOT / "setup" / "services.py")]


def test_the_exit_code_is_the_commands_and_both_addresses_are_told() -> None:
    shown = 'import os; print(os.environ["DATABASE_URL"], os.environ["BROKER_URL"]); raise SystemExit(7)'
    done = subprocess.run([*SERVICES, sys.executable, "-c", shown], capture_output=True, text=True, check=False)

    assert done.returncode == 7
    database, broker = done.stdout.splitlines()[-1].split()
    assert database.startswith("postgres://assay:") and "@127.0.0.1:" in database
    assert broker.startswith("redis://:") and "@127.0.0.1:" in broker


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for temporary files that the servers' own user may pass through; a killed starter leaves some."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o711)
        yield path


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda sent: sent.name)
def test_no_server_outlives_its_starter_however_that_ends(sent: signal.Signals, folder: Path) -> None:
    starter = subprocess.Popen(
        [*SERVICES, "sleep", "120"],
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # a shell has what it runs in the background ignore SIGINT, the tests with all that they start
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        started = servers_and_command(starter.pid)
    finally:
        os.kill(starter.pid, sent)
        starter.wait(30)

    _, alive = psutil.wait_procs(started, timeout=20)
    assert [process.name() for process in alive] == []


def servers_and_command(pid: int) -> list[psutil.Process]:
    """Everything below the starter, once PostgreSQL, Redis and the command are all there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess):  # initdb's own children come and go
            below = psutil.Process(pid).children(recursive=True)
            if {"postgres", "redis-server", "sleep"} <= {process.name() for process in below}:
                return below
        time.sleep(0.1)
    raise AssertionError("PostgreSQL, Redis and the command were not all there after a minute")
