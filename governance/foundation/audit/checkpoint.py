"""A signed tree head as a text: C2SP tlog-checkpoint, inside a C2SP signed note with an Ed25519 signature.

linden.example/assay
18400
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
at 2026-11-02T09:40:03.518204Z

— linden.example/assay ZqVgdVZoV1kZ/GgMFwpcMlPS64jxPiS908mX13dd/4EZo+ofNFulcGm+dXmtQvz9bQ76erIMByxT7N9QT/dDJARraws=

The line after the root is an extension, of which the format says that others pass over it: when the head was signed.
Heads from before it was there have none.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from governance.foundation.core.canonical import plain

ED25519 = b"\x01"  # the signature type that C2SP signed-note gives to Ed25519
MARK = "\n\n— "
TIME = "at "  # how the line with the time begins


class NotACheckpoint(ValueError):
    """The text is no signed checkpoint. Says what is wrong with it."""


@dataclass(frozen=True)
class Checkpoint:
    """What a note says, and who is said to have signed it. Nothing is verified by reading."""

    origin: str
    size: int
    root: bytes
    at: datetime | None  # when it was signed, where its text says so
    note: str  # the whole of it; its text, which the signatures are over, ends at the last empty line
    signatures: tuple[tuple[str, bytes, bytes], ...]  # name, key id, signature


def body(origin: str, size: int, root: bytes, at: datetime) -> str:
    """The text of a checkpoint, which is what is signed."""
    return f"{origin}\n{size}\n{_base64(root)}\n{TIME}{spelt(at)}\n"


def spelt(at: datetime) -> str:
    """A time as entries of the trail spell theirs: as texts they come in the order of the times."""
    return str(plain(at))


def key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def verifier_key(name: str, public: bytes) -> str:
    """A public key as C2SP writes it: name+id+base64. This is what an auditor keeps."""
    return f"{name}+{key_id(name, public).hex()}+{_base64(ED25519 + public)}"


def signed(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """`text`, which ends in a line end, as a note signed under `name`."""
    signature = key_id(name, key.public_key().public_bytes_raw()) + key.sign(text.encode())
    return f"{text}\n— {name} {_base64(signature)}\n"


def parsed(note: str) -> Checkpoint:
    """Raises NotACheckpoint."""
    at = note.rfind(MARK)
    if at < 0 or not note.endswith("\n"):
        raise NotACheckpoint("it has no signature line, or its end is cut off")
    text = note[: at + 1]
    try:
        origin, size, root, *further = text.split("\n")
        signatures = _signatures(note[at + 2 :])
        found = Checkpoint(origin, int(size), _from_base64(root), _time(further), note, signatures)
    except (ValueError, binascii.Error):
        raise NotACheckpoint(
            "it must have an origin, a size, a root of 32 bytes in base64, signatures, and at most one time, in UTC"
        ) from None
    if not origin or len(found.root) != 32 or found.size < 0 or str(found.size) != size:
        raise NotACheckpoint("its origin, size or root is not spelt as a checkpoint's")
    return found


def is_signed_by(note: str, name: str, public: bytes) -> bool:
    """Whether `note` carries a signature of `public` under `name` that holds. Raises NotACheckpoint."""
    at = note.rfind(MARK)
    if at < 0:
        raise NotACheckpoint("it has no signature line")
    for signer, identity, signature in _signatures(note[at + 2 :]):
        if (signer, identity) == (name, key_id(name, public)):
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(signature, note[: at + 1].encode())
            except InvalidSignature:
                return False
            return True
    return False


def time_signed_by(note: str, name: str, public: bytes) -> datetime | None:
    """When `note` was signed, where `public` says so under `name`: what lies about may be anybody's words."""
    try:
        told = parsed(note)
        return told.at if told.origin == name and is_signed_by(note, name, public) else None
    except NotACheckpoint:
        return None


def _time(lines: list[str]) -> datetime | None:
    told = [line.removeprefix(TIME) for line in lines if line.startswith(TIME)]
    if not told:
        return None
    at = datetime.fromisoformat(told[0])
    if len(told) > 1 or spelt(at) != told[0]:
        raise ValueError
    return at


def _signatures(lines: str) -> tuple[tuple[str, bytes, bytes], ...]:
    found = []
    for line in lines.splitlines():
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        try:
            raw = _from_base64(encoded)
        except ValueError:
            raise NotACheckpoint("a signature is not spelt in base64") from None
        if dash != "—" or len(raw) < 5:
            raise NotACheckpoint("a signature line is not spelt as one")
        found.append((name, raw[:4], raw[4:]))
    return tuple(found)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
