"""Licence texts as they came with a material: kept by digest, so that a later one can be laid beside them."""

from typing import Any

from django.conf import settings
from django.db import models

from governance.foundation.core.records import Record
from governance.people.organisations.models import Organisation
from governance.people.projects.models import Project


class LicenceText(Record):
    """One text for one material, as it was found beside the weights or handed in. Never changed."""

    kind = "licence_text"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="licence_texts")
    # The dataset's project; nothing for a base model, which is its organisation's.
    project = models.ForeignKey(Project, null=True, on_delete=models.PROTECT, related_name="licence_texts")
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField(db_index=True)
    subject_name = models.CharField(max_length=200)
    subject_digest = models.CharField(max_length=64)
    # What a material and its later registrations have in common: a dataset's id, or a base model's name.
    line = models.CharField(max_length=200, db_index=True)
    where = models.CharField(max_length=200)  # a file's name, or where it was taken from, in words
    text_sha256 = models.CharField(max_length=64)  # the blob
    text_bytes = models.PositiveIntegerField()
    words_sha256 = models.CharField(max_length=64)  # of the words alone: line breaks and spaces are no change
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    kept_by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "where", "text_sha256"], name="licence_text_kept_once")
        ]

    def __str__(self) -> str:
        return f"{self.where} of {self.subject_name}"

    def content(self) -> dict[str, Any]:
        return {
            "subject": {
                "kind": self.subject_kind,
                "id": str(self.subject_id),
                "name": self.subject_name,
                "sha256": self.subject_digest,
            },
            "where": self.where,
            "text_sha256": self.text_sha256,
            "text_bytes": self.text_bytes,
            "kept_by": self.kept_by_name,
        }
