"""The key that signs tree heads. It is made once, lies in a file that only we may read, and is never in the database:
who can rewrite every table still cannot sign what they wrote.
"""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from governance.foundation.audit import checkpoint
from governance.foundation.audit.models import TrailKey
from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.errors import WrongState


class NoKey(WrongState):
    """Nothing can be signed. Says where the key was looked for, and the cure."""


def path() -> Path:
    return Path(settings.ASSAY_TRAIL_KEY)


def is_here() -> bool:
    """Whether this process has the key: on other machines than the scheduler's it need not."""
    return path().is_file()


@transaction.atomic
def ready() -> TrailKey:
    """The key in use; the first one is made now where there was none. Raises NoKey where it was lost."""
    known = TrailKey.objects.last()
    if known is not None:
        _private(known)
        return known
    private = _read(path()) if is_here() else _written(path(), Ed25519PrivateKey.generate())
    name = settings.ASSAY_TRAIL_NAME or f"assay/{private.public_key().public_bytes_raw().hex()[:16]}"
    return _entered(PLATFORM, private, TrailKey(number=1, name=name), {})


def current() -> tuple[TrailKey, Ed25519PrivateKey]:
    """The newest known key with its private half. Raises NoKey."""
    known = TrailKey.objects.last()
    if known is None:
        raise NoKey("The trail has no key yet. Make one: assay audit key")
    return known, _private(known)


def rotate(*, actor: Actor, old_is_lost: bool = False) -> TrailKey:
    """Make a new key, which the old one says to follow it, and destroy the old one's private half.

    old_is_lost: the old one cannot say so any more; the trail then tells that it was lost. Raises NoKey.
    """
    fresh = path().with_suffix(".new")
    with transaction.atomic():
        known = TrailKey.objects.last()
        if known is None:
            raise NoKey("The trail has no key yet. Make one: assay audit key")
        private = _written(fresh, Ed25519PrivateKey.generate())
        public = private.public_key().public_bytes_raw()
        statement = ""
        if not old_is_lost:
            statement = checkpoint.signed(follows(known.name, public), known.name, _private(known))
        made = _entered(
            actor,
            private,
            TrailKey(number=known.number + 1, name=known.name, statement=statement),
            {"before": known.public_key, "lost": old_is_lost},
        )
    fresh.replace(path())
    return made


def follows(name: str, public: bytes) -> str:
    """What a key signs about the one after it."""
    return f"{name}\nThe next key of this trail is\n{checkpoint.verifier_key(name, public)}\n"


def _entered(actor: Actor, private: Ed25519PrivateKey, key: TrailKey, facts: dict[str, object]) -> TrailKey:
    key.public_key = private.public_key().public_bytes_raw().hex()
    act = "trail.key-made" if key.number == 1 else "trail.key-rotated"
    key.first_size = record(actor, act, facts={"key": key.public_key, **facts}).seq
    key.since = timezone.now()
    key.save(force_insert=True)
    return key


def _private(known: TrailKey) -> Ed25519PrivateKey:
    """The private half of `known`. A rotation that was cut short after its commit is completed."""
    fresh = path().with_suffix(".new")
    for candidate in (path(), fresh):
        if candidate.is_file():
            private = _read(candidate)
            if private.public_key().public_bytes_raw().hex() == known.public_key:
                if candidate == fresh:
                    fresh.replace(path())
                return private
    raise NoKey(
        f"{path()} does not hold the trail's key number {known.number}. Restore it from its backup;"
        " if it is lost: assay audit rotate-key --lost"
    )


def _read(source: Path) -> Ed25519PrivateKey:
    try:
        private = load_pem_private_key(source.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise NoKey(f"{source} cannot be read as a key: {error}") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise NoKey(f"{source} is no Ed25519 key.")
    return private


def _written(target: Path, private: Ed25519PrivateKey) -> Ed25519PrivateKey:
    """Written for us alone (mode 600) and flushed before it is relied on."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target.unlink(missing_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        handle.flush()
        os.fsync(handle.fileno())
    return private
