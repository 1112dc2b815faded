"""What is timed of data, each in a process of its own: `python -m benchmarks.data TABLE NAME FILE...`.

A part first loads what it needs and then gives the work, so that time is that of the work, and memory all that is above
a bare interpreter: the libraries too.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Work = Callable[[], Row]


def json_loads(path: Path) -> Work:
    """The measure of the others: the standard library's parser over the same lines."""

    def work() -> Row:
        with path.open("rb") as lines:
            return {"rows": sum(json.loads(line) is not None for line in lines)}

    return work


def validation(path: Path) -> Work:
    """Every row read and checked, and the sha256 of the bytes."""
    from preparation.digests import sha256_file
    from preparation.reading import inspect

    def work() -> Row:
        found = inspect(path)
        return {"rows": found.rows, "sound": found.sound, "sha256": sha256_file(path)[:12]}

    return work


def registration(path: Path) -> Work:
    """Reading, checking, quick measures, Merkle root over the rows, and the bytes' sha256."""
    from preparation.digests import sha256_file
    from preparation.examination import examine

    def work() -> Row:
        with tempfile.TemporaryFile(dir=path.parent) as index:
            found = examine(path, index=index)
        return {"rows": found.inspection.rows, "root": bool(found.rows_root), "sha256": sha256_file(path)[:12]}

    return work


def load_dataset(path: Path) -> Work:
    """The same file through Hugging Face's datasets, which checks no row and makes its own copy."""
    from datasets import load_dataset as load

    def work() -> Row:
        with tempfile.TemporaryDirectory(dir=path.parent) as cache:
            return {"rows": load("json", data_files=str(path), split="train", cache_dir=cache).num_rows}

    return work


def full_profile(path: Path) -> Work:
    """The full profile of quality and the bytes' sha256."""
    from preparation.digests import sha256_file
    from preparation.quality.asked import Asked
    from preparation.quality.profiling import measure
    from preparation.reading import Reading

    def work() -> Row:
        found = measure(path, Reading(), Asked())
        return {"rows": found["rows"], "sha256": sha256_file(path)[:12]}

    return work


def near_duplicates(path: Path, planted: Path) -> Work:
    """Near-duplicates among the lines of a file, and how many of the planted pairs are found."""
    from preparation.matching import Near

    def work() -> Row:
        held = Near()
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                held.add(line)
        found = {(link.later, link.earlier) for link in held.links()}
        pairs = [(later, earlier) for later, earlier in json.loads(planted.read_text(encoding="utf-8"))]
        recall = sum(pair in found for pair in pairs) / len(pairs)
        return {"planted": len(pairs), "recall": round(recall, 4), "links": len(found)}

    return work


READERS: dict[str, Callable[..., Work]] = {
    "json.loads": json_loads,
    "validation and sha256": validation,
    "registration, Merkle root too": registration,
    "datasets.load_dataset": load_dataset,
}
PROFILES: dict[str, Callable[..., Work]] = {"registration": registration, "full profile": full_profile}
NEAR: dict[str, Callable[..., Work]] = {"minhash": near_duplicates}
TABLES = {"reading": READERS, "profile": PROFILES, "near": NEAR}


def peak() -> float:
    """MiB at most that this process has held so far: since its own program began, unlike what getrusage gives."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    table, name, *paths = sys.argv[1:]
    before = peak()
    work = TABLES[table][name](*map(Path, paths))
    began, worked = time.perf_counter(), time.process_time()
    told = work()
    seconds, processor = time.perf_counter() - began, time.process_time() - worked
    print(json.dumps({
        "seconds": round(seconds, 2), "processor_seconds": round(processor, 2),
        "mib_above": round(peak() - before, 1), **told,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
