"""Web, workers and scheduler as children of one process: started together, started again when one dies, and
ended together, whatever ends them.

Each child leads a process group of its own, so that a Ctrl-C in the terminal reaches us alone and we stop the
others in order. Should we be killed outright, the kernel kills the children (see `jobs.launch`), and with each
worker the trainer under it.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assay.jobs.processes import bound

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
SETTLED = 60.0  # a child that lived so long has not failed at its start: the pauses begin anew
TICK = 0.2


@dataclass
class Child:
    """One of our processes. `patience` is how long its orderly end may take, in seconds."""

    name: str
    command: Sequence[str]
    log: Path
    patience: float = 10
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    began: float = field(default=0, init=False)
    pause: float = field(default=FIRST_PAUSE, init=False)
    due: float = field(default=0, init=False)

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it; a file of former output is kept once, as `<log>.1`."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.process is None and self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                bound(self.command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
            )
        self.began = time.monotonic()

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def has_died(self) -> str:
        """Note the death and when to start again; how it ended, in words."""
        assert self.process is not None  # noqa: S101 - only what was started dies
        now, code = time.monotonic(), self.process.returncode
        self.signal(signal.SIGKILL)  # what it left behind
        if now - self.began > SETTLED:
            self.pause = FIRST_PAUSE
        self.due, self.pause = now + self.pause, min(2 * self.pause, LONGEST_PAUSE)
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    def signal(self, number: signal.Signals) -> None:
        """Signal the child and everything in its group."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def ask_to_end(self) -> None:
        """SIGTERM to the child alone: it ends its own children in order."""
        if self.is_alive:
            assert self.process is not None  # noqa: S101 - it is alive
            self.process.terminate()

    def finish(self) -> None:
        """Wait for its orderly end as long as its patience lasts, then end whatever is left."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(self.patience)
        self.signal(signal.SIGKILL)
        self.process.wait()

    def last_lines(self, count: int = 12) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


class Household:
    """The children of one `assay serve`."""

    def __init__(self, children: Sequence[Child], environment: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._children, self._environment, self._say = children, environment, say
        self._asked: int | None = None
        self._gone: set[str] = set()

    def run(self) -> int:
        """Keep all children alive until SIGINT, SIGTERM or SIGHUP, then end them; the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._hear)
        try:
            for child in self._children:
                child.start(self._environment)
            while self._asked is None:
                self._look_after()
                time.sleep(TICK)
        finally:
            self._end()
        return 0

    def _hear(self, number: int, _frame: object) -> None:
        if self._asked is not None:  # asked twice: no more patience
            for child in self._children:
                child.signal(signal.SIGKILL)
        self._asked = number

    def _look_after(self) -> None:
        for child in self._children:
            if child.is_alive:
                continue
            if child.name not in self._gone:
                how = child.has_died()
                self._gone.add(child.name)
                wait = child.due - time.monotonic()
                self._say(f"{child.name} {how}; it starts again in {wait:.0f} s. Its log: {child.log}")
                self._say(child.last_lines())
            elif time.monotonic() >= child.due:
                self._gone.discard(child.name)
                child.start(self._environment)

    def _end(self) -> None:
        for child in self._children:
            child.ask_to_end()
        for child in self._children:
            child.finish()


def free(address: str, port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
