"""One subprocess for one job, watched from its start to its end.

The subprocess leads a session of its own, so that it and all its children are one group that can be ended as
one. Three things end it: it is done; a person cancels (SIGTERM, a time of grace for its checkpoint, SIGKILL);
this worker lost its lease (SIGKILL at once, nothing more is written). Should the worker itself be killed, the
kernel kills the subprocess with it (see `launch`). No exception leaves a process behind.

It must be called from the main thread, for the kernel's promise holds for the thread that starts the child.
"""

import contextlib
import logging
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections

from assay.jobs import processes
from assay.jobs.environment import environment
from assay.jobs.events import Lines, parse
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease, LeaseLost

log = logging.getLogger(__name__)


class Interrupted(Exception):
    """This worker is being stopped; its work was ended unharmed and waits for the next worker."""


Event = dict[str, Any]
Events = list[Event]

CANCELLED = 130  # exit code of a library that was asked to stop and did
TICK = 0.2  # seconds between two looks at the process
BATCH = 1.0  # seconds that events are gathered before they are written
KEEP = 3.0  # seconds between two renewals at most: so soon is a wish to cancel seen
READ = 1 << 16  # bytes taken from the pipe at once
TAIL = 4000  # bytes of standard error that an error message may quote


@dataclass(frozen=True)
class Limits:
    """What a subprocess may take; None is no limit. Bytes of address space, seconds of processor and of clock;
    `nice` is how far it steps back for the processes that serve people (nice(2))."""

    address_space: int | None = None
    cpu_seconds: int | None = None
    wall_seconds: float | None = None
    nice: int = 5


@dataclass(frozen=True)
class Outcome:
    """How a subprocess ended. `exit_code` is 128 + the signal's number where a signal ended it (`signal`)."""

    exit_code: int
    signal: int | None
    cancelled: bool
    interrupted: bool
    timed_out: bool
    seconds: float
    stderr_tail: str

    @property
    def as_reported(self) -> int:
        """The exit code for the records: whatever a person cancelled and did not succeed was cancelled, also
        when it did not get to say so itself."""
        return CANCELLED if self.cancelled and self.exit_code != 0 else self.exit_code

    @property
    def was_interrupted(self) -> bool:
        """Whether it ended because this worker stops: it is to wait for another."""
        return self.interrupted and self.exit_code != 0 and not self.cancelled

    @property
    def was_killed(self) -> bool:
        """Whether a signal that was not ours ended it: somebody's kill, memory that ran out, a machine that goes
        down. One that obeyed SIGTERM says that it was cancelled, but nobody who may had asked for that."""
        ended = self.signal is not None or self.exit_code == CANCELLED
        return ended and not (self.cancelled or self.interrupted or self.timed_out)

    @property
    def last_words(self) -> str:
        """The end of its standard error, and what the kernel knows about its end."""
        if self.signal is None:
            return self.stderr_tail
        name = signal.Signals(self.signal).name
        hint = " That is what happens when memory runs out." if self.signal == signal.SIGKILL else ""
        return f"{self.stderr_tail}\nIt was ended by the signal {name}.{hint}".strip()


def nothing(_: Events) -> None:
    """For a subprocess whose events nobody keeps."""


class Supervised:
    """A command under a lease.

    `log_file` takes its standard error and whatever it prints that is no event. `on_events` is called with
    events in order, about once a second. `progress_of` turns an event into `Job.progress`, or None.
    `stopping` says that this worker is being stopped: the subprocess is ended as if cancelled, and the
    outcome says `interrupted`.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        lease: Lease,
        folder: Path,
        log_file: Path,
        on_events: Callable[[Events], None] = nothing,
        progress_of: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda _: None,
        stopping: Callable[[], bool] = lambda: False,
        limits: Limits = Limits(),
    ) -> None:
        self._command, self._lease, self._folder, self._log_file = command, lease, folder, log_file
        self._on_events, self._progress_of, self._stopping, self._limits = on_events, progress_of, stopping, limits
        self._lines, self._pending = Lines(), Events()
        self._progress: dict[str, Any] | None = None
        self._ask_ended: float | None = None
        self._cancelled = self._interrupted = self._timed_out = False
        self._began = self._written = self._renew_at = time.monotonic()
        self._held_until = self._began + settings.ASSAY_LEASE_SECONDS
        self._poll = select.poll()

    def run(self) -> Outcome:
        """Start the command and stay with it. Raises LeaseLost, with the process group already gone."""
        self._end_remains()
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab", buffering=0) as self._log:
            self._log_start = self._log.tell()
            self._process = self._started()
            assert self._process.stdout is not None  # noqa: S101 - asked for in `_started`
            with self._process.stdout as stdout:
                self._stdout = stdout.fileno()
                os.set_blocking(self._stdout, False)
                self._poll.register(self._stdout, select.POLLIN)
                try:
                    while not self._has_exited():
                        self._turn()
                finally:
                    self._end_group()
                self._drain()
        return self._outcome()

    def _started(self) -> subprocess.Popen[bytes]:
        command = processes.bound(
            self._command,
            nice=self._limits.nice,
            oom_score=500,
            address_space=self._limits.address_space,
            cpu_seconds=self._limits.cpu_seconds,
        )
        mark = processes.mark(self._lease.job_id, self._lease.token, settings.DATA_DIR)
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=self._folder,
            env={**environment(), processes.MARK: mark},
            start_new_session=True,
        )

    def _turn(self) -> None:
        self._read(TICK)
        now = time.monotonic()
        if self._pending and now - self._written >= BATCH:
            self._deliver()
        if now >= self._renew_at:
            self._renew()
        if self._ask_ended is None:
            if self._stopping():
                self._interrupted = True
                self._ask_to_end()
            elif self._limits.wall_seconds is not None and now - self._began > self._limits.wall_seconds:
                self._timed_out = True
                self._ask_to_end()
        elif now - self._ask_ended > settings.ASSAY_GRACE_SECONDS:
            processes.signal_group(self._process.pid, signal.SIGKILL)

    def _read(self, wait: float) -> None:
        """Take in what the process wrote, waiting up to `wait` seconds for it."""
        if not self._poll.poll(wait * 1000):
            return
        try:
            data = os.read(self._stdout, READ)
        except BlockingIOError:
            return
        if not data:  # closed its output without ending: no reason to spin
            self._poll.unregister(self._stdout)
        for line in self._lines.feed(data):
            self._take(line)

    def _take(self, line: bytes) -> None:
        event = parse(line)
        if event is None:
            self._log.write(line + b"\n")
            return
        self._pending.append(event)
        self._progress = self._progress_of(event) or self._progress

    def _deliver(self) -> None:
        """Write the gathered events; where the database is away they wait for the next time."""
        self._written = time.monotonic()
        try:
            self._on_events(self._pending)
        except (OperationalError, InterfaceError) as error:
            self._mend_connection("events wait", error)
        else:
            self._pending = []

    def _renew(self) -> None:
        """Renew the lease and hear whether a person cancelled. Raises LeaseLost, also when the database was
        away so long that somebody else may hold the job by now."""
        now = time.monotonic()
        self._renew_at = now + min(KEEP, settings.ASSAY_LEASE_SECONDS / 4)
        found = processes.identity(self._process.pid)
        process = found.as_dict() if found else None
        try:
            cancel = jobs.keep(self._lease, progress=self._progress, process=process)
        except (OperationalError, InterfaceError) as error:
            self._mend_connection("lease not renewed", error)
            if time.monotonic() >= self._held_until:
                raise LeaseLost("The lease ran out while the database could not be reached.") from error
            return
        self._progress = None
        # Counted from before the call, and ended a little early: never longer than the database counts it.
        self._held_until = now + settings.ASSAY_LEASE_SECONDS * 0.9
        if cancel and not self._cancelled:
            self._cancelled = True
            self._ask_to_end()

    def _mend_connection(self, what: str, error: Exception) -> None:
        log.warning("Job %s: %s, the database does not answer: %s", self._lease.job_id, what, error)
        close_old_connections()

    def _ask_to_end(self) -> None:
        if self._ask_ended is None:
            self._ask_ended = time.monotonic()
            processes.signal_group(self._process.pid, signal.SIGTERM)

    def _has_exited(self) -> bool:
        """Without collecting the exit code: until then the kernel gives the group's id to nobody else."""
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _end_group(self) -> None:
        """End whatever of the group still runs, then collect the leader's exit code."""
        processes.signal_group(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._end_remains()

    def _end_remains(self) -> None:
        """End what works on this job outside the group: an earlier attempt's, or a child that left the group."""
        if ended := processes.end_remains(self._lease.job_id, None, settings.DATA_DIR):
            log.warning("Job %s: ended processes that were left over: %s", self._lease.job_id, ended)

    def _drain(self) -> None:
        """What was written between the last look and the end."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._stdout, READ):
                for line in self._lines.feed(data):
                    self._take(line)
        for line in self._lines.last():
            self._take(line)
        if self._pending:
            self._deliver()

    def _outcome(self) -> Outcome:
        code = self._process.returncode
        return Outcome(
            exit_code=code if code >= 0 else 128 - code,
            signal=-code if code < 0 else None,
            cancelled=self._cancelled,
            # Who stops the machine tells all processes at once, and this one may have been the first to obey.
            interrupted=self._interrupted or self._stopping(),
            timed_out=self._timed_out,
            seconds=time.monotonic() - self._began,
            stderr_tail=self._tail(),
        )

    def _tail(self) -> str:
        with self._log_file.open("rb") as reader:
            size = reader.seek(0, os.SEEK_END)
            reader.seek(max(self._log_start, size - TAIL))
            return reader.read().decode(errors="replace").strip()
