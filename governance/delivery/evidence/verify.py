"""Check an Assay evidence bundle: one file, Python's standard library, no network, no database.

    python verify.py evidence.zip [--json] [--key KEY]
    python verify.py membership.json [--json]            one row's proof that it is in a dataset version
    python verify.py audit.json [--json] [--key KEY]     entries of the audit trail under a signed head
    python verify.py FILE --unpack FOLDER                the signed head and its time stamp too, as files for openssl

Four questions are answered apart, because one says nothing about the others:

    integrity      are these the bytes that were put in, and do the parts agree with each other?
    completeness   is everything there that such a bundle must hold?
    authorship     who vouches for it?
    freshness      as of when?

Exit status: 0 sound, 1 not sound, 2 unreadable. What was not checked is said to be not checked, and by which
tool it can be. Take this file from a place you trust: a bundle's own copy could have been changed with it.

Container: a ZIP whose members are stored, sorted by name, dated 1980-01-01, without extra fields, so that it can
be rebuilt from its contents byte for byte. `manifest.json` names every file outside `seal/` by sha256.
Canonical JSON after RFC 8785; Ed25519 verification after RFC 8032, section 5.1.7; Merkle trees after RFC 6962, 2.1,
a row's leaf being sha256(0x00 || salt || canonical JSON of the row), an entry's sha256(0x00 || its text). Signed heads
are C2SP checkpoints (tlog-checkpoint) in C2SP signed notes.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

SCHEMA, SEAL_SCHEMA, RECORD_SCHEMA = "assay.evidence/1", "assay.seal/1", "assay.record/1"
MEMBERSHIP_SCHEMA, EXTRACT_SCHEMA, TRAIL_SCHEMA = "assay.membership/1", "assay.audit-extract/1", "assay.trail-seal/1"
MANIFEST, SEAL = "manifest.json", "seal/"
SEAL_LIST, EXPORT, HEAD, SIGNATURE = "seal/seal.json", "seal/export.json", "seal/head.json", "seal/signature.json"
TRAIL = "seal/trail.json"
DOSSIER, DECISIONS, SEGMENT, RECORDS = "dossier.json", "decisions.json", "audit/segment.jsonl", "records/"
# What a bundle must hold or name as missing; where a name is given, it is under that name.
SECTIONS = {
    "model_card": None,
    "evaluation_report": None,
    "dossier": DOSSIER,
    "run_manifest": None,
    "decisions": DECISIONS,
    "audit": SEGMENT,
}
GENESIS = "0" * 64
MAX_MEMBERS, MAX_NAME, MAX_DEPTH = 20_000, 255, 100
MAX_JSON = 64 * 1024 * 1024  # bytes of one JSON member; a longer one is not read
MAX_LINE = 4 * 1024 * 1024
MAX_DETAIL = 400  # characters of one line of the report
MAX_SIZE = 0xFFFF_FFFE  # a larger container would need ZIP64, which needs extra fields
CHUNK = 1024 * 1024
LARGEST_EXACT = 2**53 - 1
SHA256 = re.compile(r"[0-9a-f]{64}")
TIME_OF_HEAD = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
SKEW = timedelta(minutes=5)  # by which honest clocks differ
SEGMENT_OF_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")

HOLDS, BROKEN, MISSING = "holds", "broken", "missing"
NOT_SIGNED, NOT_CHECKED, STATED = "not signed", "not checked", "stated"
AREAS = ("integrity", "completeness", "authorship", "freshness")
WEAKEST_FIRST = (BROKEN, MISSING, NOT_SIGNED, NOT_CHECKED, STATED, HOLDS)


class Unreadable(Exception):
    """Nothing can be said about the file."""


class Malformed(ValueError):
    """A part is not what it must be. The text names the part."""


# --- Canonical JSON -------------------------------------------------------------------------------------------


def parse_json(data: bytes, name: str) -> Any:
    """JSON with every name once, finite numbers and bounded nesting. Raises Malformed."""
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_no_twins, parse_int=_integer, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{name} is not readable JSON: {str(error)[:120]}") from None
    level, depth = [value], 0
    while level:  # breadth first, so that a deep value cannot exhaust the stack
        depth += 1
        if depth > MAX_DEPTH:
            raise Malformed(f"{name} is nested deeper than {MAX_DEPTH} levels")
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return value


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return made


def _integer(digits: str) -> int | float:
    """JSON numbers are doubles: what no double holds exactly is read as the nearest one."""
    number = int(digits) if len(digits) < 18 else float(digits)
    return number if abs(number) <= LARGEST_EXACT else float(number)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value. Raises Malformed for what has none (infinity, lone surrogates)."""
    try:
        return _canonical_text(value).encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed("a text holds half of a surrogate pair and has no canonical form") from None


def _canonical_text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        if abs(value) > LARGEST_EXACT:
            raise Malformed(f"{value} is beyond what a JSON number holds exactly")
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list):
        return "[" + ",".join(map(_canonical_text, value)) + "]"
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_canonical_text(name)}:{_canonical_text(value[name])}" for name in names) + "}"
    raise Malformed(f"{type(value).__name__} is no JSON value")


def _number(value: float) -> str:
    """ECMAScript's Number::toString. Python's repr gives the same shortest digits; only the layout differs."""
    if value != value or value in (float("inf"), float("-inf")):
        raise Malformed("a number is not finite")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))  # value = 0.digits * 10**point
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if count > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1:+d}"


def digest(value: Any) -> str:
    """sha256 of the canonical JSON."""
    return hashlib.sha256(canonical(value)).hexdigest()


# --- Ed25519, verification only (RFC 8032). Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z. -----------

Point = tuple[int, int, int, int]
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def _sum(a: Point, b: Point) -> Point:
    """The complete addition law of -x² + y² = 1 + dx²y²; doubling needs no case of its own."""
    u, v = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    w, z = 2 * D * a[3] * b[3] % P, 2 * a[2] * b[2] % P
    e, f, g, h = v - u, z - w, z + w, v + u
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(scalar: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _sum(result, point)
        point, scalar = _sum(point, point), scalar >> 1
    return result


def _decoded(data: bytes) -> Point | None:
    """Section 5.1.3: y with the sign of x in the top bit; None when that is no point."""
    number = int.from_bytes(data, "little")
    y, odd = number & (2**255 - 1), number >> 255
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_OF_MINUS_ONE % P
    if x * x % P != square or (x == 0 and odd):
        return None
    x = P - x if x & 1 != odd else x
    return x, y, 1, x * y % P


def _encoded(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = _decoded((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_holds(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether [S]B = R + [k]A. R is compared as bytes, so it must be spelt canonically, and S must be reduced."""
    if len(public_key) != 32 or len(signature) != 64 or BASE is None:
        return False
    key, scalar = _decoded(public_key), int.from_bytes(signature[32:], "little")
    if key is None or scalar >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    minus_key: Point = (P - key[0], key[1], 1, P - key[3])
    return _encoded(_sum(_times(scalar, BASE), _times(k, minus_key))) == signature[:32]


# --- The container --------------------------------------------------------------------------------------------

LOCAL, CENTRAL, END = struct.Struct("<4s5H3I2H"), struct.Struct("<4s6H3I5H2I"), struct.Struct("<4s4H2IH")
VERSION, UNIX, DATE, TIME = 20, 3, 0x21, 0  # 1980-01-01, 00:00
ATTRIBUTES = 0o100644 << 16


def local_header(name: str, crc: int, size: int) -> bytes:
    raw = name.encode("ascii")
    return LOCAL.pack(b"PK\x03\x04", VERSION, 0, 0, TIME, DATE, crc, size, size, len(raw), 0) + raw


def central_entry(name: str, crc: int, size: int, offset: int) -> bytes:
    raw, made_by = name.encode("ascii"), UNIX << 8 | VERSION
    fixed = (b"PK\x01\x02", made_by, VERSION, 0, 0, TIME, DATE, crc, size, size, len(raw), 0, 0, 0, 0, ATTRIBUTES)
    return CENTRAL.pack(*fixed, offset) + raw


def end_record(count: int, size: int, offset: int) -> bytes:
    return END.pack(b"PK\x05\x06", 0, 0, count, count, size, offset, 0)


def objection_to_name(name: str) -> str | None:
    """Why `name` may not be in a bundle, or None. Nothing that a file system could read in two ways is let in."""
    parts = name.split("/")
    if len(name) > MAX_NAME:
        return f"a name is longer than {MAX_NAME} characters"
    if not all(SEGMENT_OF_NAME.fullmatch(part) and not part.endswith(".") for part in parts):
        return f"{name[:80]!r}: only letters, digits and . _ - are used, in parts joined by /"
    return None


def objection_to_names(names: Iterable[str]) -> str | None:
    """Why these names may not stand together, or None."""
    folded: dict[str, str] = {}
    for name in names:
        if why := objection_to_name(name):
            return why
        if folded.setdefault(name.lower(), name) != name:
            return f"{name} and {folded[name.lower()]} differ in case only"
    for name in folded:
        for cut in (index for index, sign in enumerate(name) if sign == "/"):
            if name[:cut] in folded:
                return f"{name[:cut]} is a file and a folder"
    return None


@dataclass(frozen=True)
class Member:
    start: int  # where its bytes begin
    size: int
    sha256: str


@dataclass
class Bundle:
    stream: BinaryIO
    members: dict[str, Member]

    def read(self, name: str) -> bytes:
        member = self.members.get(name)
        if member is None:
            raise Malformed(f"{name} is not in the bundle")
        if member.size > MAX_JSON:
            raise Malformed(f"{name} has {member.size:,} bytes; at most {MAX_JSON:,} are read")
        self.stream.seek(member.start)
        return self.stream.read(member.size)

    def json(self, name: str) -> Any:
        return parse_json(self.read(name), name)

    def object(self, name: str) -> dict[str, Any]:
        return _object(self.json(name), name)

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a member, one at a time, however long the member is."""
        self.stream.seek(self.members[name].start)
        left = self.members[name].size
        while left:
            line = self.stream.readline(min(left, MAX_LINE))
            left -= len(line)
            if not line.endswith(b"\n"):
                raise Malformed(f"{name} has a line without an end, or one longer than {MAX_LINE:,} bytes")
            yield line[:-1]


def open_container(stream: BinaryIO) -> Bundle:
    """Read the container and rebuild it on the way. Raises Unreadable (no ZIP) and Malformed (not canonical)."""
    total = stream.seek(0, 2)
    tail_length = min(total, END.size + 0xFFFF)
    stream.seek(total - tail_length)
    tail = stream.read(tail_length)
    if b"PK\x05\x06" not in tail:
        raise Unreadable("this is no ZIP file, or its end is cut off")
    if total > MAX_SIZE or len(tail) < END.size or not tail[-END.size :].startswith(b"PK\x05\x06"):
        raise Malformed("bytes stand before or after where a canonical container begins and ends")
    _, _, _, _, count, size, offset, _ = END.unpack(tail[-END.size :])
    if tail[-END.size :] != end_record(count, size, offset) or offset + size + END.size != total:
        raise Malformed("the end record does not fit the file")
    if not 0 < count <= MAX_MEMBERS or size > count * (CENTRAL.size + MAX_NAME):
        raise Malformed(f"the list of members is empty, longer than {MAX_MEMBERS:,}, or too large")
    stream.seek(offset)
    members, position = {}, 0
    for name, crc, length, start in _listed(stream.read(size), count):
        if start != position:
            raise Malformed(f"{name} does not follow the member before it")
        header = local_header(name, crc, length)
        members[name] = _streamed(stream, start, header, name, crc, length, offset)
        position = start + len(header) + length
    if position != offset:
        raise Malformed("bytes stand between the last member and the list of members")
    return Bundle(stream, members)


def _listed(directory: bytes, count: int) -> list[tuple[str, int, int, int]]:
    found: list[tuple[str, int, int, int]] = []
    position = 0
    for _ in range(count):
        if position + CENTRAL.size > len(directory):
            raise Malformed("the list of members is cut off")
        entry = CENTRAL.unpack_from(directory, position)
        crc, length, name_length, start = entry[7], entry[9], entry[10], entry[16]
        raw = directory[position + CENTRAL.size : position + CENTRAL.size + name_length]
        if not raw.isascii():
            raise Malformed("a member's name is not plain ASCII")
        name = raw.decode("ascii")
        expected = central_entry(name, crc, length, start)
        if directory[position : position + len(expected)] != expected:
            raise Malformed(f"the list entry of {name[:80]!r} is not canonical")
        found.append((name, crc, length, start))
        position += len(expected)
    names = [name for name, *_ in found]
    if position != len(directory) or names != sorted(set(names)):
        raise Malformed("the members are not each listed once, sorted by name")
    if why := objection_to_names(names):
        raise Malformed(why)
    return found


def _streamed(stream: BinaryIO, start: int, header: bytes, name: str, crc: int, size: int, end: int) -> Member:
    stream.seek(start)
    if start + len(header) + size > end or stream.read(len(header)) != header:
        raise Malformed(f"the header of {name} is not canonical")
    seen, checksum, left = hashlib.sha256(), 0, size
    while left:
        piece = stream.read(min(left, CHUNK))
        if not piece:
            raise Malformed(f"{name} is cut off")
        seen.update(piece)
        checksum, left = zlib.crc32(piece, checksum), left - len(piece)
    if checksum != crc:
        raise Malformed(f"the bytes of {name} do not have the checksum that the container states")
    return Member(start + len(header), size, seen.hexdigest())


# --- The report -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    area: str
    name: str
    result: str
    detail: str


@dataclass
class Report:
    bundle: str
    # sha256 of manifest.json (the same for the same records), or of the record that a row is proved to be in
    digest: str | None = None
    subject: dict[str, Any] | None = None
    unreadable: str | None = None
    checks: list[Check] = field(default_factory=list)
    unpacked: dict[str, bytes] = field(default_factory=dict)  # for a tool that checks what is not checked here

    def add(self, area: str, name: str, result: str, detail: str) -> None:
        # What a bundle says of itself is shown, so it must not be able to steer the reader's terminal.
        shown = "".join(sign if sign.isprintable() else "?" for sign in detail[:MAX_DETAIL])
        self.checks.append(Check(area, name, result, shown))

    def verdict(self, area: str) -> str:
        """The weakest result of an area: a chain is as strong as that."""
        results = {check.result for check in self.checks if check.area == area}
        return next((result for result in WEAKEST_FIRST if result in results), NOT_CHECKED)

    @property
    def sound(self) -> bool:
        return self.unreadable is None and not any(check.result in (BROKEN, MISSING) for check in self.checks)

    @property
    def exit_status(self) -> int:
        return 2 if self.unreadable is not None else 0 if self.sound else 1

    def as_dict(self) -> dict[str, Any]:
        areas = {
            area: {
                "verdict": self.verdict(area),
                "checks": [
                    {"name": c.name, "result": c.result, "detail": c.detail} for c in self.checks if c.area == area
                ],
            }
            for area in AREAS
        }
        head = {"schema": "assay.verification/1", "bundle": self.bundle, "sound": self.sound}
        return {**head, "unreadable": self.unreadable, "digest": self.digest, "subject": self.subject, **areas}

    def as_text(self) -> str:
        if self.unreadable is not None:
            return f"{self.bundle}: UNREADABLE: {self.unreadable}"
        lines = [f"{self.bundle}: {'SOUND' if self.sound else 'NOT SOUND'}"]
        if self.digest:
            lines.append(f"  digest: {self.digest}")
        for area in AREAS:
            lines.append(f"\n  {area}: {self.verdict(area)}")
            lines += [f"    {c.name:<22} {c.result:<12} {c.detail}" for c in self.checks if c.area == area]
        return "\n".join(lines)


# --- The checks -----------------------------------------------------------------------------------------------


@dataclass
class Known:
    """What the bundle holds that a reference may name."""

    digests: dict[str, set[tuple[str, str]]] = field(default_factory=dict)  # sha256 -> {(kind, id)}
    versions: dict[tuple[str, str], set[str]] = field(default_factory=dict)  # (kind, id) -> sha256s
    files: set[str] = field(default_factory=set)
    documents: dict[str, str] = field(default_factory=dict)  # digest of a document -> member
    elsewhere: dict[tuple[str, str, str], str] = field(default_factory=dict)  # reference -> why it is not here

    def state(self, kind: str, identity: str, sha256: str) -> tuple[str, str]:
        """(result, why) for one reference."""
        label = f"{kind} {identity}"
        if (kind, identity) in self.digests.get(sha256, ()):
            return HOLDS, label
        if sha256 in self.documents:
            return HOLDS, label
        if sha256 in self.digests:
            return BROKEN, f"{label}: the stated digest belongs to another record"
        if (kind, identity) in self.versions:
            return BROKEN, f"{label}: the record in the bundle has another digest than the one stated"
        if sha256 in self.files:
            return HOLDS, label
        if (kind, identity, sha256) in self.elsewhere:
            return NOT_CHECKED, f"{label} is not in this bundle: {self.elsewhere[kind, identity, sha256]}"
        return MISSING, f"{label} is stated but not in the bundle"


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(f"{what} is not an object")
    return value


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed(f"{what} is not a list")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{what} is not a text")
    return value


def _hash(value: Any, what: str) -> str:
    if not isinstance(value, str) or not SHA256.fullmatch(value):
        raise Malformed(f"{what} is not a sha256 in lower-case hex")
    return value


def _whole(value: Any, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed(f"{what} is not a whole number")
    return value


def _reference(value: Any, what: str) -> tuple[str, str, str]:
    entry = _object(value, what)
    kind, identity = _text(entry.get("kind"), f"{what}: kind"), _text(entry.get("id"), f"{what}: id")
    return kind, identity, _hash(entry.get("sha256"), f"{what}: sha256")


def check_files(bundle: Bundle, manifest: dict[str, Any]) -> str:
    """Every file outside seal/ against the manifest, and every file in seal/ against its own list."""
    if manifest.get("schema") != SCHEMA:
        raise Malformed(f"{MANIFEST} does not carry the schema {SCHEMA}")
    if canonical(manifest) != bundle.read(MANIFEST):
        raise Malformed(f"{MANIFEST} is not canonical JSON")
    sealed = bundle.object(SEAL_LIST)
    if sealed.get("schema") != SEAL_SCHEMA or sealed.get("manifest") != bundle.members[MANIFEST].sha256:
        raise Malformed(f"{SEAL_LIST} does not name this manifest")
    outside = {name for name in bundle.members if not name.startswith(SEAL)} - {MANIFEST}
    inside = {name for name in bundle.members if name.startswith(SEAL)} - {SEAL_LIST}
    _compare(bundle, _object(manifest.get("files"), f"{MANIFEST}: files"), outside, MANIFEST)
    _compare(bundle, _object(sealed.get("files"), f"{SEAL_LIST}: files"), inside, SEAL_LIST)
    return f"{len(outside)} files have the digests that {MANIFEST} states; none is missing, none is extra"


def _compare(bundle: Bundle, listed: dict[str, Any], present: set[str], where: str) -> None:
    if missing := sorted(set(listed) - present):
        raise Malformed(f"{where} lists files that are missing: {', '.join(missing)[:200]}")
    if extra := sorted(present - set(listed)):
        raise Malformed(f"{where} does not list: {', '.join(extra)[:200]}")
    for name, stated in listed.items():
        member = bundle.members[name]
        if stated != {"sha256": member.sha256, "bytes": member.size}:
            raise Malformed(f"{name} is not the file that {where} states")


def document_digest(document: dict[str, Any]) -> str:
    """sha256 of the canonical JSON of a document without its field `sha256`."""
    return digest({key: value for key, value in document.items() if key != "sha256"})


def check_records(bundle: Bundle, known: Known) -> str:
    """Each record's digest: of its kind and content, or, where the record is a document, of the document."""
    names = [name for name in bundle.members if name.startswith(RECORDS)]
    for name in names:
        record = bundle.object(name)
        kind, identity, sha256 = _reference(record, name)
        content = record.get("content")
        own = digest({"kind": kind, "content": content})
        if sha256 not in (own, document_digest(content) if isinstance(content, dict) else own):
            raise Malformed(f"{name}: the content does not have the digest that the record states")
        known.digests.setdefault(sha256, set()).add((kind, identity))
        known.versions.setdefault((kind, identity), set()).add(sha256)
    return f"{len(names)} records have the digests they state"


def check_documents(bundle: Bundle, manifest: dict[str, Any], known: Known) -> str:
    """Each frozen document of a section has the digest that it states."""
    frozen = []
    for name in sorted({DOSSIER, *_section_files(manifest)} - {DECISIONS}):
        if not name.endswith(".json") or name not in bundle.members:
            continue
        document = bundle.json(name)
        if not isinstance(document, dict):
            continue
        own = document_digest(document)
        if name == DOSSIER or {"schema", "frozen_at", "sha256"} <= set(document):
            frozen.append(name)
            if _hash(document.get("sha256"), f"{name}: sha256") != own:
                raise Malformed(f"{name}: the text does not have the digest that it states")
        known.documents[own] = name
    return f"frozen documents have the digests they state: {', '.join(frozen) or 'none'}"


def _section_files(manifest: dict[str, Any]) -> Iterator[str]:
    for section in _object(manifest.get("sections"), f"{MANIFEST}: sections").values():
        files = section.get("files") if isinstance(section, dict) else None
        yield from (file for file in files or () if isinstance(file, str)) if isinstance(files, list) else ()


def check_dossier(dossier: dict[str, Any], manifest: dict[str, Any]) -> str:
    """Same subject as the bundle, no measured statement without evidence, and figures that add up."""
    subject = _object(dossier.get("subject"), f"{DOSSIER}: subject")
    stated = _object(manifest.get("subject"), f"{MANIFEST}: subject")
    if differing := sorted(key for key in subject if stated.get(key) != subject[key]):
        raise Malformed(f"{DOSSIER} is about another subject than the bundle ({', '.join(differing)})")
    counted = dict.fromkeys(("prompts", "measured", "declared", "attached", "missing", "not_applicable"), 0)
    for section in _list(dossier.get("sections"), f"{DOSSIER}: sections"):
        where = f"{DOSSIER}: {_object(section, f'{DOSSIER}: a section').get('ref')}"
        sources = []
        for item in _list(section.get("statements"), f"{where}: statements"):
            source = _object(item, f"{where}: a statement").get("source")
            if source not in ("measured", "declared", "attached"):
                raise Malformed(f"{where}: a statement without a known source")
            if source == "measured" and not item.get("evidence"):
                raise Malformed(f"{where}: a measured statement names no evidence")
            sources.append(str(source))
        for prompt in _list(section.get("prompts"), f"{where}: prompts"):
            counted["prompts"] += 1
            counted[_answer(_object(prompt, f"{where}: a prompt"), sources, where)] += 1
    if dossier.get("completeness") != counted:
        raise Malformed(f"{DOSSIER}: the figures of its completeness are not those of its prompts")
    return f"{counted['prompts']} prompts: " + ", ".join(f"{n} {k}" for k, n in counted.items() if k != "prompts")


def _answer(prompt: dict[str, Any], sources: list[str], where: str) -> str:
    """How the prompt counts: by the source of the first statement that meets it."""
    met = _list(prompt.get("met_by"), f"{where}: met_by")
    if not all(type(index) is int and 0 <= index < len(sources) for index in met):
        raise Malformed(f"{where}: a prompt is met by a statement that is not there")
    if met:
        first: int = met[0]
        return sources[first]
    return "not_applicable" if prompt.get("not_applicable") else "missing"


def check_references(report: Report, references: list[tuple[str, str, str]], known: Known, what: str) -> None:
    """Resolve each stated reference in the bundle; one line for those that hold, one for each other."""
    unique = sorted(set(references))
    states = [known.state(*reference) for reference in unique]
    held = sum(result == HOLDS for result, _ in states)
    if held or not unique:
        report.add("integrity", what, HOLDS, f"{held} of {len(unique)} references resolve to what they state")
    for result, why in states:
        if result != HOLDS:
            report.add("integrity" if result == BROKEN else "completeness", what, result, why)


def dossier_references(dossier: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Every record that the dossier leans on: under its outcome, its statements, and what it calls not applicable."""
    cited = [(f"{DOSSIER}: outcome", _evidence(dossier.get("outcome")))]
    for section in dossier["sections"]:
        where = f"{DOSSIER}: {section.get('ref')}: evidence"
        cited += [(where, statement.get("evidence")) for statement in section["statements"]]
        cited += [(where, _evidence(prompt.get("not_applicable"))) for prompt in section["prompts"]]
    found = []
    for where, entries in cited:
        listed = [entries] if isinstance(entries, dict) else _list(entries or [], where)
        found += [_reference(entry, where) for entry in listed]
    return found


def _evidence(part: Any) -> Any:
    """What an outcome or a reason cites; older dossiers give the reason as a sentence alone."""
    return part.get("evidence") if isinstance(part, dict) else None


@dataclass(frozen=True)
class Segment:
    """A stretch of the audit chain that was recomputed link by link."""

    first: int
    last: int
    hash: str
    closed: int  # entries given by their leaf hash alone: they are linked, but their text is not here
    decided: frozenset[tuple[str, str]]  # (sha256 of the subject, verdict) of each decision it tells of
    leaves: dict[int, bytes]  # by place in the trail's Merkle tree, from 0
    newest: str  # the latest time of an entry whose text is here

    @property
    def detail(self) -> str:
        before = "" if self.first == 1 else f"; what stands before entry {self.first:,} is not in this bundle"
        closed = f"; the text of {self.closed:,} of them is not in this bundle" if self.closed else ""
        return f"entries {self.first:,} to {self.last:,} follow from one another{closed}{before}"


def check_segment(bundle: Bundle) -> Segment:
    """Recompute the chain: leaf = sha256(0x00, body), link = sha256(0x01, link before, leaf).

    An entry that is not this bundle's business (another project's) may give its leaf instead of its body.
    """
    expected, previous, first, closed = None, None, 0, 0
    decided: set[tuple[str, str]] = set()
    leaves: dict[int, bytes] = {}
    newest = ""
    for line in bundle.lines(SEGMENT):
        entry = _object(parse_json(line, f"{SEGMENT}: a line"), f"{SEGMENT}: a line")
        seq, where = entry.get("seq"), f"{SEGMENT}: entry {entry.get('seq')}"
        named = set(entry) - {"body", "leaf"}
        if named != {"seq", "prev", "hash"} or len(entry) != 4 or type(seq) is not int or seq < 1:
            raise Malformed(f"{where[:80]} does not have exactly seq, prev, hash, and body or leaf")
        if (expected or seq) != seq or (previous or (GENESIS if seq == 1 else entry["prev"])) != entry["prev"]:
            raise Malformed(f"{where} does not follow from the entry before it")
        leaf = _leaf(entry, where)
        leaves[seq - 1] = bytes.fromhex(leaf)
        link = hashlib.sha256(b"\x01" + bytes.fromhex(_hash(entry["prev"], f"{where}: prev")) + bytes.fromhex(leaf))
        if link.hexdigest() != _hash(entry["hash"], f"{where}: hash"):
            raise Malformed(f"{where}: its text was changed after it was chained")
        if "body" in entry:
            body = _body(entry, where)
            decided |= _decided(body)
            newest = max(newest, str(body.get("at") or ""))
        else:
            closed += 1
        first, expected, previous = first or seq, seq + 1, entry["hash"]
    if expected is None or previous is None:
        raise Malformed(f"{SEGMENT} has no entry")
    return Segment(first, expected - 1, previous, closed, frozenset(decided), leaves, newest)


def _leaf(entry: dict[str, Any], where: str) -> str:
    if "leaf" in entry:
        return _hash(entry["leaf"], f"{where}: leaf")
    try:
        raw = _text(entry["body"], f"{where}: body").encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed(f"{where}: the body is no text") from None
    return hashlib.sha256(b"\x00" + raw).hexdigest()


def _body(entry: dict[str, Any], where: str) -> dict[str, Any]:
    raw = entry["body"].encode("utf-8")
    body = _object(parse_json(raw, f"{where}: body"), f"{where}: body")
    if canonical(body) != raw or body.get("seq", entry["seq"]) != entry["seq"]:
        raise Malformed(f"{where}: its text is not canonical JSON, or has another number")
    return body


def _decided(body: dict[str, Any]) -> set[tuple[str, str]]:
    """The decision that an entry tells of, where it tells of one."""
    facts = body.get("facts")
    if body.get("action") != "approval.decided" or not isinstance(facts, dict):
        return set()
    return {(str(facts.get("sha256")), str(facts.get("verdict")))}


def check_sections(report: Report, bundle: Bundle, manifest: dict[str, Any]) -> None:
    """Each required section: its files are there, or the bundle names it as missing and says why."""
    sections = _object(manifest.get("sections"), f"{MANIFEST}: sections")
    for name, fixed in SECTIONS.items():
        section = sections.get(name)
        files = section.get("files") if isinstance(section, dict) else None
        if isinstance(section, dict) and isinstance(section.get("missing"), str) and not files:
            report.add("completeness", name, MISSING, f"not in this bundle, as it says itself: {section['missing']}")
        elif not isinstance(files, list) or not files or not all(isinstance(file, str) for file in files):
            report.add("completeness", name, MISSING, "the manifest neither lists its files nor says why it is missing")
        elif gone := [file for file in [*files, *([fixed] if fixed else [])] if file not in bundle.members]:
            report.add("completeness", name, MISSING, f"{', '.join(gone)[:200]} is not in the bundle")
        else:
            report.add("completeness", name, HOLDS, ", ".join(files)[:200])


def check_decisions(report: Report, bundle: Bundle, known: Known, segment: Segment | None) -> None:
    """Each decision is about something that the bundle holds, and the audit segment tells of it."""
    decisions = [_object(entry, DECISIONS) for entry in _list(bundle.json(DECISIONS), DECISIONS)]
    if not decisions:
        report.add("completeness", "decisions", MISSING, f"{DECISIONS} is empty")
        return
    references = [_reference(entry.get("subject"), f"{DECISIONS}: subject") for entry in decisions]
    check_references(report, references, known, "decision subjects")
    for entry, (kind, identity, sha256) in zip(decisions, references, strict=True):
        if (sha256, _text(entry.get("verdict"), f"{DECISIONS}: verdict")) not in (segment.decided if segment else ()):
            detail = f"the decision on {kind} {identity} is not in the audit segment"
            report.add("completeness", "decisions on the trail", MISSING, detail)
    about = [
        e for e, (_, _, sha256) in zip(decisions, references, strict=True) if known.documents.get(sha256) == DOSSIER
    ]
    names = ", ".join(f"{e.get('verdict')} by {e.get('by')} at {e.get('at')}" for e in about)[:200]
    detail = f"{names}, as recorded by the platform" if about else "no decision in this bundle is about the dossier"
    report.add("authorship", "sign-off of the dossier", STATED if about else NOT_SIGNED, detail)


def check_authorship(report: Report, bundle: Bundle, key: bytes | None) -> None:
    """An Ed25519 signature over the bytes of manifest.json, where there is one."""
    if SIGNATURE not in bundle.members:
        result = BROKEN if key else NOT_SIGNED
        report.add("authorship", "signature", result, "the bundle carries no signature of its issuer")
    else:
        _check_signature(report, bundle, bundle.object(SIGNATURE), key)
    for name, member in bundle.members.items():
        if name.endswith(".pdf"):
            signed = member.size > MAX_JSON or b"/ByteRange" in bundle.read(name)
            if signed:
                report.add("authorship", name, NOT_CHECKED, "a signature inside a PDF; check it with pdfsig")


def _check_signature(report: Report, bundle: Bundle, stated: dict[str, Any], key: bytes | None) -> None:
    algorithm = stated.get("algorithm")
    if algorithm != "Ed25519":
        tool = "openssl dgst -verify (EC) or the tool of that format"
        report.add("authorship", "signature", NOT_CHECKED, f"algorithm {str(algorithm)[:40]!r}: check it with {tool}")
        return
    try:
        public, signature = (bytes.fromhex(_text(stated.get(f), f)) for f in ("public_key", "signature"))
    except ValueError:
        raise Malformed(f"{SIGNATURE}: public_key and signature must be hex") from None
    if stated.get("over") != MANIFEST or not ed25519_holds(public, bundle.read(MANIFEST), signature):
        report.add("authorship", "signature", BROKEN, f"it does not fit {MANIFEST}")
        return
    report.add("authorship", "signature", HOLDS, f"Ed25519 over {MANIFEST} by the key {public.hex()}")
    if key is None:
        report.add("authorship", "key", NOT_CHECKED, "whose key that is: compare it with one you trust (--key HEX)")
    elif key == public:
        report.add("authorship", "key", HOLDS, "it is the key that was given")
    else:
        report.add("authorship", "key", BROKEN, "it is not the key that was given")


def check_freshness(report: Report, bundle: Bundle, segment: Segment | None) -> None:
    """When it was exported, as far as the exporter says; and whether the segment reaches the chain's head."""
    if EXPORT in bundle.members:
        at = _text(bundle.object(EXPORT).get("exported_at"), f"{EXPORT}: exported_at")
        try:
            zone = datetime.fromisoformat(at.replace("Z", "+00:00")).tzinfo
        except ValueError:
            zone = None
        if zone is None:
            raise Malformed(f"{EXPORT}: exported_at is no time with a zone")
        report.add("freshness", "export time", STATED, f"{at}, as the exporter says; no time stamp proves it")
    else:
        report.add("freshness", "export time", NOT_CHECKED, f"there is no {EXPORT}")
    _check_head(report, bundle, segment)
    for name in bundle.members:
        if name.startswith(SEAL) and name not in (SEAL_LIST, EXPORT, HEAD, SIGNATURE, TRAIL):
            tool = "openssl ts -verify" if name.endswith(".tsr") else "the tool of its format"
            report.add("freshness", name, NOT_CHECKED, f"check it with {tool}")


def _check_head(report: Report, bundle: Bundle, segment: Segment | None) -> None:
    if HEAD not in bundle.members or segment is None:
        report.add("freshness", "audit head", NOT_CHECKED, f"there is no {HEAD}, or no audit segment")
        return
    head = bundle.object(HEAD)
    seq, sha256 = head.get("seq"), _hash(head.get("hash"), f"{HEAD}: hash")
    if type(seq) is not int or seq < segment.last or (seq == segment.last and sha256 != segment.hash):
        raise Malformed(f"{HEAD} does not fit the audit segment")
    if seq == segment.last:
        report.add("freshness", "audit head", HOLDS, f"the segment ends at the head, entry {seq:,}")
    else:
        detail = f"the head was entry {seq:,}, the segment ends at {segment.last:,}; ask the issuer for the rest"
        report.add("freshness", "audit head", NOT_CHECKED, detail)


class _Stop(Exception):
    """What rests on a broken part is not looked at."""


@contextmanager
def _part(report: Report, area: str, name: str) -> Iterator[None]:
    """A part that is not as it must be is BROKEN, and what rests on it is not looked at."""
    try:
        yield
    except Malformed as error:
        report.add(area, name, BROKEN, str(error))
        raise _Stop from None


def _inspect(report: Report, bundle: Bundle, manifest: dict[str, Any], key: bytes | None) -> None:
    """Everything after the container was read, from the ground up."""
    known = Known(files={member.sha256 for name, member in bundle.members.items() if not name.startswith(SEAL)})
    with _part(report, "integrity", "files"):
        report.add("integrity", "files", HOLDS, check_files(bundle, manifest))
        known.elsewhere = _elsewhere(manifest)
    with _part(report, "completeness", "sections"):
        check_sections(report, bundle, manifest)
    with _part(report, "integrity", "records"):
        report.add("integrity", "records", HOLDS, check_records(bundle, known))
    with _part(report, "integrity", "documents"):
        report.add("integrity", "documents", HOLDS, check_documents(bundle, manifest, known))
    with _part(report, "integrity", "dossier"):
        if DOSSIER in bundle.members:
            dossier = bundle.object(DOSSIER)
            report.add("integrity", "dossier", HOLDS, check_dossier(dossier, manifest))
            check_references(report, dossier_references(dossier), known, "dossier evidence")
    segment = None
    with _part(report, "integrity", "audit segment"):
        if SEGMENT in bundle.members:
            segment = check_segment(bundle)
            report.add("integrity", "audit segment", HOLDS, segment.detail)
    with _part(report, "integrity", "decisions"):
        if DECISIONS in bundle.members:
            check_decisions(report, bundle, known, segment)
    with _part(report, "authorship", "signature"):
        check_authorship(report, bundle, key)
    with _part(report, "authorship", "signed head"):
        if TRAIL in bundle.members and segment is not None:
            check_trail(report, bundle.object(TRAIL), segment.leaves, segment.newest, None)
    with _part(report, "freshness", "seal"):
        check_freshness(report, bundle, segment)


def _elsewhere(manifest: dict[str, Any]) -> dict[tuple[str, str, str], str]:
    listed = _list(manifest.get("elsewhere", []), f"{MANIFEST}: elsewhere")
    where = f"{MANIFEST}: elsewhere"
    return {_reference(entry, where): _text(entry.get("because"), f"{where}: because") for entry in listed}


# --- Membership -----------------------------------------------------------------------------------------------


def merkle_root(leaf: bytes, place: int, size: int, path: list[bytes]) -> bytes | None:
    """The root to which a proof leads (RFC 9162, 2.1.3.2); None where the proof cannot be one of this tree."""
    if not 0 <= place < size:
        return None
    last, found = size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            found = hashlib.sha256(b"\x01" + step + found).digest()
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + step).digest()
        place, last = place >> 1, last >> 1
    return found if last == 0 else None


def check_membership(report: Report, proof: dict[str, Any]) -> None:
    """What holds of the record and of the row. Raises Malformed."""
    record = _object(proof.get("record"), "record")
    content = _object(record.get("content"), "record: content")
    stated = _hash(record.get("sha256"), "record: sha256")
    if digest({"kind": _text(record.get("kind"), "record: kind"), "content": content}) != stated:
        raise Malformed("the record's content does not have the digest that it states")
    root, size = _hash(content.get("rows_root"), "record: rows_root"), _whole(content.get("rows"), "record: rows")
    place = _whole(proof.get("place"), "place")
    row = _object(proof.get("row"), "row")
    shown = row.get("erased") is not True
    if shown:
        salt = _text(row.get("salt"), "row: salt")
        if not re.fullmatch(r"[0-9a-f]{32}", salt):
            raise Malformed("row: salt is not 16 bytes in lower-case hex")
        leaf = hashlib.sha256(b"\x00" + bytes.fromhex(salt) + canonical(row.get("content"))).digest()
    else:
        leaf = bytes.fromhex(_hash(row.get("leaf"), "row: leaf"))
    path = [bytes.fromhex(_hash(step, "path")) for step in _list(proof.get("path"), "path")]
    if merkle_root(leaf, place, size, path) != bytes.fromhex(root):
        raise Malformed(f"row {place + 1:,} is not among the rows of this version, or is another row")
    report.add("integrity", "record", HOLDS, f"has the digest {stated}")
    stands = f"is number {place + 1:,} of {size:,} under the root {root}"
    report.add("integrity", "row" if shown else "leaf", HOLDS, f"the {'row' if shown else 'leaf'} {stands}")
    if not shown:
        why = "a row of which only the leaf is shown; that it was erased is not checked"
        report.add("integrity", "row", NOT_CHECKED, why)
    identity = _text(record.get("id"), "record: id")[:80]
    report.add("authorship", "record id", NOT_CHECKED, f"{identity!r} stands outside the record's digest")


# --- The signed trail -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Note:
    """A C2SP signed note: the text that is signed, and (name, key id, signature) of who is said to have signed it."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]


def read_note(note: Any, what: str) -> Note:
    """Raises Malformed."""
    cut = _text(note, what).rfind("\n\n\u2014 ")
    if cut < 0 or not note.endswith("\n"):
        raise Malformed(f"{what} is no signed note")
    found = []
    for line in note[cut + 2 :].splitlines():
        parts = line.split(" ")
        raw = _base64(parts[-1], what)
        if len(parts) != 3 or parts[0] != "\u2014" or len(raw) != 68:
            raise Malformed(f"{what}: a signature line is not one of Ed25519")
        found.append((parts[1], raw[:4], raw[4:]))
    return Note(note[: cut + 1], tuple(found))


def read_key(text: Any, what: str) -> tuple[str, bytes]:
    """(name, public key) of a C2SP verifier key. Raises Malformed."""
    parts = _text(text, what).split("+", 2)
    raw = _base64(parts[-1], what)
    name, public = parts[0], raw[1:]
    identity = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    if len(parts) != 3 or raw[:1] != b"\x01" or len(public) != 32 or parts[1] != identity.hex():
        raise Malformed(f"{what} is no verifier key of Ed25519")
    return name, public


def _base64(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise Malformed(f"{what} holds what is not base64") from None


def is_signed(note: Note, name: str, public: bytes) -> bool:
    identity = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    return any(
        (signer, key) == (name, identity) and ed25519_holds(public, note.text.encode(), signature)
        for signer, key, signature in note.signatures
    )


# --- Time stamps (RFC 3161): read here; whether the signature holds takes a tool that has certificates ---------

DER_SEQUENCE, DER_SET, DER_FIRST = 0x30, 0x31, 0xA0
DER_OBJECT, DER_INTEGER, DER_OCTETS, DER_TIME = 0x06, 0x02, 0x04, 0x18
SIGNED_DATA, TST_INFO = "2a864886f70d010702", "2a864886f70d0109100104"  # 1.2.840.113549.1.7.2 and 1.9.16.1.4
SHA256_OBJECT = "608648016503040201"  # 2.16.840.1.101.3.4.2.1


def der_values(data: bytes, what: str) -> Iterator[tuple[int, bytes]]:
    """(tag, content) of the values that follow one another in DER. Raises Malformed."""
    at = 0
    while at < len(data):
        head = data[at : at + 2]
        if len(head) < 2 or head[0] & 0x1F == 0x1F:
            raise Malformed(f"{what} is cut off, or no DER")
        size, at = head[1], at + 2
        if size & 0x80:
            count = size & 0x7F
            size, at = int.from_bytes(data[at : at + count], "big"), at + count
            if not 1 <= count <= 4:
                raise Malformed(f"{what} is no DER")
        if at + size > len(data):
            raise Malformed(f"{what} is cut off")
        yield head[0], data[at : at + size]
        at += size


def _der(data: bytes, what: str, *tags: int) -> list[bytes]:
    """The first values of `data`, which must have these tags. Raises Malformed."""
    found = []
    for tag, (got, content) in zip(tags, der_values(data, what), strict=False):
        if got != tag:
            break
        found.append(content)
    if len(found) != len(tags):
        raise Malformed(f"{what} is none as RFC 3161 has it")
    return found


def read_timestamp(answer: bytes, what: str) -> tuple[bytes, str]:
    """(the sha256 that an authority's answer is about, the time that it gives). Raises Malformed."""
    (whole,) = _der(answer, what, DER_SEQUENCE)
    _, token = _der(whole, what, DER_SEQUENCE, DER_SEQUENCE)  # its status; without a token it was refused
    kind, wrapped = _der(token, what, DER_OBJECT, DER_FIRST)
    (signed,) = _der(wrapped, what, DER_SEQUENCE)
    _, _, content = _der(signed, what, DER_INTEGER, DER_SET, DER_SEQUENCE)
    inner, octets = _der(content, what, DER_OBJECT, DER_FIRST)
    (info,) = _der(_der(octets, what, DER_OCTETS)[0], what, DER_SEQUENCE)
    _, _, imprint, _, at = _der(info, what, DER_INTEGER, DER_OBJECT, DER_SEQUENCE, DER_INTEGER, DER_TIME)
    algorithm, digested = _der(imprint, what, DER_SEQUENCE, DER_OCTETS)
    named = (kind.hex(), inner.hex(), _der(algorithm, what, DER_OBJECT)[0].hex())
    if named != (SIGNED_DATA, TST_INFO, SHA256_OBJECT) or not re.fullmatch(rb"[0-9]{14}(\.[0-9]{1,9})?Z", at):
        raise Malformed(f"{what} is none as RFC 3161 has it, over a sha256")
    told = at.decode()
    return digested, f"{told[:4]}-{told[4:6]}-{told[6:8]} {told[8:10]}:{told[10:12]}:{told[12:14]} UTC"


def check_timestamp(report: Report, stated: dict[str, Any], signed_at: datetime | None) -> None:
    """The time stamp of the head, where there is one, is for this very note, and no older. Raises Malformed."""
    if "timestamp" not in stated:
        return
    note = stated["checkpoint"].encode("utf-8", "surrogatepass")
    answer = _base64(_text(stated["timestamp"], "timestamp"), "timestamp")
    digested, at = read_timestamp(answer, "the time stamp")
    if digested != hashlib.sha256(note).digest():
        raise Malformed("the time stamp is not for this head")
    if signed_at is not None and _moment(at.replace(" UTC", "Z"), "the time stamp") < signed_at - SKEW:
        raise Malformed(f"the time stamp gives {at}, before the head was signed")
    report.add("integrity", "time stamp", HOLDS, "it is for the signed head")
    report.unpacked = {"checkpoint.txt": note, "checkpoint.tsr": answer}
    how = "--unpack FOLDER, then: openssl ts -verify -data checkpoint.txt -in checkpoint.tsr -CAfile CERTIFICATES"
    report.add("freshness", "time stamp", NOT_CHECKED, f"{at}, if its signature holds; check that with {how}")


def merkle_root_around(leaves: dict[int, bytes], size: int, given: list[bytes]) -> bytes | None:
    """The root over `size` leaves of which some are here; `given` are the roots of the largest subtrees without any of
    those, from left to right. None where that does not come out even."""
    left = iter(given)
    places = sorted(leaves)
    if not places or places[0] < 0 or places[-1] >= size:
        return None

    def over(low: int, high: int, here: list[int]) -> bytes:
        if not here:
            return next(left)
        if high - low == 1:
            return leaves[low]
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        below = [place for place in here if place < middle]
        first = over(low, middle, below)
        return hashlib.sha256(b"\x01" + first + over(middle, high, here[len(below) :])).digest()

    try:
        found = over(0, size, places)
    except StopIteration:
        return None
    return found if next(left, None) is None else None


def check_trail(
    report: Report, stated: dict[str, Any], leaves: dict[int, bytes], newest: str, key: bytes | None
) -> None:
    """The entries, the last of which was written at `newest`, are under the head, and the head is signed by the newest
    of keys that signed one another in."""
    note = read_note(stated.get("checkpoint"), "checkpoint")
    lines = note.text.split("\n")
    if len(lines) < 4 or not re.fullmatch(r"0|[1-9][0-9]{0,15}", lines[1]):
        raise Malformed("the checkpoint has no origin, size and root")
    origin, size, root = lines[0], int(lines[1]), _base64(lines[2], "checkpoint")
    given = [bytes.fromhex(_hash(one, "around")) for one in _list(stated.get("around"), "around")]
    if merkle_root_around(leaves, size, given) != root:
        raise Malformed("the entries are not those for which the head was signed")
    report.add("integrity", "entries", HOLDS, f"{len(leaves):,} entries are among the {size:,} of the head")
    keys = [_object(one, "keys") for one in _list(stated.get("keys"), "keys")]
    public = _signer(report, note, origin, keys)
    report.add("authorship", "signed head", HOLDS, f"Ed25519 over the head by {public.hex()}, as {origin}")
    if key is None:
        report.add(
            "authorship", "trail key", NOT_CHECKED, "whose key that is: compare it with one you keep (--key HEX)"
        )
    else:
        held = HOLDS if key == public else BROKEN
        report.add("authorship", "trail key", held, f"it is {'' if held == HOLDS else 'not '}the key that was given")
    signed_at = check_head_time(report, lines[3:], newest)
    check_timestamp(report, stated, signed_at)


def check_head_time(report: Report, extension: list[str], newest: str) -> datetime | None:
    """When the head was signed, where its text says so. Raises Malformed.

    Where an entry gives a later time, a clock was wrong, then or when the head was signed: that is told and no fault.
    """
    told = [line[3:] for line in extension if line.startswith("at ")]
    if not told:
        report.add("freshness", "time of the head", NOT_CHECKED, "its text gives no time: it is of an older version")
        return None
    if len(told) > 1 or not TIME_OF_HEAD.fullmatch(told[0]):
        raise Malformed("the checkpoint gives more than one time, or none in UTC")
    signed_at = _moment(told[0], "the checkpoint")
    said = f"{told[0]}, as the platform says under its signature"
    if told[0] < newest:
        said += f"; an entry that it covers says {newest}, which is later: a clock was wrong"
    report.add("freshness", "time of the head", STATED, said)
    return signed_at


def _moment(text: str, what: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Malformed(f"{what} gives a time that is none") from None


def _signer(report: Report, note: Note, origin: str, keys: list[dict[str, Any]]) -> bytes:
    """Whose signature the head carries; what each key says about the one after it is reported."""
    known = [read_key(key.get("verifier_key"), "keys: verifier_key") for key in keys]
    signer = next((public for name, public in known if name == origin and is_signed(note, name, public)), None)
    if signer is None:
        raise Malformed("the head is not signed by any of the keys that are stated")
    for number, (before, key) in enumerate(zip(known, keys[1:], strict=False), 2):
        text = f"{before[0]}\nThe next key of this trail is\n{key['verifier_key']}\n"
        try:
            statement = read_note(key.get("statement"), "statement")
        except Malformed:
            statement = Note("", ())
        if statement.text == text and is_signed(statement, *before):
            report.add("authorship", f"trail key {number}", HOLDS, "it was signed in by the key before it")
        else:
            why = "it was not signed in by the key before it; ask the issuer whether that was lost"
            report.add("authorship", f"trail key {number}", NOT_CHECKED, why)
    return signer


def check_extract(report: Report, extract: dict[str, Any], key: bytes | None) -> None:
    """Entries of the trail that somebody took out of it. Raises Malformed."""
    leaves: dict[int, bytes] = {}
    newest = ""
    for entry in _list(extract.get("entries"), "entries"):
        seq = _whole(_object(entry, "entries").get("seq"), "entries: seq")
        raw = _text(entry.get("body"), f"entry {seq}: body").encode("utf-8", "surrogatepass")
        body = _object(parse_json(raw, f"entry {seq}: body"), f"entry {seq}: body")
        if body.get("seq") != seq or seq - 1 in leaves:
            raise Malformed(f"entry {seq} has another number in its text, or stands twice")
        leaves[seq - 1] = hashlib.sha256(b"\x00" + raw).digest()
        newest = max(newest, str(body.get("at") or ""))
    check_trail(report, extract, leaves, newest, key)
    report.add("completeness", "entries", STATED, "somebody chose them; which others there are it does not say")
    report.add("freshness", "newest entry", STATED, f"{newest or 'not said'}, as the platform says")


def _verify_proof(report: Report, stream: BinaryIO, key: bytes | None) -> None:
    data = stream.read(MAX_JSON + 1)
    if len(data) > MAX_JSON:
        raise Unreadable(f"a proof has at most {MAX_JSON:,} bytes")
    try:
        proof = _object(parse_json(data, report.bundle), report.bundle)
    except Malformed as error:
        raise Unreadable(str(error)) from None
    if proof.get("schema") == EXTRACT_SCHEMA:
        with _part(report, "integrity", "extract"):
            check_extract(report, proof, key)
        return
    if proof.get("schema") != MEMBERSHIP_SCHEMA:
        raise Unreadable(f"the file is no evidence bundle and no proof ({MEMBERSHIP_SCHEMA}, {EXTRACT_SCHEMA})")
    with _part(report, "integrity", "membership"):
        check_membership(report, proof)
        report.digest = proof["record"]["sha256"]
    report.add("authorship", "record", NOT_CHECKED, "compare its digest with the one in a bundle or an approval")


def verify(path: Path | str, key: bytes | None = None) -> Report:
    """Check the bundle at `path`; with `key` (32 bytes), demand an Ed25519 signature by that key.

    A file that begins as JSON does is checked as the proof that a row is in a dataset version, or as an extract of the
    audit trail.
    """
    path = Path(path)
    report = Report(bundle=path.name)
    try:
        if not path.is_file():
            raise Unreadable("there is no such file")
        with path.open("rb") as stream:
            first = stream.read(1)
            stream.seek(0)
            if first == b"{":
                _verify_proof(report, stream, key)
            else:
                _verify(report, stream, key)
    except (Unreadable, OSError) as error:
        report.unreadable = str(error)
    except _Stop:
        return report  # the broken part stands in it
    return report


def _verify(report: Report, stream: BinaryIO, key: bytes | None) -> None:
    with _part(report, "integrity", "container"):
        bundle = open_container(stream)
        report.add("integrity", "container", HOLDS, f"{len(bundle.members)} members, rebuilt byte for byte")
    try:
        manifest = bundle.object(MANIFEST)
    except Malformed as error:
        raise Unreadable(str(error)) from None
    report.digest = bundle.members[MANIFEST].sha256
    report.subject = manifest.get("subject") if isinstance(manifest.get("subject"), dict) else None
    _inspect(report, bundle, manifest, key)


def _key(text: str) -> bytes:
    """An Ed25519 public key in hex, or as Assay prints it: name+id+base64 (C2SP signed-note, “verifier keys”)."""
    _, named, told = text.partition("+")
    raw = base64.b64decode(told.partition("+")[2], validate=True) if named else b"\x01" + bytes.fromhex(text)
    if len(raw) != 33 or raw[0] != 1:
        raise ValueError("an Ed25519 public key has 32 bytes")
    return raw[1:]


def _unpack(report: Report, folder: Path) -> None:
    if not report.unpacked:
        sys.exit("There is no time stamp to unpack: the signed head has none, or it did not hold.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in report.unpacked.items():
        (folder / name).write_bytes(data)


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="verify.py", description="Check an Assay evidence bundle offline.")
    parser.add_argument("bundle", type=Path, help="the evidence.zip, membership.json or audit.json to check")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument(
        "--key", type=_key, metavar="KEY", help="the Ed25519 key that must have signed, hex or name+id+base64"
    )
    parser.add_argument(
        "--unpack", type=Path, metavar="FOLDER", help="write the signed head and its time stamp there, for openssl"
    )
    options = parser.parse_args(arguments)
    report = verify(options.bundle, options.key)
    if options.unpack:
        _unpack(report, options.unpack)
    try:
        print(json.dumps(report.as_dict(), indent=2, ensure_ascii=True) if options.json else report.as_text())
        sys.stdout.flush()
    except BrokenPipeError:  # somebody reads only the first lines; what is left goes nowhere, also at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return report.exit_status


if __name__ == "__main__":
    sys.exit(main())
