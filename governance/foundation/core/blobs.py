"""Content-addressed storage: a file's name is its sha256, so it cannot change under its name."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from django.core.files import File
from django.core.files.storage import default_storage

from governance.foundation.core.canonical import digest_of_file


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
    """Let go of the bytes. Whoever calls this has made sure that no record names them."""
    default_storage.delete(path_of(sha256))


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
