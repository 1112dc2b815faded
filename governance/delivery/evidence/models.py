"""Evidence bundles that were exported."""

from typing import Any

from django.db import models

from governance.documents.dossiers.models import DossierVersion
from governance.foundation.core.records import Record
from governance.people.projects.models import Project


class Bundle(Record):
    """One `evidence.zip`, kept as it was given out."""

    kind = "bundle"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="bundles")
    dossier_version = models.ForeignKey(DossierVersion, on_delete=models.PROTECT, related_name="bundles")
    file_sha256 = models.CharField(max_length=64)
    file_bytes = models.BigIntegerField()
    exported_by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Evidence of {self.dossier_version}"

    def content(self) -> dict[str, Any]:
        return {"dossier": self.dossier_version.sha256, "file_sha256": self.file_sha256}
