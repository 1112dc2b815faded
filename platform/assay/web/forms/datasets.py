"""Forms about datasets: a named line of versions, and the upload of one version with its provenance."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from assay.rendering import numerals
from assay.web.forms.licences import LicenceField
from governance.materials.datasets import places, provenance
from governance.materials.datasets.exchange.reading import LARGEST
from governance.materials.datasets.models import DatasetVersion
from preparation.containers import CONTAINERS
from preparation.formats import FORMATS
from preparation.hub import MAIN, Place
from preparation.reading import AUTO, Reading

# Two of these to a line: the ends of one stretch of time, a share and its model, whether and when.
BESIDE = {"collected_from", "collected_to", "synthetic_share", "synthetic_model", "mining_checked", "mining_checked_on"}
CONTAINER_WORDS = {
    "jsonl": _("JSONL: one object a line"),
    "json": _("JSON: one list of objects"),
    "csv": _("CSV"),
    "tsv": _("TSV"),
    "parquet": _("Parquet"),
    "text": _("Text: one row a line"),
}


class DatasetForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("For example “support tickets”."))
    description = forms.CharField(
        label=_("Description"), widget=forms.Textarea(attrs={"rows": 3}), required=False,
        help_text=_("What its rows are, in a sentence or two."),
    )  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One heading of the provenance record with its fields and their width, ready to be drawn."""

    heading: str
    fields: list[tuple[BoundField, str]]


class ReadingForm(forms.Form):
    """How a file is read: what it lies in, what its columns mean, and which column holds which field."""

    container = forms.ChoiceField(
        label=_("Kind of file"),
        choices=[(AUTO, _("As its first bytes show")), *((name, CONTAINER_WORDS[name]) for name in CONTAINERS)],
        required=False,
    )
    format = forms.ChoiceField(
        label=_("Format"),
        choices=[(AUTO, _("As its columns show")), *((one.name, one.title) for one in FORMATS.values())],
        required=False,
    )
    columns = forms.CharField(
        label=_("Columns"), required=False,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "prompt: question\ncompletion: answer"}),
        help_text=_(
            "Only where the columns have other names: one field a line, as “field: column”. A column inside another "
            "is named by its path, “output: instances.0.output”."
        ),
    )  # fmt: skip

    def clean_columns(self) -> dict[str, str]:
        """The lines as pairs. Raises ValidationError naming the first line that is none."""
        columns = {}
        for number, line in enumerate(self.cleaned_data["columns"].splitlines(), start=1):
            name, _colon, column = (part.strip() for part in line.partition(":"))
            if line.strip() and not (name and column):
                raise forms.ValidationError(
                    _("Line %(number)s does not read “field: column”."), params={"number": number}
                )
            if column:
                columns[name] = column
        return columns

    def reading(self) -> Reading:
        given = self.cleaned_data
        return Reading(given["container"] or AUTO, given["format"] or AUTO, given["columns"])


class MappingForm(ReadingForm):
    """A reading of a file whose columns are known: each field of the chosen format is picked from them.

    `columns`: their names. A field that is left at its own name is not mapped.
    """

    def __init__(self, *args: Any, columns: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = columns
        chosen = self["format"].value() or AUTO
        self.form_of = FORMATS.get(chosen) if columns else None
        if self.form_of is None:
            return
        del self.fields["columns"]
        given: dict[str, str] = self.initial.get("mapped", {})
        for name in self.form_of.fields:
            empty = _("the column “%(name)s”") if name in columns else _("no column")
            self.fields[f"from_{name}"] = forms.ChoiceField(
                label=name,
                required=False,
                choices=[("", empty % {"name": name}), *((column, column) for column in columns if column != name)],
                initial=given.get(name, ""),
            )

    def mapping(self) -> list[BoundField]:
        """The fields of the mapping, to be drawn; the lines to type where no columns are known."""
        return [self[name] for name in self.fields if name == "columns" or name.startswith("from_")]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.form_of is not None:
            picked = {name: given.get(f"from_{name}") for name in self.form_of.fields}
            given["columns"] = {name: column for name, column in picked.items() if column}
            lacking = [name for name in self.form_of.needed if name not in given["columns"] and name not in self.known]
            for name in lacking:
                self.add_error(f"from_{name}", _("This format needs it: pick the column that holds it."))
        return given


class StatementForm(ReadingForm):
    """What a registrant says about rows. `versions`: what they can be derived from; `found_in`: field to the place
    where a description had what stands in it."""

    licence = LicenceField()
    licence_told = forms.CharField(
        label=_("What other places say about its licence"), required=False,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": _("dataset card: cc-by-4.0")}),
        help_text=_("One place a line, as “where: what it says”. A difference is shown to everybody."),
    )  # fmt: skip

    def __init__(
        self,
        *args: Any,
        versions: Iterable[DatasetVersion] = (),
        found_in: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for one in provenance.FIELDS:
            self.fields[one.name] = record_field(one, versions)
        self._keep_links()
        for name, where in (found_in or {}).items():
            field = self.fields[name]
            field.help_text = " ".join(
                filter(None, [str(field.help_text), _("Found in: %(where)s.") % {"where": where}])
            )

    def _keep_links(self) -> None:
        """Versions of other projects that are linked already can be kept; whether they may be is the service's word."""
        field = self.fields["derived_from_versions"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - see record_field
        offered = list(cast("Iterable[tuple[str, str]]", field.choices))
        names = {link["id"]: link["name"] for link in self.initial.get("links", [])}
        chosen = [str(pk) for pk in self["derived_from_versions"].value() or []]
        known = dict(offered)
        field.choices = [*offered, *((pk, names.get(pk, pk)) for pk in chosen if pk not in known)]

    def parts(self) -> list[Part]:
        return [
            Part(str(_(heading)), [(self[one.name], "w2" if one.name in BESIDE else "w4") for one in fields])
            for heading, fields in provenance.parts()
        ]

    def clean_licence_told(self) -> list[dict[str, str]]:
        """The lines as records. Raises ValidationError naming the first line that is no pair."""
        told = []
        for number, line in enumerate(self.cleaned_data["licence_told"].splitlines(), start=1):
            where, _colon, says = (part.strip() for part in line.rpartition(": "))
            if line.strip() and not (where and says):
                raise forms.ValidationError(
                    _("Line %(number)s does not read “where: what it says”."), params={"number": number}
                )
            if says:
                told.append({"where": where, "says": says})
        return told

    def record(self) -> dict[str, Any]:
        """The provenance record as answered; what was left empty is left out, not kept as an empty answer."""
        return provenance.answered(self.cleaned_data)


class VersionForm(StatementForm):
    """A file and what its registrant says about it. `limit`: bytes that an upload may have."""

    rest_goes_to = "file"
    field_order = ("file", "container", "format", "columns")

    file = forms.FileField(label=_("File"), allow_empty_file=True)

    def __init__(self, *args: Any, limit: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = _(
            "JSONL, JSON, CSV, TSV, Parquet or text, gzipped or not; OpenAI's fine-tuning files as they are. "
            "At most %(size)s."
        ) % {"size": numerals.size(limit)}


class HubForm(StatementForm):
    """Rows on a hub and what their registrant says about them."""

    rest_goes_to = "repository"
    field_order = ("repository", "config", "split", "revision", "format", "columns")

    container = None  # type: ignore[assignment]  # takes the field away: what is fetched is JSONL
    repository = forms.CharField(
        label=_("Data set"), max_length=200, widget=forms.TextInput(attrs={"placeholder": "owner/name"}),
        help_text=_("Its id on the hub. It must be open to everybody, and be read without a program of its own."),
    )  # fmt: skip
    config = forms.CharField(
        label=_("Configuration"), max_length=200, required=False, help_text=_("Empty: the only one.")
    )
    split = forms.CharField(label=_("Split"), max_length=100, initial="train")
    revision = forms.CharField(
        label=_("Revision"), max_length=200, initial=MAIN,
        help_text=_("A branch, a tag or a commit; which commit it was is kept."),
    )  # fmt: skip

    def place(self) -> Place:
        return Place(**{one.name: self.cleaned_data[one.name] for one in fields(Place)})

    def reading(self) -> Reading:
        return Reading(format=self.cleaned_data["format"] or AUTO, columns=self.cleaned_data["columns"])


class DescriptionForm(forms.Form):
    """Somebody's description of the data, as a file or as text."""

    rest_goes_to = "file"

    file = forms.FileField(
        label=_("Description"), required=False, allow_empty_file=True,
        help_text=_("Croissant, a dataset card (README.md), a datasheet in Markdown, or our own JSON."),
    )  # fmt: skip
    text = forms.CharField(
        label=_("Or its text"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 10})
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if bool(given.get("file")) == bool((given.get("text") or "").strip()):
            self.add_error("file", _("Give a file, or paste its text: one of the two."))
        return given

    def data_given(self) -> bytes:
        """The bytes; of a file one more than is read, so that a longer one is told."""
        upload = self.cleaned_data["file"]
        return bytes(upload.read(LARGEST + 1)) if upload else str(self.cleaned_data["text"]).encode()


class PlacesField(forms.CharField):
    """Countries, as codes or as names, parted by commas."""

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]  # the record has a list of codes
        words = [word.strip() for word in str(super().to_python(value)).split(",") if word.strip()]
        return list(dict.fromkeys(places.code_of(word) or word for word in words))


def record_field(one: provenance.Field, versions: Iterable[DatasetVersion]) -> forms.Field:
    """The form's field for a question of the record."""
    given: dict[str, Any] = {
        "label": _(one.ask),
        "required": one.needed,
        "error_messages": {"required": _("Not answered. Ask who made the data, or say “not known”.")},
    }
    match one.form:
        case provenance.Form.DATE:
            return forms.CharField(**given, widget=forms.TextInput(attrs={"placeholder": "2024-05-31"}))
        case provenance.Form.PLACES:
            hint = _("Codes or names, parted by commas: DE, France.")
            return PlacesField(**given, help_text=hint)
        case provenance.Form.CHOICE:
            choices = [("", _("not answered")), *((key, _(label)) for key, label in one.options.items())]
            return forms.ChoiceField(**given, choices=choices)
        case provenance.Form.CHOICES:
            choices = [(key, _(label)) for key, label in one.options.items()]
            return forms.MultipleChoiceField(**given, choices=choices, widget=forms.CheckboxSelectMultiple)
        case provenance.Form.SHARE:
            return forms.FloatField(**given, min_value=0, max_value=100)
        case provenance.Form.VERSIONS:
            named = [(str(version.pk), str(version)) for version in versions]
            return forms.MultipleChoiceField(**given, choices=named, widget=forms.SelectMultiple(attrs={"size": 4}))
    return forms.CharField(**given, widget=forms.Textarea(attrs={"rows": 2}) if one.long else forms.TextInput())


def initial_of(record: Mapping[str, Any], licence: str, licence_told: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """What the form shows for a record."""
    shown: dict[str, Any] = {
        **record,
        "licence": licence,
        "licence_told": "\n".join(f"{entry['where']}: {entry['says']}" for entry in licence_told),
    }
    if isinstance(places_given := record.get("places"), list):
        shown["places"] = ", ".join(places_given)
    shown["derived_from_versions"] = [str(pk) for pk in provenance.linked_ids(record)]
    shown["links"] = record.get("derived_from_versions") or []
    return shown
