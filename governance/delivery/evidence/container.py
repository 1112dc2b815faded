"""Write an evidence bundle: a canonical container whose bytes follow from its contents alone.

The layout of headers is `verify.py`'s, so that writer and verifier cannot disagree about it. Everything outside
`seal/` is the same bytes for the same records; `seal/` holds what cannot be (export time, audit head, signatures).
"""

import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from governance.delivery.evidence import verify
from governance.foundation.core.canonical import plain

VERIFIER = "verify.py"


class NotBundled(ValueError):
    """The bundle cannot be written as asked. Says which part is wrong and what is expected."""


@dataclass(frozen=True)
class _Measured:
    """One member, read once: what the headers and the manifest must state before its bytes are written."""

    content: bytes | Path
    size: int
    crc: int
    sha256: str

    @classmethod
    def of(cls, content: bytes | Path) -> "_Measured":
        seen, crc, size = hashlib.sha256(), 0, 0
        for piece in _pieces(content):
            seen.update(piece)
            crc, size = zlib.crc32(piece, crc), size + len(piece)
        return cls(content, size, crc, seen.hexdigest())

    def entry(self) -> dict[str, Any]:
        return {"sha256": self.sha256, "bytes": self.size}


def record_file(kind: str, identity: object, content: Any, sha256: str | None = None) -> tuple[str, bytes]:
    """(path, bytes) of a record as a bundle holds it, `content` being what its `content()` gives.

    sha256: the record's content digest. Without it, that of the canonical JSON of {"kind", "content"}; a document
    gives its own, of its canonical JSON without the field `sha256`. Raises NotBundled when it is neither.
    """
    told = plain(content)
    own = verify.digest({"kind": kind, "content": told})
    if sha256 not in (None, own) and not (isinstance(told, dict) and sha256 == verify.document_digest(told)):
        raise NotBundled(f"{kind} {identity}: the content does not have the digest {sha256}. Export what was digested.")
    stated = sha256 or own
    record = {"schema": verify.RECORD_SCHEMA, "kind": kind, "id": str(identity), "content": told, "sha256": stated}
    return f"{verify.RECORDS}{kind}/{identity}.{stated[:12]}.json", verify.canonical(record)


def segment_file(entries: Iterable[Mapping[str, Any]]) -> bytes:
    """The audit segment, one entry a line: {"seq", "body", "prev", "hash"}, or `leaf` in place of a closed `body`."""
    return b"".join(verify.canonical(dict(entry)) + b"\n" for entry in entries)


def seal_files(
    *, exported_at: datetime, head: Mapping[str, Any] | None = None, trail: Mapping[str, Any] | None = None
) -> dict[str, bytes]:
    """What `seal` of `write` takes in this form: export time and, where there are any, the chain's head (seq, hash) and
    the signed head of the trail with the proof for the segment."""
    if exported_at.tzinfo is None:
        raise NotBundled("The export time has no zone. Give an aware time.")
    at = exported_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    files = {"export.json": verify.canonical({"schema": "assay.seal-export/1", "exported_at": at})}
    if head is not None:
        files["head.json"] = verify.canonical({"schema": "assay.seal-head/1", **head})
    if trail is not None:
        files["trail.json"] = verify.canonical(dict(trail))
    return files


def write(
    files: Mapping[str, bytes | Path],
    seal: Mapping[str, bytes],
    out: Path,
    *,
    subject: Mapping[str, str],
    sections: Mapping[str, Sequence[str]],
    missing: Mapping[str, str] | None = None,
    elsewhere: Sequence[Mapping[str, str]] = (),
) -> str:
    """Write the bundle to `out`; returns the sha256 of its `manifest.json`, which is what a signature covers.

    files: path in the bundle -> bytes, or a file that is streamed (model weights).
    seal: name below `seal/` -> bytes, as `seal_files` makes them.
    subject: the dossier's subject (model_version, digest).
    sections: each name of `verify.SECTIONS` -> the paths that fill it; a section that cannot be filled stands in
        `missing` with the reason instead.
    elsewhere: references (kind, id, sha256, because) that documents make to what this bundle leaves out.

    `out` appears whole or not at all. Raises NotBundled, and OSError for a file that cannot be read.
    """
    _refuse_reserved(files, seal)
    members = {name: _Measured.of(content) for name, content in files.items()}
    members[VERIFIER] = _Measured.of(Path(verify.__file__))
    manifest = {
        "schema": verify.SCHEMA,
        "subject": dict(subject),
        "sections": _sections(sections, missing or {}, members),
        "elsewhere": sorted((dict(entry) for entry in elsewhere), key=lambda e: (e["kind"], e["id"], e["sha256"])),
        "files": {name: member.entry() for name, member in members.items()},
    }
    members[verify.MANIFEST] = _Measured.of(verify.canonical(manifest))
    sealed = {verify.SEAL + name: _Measured.of(content) for name, content in seal.items()}
    listing = {
        "schema": verify.SEAL_SCHEMA,
        "manifest": members[verify.MANIFEST].sha256,
        "files": {name: member.entry() for name, member in sealed.items()},
    }
    sealed[verify.SEAL_LIST] = _Measured.of(verify.canonical(listing))
    _put(members | sealed, out)
    return members[verify.MANIFEST].sha256


def _refuse_reserved(files: Mapping[str, object], seal: Mapping[str, object]) -> None:
    own = {verify.MANIFEST, VERIFIER}
    taken = sorted(name for name in files if name in own or name.startswith(verify.SEAL))
    taken += sorted(name for name in seal if verify.SEAL + name == verify.SEAL_LIST or name.startswith(verify.SEAL))
    if taken:
        raise NotBundled(
            f"{', '.join(taken)}: the writer makes these itself. Leave them out; name seals without seal/."
        )
    names = [*files, *own, *(verify.SEAL + name for name in seal), verify.SEAL_LIST]
    if why := verify.objection_to_names(names):
        raise NotBundled(f"{why}. Rename the file in the bundle.")
    if len(names) > verify.MAX_MEMBERS:
        raise NotBundled(f"A bundle holds at most {verify.MAX_MEMBERS:,} files, not {len(names):,}.")


def _sections(
    sections: Mapping[str, Sequence[str]], missing: Mapping[str, str], members: Mapping[str, _Measured]
) -> dict[str, Any]:
    """Each required section once: filled with files that are there, or missing for a reason."""
    stated = [*sections, *missing]
    if sorted(stated) != sorted(verify.SECTIONS):
        raise NotBundled(f"Sections are {', '.join(verify.SECTIONS)}, each filled or missing; got {', '.join(stated)}.")
    made: dict[str, Any] = {name: {"missing": reason} for name, reason in missing.items()}
    for name, paths in sections.items():
        fixed = verify.SECTIONS[name]
        if not paths or (fixed and fixed not in paths):
            raise NotBundled(f"Section {name} needs {fixed or 'at least one file'}. Add it, or give the reason.")
        if absent := [path for path in paths if path not in members]:
            raise NotBundled(f"Section {name} names {', '.join(absent)}, which is not among the files.")
        made[name] = {"files": list(paths)}
    return made


def _put(members: Mapping[str, _Measured], out: Path) -> None:
    """Write beside `out` and rename, so that no half bundle is ever found under its name."""
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as target:
            _write_members(members, target)
            target.flush()
            os.fsync(target.fileno())
        temporary.chmod(0o644)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def _write_members(members: Mapping[str, _Measured], target: BinaryIO) -> None:
    directory, position = b"", 0
    for name in sorted(members):
        member = members[name]
        if position + member.size + len(directory) + 1024 > verify.MAX_SIZE:  # 1024: its headers and the end record
            raise NotBundled(f"With {name} the bundle passes 4 GiB. Name large files by digest (`elsewhere`) instead.")
        header = verify.local_header(name, member.crc, member.size)
        directory += verify.central_entry(name, member.crc, member.size, position)
        target.write(header)
        _copy(member, name, target)
        position += len(header) + member.size
    target.write(directory + verify.end_record(len(members), len(directory), position))


def _copy(member: _Measured, name: str, target: BinaryIO) -> None:
    seen = hashlib.sha256()
    for piece in _pieces(member.content):
        seen.update(piece)
        target.write(piece)
    if seen.hexdigest() != member.sha256:
        raise NotBundled(f"{name} changed while the bundle was written. Write it again once the file is at rest.")


def _pieces(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as source:
        while piece := source.read(verify.CHUNK):
            yield piece
