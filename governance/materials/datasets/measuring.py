"""Measuring the quality of a version's rows by a worker, whose side stands below."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.errors import Fault, Unusable, WrongState
from governance.foundation.jobs import errands
from governance.foundation.jobs.services import Lease
from governance.materials.base_models import selectors as base_models
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets import selectors
from governance.materials.datasets.models import DatasetVersion, QualityProfile, Split
from governance.materials.datasets.rules import ProfileState, SplitState
from governance.people.projects import selectors as projects
from preparation.quality.asked import TOKENIZER, Asked, Parts, Source

ACT = "register data"
# Held against at most so many other versions: each is read from end to end.
VERSIONS_AT_MOST = 5


@dataclass(frozen=True)
class Options:
    """What a profile looks at. `base_model`: whose tokenizer counts tokens. `limit`: tokens at which rows are cut.
    `versions`: other versions that rows are held against. `suites`: whether the evaluation's own suites are too.
    `split`: a split of the version, whose parts are held against one another."""

    base_model: UUID | None = None
    limit: int | None = None
    versions: tuple[UUID, ...] = ()
    suites: bool = True
    split: UUID | None = None
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "base_model": self.base_model and str(self.base_model),
            "limit": self.limit,
            "versions": [str(one) for one in self.versions],
            "suites": self.suites,
            "split": self.split and str(self.split),
            "seed": self.seed,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Options":
        return cls(
            UUID(value["base_model"]) if value["base_model"] else None,
            value["limit"],
            tuple(map(UUID, value["versions"])),
            value["suites"],
            UUID(value["split"]) if value.get("split") else None,  # profiles of before there was the choice have none
            value["seed"],
        )


@transaction.atomic
def measure(*, actor: Actor, version_id: UUID, options: Options) -> QualityProfile:
    """Have a worker measure a version. Raises NotFound, NotAllowed, Unusable, and WrongState while one is at it."""
    version = selectors.version_visible(actor, version_id)
    projects.require(actor, version.project_id, ACT)
    version.check_readable()
    _check(actor, version, options)
    return ask(actor, version, options)


def cancel(*, actor: Actor, profile_id: UUID) -> QualityProfile:
    """End the measuring. Raises NotAllowed, NotFound, WrongState."""
    return errands.cancel(actor, QualityProfile, profile_id, _own)


def again(*, actor: Actor, profile_id: UUID) -> QualityProfile:
    """Measure once more what a profile looked at. Raises as `measure` does."""
    found = selectors.visible_quality_profile(actor, profile_id)
    return measure(actor=actor, version_id=found.version_id, options=Options.from_json(found.options))


def ask(actor: Actor, version: DatasetVersion, options: Options) -> QualityProfile:
    """Queue the measuring, in the caller's transaction. Raises WrongState while a worker is at it."""
    found = QualityProfile(version=version, version_sha256=version.content_digest, options=options.to_json())
    taken = WrongState(f"{version} is being measured; cancel that, or wait for it to end.")
    return errands.ask(actor, found, facts={"options": found.options}, otherwise=taken)


def measure_registered(sender: type[DatasetVersion], version: DatasetVersion, actor: Actor, **_: Any) -> None:
    """A version that was just registered is measured as far as that needs no choice."""
    ask(actor, version, Options())


def begin(*, lease: Lease, folder: Path) -> tuple[QualityProfile, Path, Asked]:
    """The profile, its version's file, and what rows are held against, all laid into `folder`. Suites are the caller's
    to add. Raises LeaseLost, and Unusable where something that was chosen is gone."""
    found = errands.begun(lease, QualityProfile)
    options = Options.from_json(found.options)
    others = DatasetVersion.objects.select_related("dataset").in_bulk(options.versions)
    asked = Asked(
        tokenizer=_tokenizer(BaseModel.objects.get(pk=options.base_model)) if options.base_model else None,
        limit=options.limit,
        splits=tuple(
            Source(str(other), blobs.copy_to(other.readable, folder / f"split-{place}"), other.reading)
            for place, other in enumerate(others[key] for key in options.versions)
        ),
        parts=_parts(Split.objects.get(pk=options.split), folder) if options.split else None,
        seed=options.seed,
    )
    return found, blobs.copy_to(found.version.readable, folder / "file"), asked


@transaction.atomic
def finish(*, lease: Lease, result: dict[str, Any]) -> QualityProfile:
    """Keep what was measured, and end the job. Raises LeaseLost."""
    found = errands.held(lease, QualityProfile)
    errands.finish(lease, found, ProfileState.MEASURED, result=result)
    facts = {"version_sha256": found.version_sha256, "rows": result["rows"], "content": found.content_digest}
    record(PLATFORM, "quality-profile.measured", subject=found, facts=facts)
    return found


def _check(actor: Actor, version: DatasetVersion, options: Options) -> None:
    faults = []
    if options.base_model:
        model = base_models.visible(actor, options.base_model)
        if not (base_models.folder(model) / TOKENIZER).is_file():
            message = f"The folder of {model} has no {TOKENIZER}."
            faults.append(Fault("base_model", message, "Choose another model, or measure characters alone."))
    elif options.limit is not None:
        cure = "Choose a base model, or leave the limit out."
        faults.append(Fault("limit", "The limit is in tokens, and no tokenizer was chosen.", cure))
    if options.split:
        split = selectors.visible_split(actor, options.split)
        if split.version_id != version.pk or split.state != SplitState.READY:
            message = f"{split} is no split of {version} that can be used."
            faults.append(Fault("split", message, "Choose another, or leave it out."))
    if len(options.versions) > VERSIONS_AT_MOST:
        message = f"Rows are held against at most {VERSIONS_AT_MOST} other versions."
        faults.append(Fault("versions", message, "Leave some out."))
    for other in options.versions:
        if other == version.pk:
            message = "A version is not held against itself: its own duplicates are counted anyway."
            faults.append(Fault("versions", message, "Leave it out."))
        else:
            selectors.version_visible(actor, other)
    if faults:
        raise Unusable(faults)


def _tokenizer(model: BaseModel) -> Path:
    folder = base_models.folder(model)
    if not (folder / TOKENIZER).is_file():
        message = f"The folder of {model} has no {TOKENIZER} any more."
        raise Unusable([Fault("base_model", message, "Put the folder back, or measure without its tokens.")])
    return folder


def _parts(split: Split, folder: Path) -> Parts:
    assigned = blobs.copy_to(split.assignment_sha256, folder / "parts")
    return Parts(f"split {split.number}", assigned, tuple(part["name"] for part in split.parts))


def _own(actor: Actor, profile_id: UUID) -> QualityProfile:
    found = selectors.visible_quality_profile(actor, profile_id)
    projects.require(actor, found.project_id, ACT)
    return found
