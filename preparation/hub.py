"""Rows of a data set on a Hugging Face hub, written to one JSONL file through the library `datasets`.

Only what is public and lies there as files is fetched. A set that is read by a program of its own is refused before
anything of it is fetched: no such program is ever run. What was fetched is named by its commit, so that the same rows
can be fetched again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson

from preparation.containers.parquet import as_json
from preparation.findings import Refused

BATCH = 256
MAIN = "main"
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_SPLIT = re.compile(r"\w[\w.-]{0,99}", re.ASCII)
_REVISION = re.compile(r"\w[\w./-]{0,199}", re.ASCII)
_CONFIG = re.compile(r"[^\s/][^\n/]{0,199}")


@dataclass(frozen=True, slots=True)
class Place:
    """Which rows: a set, `owner/name`; of it a configuration (empty: the only one) and a split; and a revision."""

    repository: str
    config: str = ""
    split: str = "train"
    revision: str = MAIN

    def check(self) -> None:
        """Raises Refused for what no hub can have."""
        if not _REPOSITORY.fullmatch(self.repository):
            raise Refused(f"{self.repository[:80]!r} is no id of a data set.", "Write owner/name.", "repository")
        if self.config and not _CONFIG.fullmatch(self.config):
            raise Refused("The configuration's name cannot be read.", "Copy it from the hub's page.", "config")
        if not _SPLIT.fullmatch(self.split):
            cure = "Write one name, such as train; a part of it is made here, by splitting the version."
            raise Refused(f"{self.split[:80]!r} is no name of a split.", cure, "split")
        if not _REVISION.fullmatch(self.revision):
            raise Refused("The revision cannot be read.", "Give a branch, a tag or a commit.", "revision")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched: the address of the rows' set, the commit it stood at, and the licences that the hub names."""

    address: str
    commit: str
    licences: tuple[str, ...]


def fetch(place: Place, target: BinaryIO, *, limit: int, progress: Callable[[int], None]) -> Fetched:
    """Write the rows to `target`, at most `limit` bytes of them; `progress` is told how many bytes are written.

    Raises Refused for what can be mended by asking otherwise, and whatever the network does.
    """
    import datasets
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    place.check()
    hub = HfApi(token=False)
    try:
        info = hub.dataset_info(place.repository, revision=place.revision)
    except RevisionNotFoundError:
        message = f"{place.repository} has no revision {place.revision!r} on the hub."
        raise Refused(message, "Give a branch, a tag or a commit that it has.", "revision") from None
    except RepositoryNotFoundError:  # what is private or behind a form looks the same from outside
        message = f"The hub shows no data set {place.repository} to everybody."
        raise Refused(message, "Correct the id; what lies behind a login, download yourself.", "repository") from None
    _refuse_programs(place, {one.rfilename for one in info.siblings or ()})
    try:
        rows = datasets.load_dataset(
            place.repository, place.config or None, split=place.split, revision=info.sha, streaming=True, token=False
        )
    except (ValueError, datasets.exceptions.DatasetsError) as error:  # no such split or configuration, or no rows
        cure = "Name a configuration and a split that the hub's page lists."
        raise Refused(f"The set cannot be read so: {_first_line(error)}", cure, "split") from None
    _write(rows.with_format("arrow"), target, limit, progress)
    return Fetched(f"{hub.endpoint}/datasets/{place.repository}", str(info.sha), _licences(info))


def _refuse_programs(place: Place, files: set[str]) -> None:
    program = f"{place.repository.partition('/')[2]}.py"
    if program in files:
        message = f"The set is read by a program of its own, {program}. Such programs are never run here."
        cure = "Take a revision that holds its rows as files; on many hubs refs/convert/parquet is one."
        raise Refused(message, cure, "revision")


def _write(rows: Any, target: BinaryIO, limit: int, progress: Callable[[int], None]) -> None:
    number = size = 0
    for batch in rows.iter(batch_size=BATCH):
        for value in batch.to_pylist():
            number += 1
            try:
                line = orjson.dumps({name: as_json(name, item) for name, item in value.items()})
            except Refused as refused:
                raise Refused(f"Row {number:,}: {refused.message}", refused.cure, refused.field) from None
            size += target.write(line + b"\n")
            if size > limit:
                message = f"The split has more than {limit >> 20:,} MiB of rows, which is all that is taken here."
                raise Refused(message, "Choose a smaller split or configuration, or ask the operator.", "split")
        progress(size)


def _licences(info: Any) -> tuple[str, ...]:
    """As the hub's page names them; of a licence without a tag of its own, the name that its card gives."""
    card = info.card_data.to_dict() if info.card_data else {}
    named = card.get("license") or []
    found = [named] if isinstance(named, str) else [str(one) for one in named]
    return tuple(str(card.get("license_name") or one) if one == "other" else one for one in found)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]
