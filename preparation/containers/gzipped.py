"""A gzipped file read as it goes, with an end to how much may come out of it."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import TYPE_CHECKING, BinaryIO

from preparation.findings import Refused

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Text packs 3 to 20 times, repetitive rows perhaps 100; what gives more is built to fill the memory.
MAX_RATIO = 250
FREE = 16 * 1024 * 1024  # the ratio counts from here on: small files may be as empty as they like
MAX_BYTES = 64 * 1024**3


def is_gzip(file: BinaryIO) -> bool:
    """Whether the file begins as gzip does; leaves it at its beginning."""
    found = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return found


def check(packed: BinaryIO) -> None:
    """Unpack the file once from end to end and keep nothing; leaves it at its beginning.

    Raises Refused for a damaged, cut or exploding one: before a row of it is read, and in the time of unpacking.
    """
    unpacked = Unpacked(packed)
    while unpacked.read(1 << 20):
        continue
    packed.seek(0)


class Unpacked(io.RawIOBase):
    """What is inside a gzip file. Reading raises Refused for a damaged, cut or exploding one."""

    def __init__(self, packed: BinaryIO) -> None:
        self.packed, self.inside, self.out = packed, gzip.GzipFile(fileobj=packed, mode="rb"), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        with _faults(), memoryview(buffer) as room:
            data = self.inside.read(len(room))
            room[: len(data)] = data
        self.out += len(data)
        if self.out > FREE and (self.out > MAX_BYTES or self.out > MAX_RATIO * max(1, self.packed.tell())):
            raise Refused(
                f"The gzip file unpacks to more than {MAX_RATIO} times its size; so much is not read.",
                "Give the file unpacked, or in parts.",
            )
        return len(data)


class _faults:
    """What gzip raises, in our words."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, EOFError):
            raise Refused("The gzip file is cut off before its end.", "Copy it again, whole.") from None
        if isinstance(error, gzip.BadGzipFile | zlib.error):
            raise Refused("The gzip file is damaged.", "Copy it again, or pack it again.") from None
