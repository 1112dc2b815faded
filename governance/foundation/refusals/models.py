"""How often somebody was refused the same thing on a day: what decides whether the trail is told again."""

from django.conf import settings
from django.db import models


class RefusalCount(models.Model):
    """A counter and no record: what happened stands in the trail. `page` "" counts what came beyond a day's limit."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    page = models.CharField(max_length=80, blank=True)
    subject_kind = models.CharField(max_length=40, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    times = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "day", "page", "subject_kind", "subject_id"], name="one_count_of_a_refusal"
            )
        ]

    def __str__(self) -> str:
        return f"{self.page} refused {self.times} times"
