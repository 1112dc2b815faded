"""Several processes under one: started again when they die, ended with it, whatever ends it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from assay.jobs import processes
from assay.jobs.environment import source_roots

pytestmark = pytest.mark.timeout(60)

PARENT = """
import sys
from pathlib import Path
from assay import serving
from assay.serving import Child, Household
serving.FIRST_PAUSE = 0.2
folder = Path(sys.argv[1])
children = [
    Child(name, [sys.executable, "-c", program, str(folder / name)], folder / f"{name}.log", patience=1)
    for name, program in zip(sys.argv[2::2], sys.argv[3::2], strict=True)
]
for child in children:
    child.pause = 0.2
sys.exit(Household(children, __import__("os").environ, lambda line: print(line, flush=True)).run())
"""
# Writes its id into its file, a line for each start.
STEADY = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + STEADY
BROKEN = "import sys; open(sys.argv[1], 'a').write('1\\n'); sys.exit('nothing works today')"


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a household of the given programs."""
    started: list[subprocess.Popen[str]] = []

    def start(**programs: str) -> subprocess.Popen[str]:
        given = [part for pair in programs.items() for part in pair]
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", PARENT, str(tmp_path), *given],
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(source_roots()),
                    "DJANGO_SETTINGS_MODULE": "assay.settings.test",
                },
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def ids(path: Path, count: int) -> list[int]:
    """The process ids that a child wrote, once there are `count`."""
    deadline = time.monotonic() + 20
    while not path.exists() or len(path.read_text().splitlines()) < count:
        assert time.monotonic() < deadline, f"{path.name} was not started {count} times"
        time.sleep(0.05)
    return [int(line) for line in path.read_text().splitlines()]


def all_gone(pids: list[int], within: float) -> bool:
    deadline = time.monotonic() + within
    while any(processes.identity(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_one_signal_ends_them_all_the_deaf_one_too(
    parent: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = parent(web=STEADY, worker=DEAF)
    pids = ids(tmp_path / "web", 1) + ids(tmp_path / "worker", 1)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert all_gone(pids, within=0.5)


def test_the_kernel_ends_them_when_their_parent_is_killed(
    parent: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = parent(web=STEADY, worker=DEAF)
    pids = ids(tmp_path / "web", 1) + ids(tmp_path / "worker", 1)
    process.kill()
    assert all_gone(pids, within=3)


def test_a_child_that_dies_is_started_again_and_the_others_are_left_alone(
    parent: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = parent(web=STEADY, worker=STEADY)
    web, worker = ids(tmp_path / "web", 1)[0], ids(tmp_path / "worker", 1)[0]
    os.kill(worker, signal.SIGKILL)
    assert len(set(ids(tmp_path / "worker", 2))) == 2
    assert processes.identity(web) is not None
    process.terminate()
    said = process.communicate(timeout=10)[0]
    assert "worker was ended by SIGKILL" in said
    assert "web" not in said


def test_a_child_that_never_works_is_tried_ever_more_rarely_and_its_words_are_shown(
    parent: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = parent(web=BROKEN)
    ids(tmp_path / "web", 3)
    time.sleep(1)
    process.terminate()
    said = process.communicate(timeout=10)[0]
    assert "web ended with code 1" in said
    assert "nothing works today" in said
    assert len((tmp_path / "web").read_text().splitlines()) <= 5  # without pauses it would be dozens


@pytest.mark.django_db
def test_serve_says_when_its_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"127.0.0.1:{port} already"):
            call_command("serve", port=port, skip_checks=True)
