"""Content-addressed storage: a file's name is its sha256, so it cannot change under its name."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction

from governance.foundation.core.canonical import digest_of_file
from governance.foundation.core.errors import WrongState

_kept_for: list[Callable[[str], bool]] = []


def path_of(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def put(source: BinaryIO) -> tuple[str, int]:
    """Keep the bytes of `source` (seekable); returns (sha256, bytes). Putting the same bytes twice is one file."""
    source.seek(0)
    sha256, size = digest_of_file(source)
    name = path_of(sha256)
    if not default_storage.exists(name):
        source.seek(0)
        default_storage.save(name, File(source))
    return sha256, size


def put_path(path: Path) -> tuple[str, int]:
    with path.open("rb") as handle:
        return put(handle)


def put_bytes(data: bytes) -> tuple[str, int]:
    return put(BytesIO(data))


def opened(sha256: str) -> BinaryIO:
    return cast(BinaryIO, default_storage.open(path_of(sha256), "rb"))


def exists(sha256: str) -> bool:
    return default_storage.exists(path_of(sha256))


def remove(sha256: str) -> None:
    """Let go of the bytes. Whoever calls this has made sure that no record names them, nor will (`let_go`)."""
    default_storage.delete(path_of(sha256))


def claim(sha256: str) -> None:
    """For a record that is about to name these bytes: until the transaction ends nobody lets go of them.

    Raises WrongState where somebody did since they were put.
    """
    _lock(sha256)
    if not exists(sha256):
        raise WrongState("These bytes were let go of while they were read. Send them once more.")


def keep_for(is_used: Callable[[str], bool]) -> None:
    """Have no bytes let go of while `is_used` says that a record names them: for nouns that whoever lets go of bytes
    does not know."""
    if is_used not in _kept_for:
        _kept_for.append(is_used)


@transaction.atomic
def let_go(sha256: str, is_used: Callable[[str], bool]) -> bool:
    """Remove the bytes unless `is_used`, or a noun that asked for it (`keep_for`), says that a record names them; no
    record can claim them meanwhile.

    Returns whether they are gone.
    """
    _lock(sha256)
    if is_used(sha256) or any(used(sha256) for used in _kept_for):
        return False
    remove(sha256)
    return True


def _lock(sha256: str) -> None:
    """One transaction at a time decides on these bytes."""
    if not connection.in_atomic_block:
        raise RuntimeError("A decision on bytes was taken outside a transaction.")
    # SQLite needs none: its transactions begin IMMEDIATE and are alone from the start.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            number = int.from_bytes(bytes.fromhex(sha256)[:8], signed=True)
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


@contextmanager
def as_local_file(sha256: str, name: str) -> Iterator[Path]:
    """A copy of the blob under a readable name, for a subprocess; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="assay-") as folder:
        yield copy_to(sha256, Path(folder) / name)


def copy_to(sha256: str, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with opened(sha256) as source, target.open("wb") as handle:
        shutil.copyfileobj(source, handle, 1024 * 1024)
    return target
