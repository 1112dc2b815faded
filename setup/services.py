"""Runs one command against a real PostgreSQL and a real Redis, started for it alone.

    python setup/services.py COMMAND [ARGUMENT...]

Both listen on free ports of 127.0.0.1 behind a random password, keep their files in a temporary
folder and end with the command, however it ends. The command finds them in DATABASE_URL and
BROKER_URL. Its exit code is passed on; 3 means that a server is not installed.
"""

import contextlib
import ctypes
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import system
from console import SetupError, say

START_SECONDS = 60
STOP_SECONDS = 20
NOT_INSTALLED = 3
PR_SET_PDEATHSIG = 1


class Absent(SetupError):
    """A server program that is not on this machine."""


def program(name: str) -> str:
    """Path of a server program. Debian keeps PostgreSQL's off PATH, one folder per version: the newest wins."""
    debian = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = max(debian, key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0, default=None)
    found = str(newest) if newest else shutil.which(name)
    if not found:
        raise Absent(f"{name} was not found. As root: {system.apt_line(system.PARTS['services'][1])}")
    return found


class Account(NamedTuple):
    """Whom the servers run as: Popen's `user` and `group`, both None for whoever we are."""

    user: int | None
    group: int | None

    def own(self, path: Path) -> None:
        """Hand `path` to this account."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)


def unprivileged() -> Account:
    """Ourselves, or a user without rights when we are root: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return Account(None, None)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise SetupError("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody.")


def dies_with_us(sent: signal.Signals) -> Callable[[], None]:
    """A Popen `preexec_fn`: the kernel sends `sent` to the server should this process be killed outright.

    It runs after Popen has changed the user, which is the order that prctl(2) asks for.
    """
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, int(sent), 0, 0, 0)

    return ask


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def server(name: str, command: list[str], log: Path, stop: signal.Signals, port: int) -> Iterator[None]:
    """A server process from its first accepted connection to its end. `stop` is its orderly way out."""
    account = unprivileged()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,  # a Ctrl-C in the terminal is for us: we stop the servers in order
            preexec_fn=dies_with_us(stop),
            user=account.user,
            group=account.group,
        )
    try:
        wait_until_it_listens(name, process, log, port)
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_it_listens(name: str, process: subprocess.Popen[bytes], log: Path, port: int) -> None:
    """Return at the first accepted connection; SetupError with the server's own log when there is none."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise SetupError(f"{name} did not start; it said:\n{log.read_text(errors='replace')[-2000:]}")


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A new PostgreSQL cluster in `folder`; gives its URL. fsync is off: the data dies with the run anyway."""
    initdb, postgres = program("initdb"), program("postgres")
    account = unprivileged()
    word, port, data = secrets.token_hex(16), free_port(), folder / "data"
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(word)
    account.own(secret)
    arguments = ["-D", str(data), "-U", "assay", "--pwfile", str(secret), "-A", "scram-sha-256", "-E", "UTF8"]
    made = subprocess.run(
        [initdb, *arguments, "--locale=C.UTF-8", "--no-sync"],
        capture_output=True,
        text=True,
        check=False,
        user=account.user,
        group=account.group,
        cwd="/",  # initdb looks at its working folder, which that account need not be able to read
    )
    if made.returncode:
        raise SetupError(f"initdb failed:\n{made.stdout[-1000:]}{made.stderr[-1000:]}")
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",
        "max_connections": "60",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    # SIGINT is PostgreSQL's fast shutdown: it ends open sessions instead of waiting for them.
    command = [postgres, "-D", str(data), *options]
    with server("PostgreSQL", command, folder.parent / "postgresql.log", signal.SIGINT, port):
        yield f"postgres://assay:{word}@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis with an append-only file in `folder`; gives its URL."""
    executable = program("redis-server")
    word, port = secrets.token_hex(16), free_port()
    configuration = folder / "redis.conf"
    configuration.touch(mode=0o600)
    # In a file, not as arguments: any user of the machine can read a command line.
    configuration.write_text(
        f"bind 127.0.0.1\nport {port}\nrequirepass {word}\ndir {folder}\nappendonly yes\nsave ''\ndaemonize no\n"
    )
    unprivileged().own(configuration)
    with server("Redis", [executable, str(configuration)], folder.parent / "redis.log", signal.SIGTERM, port):
        yield f"redis://:{word}@127.0.0.1:{port}/0"


@contextlib.contextmanager
def both() -> Iterator[dict[str, str]]:
    """PostgreSQL and Redis; gives the environment that names them."""
    with tempfile.TemporaryDirectory(prefix="assay-services-") as name, contextlib.ExitStack() as stack:
        root = Path(name)
        root.chmod(0o711)  # the servers' user passes through to its own folder and reads nothing else
        for child in ("postgresql", "redis"):
            folder = root / child
            folder.mkdir(mode=0o700)
            unprivileged().own(folder)
        database = stack.enter_context(postgresql(root / "postgresql"))
        broker = stack.enter_context(redis(root / "redis"))
        say(f"services: {version('postgres')} and {version('redis-server')}")
        yield {"DATABASE_URL": database, "BROKER_URL": broker}


def version(name: str) -> str:
    """What a server program says of itself, shortened: `PostgreSQL 15.18`, `Redis 7.0.15`."""
    text = subprocess.run([program(name), "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"\d+(\.\d+)+", text)
    return f"{'PostgreSQL' if name == 'postgres' else 'Redis'} {number.group() if number else '(version not said)'}"


def interrupted(number: int, _frame: object) -> None:
    """A polite end becomes an exception, so that every `finally` above stops its server."""
    raise SystemExit(128 + number)


def main(command: list[str]) -> int:
    """Run `command` between start and end of the servers; its exit code."""
    if not command:
        sys.stderr.write("usage: python setup/services.py COMMAND [ARGUMENT...]\n")
        return 2
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)
    try:
        with both() as addresses:
            child = subprocess.Popen(command, env={**os.environ, **addresses}, preexec_fn=dies_with_us(signal.SIGTERM))
            try:
                return child.wait()
            finally:
                if child.poll() is None:
                    child.terminate()
                    child.wait()
    except Absent as error:
        sys.stderr.write(f"services: {error}\n")
        return NOT_INSTALLED
    except SetupError as error:
        sys.stderr.write(f"services: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
