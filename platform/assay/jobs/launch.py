"""Become another program that cannot outlive whoever started it.

    python -I -S launch.py '{"parent": PID, "nice": 5}' PROGRAM [ARGUMENT...]

Run as a file by a supervisor, never imported by it. What is done here could be done between fork and exec
(Popen's `preexec_fn`), but a worker has threads (heartbeat, database, broker), and a lock that one of them
holds at the moment of the fork stays locked in the child for ever. A few milliseconds of a bare interpreter
buy a start that cannot hang. The process id stays the same: it is exec, not another child.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Ask the kernel for SIGKILL when the thread that started us ends, however it ends (prctl(2)).

    The supervisor starts its children from its main thread, so that is when the supervisor itself ends.
    """
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) was refused")
    if os.getppid() != parent:
        sys.exit("The supervisor was gone before its process began.")


def be_the_first_to_go(score: int) -> None:
    """Where memory runs out, the kernel shall end this process before the ones that serve people."""
    path = Path("/proc/self/oom_score_adj")
    if path.exists():
        path.write_text(str(score))


def main(arguments: list[str]) -> None:
    options = json.loads(arguments[0])
    die_with(options["parent"])
    if options.get("nice"):
        os.nice(options["nice"])
    if options.get("oom_score"):
        be_the_first_to_go(options["oom_score"])
    for name, limit in ((resource.RLIMIT_AS, "address_space"), (resource.RLIMIT_CPU, "cpu_seconds")):
        if options.get(limit):
            resource.setrlimit(name, (options[limit], options[limit]))
    os.execvp(arguments[1], arguments[1:])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main(sys.argv[1:])
