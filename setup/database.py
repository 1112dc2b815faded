"""Migrations of the embedded database under var/; another database is the operator's to migrate."""

import os
import subprocess
from pathlib import Path

import stamps
from console import SetupError, say


def _managed(root: Path, what: str, *arguments: str) -> None:
    done = subprocess.run(
        [str(root / ".venv" / "bin" / "python"), "manage.py", *arguments],
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SetupError(f"{what} failed:\n{done.stdout[-3000:]}")


def ensure_embedded_database(root: Path) -> None:
    """Apply migrations to the embedded SQLite file, unless it has them all already."""
    if os.environ.get("DATABASE_URL"):
        say("database: DATABASE_URL is set, so that database is yours to migrate: .venv/bin/assay migrate")
        return
    var = Path(os.environ.get("ASSAY_VAR_DIR") or root / "var").resolve()
    migrations = sorted(
        path for room in ("platform", "governance") for path in (root / room).glob("**/migrations/[0-9]*.py")
    )
    # Third-party apps bring migrations too; constraints.txt stands for them.
    wanted = stamps.digest(
        [*migrations, root / "constraints.txt"], *(str(path.relative_to(root)) for path in migrations)
    )
    stamp = var / "setup" / "migrations.json"
    if (var / "assay.sqlite3").is_file() and stamps.read(stamp, wanted) is not None:
        say("database: ready")
        return
    var.mkdir(parents=True, exist_ok=True)
    say("database: migrating the embedded database ...")
    _managed(root, f"Migrating the embedded database under {var}", "migrate", "--no-input", "--verbosity=0")
    _managed(root, "Making the key that signs the audit trail", "audit", "key")
    stamps.write(stamp, wanted)
    say("database: ready")
