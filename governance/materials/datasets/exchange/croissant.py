"""Croissant 1.1 with its vocabulary for responsible AI (RAI 1.0), as JSON-LD, out and in. Pure.

Sources: the Croissant format specification 1.1 and the Croissant RAI vocabulary 1.0 of MLCommons. An answer of the
record goes to the property that means the same, and to one of our own (`assay:`) where there is none: each answer
stands once, so that what comes back is what went out. `faults` holds a document to more than mlcroissant does, which
lets a missing name and unknown `rai:` keys pass.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from governance.materials.datasets import places, provenance
from governance.materials.datasets.exchange import licence_names, values
from governance.materials.datasets.exchange.description import Description, Found

VERSIONS = ("http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/1.1")
CONFORMS_TO = [VERSIONS[-1], "http://mlcommons.org/croissant/RAI/1.0"]
OURS = "assay:"
# Every property of the RAI vocabulary.
RAI = frozenset((
    "dataCollection", "dataCollectionType", "dataCollectionMissingData", "dataCollectionRawData",
    "dataCollectionTimeframe", "dataCollectionTimeFrame", "dataImputationProtocol", "dataPreprocessingProtocol",
    "dataManipulationProtocol", "dataAnnotationProtocol", "dataAnnotationPlatform", "dataAnnotationAnalysis",
    "dataReleaseMaintenancePlan", "personalSensitiveInformation", "dataSocialImpact", "dataBiases", "dataLimitations",
    "dataUseCases", "annotationsPerItem", "annotatorDemographics", "machineAnnotationTools",
))  # fmt: skip
# Text of the record that has a property of the same meaning.
TEXTS = {
    "method": "rai:dataCollection",
    "selection": "rai:dataPreprocessingProtocol",
    "labelling": "rai:dataAnnotationProtocol",
    "personal_data": "rai:personalSensitiveInformation",
    "known_gaps": "rai:dataLimitations",
    "intended_purpose": "rai:dataUseCases",
    "copyright": "copyrightNotice",
    "derived_from": "isBasedOn",
}
# Properties of others that answer a question whose own property is another.
ALSO = {"rai:dataBiases": "known_gaps", "rai:dataCollectionRawData": "source"}
TIME_FRAME, PARENTS = "rai:dataCollectionTimeFrame", "prov:wasDerivedFrom"
NEEDED = ("name", "description", "license", "url", "creator", "datePublished")
MEDIA_TYPES = {
    "jsonl": "application/jsonlines", "json": "application/json", "csv": "text/csv", "tsv": "text/tab-separated-values",
    "parquet": "application/vnd.apache.parquet", "text": "text/plain",
}  # fmt: skip
CONTEXT = {
    "@language": "en", "@vocab": "https://schema.org/", "arrayShape": "cr:arrayShape", "assay": "urn:assay:record:",
    "citeAs": "cr:citeAs", "column": "cr:column", "conformsTo": "dct:conformsTo", "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/", "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"}, "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract", "field": "cr:field",
    "fileObject": "cr:fileObject", "fileProperty": "cr:fileProperty", "fileSet": "cr:fileSet", "format": "cr:format",
    "includes": "cr:includes", "isArray": "cr:isArray", "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath", "key": "cr:key", "md5": "cr:md5", "name": {"@container": "@language"},
    "parentField": "cr:parentField", "path": "cr:path", "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/", "recordSet": "cr:recordSet", "references": "cr:references",
    "regex": "cr:regex", "repeated": "cr:repeated", "replace": "cr:replace", "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/", "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField",
    "transform": "cr:transform",
}  # fmt: skip
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_PREFIXES = ("https://schema.org/", "http://schema.org/", "schema:", "sc:", "cr:", "http://mlcommons.org/croissant/")


# --- out ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """What the values of a column are: a type in schema.org's words, or what is inside; `many` of them in a list."""

    type: str = "sc:Text"
    many: bool = False
    inner: Mapping[str, "Kind"] = field(default_factory=dict)


def written(sheet: Mapping[str, Any], columns: Mapping[str, Kind]) -> dict[str, Any]:
    """A datasheet (`datasheet.assemble`) as Croissant. `columns`: name -> the kind of its values (`kind_of`)."""
    file, version = sheet["file"], sheet["version"]
    declared = sheet["licence"]["declared"]
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": sheet["dataset"]["name"],
        "description": sheet["dataset"]["description"] or f"Version {version['number']} of {sheet['dataset']['name']}.",
        "url": f"urn:uuid:{version['id']}",
        "version": f"{version['number']}.0.0",
        "datePublished": version["registered_at"][:10],  # the day from which the version could be had from this house
        "license": licence_names.address_of(declared) or declared,
        "distribution": [_file_object(file)],
        "recordSet": [_record_set(file, columns)],
    }
    if told := sheet["licence"]["told"]:
        document["assay:licenceTold"] = [f"{one['where']}: {one['says']}" for one in told]
    return document | dict(_answers(sheet["provenance"]))


def kind_of(value: Any) -> Kind:
    """The kind of a value; of a list, that of its first element."""
    match value:
        case bool():
            return Kind("sc:Boolean")
        case int():
            return Kind("sc:Integer")
        case float():
            return Kind("sc:Float")
        case dict():
            return Kind(inner={str(name): kind_of(one) for name, one in value.items()})
        case list():
            return replace(kind_of(value[0]) if value else Kind(), many=True)
    return Kind()


def _file_object(file: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": "file",
        "name": file["name"],
        "contentSize": f"{file['bytes']} B",
        "contentUrl": file["name"],
        "encodingFormat": "application/gzip" if file["gzipped"] else MEDIA_TYPES[file["container"]],
        "sha256": file["sha256"],
    }


def _record_set(file: Mapping[str, Any], columns: Mapping[str, Kind]) -> dict[str, Any]:
    whole = {"fileObject": {"@id": "file"}}
    if not columns or file["container"] == "text":
        fields = [_field("rows", "line", Kind(), {**whole, "extract": {"fileProperty": "lines"}})]
    else:
        fields = [_field("rows", name, kind, {**whole, "extract": {"column": name}}) for name, kind in columns.items()]
    return {"@type": "cr:RecordSet", "@id": "rows", "name": "rows", "field": fields}


def _field(within: str, name: str, kind: Kind, source: dict[str, Any], path: str = "") -> dict[str, Any]:
    """A field, with those inside it; `path` leads to it within its column."""
    own = f"{within}/{name}"
    found: dict[str, Any] = {"@type": "cr:Field", "@id": own, "name": name}
    if kind.many:
        found |= {"isArray": True, "arrayShape": "-1"}
    if not kind.inner:
        return found | {"dataType": kind.type, "source": source | ({"transform": {"jsonPath": path}} if path else {})}
    step = f"{path}[*]" if kind.many else path
    inner = [_field(own, key, one, source, f"{step}.{key}".lstrip(".")) for key, one in kind.inner.items()]
    return found | {"subField": inner}


def _answers(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each answer at its property."""
    left = provenance.answered(record)
    if issuer := left.pop("issuer", None):
        yield "creator", {"@type": "sc:Organization", "name": issuer}
    for name, key in TEXTS.items():
        if (text := left.pop(name, None)) is not None:
            yield key, text
    if isinstance(codes := left.get("places"), list):
        del left["places"]
        yield (
            "countryOfOrigin",
            [{"@type": "sc:Country", "identifier": code, "name": places.named(code)} for code in codes],
        )
    if codes := _codes(left.get("languages", "")):
        del left["languages"]
        yield "inLanguage", codes
    ends = [left.get(name) for name in ("collected_from", "collected_to")]
    if all(isinstance(end, str) and _DAY.fullmatch(end) for end in ends):
        del left["collected_from"], left["collected_to"]
        yield TIME_FRAME, ends
    if links := left.pop("derived_from_versions", None):
        yield PARENTS, [_parent(link) for link in links]
    for name, answer in left.items():
        yield OURS + name, answer


def _parent(link: Mapping[str, str]) -> dict[str, str]:
    about = {"name": link["name"], "sha256": link["file_sha256"]}
    return {"@type": "prov:Entity", "@id": f"urn:uuid:{link['id']}", **about}


def _codes(languages: str) -> list[str]:
    """Language codes, where the answer is a list of them spelt as we would spell it again."""
    codes = languages.split(", ")
    return codes if all(_LANGUAGE.fullmatch(code) for code in codes) else []


# --- what is wrong with one ---------------------------------------------------------------------------------------


def faults(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(where, what is wrong) for everything that keeps a document from being whole Croissant."""
    if "@context" not in document:
        yield "@context", "There is no @context, so no name in it means anything."
    if _local(document.get("@type")) != "Dataset":
        yield "@type", "It does not say that it is a sc:Dataset."
    named = _many(document.get("conformsTo") or document.get("dct:conformsTo"))
    if not {_address(one) for one in named} & set(VERSIONS):
        yield "conformsTo", f"It does not say which version it is of; known are {' and '.join(VERSIONS)}."
    plain = _plain(document)
    for name in NEEDED:
        if not plain.get(name):
            yield name, "This is needed, and is not there."
    for key in document:
        if key.startswith("rai:") and key.removeprefix("rai:") not in RAI:
            yield key, "The RAI vocabulary has no such property."
    yield from _unsound_files(plain)


def _unsound_files(plain: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    files = [_plain(one) for one in _many(plain.get("distribution")) if isinstance(one, Mapping)]
    known = {str(one.get("@id")) for one in files}
    for one in files:
        where = f"distribution, {one.get('@id') or one.get('name') or '?'}"
        if _local(one.get("@type")) == "FileObject" and not _SHA256.fullmatch(str(one.get("sha256", ""))):
            yield where, "The file has no sha256, so nobody can tell whether it is the file that is meant."
        if not one.get("encodingFormat"):
            yield where, "It is not said what kind of file this is (encodingFormat)."
    seen: set[str] = set()
    for one in _fields(plain.get("recordSet"), "field"):
        where = f"recordSet, {one.get('@id') or one.get('name') or '?'}"
        if not one.get("dataType") and not one.get("subField"):
            yield where, "The field has no dataType."
        source = _plain(one["source"]) if isinstance(one.get("source"), Mapping) else {}
        meant = source.get("fileObject") or source.get("fileSet")
        if isinstance(meant, Mapping) and str(meant.get("@id")) not in known:
            yield where, "The field is taken from a file that is not in the distribution."
        if (own := str(one.get("@id", ""))) and own in seen:
            yield where, "Two fields have this id."
        seen.add(own)


def _fields(nodes: Any, key: str) -> Iterator[dict[str, Any]]:
    """The fields of record sets, those inside others too."""
    for node in _many(nodes):
        for one in _many(_plain(node).get(key)) if isinstance(node, Mapping) else ():
            if isinstance(one, Mapping):
                yield _plain(one)
                yield from _fields(one, "subField")


# --- in -----------------------------------------------------------------------------------------------------------


def read(document: Mapping[str, Any]) -> Description:
    """What it says; what is wrong with it and what has no place in the record are findings."""
    found = Description("Croissant")
    for where, message in faults(document):
        found.note(where, message, "Tell whoever gave it out; what is sound in it is taken over.")
    plain = _plain(document)
    _title(found, plain)
    taken = {"@context", "@type", "@id", "conformsTo", "dct:conformsTo", "name", "description", "distribution",
             "recordSet", "version", "datePublished", "dateCreated", "dateModified", "citeAs", "isLiveDataset",
             "license", "creator", "publisher", "url", "inLanguage", "countryOfOrigin", TIME_FRAME, PARENTS,
             "assay:licenceTold"}  # fmt: skip
    for one in _many(plain.get("license")):
        found.license(_text(one), "license")
    for told in _many(plain.get("assay:licenceTold")):
        where, _colon, says = str(told).rpartition(": ")
        found.tell(where or "assay:licenceTold", says)
    key = "creator" if plain.get("creator") else "publisher"
    found.answer("issuer", _words(plain.get(key), ", "), key)
    for name, key in [*TEXTS.items(), *((name, key) for key, name in ALSO.items())]:
        found.answer(name, _words(plain.get(key), "\n\n"), key)
    found.answer("languages", _words(plain.get("inLanguage"), ", "), "inLanguage")
    _places(found, plain)
    _time_frame(found, plain)
    _parents(found, plain)
    ours = {key for key in plain if key.startswith(OURS) and key.removeprefix(OURS) in provenance.NAMES}
    for key in sorted(ours):
        found.answer(key.removeprefix(OURS), values_of(key.removeprefix(OURS), plain[key]), key)
    if "source" not in found.record and str(plain.get("url", "")).startswith("http"):
        found.answer("source", str(plain["url"]), "url")
    for key in sorted(plain.keys() - taken - ours - set(TEXTS.values()) - set(ALSO)):
        found.unplaced(key, _words(plain[key], "; "))
    return found


def values_of(name: str, value: Any) -> Any:
    """A value at one of our own properties, as the record has it; tools may have made words of it."""
    return values.read(name, value) if isinstance(value, str) else value


def _title(found: Description, plain: Mapping[str, Any]) -> None:
    if name := _text(plain.get("name")):
        found.name = Found(name, "name")
    if summary := _text(plain.get("description")):
        found.summary = Found(summary, "description")


def _places(found: Description, plain: Mapping[str, Any]) -> None:
    codes, words = list[str](), list[str]()
    for one in _many(plain.get("countryOfOrigin")):
        said = str(one.get("identifier") or one.get("name") or "") if isinstance(one, Mapping) else str(one)
        code = places.code_of(said)
        (codes if code else words).append(code or said)
    found.answer("places", codes or None, "countryOfOrigin")
    found.answer("origin_geography", ", ".join(words), "countryOfOrigin")


def _time_frame(found: Description, plain: Mapping[str, Any]) -> None:
    key = TIME_FRAME if TIME_FRAME in plain else "rai:dataCollectionTimeframe"
    days = [_text(one)[:10] for one in _many(plain.get(key))]
    if not days:
        return
    sound = [day for day in days if _is_day(day)]
    if sound != days or len(days) > 2:
        found.note(key, "These are not one or two dates.", "Give the beginning and the end by hand.")
        return
    found.answer("collected_from", days[0], key)
    found.answer("collected_to", days[1] if len(days) == 2 else None, key)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _parents(found: Description, plain: Mapping[str, Any]) -> None:
    links, words = [], []
    for one in _many(plain.get(PARENTS)):
        pk = str(one.get("@id", "")).removeprefix("urn:uuid:") if isinstance(one, Mapping) else ""
        if isinstance(one, Mapping) and len(pk) == 36 and _SHA256.fullmatch(str(one.get("sha256", ""))):
            links.append({"id": pk, "name": _text(one), "file_sha256": one["sha256"]})
        else:
            words.append(_text(one) or pk)
    found.answer("derived_from_versions", links or None, PARENTS)
    found.answer("derived_from", ", ".join(words), PARENTS)


def _address(value: Any) -> str:
    return _text(value.get("@id")) if isinstance(value, Mapping) else _text(value)


def _words(value: Any, between: str) -> str:
    return between.join(filter(None, (_text(one) for one in _many(value))))


def _plain(node: Mapping[str, Any]) -> dict[str, Any]:
    """`node` with the keys of schema.org and Croissant without their prefix."""
    return {_local(key): value for key, value in node.items()}


def _local(key: Any) -> str:
    text = str(key)
    return next((text.removeprefix(prefix) for prefix in _PREFIXES if text.startswith(prefix)), text)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any) -> str:
    """The words of a value: a text, a text in a language, or the name of a thing."""
    if isinstance(value, Mapping):
        for key in ("@value", "name", "sc:name", "en", "url", "@id"):
            if inner := value.get(key):
                return _text(inner)
        return ""
    return value.strip() if isinstance(value, str) else "" if value is None or isinstance(value, list) else str(value)
