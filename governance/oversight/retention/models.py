"""Holds: data that has to be kept, on which ground, and until when. And the rule that a project gives itself for the
rest."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from governance.foundation.core.records import Record
from governance.materials.datasets.models import Dataset
from governance.oversight.retention.rules import PLACED, TITLES, Basis, Held
from governance.people.projects.models import Project


class Hold(Record):
    """On a dataset with all its versions, or on all data of a project. It is lifted, never changed."""

    kind = "hold"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="holds")
    dataset = models.ForeignKey(Dataset, null=True, blank=True, on_delete=models.PROTECT, related_name="holds")
    basis = models.CharField(max_length=24, choices=[(basis.value, TITLES[basis]) for basis in PLACED])
    ground = models.TextField()
    until = models.DateField(null=True, blank=True)  # the last day; None: until it is lifted
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    placed_by_name = models.CharField(max_length=200)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    lifted_by_name = models.CharField(max_length=200, blank=True)
    lifted_because = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(basis=Basis.STATUTORY.value) | Q(until__isnull=False),
                name="statutory_retention_has_an_end",
            )
        ]

    def __str__(self) -> str:
        return f"{TITLES[Basis(self.basis)]} on {self.about}"

    @property
    def about(self) -> str:
        return str(self.dataset) if self.dataset is not None else f"all data of {self.project}"

    @property
    def held(self) -> Held:
        return Held(Basis(self.basis), self.until, self.lifted_at is not None)

    def content(self) -> dict[str, Any]:
        return {
            "project": self.project_id,
            "dataset": self.dataset_id,
            "basis": self.basis,
            "ground": self.ground,
            "until": self.until,
            "placed_by": self.placed_by_name,
        }


class RetentionRule(Record):
    """How long a project keeps what nothing else has kept, by kind of thing. The newest stands; none is changed."""

    kind = "retention_rule"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="retention_rules")
    number = models.PositiveIntegerField()
    days = models.JSONField()  # {Thing: days, or null for as long as nobody decides otherwise}
    reason = models.TextField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    set_by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="retention_rule_number")]

    def __str__(self) -> str:
        return f"Retention rule {self.number}"

    def content(self) -> dict[str, Any]:
        return {
            "project": self.project_id,
            "number": self.number,
            "days": self.days,
            "reason": self.reason,
            "set_by": self.set_by_name,
        }
