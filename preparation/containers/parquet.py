"""Parquet: the footer is read first, then batch by batch. Values become what JSON can say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, BinaryIO

from preparation.findings import Finding, Parsed, Refused

BATCH = 256
# What one row group may unpack to, by its own footer: readers hold its columns' pages while they go through it.
MAX_GROUP_BYTES = 512 * 1024 * 1024


def read(file: BinaryIO) -> Iterator[Parsed | Finding]:
    """Rows as `{column: value}`, numbered from 1. Raises Refused for a damaged file."""
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(file, pre_buffer=False, buffer_size=1 << 20)
        _check_groups(table.metadata)
        number = 0
        for batch in table.iter_batches(batch_size=BATCH, use_threads=False):
            for value in batch.to_pylist():
                number += 1
                try:
                    yield Parsed(number, {name: as_json(name, item) for name, item in value.items()})
                except Refused as refused:
                    yield refused.at(number)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(
            f"The Parquet file cannot be read: {str(error).splitlines()[0][:200]}", "Write it again; is it whole?"
        ) from None


def _check_groups(metadata: Any) -> None:
    for index in range(metadata.num_row_groups):
        size = metadata.row_group(index).total_byte_size
        if size > MAX_GROUP_BYTES:
            message = (
                f"Row group {index + 1} unpacks to {size >> 20:,} MiB; at most {MAX_GROUP_BYTES >> 20} MiB are read."
            )
            raise Refused(message, "Write the file with smaller row groups (row_group_size).")


def as_json(name: str, value: Any) -> Any:
    """`value` as JSON knows it: times as ISO 8601 text, decimals as text. Raises Refused for bytes and NaN."""
    match value:
        case None | bool() | str() | int():
            return value
        case float():
            if not math.isfinite(value):
                raise Refused(f"The number is {value}, which is none.", "Use null where there is no value.", name)
            return value
        case list():
            return [as_json(name, item) for item in value]
        case dict():
            return {str(key): as_json(f"{name}.{key}", item) for key, item in value.items()}
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal() | timedelta():
            return str(value)
        case tuple():
            return [as_json(name, item) for item in value]
    raise Refused(f"The value is {type(value).__name__}, which is not text or a number.", "Leave the column out.", name)
