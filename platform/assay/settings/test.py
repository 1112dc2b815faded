"""Tests: quick password hashing, a folder of their own, otherwise what production runs."""

import os
import tempfile
from pathlib import Path

_var = Path(os.environ.get("ASSAY_VAR_DIR") or tempfile.mkdtemp(prefix="assay-test-"))
# Workers of one test run have a database each: with files in common, one would let go of what the other's names.
if (_worker := os.environ.get("PYTEST_XDIST_WORKER")) and _var.name != _worker:
    _var = _var / _worker
    _var.mkdir(parents=True, exist_ok=True)
os.environ["ASSAY_VAR_DIR"] = str(_var)

from assay.settings.base import *  # noqa: E402, F403
from assay.settings.base import DATABASES, SQLITE_OPTIONS, VAR_DIR  # noqa: E402

SECRET_KEY = "for tests only"  # noqa: S105
DEBUG = False
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AXES_ENABLED = False
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads and worker processes of a test must see the same database.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"] = {
        **SQLITE_OPTIONS,
        "init_command": str(SQLITE_OPTIONS["init_command"]).replace("synchronous=FULL", "synchronous=OFF"),
    }
