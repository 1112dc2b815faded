"""What a person is told, when they last looked at what, and the letters that go out.

None of this is a record of its own: a notice repeats an act that stands in the audit trail, for one person, and may be
gone without anything being lost.
"""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from governance.people.notifications.rules import DEFAULTS, DIGEST_HOUR, Channel, Kind, LetterState
from governance.people.projects.models import Project


class Letter(models.Model):
    """One e-mail to a person, about one notice or, as a digest, about several."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="letters")
    is_digest = models.BooleanField(default=False)
    state = models.CharField(
        max_length=8, choices=[(s.value, s.value) for s in LetterState], default=LetterState.QUEUED
    )
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)  # what the mail server said
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "next_try_at"])]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[s.value for s in LetterState]), name="letter_state_is_known")
        ]

    def __str__(self) -> str:
        return f"letter to {self.person}"


class Notice(models.Model):
    """A person is told of one act about one record. Never twice of the same act; it stands until it was seen."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    # None: an audit over several projects, so that none of them is told of the others.
    project = models.ForeignKey(Project, null=True, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=12, choices=[(k.value, k.value) for k in Kind])
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    text = models.CharField(max_length=500)
    act = models.CharField(max_length=64)  # the digest by which one act is known again
    channel = models.CharField(max_length=8, choices=[(c.value, c.value) for c in Channel])
    letter = models.ForeignKey(Letter, null=True, on_delete=models.SET_NULL, related_name="notices")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["person", "-created_at"]),
            models.Index(fields=["person", "subject_id"]),
            models.Index(fields=["channel", "created_at"], condition=Q(letter=None, seen_at=None), name="to_be_mailed"),
        ]
        constraints = [models.UniqueConstraint(fields=["person", "act"], name="told_once_of_an_act")]

    def __str__(self) -> str:
        return self.text


class Look(models.Model):
    """When a person last opened a record's page, as the number of the audit trail's last entry at that moment."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="looks")
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    seq = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["person", "-at"])]
        constraints = [models.UniqueConstraint(fields=["person", "subject_id"], name="one_last_look")]

    def __str__(self) -> str:
        return f"{self.person} at {self.subject_kind} {self.subject_id}"


class Preferences(models.Model):
    """By which way a person is told of what. Who has none is told as `rules.DEFAULTS` says."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="notification_preferences"
    )
    channels = models.JSONField(default=dict)  # {kind: channel}
    digest_hour = models.PositiveSmallIntegerField(default=DIGEST_HOUR, validators=[MaxValueValidator(23)])

    def __str__(self) -> str:
        return f"how {self.person} is told"

    def channel(self, kind: Kind) -> Channel:
        return Channel(self.channels.get(kind, DEFAULTS[kind]))


class Feed(models.Model):
    """The secret address at which a person's calendar is read; only its hash is kept."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="calendar_feed"
    )
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"calendar of {self.person}"
