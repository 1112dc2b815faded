"""Which process is which on this machine: a process id alone is reused, so it proves nothing.

An identity is process id, start time (in the kernel's ticks since boot, which no change of the clock moves)
and boot id. Every process of a job also carries a mark in its environment, `ASSAY_JOB=<job>:<token>:<data
folder>`, which its own children inherit: it finds what outlived the leader of its group.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

PROC = Path("/proc")
MARK = "ASSAY_JOB"
LAUNCH = Path(__file__).with_name("launch.py")


def bound(command: Sequence[str], **options: int | None) -> list[str]:
    """`command` as a child that the kernel ends with us; `options` as `launch` takes them.

    To be started from the main thread: the kernel's promise holds for the thread that starts it.
    """
    given = json.dumps({"parent": os.getpid(), **options})
    return [sys.executable, "-I", "-S", str(LAUNCH), given, *command]


@dataclass(frozen=True)
class Identity:
    """One process in the whole life of this machine, as `Job.process` stores it."""

    pid: int
    started: int
    boot: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@cache
def boot_id() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def identity(pid: int) -> Identity | None:
    """The process that has this id now; None when there is none, or only its exit code is left."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name, in brackets, may hold spaces and brackets; what follows its last one is fixed (proc(5)).
    fields = stat.rpartition(")")[2].split()
    state, started = fields[0], int(fields[19])
    return None if state in "ZX" else Identity(pid, started, boot_id())


def lives(recorded: dict[str, Any] | None) -> bool:
    """Whether the very process of a stored identity still runs here."""
    if not recorded:
        return False
    found = identity(recorded["pid"])
    return found is not None and found.as_dict() == recorded


def mark(job_id: UUID, token: int, home: Path) -> str:
    """The value of MARK for one attempt at a job of the installation whose data lies in `home`."""
    return f"{job_id}:{token}:{home}"


def marked(job_id: UUID, home: Path) -> list[int]:
    """Process ids on this machine that work, or once worked, on the job, whichever attempt it was."""
    found = []
    for pid, environment in environments():
        job, _, rest = environment.get(MARK, "").partition(":")
        if job == str(job_id) and rest.partition(":")[2] == str(home):
            found.append(pid)
    return found


def environments() -> Iterator[tuple[int, dict[str, str]]]:
    """Every process that we may look into, with the environment it was started with."""
    for folder in PROC.iterdir():
        if not folder.name.isdigit():
            continue
        # It may end while we look, and others' processes are none of our business.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            raw = (folder / "environ").read_bytes().decode(errors="replace")
            yield int(folder.name), dict(part.partition("=")[::2] for part in raw.split("\0") if "=" in part)


def runs(pid: int, program: str) -> bool:
    """Whether the process was started as `program`: as a file of that name, or by `python -m`."""
    try:
        words = (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return program in {Path(word).name for word in words[:3]}


def maps(pid: int, library: str) -> bool:
    """Whether the process has a file mapped whose path contains `library`."""
    try:
        return library in (PROC / str(pid) / "maps").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


def signal_group(group: int, number: signal.Signals) -> None:
    """Signal every process of a group; a group that is gone is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def end_remains(job_id: UUID, process: dict[str, Any] | None, home: Path, patience: float = 5) -> list[int]:
    """Kill what an earlier attempt at a job left running on this machine, and wait until it is gone.

    `process` is the identity stored with the job. Returns the ids that were killed.
    """
    remains = set(marked(job_id, home))
    if process and lives(process):
        remains.add(process["pid"])
    remains.discard(os.getpid())
    for pid in remains:
        with contextlib.suppress(ProcessLookupError):
            group = os.getpgid(pid)
            if group != os.getpgrp():
                signal_group(group, signal.SIGKILL)
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + patience
    while any(identity(pid) for pid in remains) and time.monotonic() < deadline:
        time.sleep(0.02)
    return sorted(remains)
