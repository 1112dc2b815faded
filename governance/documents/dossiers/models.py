"""The dossier of a model version: an open draft with declared text, and frozen versions that are signed."""

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q

from governance.foundation.core.records import Record
from governance.people.approvals.subjects import SignedPart
from governance.people.policies.kinds import Act, Touch
from governance.people.projects.models import Project
from governance.work.model_versions.models import ModelVersion


class Dossier(Record):
    """The working copy. What is measured comes from the records at each look; only declared text is kept here."""

    kind = "dossier_draft"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="dossiers")
    model_version = models.OneToOneField(ModelVersion, on_delete=models.PROTECT, related_name="dossier")
    edition = models.CharField(max_length=40)
    created_by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Dossier {self.model_version}"


class Word(Record):
    """What a person says in a dossier under their name. A newer word on the same matter replaces it; the old one
    stays to be read."""

    # The fields that say it. The first names the matter: one word on it stands.
    says: ClassVar[tuple[str, ...]]
    dossier: "models.ForeignKey[Dossier, Dossier]"

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        ordering: ClassVar = ["created_at"]

    def __str__(self) -> str:
        return f"{self.matter} by {self.by_name}"

    @property
    def matter(self) -> str:
        return str(getattr(self, self.says[0]))

    @property
    def project_id(self) -> UUID:
        return self.dossier.project_id

    def said(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.says}

    def content(self) -> dict[str, Any]:
        return {**self.said(), "by": self.by_name, "at": self.created_at}


class Declaration(Word):
    """A person's text for one prompt."""

    kind = "declaration"
    says = ("prompt", "text", "not_applicable")

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="declarations")
    prompt = models.CharField(max_length=80)  # prompt id of the edition's catalogue
    text = models.TextField(blank=True)
    # a person may say that the thing asked for does not exist; then `text` is the reason
    not_applicable = models.BooleanField(default=False)

    class Meta(Word.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["dossier", "prompt"], condition=Q(replaced_at=None), name="one_declaration_per_prompt"
            )
        ]


class StatedFact(Word):
    """A person's yes or no to one of the edition's facts, by which prompts may have nothing to ask about."""

    kind = "stated_fact"
    says = ("fact", "value", "reason")

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="stated_facts")
    fact = models.CharField(max_length=40)  # id of a fact of the edition's catalogue
    value = models.BooleanField()
    reason = models.TextField(blank=True)

    class Meta(Word.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["dossier", "fact"], condition=Q(replaced_at=None), name="one_stated_fact_each"
            )
        ]


class DossierVersion(Record):
    """A frozen dossier (assay.dossier/1). Signed over `sha256`, the digest of its canonical JSON without it."""

    kind = "dossier"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="dossier_versions")
    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    sha256 = models.CharField(max_length=64)
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    frozen_by_name = models.CharField(max_length=200)
    # who did what to what stands in it, as it was when frozen: {user id: [[policies.kinds.Act, verb phrase]]}; where it
    # was frozen before acts had codes, a verb phrase alone
    authors = models.JSONField(default=dict)
    # records that it cites as they were, [{"kind", "id", "sha256", "content"}]: people may describe them anew
    cited = models.JSONField(default=list)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["dossier", "number"], name="dossier_version_number")]

    def __str__(self) -> str:
        return f"{self.dossier.model_version.name} dossier {self.number}"

    @property
    def content_digest(self) -> str:
        """The document's own digest: what is signed is what is printed."""
        return self.sha256

    def content(self) -> dict[str, Any]:
        return {key: value for key, value in self.document.items() if key != "sha256"}

    def as_cited(self, record: Record) -> tuple[Any, str]:
        """The content of a record as this version cites it, and its digest; as it is now where nothing was kept."""
        for kept in self.cited:
            if (kept["kind"], kept["id"]) == (record.kind, str(record.pk)):
                return kept["content"], kept["sha256"]
        return record.content(), record.content_digest

    def touched_by(self) -> list[Touch]:
        return [
            Touch(int(person), Act(act), did)
            for person, acts in self.authors.items()
            for act, did in ([(Act.MADE, acts)] if isinstance(acts, str) else acts)
        ]

    def signed_parts(self) -> list[SignedPart]:
        model, edition = self.dossier.model_version, self.document["edition"]["law"]
        parts = [
            SignedPart.of("Dossier", self, f"version {self.number}, edition {edition}", self.sha256),
            SignedPart.of("Model", model, model.name, model.digest),
        ]
        evaluation = model.evaluations.exclude(report_sha256="").first()
        if evaluation:
            parts.append(SignedPart.of("Report", evaluation, sha256=evaluation.report_sha256))
        return parts
