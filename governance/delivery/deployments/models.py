"""Where a released model is used, by whom, and who watches over it."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from governance.delivery.deployments.rules import TRANSITIONS, State
from governance.delivery.releases.models import Release
from governance.foundation.core.authors import Authored
from governance.foundation.core.records import Record
from governance.people.approvals.subjects import SignedPart
from governance.people.policies.kinds import Act, Touch, touches
from governance.people.projects.models import Project


class Deployment(Authored, Record):
    """One use of a released model: planned, then in use while its release stands, until somebody ends it.

    The words are those of the AI Act: a deployer uses the system under their own authority (Article 3(4)) and, where it
    is of high risk, assigns people to watch over it (Article 26(2)).
    """

    kind = "deployment"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="deployments")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="deployments")
    name = models.CharField(max_length=120)
    place = models.TextField()  # the system or address at which it runs
    users = models.TextField()  # who works with it, and whom its answers reach
    deployer = models.CharField(max_length=200)  # under whose authority it is used
    overseers = models.TextField()  # who watches over it, and can stop it
    notes = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.PLANNED)
    begun_by_name = models.CharField(max_length=200, blank=True)
    begun_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    begun_at = models.DateTimeField(null=True)
    ended_by_name = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                condition=Q(state__in=[State.PLANNED.value, State.IN_USE.value]),
                name="one_live_deployment_of_a_name",
            ),
            models.CheckConstraint(condition=Q(state__in=[s.value for s in State]), name="deployment_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state__in=[State.IN_USE.value, State.ENDED.value]) | Q(begun_at__isnull=False),
                name="what_is_in_use_was_begun",
            ),
        ]

    def __str__(self) -> str:
        return f"Deployment “{self.name}”"

    def content(self) -> dict[str, Any]:
        return {
            "release": self.release.content_digest,
            "model_version": self.release.model_version.digest,
            "name": self.name,
            "place": self.place,
            "users": self.users,
            "deployer": self.deployer,
            "overseers": self.overseers,
            "notes": self.notes,
        }

    def touched_by(self) -> list[Touch]:
        """Whoever described it, then whoever had a part in the release."""
        own = touches(*((author["user"], Act.MADE, "described this deployment") for author in self.authors))
        return [*own, *self.release.touched_by()]

    def why_not_ask(self) -> str | None:
        """A deployment is asked about until it is over: an approval that ends is renewed while the model is used."""
        return (
            f"{self} is over; nobody is asked about it any more." if TRANSITIONS[State(self.state)] == set() else None
        )

    def signed_parts(self) -> list[SignedPart]:
        model = self.release.model_version
        return [
            SignedPart.of("Deployment", self),
            SignedPart.of("Release", self.release),
            SignedPart.of("Model", model, name=model.name, sha256=model.digest),
        ]
