"""Files made from frozen documents, kept with their digest and the renderer that made them."""

from typing import Any

from django.db import models
from django.db.models import Q

from governance.documents.renderings.rules import Format, State
from governance.foundation.core.records import Record
from governance.people.organisations.models import Organisation
from governance.people.projects.models import Project


class Rendering(Record):
    """One file of one frozen document. Rendering reads `document` and nothing else from the database.

    It belongs to a project, or to an organisation where its document goes over several.
    """

    kind = "rendering"

    project = models.ForeignKey(Project, null=True, on_delete=models.PROTECT, related_name="renderings")
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="renderings")
    document_kind = models.CharField(max_length=24)  # "dossier", "evaluation_report", "model_card", "audit_report"
    document_id = models.UUIDField(db_index=True)  # the frozen record it was made from
    document_sha256 = models.CharField(max_length=64)
    document = models.JSONField()
    # what is printed beside the frozen document and was not known when it was frozen: who signed it since
    seal = models.JSONField(default=dict, blank=True)
    seal_sha256 = models.CharField(max_length=64)
    format = models.CharField(max_length=4, choices=[(f.value, f.value) for f in Format])
    state = models.CharField(max_length=8, choices=[(s.value, s.value) for s in State], default=State.QUEUED)
    file_name = models.CharField(max_length=160)
    file_sha256 = models.CharField(max_length=64, blank=True)
    file_bytes = models.BigIntegerField(null=True)
    renderer = models.CharField(max_length=80, blank=True)  # "Assay 0.1.0, WeasyPrint 70.0"
    error = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["document_sha256", "seal_sha256", "document_kind", "format", "renderer"],
                name="one_rendering_per_renderer",
            ),
            models.CheckConstraint(
                condition=Q(project=None) ^ Q(organisation=None), name="rendering_of_a_project_or_an_organisation"
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    def content(self) -> dict[str, Any]:
        return {
            "document": {"kind": self.document_kind, "id": self.document_id, "sha256": self.document_sha256},
            "seal_sha256": self.seal_sha256,
            "format": self.format,
            "file_sha256": self.file_sha256,
            "renderer": self.renderer,
        }
