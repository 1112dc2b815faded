"""A version's description: assembled and written out, and read from what others give out."""

from typing import Any
from uuid import UUID

from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import plain
from governance.materials.datasets import datasheet, selectors
from governance.materials.datasets.exchange import croissant, reading
from governance.materials.datasets.exchange.description import Description, Found
from governance.materials.datasets.exchange.writing import FORMS
from governance.materials.datasets.models import DatasetVersion
from governance.people.projects import selectors as projects

ROWS_FOR_KINDS = 20  # so many rows are looked at to tell what kind of values a column has


def read(*, actor: Actor, dataset_id: UUID, data: bytes) -> Description:
    """What a description says, for who may register a version of the dataset with it. Nothing is kept of it.

    Links to versions that `actor` does not see here become words. Raises NotFound, NotAllowed, Unusable.
    """
    dataset = selectors.visible(actor, dataset_id)
    projects.require(actor, dataset.project_id, "register data")
    found = reading.read(data)
    if (linked := found.record.pop("derived_from_versions", None)) is not None:
        seen = {str(pk) for pk in selectors.versions_visible_to(actor).values_list("pk", flat=True)}
        here = [link for link in linked.value if link["id"] in seen]
        if here:
            found.record["derived_from_versions"] = Found(here, linked.where)
        for link in linked.value:
            if link not in here:
                found.answer("derived_from", f"{link['name']}, file sha256 {link['file_sha256']}", linked.where)
                found.note(
                    linked.where, f"There is no version “{link['name']}” here that you see.", "It stands in words."
                )
    return found


def written(version: DatasetVersion, form: str) -> bytes:
    """The description in one of the FORMS."""
    return FORMS[form].write(sheet_of(version), columns_of(version))


def file_name(version: DatasetVersion, form: str) -> str:
    """How the file of that form is called."""
    return FORMS[form].file_name(version.dataset.slug, version.number)


def sheet_of(version: DatasetVersion) -> dict[str, Any]:
    """The datasheet, `assay.datasheet/1`."""
    dataset = version.dataset
    facts = {
        "dataset": {"name": dataset.name, "slug": dataset.slug, "description": dataset.description},
        "version": {
            "id": version.pk,
            "number": version.number,
            "sha256": version.content_digest,
            "registered_by": version.registered_by_name,
            "registered_at": version.created_at,
        },
        "file": {
            "name": version.file_name,
            "sha256": version.file_sha256,
            "bytes": version.file_bytes,
            "container": version.container,
            "gzipped": bool(version.profile.get("gzipped")),
            "format": version.format,
            "columns": version.columns,
            "rows": version.rows,
            "rows_root": version.rows_root,
        },
        "licence": {"declared": version.licence, "told": version.licence_told},
        "provenance": version.provenance,
        "profile": version.profile,
    }
    return datasheet.assemble(plain(facts))


def columns_of(version: DatasetVersion) -> dict[str, croissant.Kind]:
    """The columns of the file in their order, each with the kind of its values as the first rows have them."""
    kinds: dict[str, croissant.Kind | None] = {}
    for row in selectors.sample(version, ROWS_FOR_KINDS):
        for name, value in row.source.items():
            if kinds.get(name) is None:
                kinds[name] = None if value is None else croissant.kind_of(value)
    return {name: kind or croissant.Kind() for name, kind in kinds.items()}
