"""What the API keeps for itself: answers that were given under an `Idempotency-Key`."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class KeptAnswer(models.Model):
    """One request under one key, and what was answered. `status` is empty while the answer is being made.

    A technical record that lives for a day: nothing relies on it but the repetition of a request, so it is
    neither content-addressed nor in the audit trail (what the request did is).
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_sha256 = models.CharField(max_length=64)  # method, address and body
    # Who is making the answer: a later taker replaces it, and the earlier one's answer is not kept.
    claim = models.UUIDField(default=uuid.uuid4)
    claimed_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_per_key")]

    def __str__(self) -> str:
        return f"{self.key}: {self.status or 'being answered'}"
