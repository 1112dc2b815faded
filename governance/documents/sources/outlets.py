"""Releases lie on the floor above documents. Who keeps them registers here, when Django starts, how to look them up,
so that a document can cite a release without knowing what one is."""

from collections.abc import Callable, Sequence

from governance.documents.sources.records import Source
from governance.work.model_versions.models import ModelVersion

Lookup = Callable[[ModelVersion], Sequence[Source]]
_lookups: list[Lookup] = []


def register(lookup: Lookup) -> None:
    """`lookup(model_version)` gives the releases that stand, each a Source whose facts have `released_at` (a time),
    `released_by` and `purpose`. Registering the same one again changes nothing."""
    if lookup not in _lookups:
        _lookups.append(lookup)


def releases_of(model_version: ModelVersion) -> tuple[Source, ...]:
    """Every release of `model_version` that stands."""
    return tuple(source for lookup in _lookups for source in lookup(model_version))
