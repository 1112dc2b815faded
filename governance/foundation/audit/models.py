"""The append-only trail. An entry is written in the same transaction as the change that it tells of."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models

from governance.foundation.audit import checkpoint


class Identity(models.Model):
    """Who stands behind a pseudonym. The trail knows the pseudonym only, so a person can be forgotten
    without breaking the chain."""

    pseudonym = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="audit_identity"
    )
    name = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name or str(self.pseudonym)


class Salt(models.Model):
    """What the commitment to a row is salted with, where that holds what is personal or secret. It goes with the row;
    what the entries hold of that then says nothing any more."""

    row = models.CharField(max_length=200, primary_key=True)  # model/key
    salt = models.BinaryField()

    def __str__(self) -> str:
        return f"Salt of {self.row}"


class AuditEvent(models.Model):
    """One entry. `body` is the canonical JSON (RFC 8785) that was hashed; the columns beside it only
    repeat parts of it so that it can be searched."""

    FORMAT = 2  # since 2 with the digest of every record that was written

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    actor = models.UUIDField(null=True, db_index=True)  # None: the platform itself
    action = models.CharField(max_length=64, db_index=True)
    subject_kind = models.CharField(max_length=40, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    organisation = models.UUIDField(null=True)
    project = models.UUIDField(null=True)
    body = models.TextField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-seq"]
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "-seq"]),
            models.Index(fields=["project", "-seq"]),
            models.Index(fields=["organisation", "-seq"]),
            models.Index(fields=["actor", "-seq"]),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"


class PersonalDetail(models.Model):
    """What an entry says that may have to be erased (reasons, names). The entry's body holds only the
    salted commitment to it; the salt goes with the text."""

    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, primary_key=True, related_name="personal")
    salt = models.BinaryField()
    text = models.TextField()

    def __str__(self) -> str:
        return f"Personal detail of entry {self.event_id}"


class TrailKey(models.Model):
    """The public half of a key that signs tree heads. The private half lies in a file outside the database."""

    number = models.PositiveSmallIntegerField(primary_key=True)
    name = models.CharField(max_length=200)  # of the trail, in every note that this key signs
    public_key = models.CharField(max_length=64, unique=True)  # Ed25519, hex
    since = models.DateTimeField()
    first_size = models.BigIntegerField()  # entries of the trail when it came into use
    statement = models.TextField(blank=True)  # the key before it says that this one follows; none for the first

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"Key {self.number}"


class TreeHead(models.Model):
    """A signed statement that the trail's first `size` entries have this root: none of them can change unnoticed by
    whoever kept it."""

    size = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    root = models.CharField(max_length=64)
    key = models.ForeignKey(TrailKey, on_delete=models.PROTECT, related_name="heads")
    checkpoint = models.TextField()  # the whole note, as it was given out

    class Meta:
        ordering = ["-size"]

    def __str__(self) -> str:
        return f"Head at entry {self.size}"

    @property
    def signed_at(self) -> datetime | None:
        """When it was signed, as its text says; None where that is none, or of a version that did not say it yet."""
        try:
            return checkpoint.parsed(self.checkpoint).at
        except checkpoint.NotACheckpoint:
            return None

    @property
    def is_time_signed(self) -> bool:
        """Whether the signature covers the very time that stands beside it."""
        return self.signed_at == self.at


class TimeStamp(models.Model):
    """What a time-stamping authority (RFC 3161) said: the head, as it was given out, existed by then."""

    head = models.OneToOneField(TreeHead, on_delete=models.PROTECT, primary_key=True, related_name="stamp")
    at = models.DateTimeField()  # as the authority says
    authority = models.CharField(max_length=200)  # whom the certificate names that signed
    response = models.BinaryField()  # the whole answer, DER

    def __str__(self) -> str:
        return f"Time stamp of the head at entry {self.head_id}"


class Subtree(models.Model):
    """The root over 256 entries, or over 256 such roots, and so on: what lets a root or a proof be made without
    reading the entries below it."""

    place = models.BigIntegerField(primary_key=True)  # tier * 2**48 + index
    hash = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.index} of tier {self.tier}"

    @staticmethod
    def at(tier: int, index: int) -> int:
        return (tier << 48) + index

    @classmethod
    def places(cls, tier: int, first: int = 0, last: int = (1 << 48) - 1) -> tuple[int, int]:
        return cls.at(tier, first), cls.at(tier, last)

    @property
    def tier(self) -> int:
        return int(self.place >> 48)

    @property
    def index(self) -> int:
        return int(self.place & (1 << 48) - 1)


class Verification(models.Model):
    """What one verification of the whole trail, and of every record beside it, found."""

    at = models.DateTimeField()
    by_name = models.CharField(max_length=200)
    seconds = models.FloatField()
    entries = models.BigIntegerField()
    records = models.BigIntegerField()
    signed_to = models.BigIntegerField(null=True)  # the entry up to which the newest head that holds goes
    faults = models.JSONField(default=list)

    class Meta:
        ordering = ["-at"]
        get_latest_by = "at"

    def __str__(self) -> str:
        return f"Verification to entry {self.entries}"

    @property
    def sound(self) -> bool:
        return not self.faults
