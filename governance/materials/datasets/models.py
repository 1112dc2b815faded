"""Datasets and their versions. A version is immutable: its bytes are named by their sha256."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models

from governance.foundation.core.records import Record
from governance.people.projects.models import Project


class Dataset(Record):
    """A named line of versions inside one project."""

    kind = "dataset"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="datasets")
    name = models.CharField(max_length=120)
    slug = models.SlugField()
    description = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "slug"], name="dataset_slug_in_project")]

    def __str__(self) -> str:
        return self.name

    def content(self) -> dict[str, Any]:
        return {"name": self.name, "description": self.description}


class DatasetVersion(Record):
    """What was uploaded, what was found in it, and what its registrant says about where it comes from."""

    kind = "dataset_version"

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    file_name = models.CharField(max_length=200)
    file_sha256 = models.CharField(max_length=64, db_index=True)
    file_bytes = models.BigIntegerField()
    format = models.CharField(max_length=24)  # "chat" or "prompt-completion", as preparation.rows names them
    rows = models.PositiveIntegerField()
    profile = models.JSONField()  # measured at registration; see datasets.profile
    licence = models.CharField(max_length=200)
    licence_told = models.JSONField(default=list)
    provenance = models.JSONField()  # fields after the Data Provenance Standards 1.0.0; see datasets.provenance
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    registered_by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["dataset__name", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="dataset_version_number"),
            models.UniqueConstraint(
                fields=["dataset", "file_sha256", "licence"], name="dataset_version_registered_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dataset.name} v{self.number}"

    @property
    def project_id(self) -> UUID:
        return self.dataset.project_id

    def content(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset.name,
            "number": self.number,
            "file_name": self.file_name,
            "file_sha256": self.file_sha256,
            "file_bytes": self.file_bytes,
            "format": self.format,
            "rows": self.rows,
            "profile": self.profile,
            "licence": self.licence,
            "licence_told": self.licence_told,
            "provenance": self.provenance,
        }

    def touched_by(self) -> dict[int, str]:
        return {self.registered_by_id: "registered this data"} if self.registered_by_id else {}

    def signed_parts(self) -> list[tuple[str, str, str]]:
        return [("Dataset version", str(self), self.content_digest), ("File", self.file_name, self.file_sha256)]
