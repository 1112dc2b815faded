"""System programs and libraries: installed as root on Debian and Ubuntu, named elsewhere.

Each part is what one make target needs, so that nobody gets a browser for a server or a
database server for a demo.
"""

import os
import platform
import shutil
import subprocess
import sys

from console import SetupError, say, warn

VENV = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"

# part -> (what for, Debian packages)
PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "documents": (
        "PDF documents (WeasyPrint loads Pango and HarfBuzz)",
        ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"),
    ),
    "browser": ("tests in a real browser, and pictures of pages and PDF pages", ("chromium", "poppler-utils")),
    "services": ("tests against real PostgreSQL and Redis", ("postgresql", "redis-server")),
    "venv": ("a virtual environment", (VENV,)),
}


def apt_line(packages: tuple[str, ...]) -> str:
    """The one line that a person can type."""
    return f"apt-get install -y --no-install-recommends {' '.join(packages)}"


def family() -> set[str]:
    """Which distribution this is, and which ones it descends from, by their own names."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return set()
    return {release.get("ID", ""), *release.get("ID_LIKE", "").split()}


def on_debian() -> bool:
    """Whether this is Debian or a child of it, with its package tools."""
    return bool(family() & {"debian", "ubuntu"}) and shutil.which("apt-get") is not None


def missing(packages: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `packages` that dpkg does not hold as installed."""
    form = "${Package} ${db:Status-Status}\n"
    query = subprocess.run(
        ["dpkg-query", "--show", "--showformat", form, *packages],  # noqa: S607 - the system's own, from PATH
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    present = {line.split()[0] for line in query.stdout.splitlines() if line.endswith(" installed")}
    return tuple(name for name in packages if name not in present)


def install(packages: tuple[str, ...]) -> None:
    """Install with apt-get, asking nothing. Raises SetupError with apt-get's own last lines."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", "-q", *arguments],  # noqa: S607 - the system's own, from PATH
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env=environment,
        )
        if done.returncode:
            raise SetupError(
                f"apt-get {arguments[0]} failed (exit code {done.returncode}):\n{done.stdout[-2000:]}\n"
                "Put that right and type the same make target again."
            )


def packages_of(part: str) -> tuple[str, ...]:
    """The packages of `part` by this system's names: Ubuntu calls one of them differently."""
    _, packages = PARTS[part]
    if "ubuntu" in family():
        return tuple("chromium-browser" if name == "chromium" else name for name in packages)
    return packages


def ensure(part: str) -> bool:
    """Whether everything of `part` is there, after installing it where that is allowed.

    Where it is not (no root, no Debian), or does not succeed, the one apt-get line is printed and the caller
    goes on; with CI=true that is a failure, since a part that could not run must not look like one that did.
    """
    purpose, packages = PARTS[part][0], packages_of(part)
    if not on_debian():
        warn(f"{part}: not Debian or Ubuntu, so nothing was installed. Needed for {purpose}.")
        warn(f"  On those it would be: {apt_line(packages)}")
        return True  # other systems name their packages differently: what is there shows when it is used
    lacking = missing(packages)
    if not lacking:
        return True
    failure = f"{part}: {', '.join(lacking)} missing, needed for {purpose}. As root: {apt_line(lacking)}"
    if os.geteuid() == 0:
        say(f"{part}: installing {', '.join(lacking)} for {purpose} ...")
        try:
            install(lacking)
            return True
        except SetupError as error:
            failure = f"{error}\n{failure}"
    if os.environ.get("CI") == "true":
        raise SetupError(failure)
    warn(failure)
    return False
