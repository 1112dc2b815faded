"""What has to be judged about the licences of dataset versions: their own, those of all they were made from, and those
of the models that wrote rows of them."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from governance.law.licences.rules import LicensedInput
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets import provenance
from governance.materials.datasets.models import DatasetVersion, QualityProfile
from governance.materials.datasets.rules import ProfileState


@dataclass(frozen=True)
class Tuned:
    """A model that was tuned here, and what it was made from: what it writes stands under that."""

    name: str
    organisation_id: UUID
    at: datetime
    base_model: BaseModel
    data: Sequence[DatasetVersion]


# The models that an upper floor tuned under one of these names.
_tuned: list[Callable[[Collection[str]], Iterable[Tuned]]] = []


def tell_tuned(models: Callable[[Collection[str]], Iterable[Tuned]]) -> None:
    """Have models that were tuned here known by name, from a noun that rests on this one."""
    if models not in _tuned:
        _tuned.append(models)


def inputs(versions: Sequence[DatasetVersion]) -> dict[UUID, list[LicensedInput]]:
    """Of each version, by its id: the data; the same bytes once more under each other licence that the organisation
    has them under; the models that wrote rows of it; sets that its rows match; then the same of all it was made from.
    """
    found = _Ancestry()
    found.follow(versions)
    own = _own(found)
    return {one.pk: _with_sources(one, found, own) for one in versions}


@dataclass
class _Ancestry:
    """Versions with all that they were made from, in as many queries as it goes back."""

    versions: dict[UUID, DatasetVersion] = field(default_factory=dict)
    missing: dict[UUID, str] = field(default_factory=dict)  # linked to and not there: what the link calls it
    tuned: dict[str, list[Tuned]] = field(default_factory=dict)

    def follow(self, versions: Iterable[DatasetVersion]) -> None:
        now = {one.pk: one for one in versions if one.pk not in self.versions}
        while now:
            self.versions |= now
            names = {name for one in now.values() for name in provenance.writers(one.provenance)} - set(self.tuned)
            self.tuned |= _tuned_as(names)
            learned = [data for name in names for model in self.tuned[name] for data in model.data]
            links = {pk for one in now.values() for pk in provenance.linked_ids(one.provenance)}
            linked = DatasetVersion.objects.select_related("dataset__project").in_bulk(links - set(self.versions))
            after = linked | {one.pk: one for one in learned}
            now = {pk: one for pk, one in after.items() if pk not in self.versions}

    def writers(self, version: DatasetVersion) -> dict[str, list[Tuned]]:
        """The names of the models that wrote rows of it, and which models of the house they were by then."""
        home = version.dataset.project.organisation_id
        return {
            name: [one for one in self.tuned[name] if one.organisation_id == home and one.at < version.created_at]
            for name in provenance.writers(version.provenance)
        }

    def sources(self, version: DatasetVersion) -> list[UUID]:
        """The ids of the versions that it was made from, at once: linked to, or learned from by what wrote it."""
        learned = [data.pk for models in self.writers(version).values() for one in models for data in one.data]
        return list(dict.fromkeys([*provenance.linked_ids(version.provenance), *learned]))


def _tuned_as(names: Collection[str]) -> dict[str, list[Tuned]]:
    found: dict[str, list[Tuned]] = {name: [] for name in names}
    if names:
        for models in _tuned:
            for one in models(names):
                found[one.name].append(one)
    return found


def _with_sources(
    version: DatasetVersion, found: _Ancestry, own: Mapping[UUID, list[LicensedInput]]
) -> list[LicensedInput]:
    """What a version comes with, and what each version that it goes back to comes with, each once."""
    items = list(own[version.pk])
    seen, waiting = {version.pk}, found.sources(version)
    for pk in waiting:
        if pk in seen:
            continue
        seen.add(pk)
        source = found.versions.get(pk)
        if source is None:
            items.append(_gone(version, pk))
            continue
        waiting += found.sources(source)
        items += [
            replace(
                item,
                name=f"{version}, made from {item.name}",
                about=item.about or source.content_digest,
                made_from=f"{version} was made from {source}",
            )
            for item in own[pk]
        ]
    return items


def _gone(version: DatasetVersion, pk: UUID) -> LicensedInput:
    links: list[dict[str, Any]] = version.provenance.get("derived_from_versions") or []
    name = next((link["name"] for link in links if link["id"] == str(pk)), str(pk))
    unstated = f"{version} was made from {name}, which is not there any more, so its licence is not known."
    return LicensedInput(
        f"{version}, made from {name}", "dataset", None, made_from=f"{version} was made from {name}", about=str(pk),
        unstated=unstated,
    )  # fmt: skip


def _own(found: _Ancestry) -> dict[UUID, list[LicensedInput]]:
    """What each version comes with itself."""
    versions = list(found.versions.values())
    again, matched = _registered_again(versions), _matched(versions)
    teachers = _Teachers(found)
    return {
        one.pk: [
            LicensedInput(str(one), "dataset", one.licence),
            *again[one.pk],
            *teachers.of(one),
            *matched[one.pk],
        ]
        for one in versions
    }


def _registered_again(versions: Sequence[DatasetVersion]) -> dict[UUID, list[LicensedInput]]:
    """The same bytes under each other licence, by the first version that has it."""
    by_bytes: dict[tuple[UUID, str], dict[str, DatasetVersion]] = defaultdict(dict)
    same = DatasetVersion.objects.filter(
        file_sha256__in={one.file_sha256 for one in versions},
        dataset__project__organisation__in={one.dataset.project.organisation_id for one in versions},
    )
    for each in same.select_related("dataset__project").order_by("created_at"):
        by_bytes[each.dataset.project.organisation_id, each.file_sha256].setdefault(each.licence, each)
    found = {}
    for one in versions:
        others = by_bytes[one.dataset.project.organisation_id, one.file_sha256]
        found[one.pk] = [
            LicensedInput(f"{one}, registered again", "dataset", licence, about=others[licence].content_digest)
            for licence in sorted(set(others) - {one.licence})
        ]
    return found


class _Teachers:
    """The models that wrote rows: registered, tuned here, or neither."""

    def __init__(self, found: _Ancestry) -> None:
        self._found = found
        homes = {one.dataset.project.organisation_id for one in found.versions.values()}
        wrote = any(provenance.writers(one.provenance) for one in found.versions.values())
        registered = list(BaseModel.objects.filter(organisation__in=homes)) if wrote else []
        tuned = [one.base_model for models in found.tuned.values() for one in models]
        self._registered: dict[tuple[UUID, str], list[BaseModel]] = defaultdict(list)
        for model in registered:
            self._registered[model.organisation_id, str(model)].append(model)
        self._inputs = BaseModel.licensed_all([*registered, *tuned])

    def of(self, version: DatasetVersion) -> list[LicensedInput]:
        items: list[LicensedInput] = []
        for name, tuned in self._found.writers(version).items():
            registered = self._registered[version.dataset.project.organisation_id, name]
            for model in (*registered, *(one.base_model for one in tuned)):
                items += [
                    replace(item, kind="teacher", about=item.about or model.content_digest)
                    for item in self._inputs[model.pk]
                ]
            if not (registered or tuned):
                items.append(_unknown_teacher(version, name))
        if not items and _is_synthetic(version):
            items.append(_unknown_teacher(version, "a model that nobody named"))
        return list(dict.fromkeys(items))


def _is_synthetic(version: DatasetVersion) -> bool:
    share = version.provenance.get("synthetic_share")
    return isinstance(share, int | float) and share > 0


def _unknown_teacher(version: DatasetVersion, name: str) -> LicensedInput:
    unstated = (
        f"The writer of rows is not registered here: {name}. Register it, with its licence, under this very name."
    )
    return LicensedInput(f"{version}, written by {name}", "teacher", None, about=name, unstated=unstated)


def _matched(versions: Sequence[DatasetVersion]) -> dict[UUID, list[LicensedInput]]:
    """Other versions that rows were held against when the quality was measured, where some matched."""
    said: dict[UUID, dict[str, dict[str, Any]]] = {one.pk: {} for one in versions}
    measured = QualityProfile.objects.filter(version__in=said, state=ProfileState.MEASURED)
    for profile in measured.order_by("created_at"):
        against = (profile.result or {}).get("measures", {}).get("against") or {}
        others = [each for each in against.get("others", ()) if each["kind"] == "split"]
        for key, each in zip(profile.options["versions"], others, strict=False):
            said[profile.version_id][key] = {**each, "n": against["n"]}
    wanted = {key for counts in said.values() for key, each in counts.items() if each["any"]["count"]}
    others_by_id = DatasetVersion.objects.select_related("dataset").in_bulk(wanted) if wanted else {}
    return {
        one.pk: [
            _match(one, other, each)
            for key, each in said[one.pk].items()
            if each["any"]["count"] and (other := others_by_id.get(UUID(key)))
        ]
        for one in versions
    }


def _match(version: DatasetVersion, other: DatasetVersion, counts: Mapping[str, Any]) -> LicensedInput:
    """A suspicion, but where every row stands in the other: then it is that data."""
    whole = max(counts[how]["count"] for how in ("exact", "near")) == counts["n"]
    matched = f"{counts['any']['count']:,} of {counts['n']:,} rows match {other}"
    return LicensedInput(
        f"{version}, every row of which stands in {other}" if whole else f"{version}, rows that match {other}",
        "dataset",
        other.licence,
        matched="" if whole else matched,
        about=other.content_digest,
    )
