"""Which rows of a version a run takes: all of them, or parts of one of its splits. One question a version."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _

from governance.materials.datasets.models import Split
from governance.materials.datasets.rules import SplitState
from governance.people.projects.models import Project
from governance.work.runs.inputs import Parts, parts_of
from governance.work.runs.models import RunData

# What people call the part that is learnt from, and the one to validate on while training.
TRAIN = ("train", "training", "learn")
VALIDATION = ("validation", "valid", "val", "dev", "development", "eval")
OFFERED = 8  # so many parts are offered to validate on; the API takes any


def add_to(form: forms.Form, project: Project) -> list[str]:
    """Give `form` a field for each version of the project that has a split; returns their names."""
    by_version: dict[UUID, list[Split]] = {}
    found = Split.objects.filter(version__dataset__project=project, state=SplitState.READY)
    for split in found.select_related("version__dataset"):
        by_version.setdefault(split.version_id, []).append(split)
    for version, splits in by_version.items():
        name = name_of(version)
        choices = [choice for split in splits for choice in _choices(split)]
        given = form.data.get(name) if form.is_bound else form.initial.get(name)
        if given and given not in dict(choices) and (parts := _read(given, splits)):  # a plan that the API wrote
            choices.append((given, _("as planned: %(use)s") % {"use": _words(parts)}))
        form.fields[name] = forms.ChoiceField(
            label=_("Rows of %(version)s") % {"version": splits[0].version},
            required=False,
            choices=[("", _("all rows; a share of them is held out")), *choices],
            help_text=_("Parts that are not named stay unused."),
        )
    return [name_of(version) for version in by_version]


def chosen(given: Mapping[str, Any], version: UUID) -> Parts | None:
    """What was chosen of a version; None is the whole of it."""
    value = given.get(name_of(version))
    if not value:
        return None
    return _read(value, Split.objects.filter(version=version))


def initial_of(links: Iterable[RunData]) -> dict[str, str]:
    """The fields as a run was prepared."""
    links = list(links)
    splits = {link.split_id: link.split for link in links if link.split is not None}
    initial = {}
    for parts in parts_of(links):
        split = splits[parts.split_id]
        initial[name_of(split.version_id)] = _value(split, parts)
    return initial


def name_of(version: UUID) -> str:
    return f"rows_{version.hex}"


def _choices(split: Split) -> Iterator[tuple[str, str]]:
    for parts in _uses(split):
        rows = [split.rows_in(names) for names in (parts.train, parts.validation) if names]
        counts = _("%(train)s and %(validation)s rows") if len(rows) == 2 else _("%(train)s rows")
        said = counts % {"train": f"{rows[0]:,}", "validation": f"{rows[-1]:,}"}
        use = {"n": split.number, "use": _words(parts), "rows": said}
        yield _value(split, parts), _("split %(n)s: %(use)s (%(rows)s)") % use


def _uses(split: Split) -> Iterator[Parts]:
    """What is usually done with a split: each fold held out once; else trained on one part, validated on another."""
    names = [part["name"] for part in split.parts]
    if split.options["method"] == "folds":
        for held_out in names:
            yield Parts(split.pk, tuple(name for name in names if name != held_out), (held_out,))
        return
    train = next((name for name in names if name.lower() in TRAIN), names[0])
    others = sorted((name for name in names if name != train), key=lambda name: name.lower() not in VALIDATION)
    for validation in others[:OFFERED]:
        yield Parts(split.pk, (train,), (validation,))
    yield Parts(split.pk, (train,))


def _words(parts: Parts) -> str:
    train, validation = ", ".join(parts.train), ", ".join(parts.validation)
    if not parts.validation:
        return _("train on %(train)s, hold out a share of it") % {"train": train}
    if not parts.train:
        return _("validate on %(validation)s") % {"validation": validation}
    if len(parts.train) > 1 and len(parts.validation) == 1:
        return _("hold out %(validation)s, train on the %(n)s others") % {
            "validation": validation, "n": len(parts.train),
        }  # fmt: skip
    return _("train on %(train)s, validate on %(validation)s") % {"train": train, "validation": validation}


def _value(split: Split, parts: Parts) -> str:
    """“<split>:0,2:1”: the places of the parts, which hold for any name."""
    sides = (sorted(split.places(names).values()) for names in (parts.train, parts.validation))
    return ":".join([str(split.pk), *(",".join(map(str, side)) for side in sides)])


def _read(value: str, splits: Iterable[Split]) -> Parts | None:
    """The inverse of `_value`; None for what no field wrote."""
    pk, _colon, sides = value.partition(":")
    split = next((one for one in splits if str(one.pk) == pk), None)
    train, _colon, validation = sides.partition(":")
    places = [[int(place) for place in side.split(",") if place.isdecimal()] for side in (train, validation)]
    if split is None or not any(places) or max(map(max, filter(None, places))) >= len(split.parts):
        return None
    names = [tuple(split.parts[place]["name"] for place in side) for side in places]
    return Parts(split.pk, *names)
