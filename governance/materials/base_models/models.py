"""Base models belong to an organisation and are approved per project."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models

from governance.foundation.core.records import Record
from governance.foundation.jobs.models import Errand
from governance.law.licences.rules import LicensedInput
from governance.materials.base_models.rules import TRANSITIONS, State
from governance.people.approvals.subjects import SignedPart
from governance.people.organisations.models import Organisation
from governance.people.policies.kinds import Act, Touch, touches
from governance.people.projects.models import Project


class BaseModel(Record):
    """A folder of safetensors weights with its tokenizer, as it was when registered: never changed after.

    `folder` is relative to the operator's folder of models; `folder_sha256` names its bytes
    (`training.manifest.folder_digest`). Trainer and evaluator are given it, compute it again from the folder and
    refuse other bytes; what they report is compared once more before a run or an evaluation counts as succeeded.
    """

    kind = "base_model"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="base_models")
    name = models.CharField(max_length=160)
    revision = models.CharField(max_length=80, blank=True)
    provider = models.CharField(max_length=160, blank=True)
    source = models.CharField(max_length=300, blank=True)  # where it was taken from, in words or as an address
    folder = models.CharField(max_length=300)
    folder_sha256 = models.CharField(max_length=64)
    files = models.JSONField()  # [{"path", "sha256", "bytes"}], sorted by path
    architecture = (
        models.JSONField()
    )  # measured: model_type, parameters, layers, hidden_size, vocab_size, context_length, dtype, chat_template_sha256
    modality = models.CharField(max_length=40)  # what it reads, as its config shows: "text", "image and text"
    licence = models.CharField(max_length=200)  # SPDX expression as declared by who registered it
    licence_told = models.JSONField(default=list)  # [{"where", "says"}]: what different places say
    conversion = models.JSONField(null=True, blank=True)  # how the folder came to be, when not as published
    general_purpose = models.BooleanField(null=True)  # None: not known
    systemic_risk = models.BooleanField(null=True)
    training_flops = models.FloatField(null=True)  # FLOP of its own training; None: not known
    training_flops_source = models.CharField(max_length=300, blank=True)
    upstream_notes = models.TextField(blank=True)  # what its provider documents of limits and acceptable use
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    registered_by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["name", "-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name", "revision", "folder_sha256"], name="base_model_registered_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.revision}".strip()

    def content(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "revision": self.revision,
            "provider": self.provider,
            "source": self.source,
            "folder_sha256": self.folder_sha256,
            "files": self.files,
            "architecture": self.architecture,
            "modality": self.modality,
            "licence": self.licence,
            "licence_told": self.licence_told,
            "conversion": self.conversion,
            "general_purpose": self.general_purpose,
            "systemic_risk": self.systemic_risk,
            "training_flops": self.training_flops,
            "training_flops_source": self.training_flops_source,
            "upstream_notes": self.upstream_notes,
        }

    def touched_by(self) -> list[Touch]:
        return touches((self.registered_by_id, Act.MADE, "registered this base model"))

    def signed_parts(self) -> list[SignedPart]:
        return [SignedPart.of("Base model", self), SignedPart("Folder of weights", self.folder, self.folder_sha256)]

    def licensed(self) -> list[LicensedInput]:
        """The model, and the same bytes once more under each other licence that the organisation has them under."""
        return self.licensed_all([self])[self.pk]

    @classmethod
    def licensed_all(cls, models: Sequence["BaseModel"]) -> dict[UUID, list[LicensedInput]]:
        """`licensed` of each, by its id, in one query."""
        same: dict[tuple[UUID, str], dict[str, BaseModel]] = defaultdict(dict)
        kept = cls.objects.filter(folder_sha256__in={one.folder_sha256 for one in models}) if models else ()
        for each in sorted(kept, key=lambda each: each.created_at):
            same[each.organisation_id, each.folder_sha256].setdefault(each.licence, each)
        found = {}
        for one in models:
            own = LicensedInput(str(one), "base_model", one.licence, multimodal=one.multimodal)
            others = same[one.organisation_id, one.folder_sha256]
            found[one.pk] = [own] + [
                replace(own, name=f"{one}, registered again", expression=licence, about=others[licence].content_digest)
                for licence in sorted(set(others) - {one.licence})
            ]
        return found

    def place(self) -> tuple[None, UUID, str]:
        """Its line of registrations: the organisation's models of this name (`licence_texts`)."""
        return None, self.organisation_id, self.name

    @property
    def multimodal(self) -> bool:
        """Whether it reads more than text; some licences turn on that."""
        return self.modality != "text"

    @property
    def parameters(self) -> int:
        return int(self.architecture["parameters"])


class Registration(Errand):
    """The wish to register a folder that takes a worker some time to read; it ends in a base model or an error."""

    kind, task, spoken = "registration", "register", "base-model"
    transitions = TRANSITIONS

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="registrations")
    folder = models.CharField(max_length=300)
    declared = models.JSONField()  # what `services.register` takes beside the folder
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.QUEUED)
    base_model = models.OneToOneField(BaseModel, null=True, on_delete=models.PROTECT, related_name="registration")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "folder"], condition=models.Q(state="queued"), name="one_reading_of_a_folder"
            )
        ]

    def __str__(self) -> str:
        return str(self.declared["name"])
