"""Datasets and their versions. A version is immutable: its bytes are named by their sha256."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models

from governance.foundation.core.errors import WrongState
from governance.foundation.core.records import Record
from governance.foundation.jobs.models import Errand
from governance.law.licences.rules import LicensedInput
from governance.materials.datasets.rules import (
    PROFILE_TRANSITIONS,
    SPLIT_TRANSITIONS,
    TRANSITIONS,
    ProfileState,
    SplitState,
    State,
)
from governance.people.approvals.subjects import SignedPart
from governance.people.policies.kinds import Act, Touch, touches
from governance.people.projects.models import Project
from preparation import splits
from preparation.reading import Reading


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


# Of versions: those whose file is there (`DatasetVersion.has_file`).
WITH_FILE = models.Q(rows_erased_at=None, disposed_at=None)


class DatasetVersion(Record):
    """What was uploaded, what was found in it, and what its registrant says about where it comes from."""

    kind = "dataset_version"

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    file_name = models.CharField(max_length=200)
    file_sha256 = models.CharField(max_length=64, db_index=True)
    file_bytes = models.BigIntegerField()
    # How the bytes are read, as preparation.reading.Reading has it; they are never converted.
    container = models.CharField(max_length=16, default="jsonl")
    format = models.CharField(max_length=24)
    columns = models.JSONField(default=dict, blank=True)
    rows = models.PositiveIntegerField()
    # Merkle root over the rows (preparation.merkle), and the blob of what is kept of each row (preparation.row_index);
    # empty where registered before there were any.
    rows_root = models.CharField(max_length=64, blank=True)
    index_sha256 = models.CharField(max_length=64, blank=True)
    profile = models.JSONField()  # measured at registration; see preparation.profile
    licence = models.CharField(max_length=200)
    licence_told = models.JSONField(default=list)
    provenance = models.JSONField()  # fields after the Data Provenance Standards 1.0.0; see datasets.provenance
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    registered_by_name = models.CharField(max_length=200)
    # Rows of it were erased: its file is gone, and the rows that are left stand in `successor`, where any is left.
    rows_erased_at = models.DateTimeField(null=True, blank=True)
    disposed_at = models.DateTimeField(null=True, blank=True)  # its file was let go because nothing had it kept
    successor = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="predecessors")

    class Meta:
        ordering = ["dataset__name", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="dataset_version_number"),
            models.UniqueConstraint(
                fields=["dataset", "file_sha256", "licence", "container", "format", "columns"],
                name="dataset_version_registered_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dataset.name} v{self.number}"

    @property
    def project_id(self) -> UUID:
        return self.dataset.project_id

    @property
    def has_file(self) -> bool:
        """Whether there is a file to work on: none where rows of it were erased, and none where it was let go."""
        return self.why_no_file is None

    @property
    def why_no_file(self) -> str | None:
        if self.rows_erased_at is not None:
            left = f"Use {self.successor}." if self.successor else "No row of it is left."
            return f"Rows of {self} were erased on {self.rows_erased_at:%d %B %Y}; its file is gone. {left}"
        if self.disposed_at is not None:
            return f"The file of {self} was deleted on {self.disposed_at:%d %B %Y}; what it was stays on record."
        return None

    @property
    def readable(self) -> str:
        """The sha256 of its file, for whoever reads it. Raises WrongState where the file is gone."""
        self.check_readable()
        return self.file_sha256

    def check_readable(self) -> None:
        """Raises WrongState where its file is gone."""
        if why := self.why_no_file:
            raise WrongState(why)

    @property
    def reading(self) -> Reading:
        """The rule by which its bytes are rows."""
        return Reading(self.container, self.format, self.columns)

    def content(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset.name,
            "number": self.number,
            "file_name": self.file_name,
            "file_sha256": self.file_sha256,
            "file_bytes": self.file_bytes,
            "container": self.container,
            "format": self.format,
            "columns": self.columns,
            "rows": self.rows,
            "rows_root": self.rows_root,
            "profile": self.profile,
            "licence": self.licence,
            "licence_told": self.licence_told,
            "provenance": self.provenance,
        }

    def licensed(self) -> list[LicensedInput]:
        """The data first, then whatever else has to be judged with it."""
        return self.licensed_all([self])[self.pk]

    @classmethod
    def licensed_all(cls, versions: Sequence["DatasetVersion"]) -> dict[UUID, list[LicensedInput]]:
        """`licensed` of each, by its id, in as many queries for many as for one."""
        from governance.materials.datasets import licensing  # rests on this module

        return licensing.inputs(versions)

    def place(self) -> tuple[UUID, UUID, str]:
        """Its line of registrations: the versions of its dataset (`licence_texts`)."""
        return self.dataset.project_id, self.dataset.project.organisation_id, str(self.dataset_id)

    def touched_by(self) -> list[Touch]:
        return touches((self.registered_by_id, Act.MADE, "registered this data"))

    def why_not_ask(self) -> str | None:
        """Nobody decides on data that is not there to be looked at."""
        return self.why_no_file

    def signed_parts(self) -> list[SignedPart]:
        return [SignedPart.of("Dataset version", self), SignedPart("File", self.file_name, self.file_sha256)]


class Import(Errand):
    """A file on its way to being a version: a worker reads it; it ends in a version, or in what is wrong with it.

    A refused file is kept until its import is discarded or read again in another way: whoever sent a gigabyte is
    not asked to send it twice because a column was not mapped.
    """

    kind, task, spoken, doing = "import", "import", "import", "being read"
    transitions = TRANSITIONS

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="imports")
    file_name = models.CharField(max_length=200)
    # Empty and 0 until what lies on a hub was fetched.
    file_sha256 = models.CharField(max_length=64, blank=True)
    file_bytes = models.BigIntegerField(default=0)
    # Which rows of a hub: {"repository", "config", "split", "revision"}, and once they are fetched their "commit".
    hub = models.JSONField(null=True, blank=True)
    asked = models.JSONField()  # the reading that was asked for: {"container", "format", "columns"}
    licence = models.CharField(max_length=200)
    licence_told = models.JSONField(default=list)
    provenance = models.JSONField()
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.QUEUED)
    # What the reading showed: {"evidence", "rows", "columns", "findings", "findings_total"}
    found = models.JSONField(null=True, blank=True)
    version = models.OneToOneField(DatasetVersion, null=True, on_delete=models.PROTECT, related_name="imported_by")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state=State.REGISTERED.value) | models.Q(version__isnull=False),
                name="registered_import_has_a_version",
            )
        ]

    def __str__(self) -> str:
        return f"{self.file_name} for {self.dataset.name}"

    @property
    def project_id(self) -> UUID:
        return self.dataset.project_id

    @property
    def reading(self) -> Reading:
        """The reading that was asked for."""
        return Reading(**self.asked)


class Split(Errand):
    """Which row of a version goes to which part. Once made it never changes; the rows are not copied.

    A large or packed file is read by a worker; until then the split is asked for, and has no parts.
    """

    kind, task, spoken, doing = "split", "split", "dataset-split", "being made"
    transitions = SPLIT_TRANSITIONS

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="splits")
    number = models.PositiveIntegerField()
    options = models.JSONField()  # what was asked, as preparation.splits.Split.to_json writes it
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in SplitState], default=SplitState.QUEUED)
    parts = models.JSONField(default=list)  # [{"name", "rows"}]: a row's byte in the assignment is a place in here
    assignment_sha256 = models.CharField(max_length=64, blank=True)  # the blob: one byte a row

    class Meta:
        ordering = ["version", "number"]
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="split_number"),
            models.UniqueConstraint(
                fields=["version", "options"],
                condition=models.Q(state__in=[SplitState.QUEUED.value, SplitState.READY.value]),
                name="split_made_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=SplitState.READY.value) | ~models.Q(assignment_sha256=""),
                name="ready_split_says_where_rows_go",
            ),
        ]

    def __str__(self) -> str:
        return f"Split {self.number} of {self.version}"

    @property
    def project_id(self) -> UUID:
        return self.version.project_id

    @property
    def asked(self) -> splits.Split:
        return splits.Split.from_json(self.options)

    def places(self, names: Iterable[str]) -> dict[str, int]:
        """part -> its place. Raises KeyError for a part that it does not have."""
        every = {part["name"]: place for place, part in enumerate(self.parts)}
        return {name: every[name] for name in names}

    def rows_in(self, names: Iterable[str]) -> int:
        return sum(self.parts[place]["rows"] for place in self.places(names).values())

    def content(self) -> dict[str, Any]:
        return {
            "version": self.version.content_digest,
            "number": self.number,
            "options": self.options,
            "parts": self.parts,
            "assignment_sha256": self.assignment_sha256,
        }


class QualityProfile(Errand):
    """What a worker measured of a version's rows, and the checklist over it. The newest that was measured is shown.

    It holds numbers and row numbers, never text; `version_sha256` is the digest of the version that was measured.
    """

    kind, task, spoken, doing = "quality_profile", "profile", "quality-profile", "being measured"
    transitions = PROFILE_TRANSITIONS

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="quality_profiles")
    version_sha256 = models.CharField(max_length=64)
    # What it looks at: {"base_model": id or null (whose tokenizer counts), "limit": tokens or null, "versions": [ids
    # that rows are held against], "suites": bool, "seed"}
    options = models.JSONField()
    state = models.CharField(
        max_length=12, choices=[(s.value, s.value) for s in ProfileState], default=ProfileState.QUEUED
    )
    result = models.JSONField(null=True, blank=True)  # assay.quality-profile/1, see preparation.quality.profiling

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["version"],
                condition=models.Q(state=ProfileState.QUEUED.value),
                name="one_measuring_of_a_version",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=ProfileState.MEASURED.value) | models.Q(result__isnull=False),
                name="measured_profile_has_a_result",
            ),
        ]

    def __str__(self) -> str:
        return f"Quality of {self.version}"

    @property
    def project_id(self) -> UUID:
        return self.version.project_id

    def content(self) -> dict[str, Any]:
        return {"version": self.version_sha256, "options": self.options, "result": self.result}
