"""Markdown, out and in: a datasheet, and a dataset card for a model hub, which is the datasheet below metadata. Pure.

In: sections are told by their headings: our own questions, and the usual questions of datasheets (after Gebru et al.)
and of dataset cards. A heading that answers nothing in the record is a finding.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import yaml

from governance.materials.datasets import provenance
from governance.materials.datasets.exchange import licence_names, values
from governance.materials.datasets.exchange.description import Description, Found

NOT_ANSWERED = "Not answered."
# What stands in templates and datasheets where nobody wrote anything.
BLANK = ("", NOT_ANSWERED.lower(), "[more information needed]", "more information needed", "[optional]", "n/a", "todo")
_ACTIVE = re.compile(r"([\\`*_{}\[\]<>!|~&])")
_OPENING = re.compile(r"^([-+=#]|\d{1,9}(?=[.)](?:\s|$)))")  # what makes a line a list, a rule or a heading
_UNESCAPED = re.compile(r"\\([\\`*_{}\[\]<>!|~&=#+.)-])|&#(32|9);")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
FRONT = "---"
LONGEST_FRONT = 64 * 1024  # characters
MOST_LISTS, DEEPEST, MOST_HEADINGS = 1_000, 32, 1_000
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
         (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"), (1_000_000_000, "100M<n<1B"))  # fmt: skip
TASKS = {"classification": "text-classification", "table": "tabular-classification"}
# Keys of the metadata that say what is measured anew, or how a hub shows the card.
NOT_ASKED = {"size_categories", "task_categories", "pretty_name", "configs", "dataset_info", "viewer", "license_name"}
# The usual headings of others -> the field that asks the same; the first that fits counts.
USUAL = tuple((re.compile(pattern), name) for pattern, name in (
    (r"for what purpose|curation rationale|^motivation$|^purpose$", "intended_purpose"),
    (r"who created|curated by|dataset curators|who.*(created|made) (it|the dataset)", "issuer"),
    (r"what do the instances|source data$|who are the source|source language producers", "source"),
    (r"^collection process|data collection|initial data collection|how was the data|mechanisms or procedures|"
     r"how were (they|the rows) collected", "method"),
    (r"sampl(e|ing)|possible instances|filtering", "selection"),
    (r"label or target|labell?ing.* done|annotat(ion|ors)|^labell?ing", "labelling"),
    (r"missing|subpopulations|bias, risks|discussion of biases|known limitations|^biases", "known_gaps"),
    (r"consent", "consent"),
    (r"confidential|identify individuals|personal|sensitive|relate to people", "personal_data"),
    (r"anonymi|pseudonym", "privacy_tools"),
    (r"third parties imposed|copyright holder", "copyright"),
    (r"should not be used|out-of-scope|impact future uses", "processing_excluded"),
    (r"could the dataset be used|direct use|intended use|supported tasks", "processing_allowed"),
    (r"self-contained|external resources|derived from", "derived_from"),
    (r"^languages?$", "languages"),
    (r"synthetic|machine-generated", "synthetic_by"),
))  # fmt: skip
LICENCE_HEADING = re.compile(r"licen[sc](e|ing)|terms of use")
SUMMARY_HEADING = re.compile(r"^(dataset )?(summary|description|details)$")


@dataclass
class Section:
    """A heading and what stands below it, up to the next heading."""

    title: str
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip()


# --- out ----------------------------------------------------------------------------------------------------------


def datasheet(sheet: Mapping[str, Any]) -> str:
    """The datasheet. Every word of a record is escaped: it can carry neither markup nor a heading."""
    version = sheet["version"]
    lines = [f"# {escaped(sheet['dataset']['name'])}, version {version['number']}", ""]
    if sheet["dataset"]["description"]:
        lines += ["## Summary", "", *paragraph(sheet["dataset"]["description"]), ""]
    for section in sheet["sections"]:
        lines += [f"## {section['title']}", ""]
        for question in section["questions"]:
            lines += [f"### {question['ask']}", "", *_answers(question["answers"], sheet), ""]
    lines += [FRONT, "", f"Datasheet digest (sha256): `{sheet['sha256']}`", f"Record digest: `{version['sha256']}`", ""]
    return "\n".join(lines)


def card(sheet: Mapping[str, Any]) -> str:
    """A dataset card (README.md): metadata as Hugging Face's hub reads it, then the datasheet."""
    front = yaml.safe_dump(_metadata(sheet), sort_keys=False, allow_unicode=True, width=100)
    return "\n".join([FRONT, front.rstrip(), FRONT, "", datasheet(sheet)])


def _metadata(sheet: Mapping[str, Any]) -> dict[str, Any]:
    """What the hub searches by; a key without a record behind it is left out."""
    declared, record, file = sheet["licence"]["declared"], sheet["provenance"], sheet["file"]
    found: dict[str, Any] = {"pretty_name": sheet["dataset"]["name"]}
    if tag := licence_names.hub_tag_of(declared):
        found["license"] = tag
    else:
        found |= {"license": "other", "license_name": declared}
    codes = re.split(r"[,;\s]+", str(record.get("languages") or "").strip())
    if all(_LANGUAGE.fullmatch(code) for code in codes):
        found["language"] = codes
    found["size_categories"] = [next((size for limit, size in SIZES if file["rows"] < limit), "n>1T")]
    found["task_categories"] = [TASKS.get(file["format"], "text-generation")]
    return found


def _answers(answers: Iterable[Mapping[str, str]], sheet: Mapping[str, Any]) -> Iterator[str]:
    blocks = [list(_answer(one, sheet)) for one in answers] or [[NOT_ANSWERED]]
    for at, block in enumerate(blocks):
        yield from ["", *block] if at else block


def _answer(one: Mapping[str, str], sheet: Mapping[str, Any]) -> Iterator[str]:
    if one["field"]:
        said = values.written(sheet["provenance"], one["field"])
        yield from (f"**{escaped(one['label'])}**", "")
        yield from paragraph(said) if said else (NOT_ANSWERED,)
    else:
        first, *more = paragraph(one["text"])
        yield from (f"*{one['source']}*: {first}", *more)


def escaped(text: str) -> str:
    """A line of words: whatever Markdown or HTML would act on is escaped, spaces at its beginning are kept."""
    bare = text.lstrip(" \t")
    lead = "".join("&#32;" if sign == " " else "&#9;" for sign in text[: len(text) - len(bare)])
    words = _ACTIVE.sub(r"\\\1", bare)
    return lead + _OPENING.sub(lambda found: f"{found[1]}\\" if found[1].isdigit() else f"\\{found[1]}", words)


def paragraph(text: str) -> Iterator[str]:
    """Text of several lines: each keeps its end."""
    lines = re.split(r"\r\n?|\n", text.strip())
    for at, line in enumerate(lines):
        ends = line and at + 1 < len(lines) and lines[at + 1]
        yield f"{escaped(line.rstrip())}\\" if ends else escaped(line.rstrip())


# --- in -----------------------------------------------------------------------------------------------------------


def read(text: str) -> Description:
    """A datasheet or a dataset card. Raises ValueError for metadata that is no YAML."""
    front, body = _parted(text)
    sections = list(islice(_sections(body), MOST_HEADINGS + 1))
    if len(sections) > MOST_HEADINGS:
        raise ValueError(f"The text has more than {MOST_HEADINGS:,} headings.")
    ours = any(_asked(line) for section in sections for line in section.lines)
    found = Description("Dataset card" if front is not None else "Datasheet in Markdown")
    if front is not None and not ours:  # the metadata that we write says nothing that the text does not say
        _read_front(found, front)
    title = next((section.title for section in sections if section.title), "")
    if title and found.name is None:
        found.name = Found(_unescaped(re.sub(r", version \d+$", "", title)), f"# {title}")
    for section in sections:
        if ours:
            _read_ours(found, section)
        elif section.title and section.text.lower() not in BLANK:
            _read_usual(found, section)
    return found


def is_markdown(text: str) -> bool:
    """Whether anything in it could be a description: metadata, or a heading."""
    return text.startswith(f"{FRONT}\n") or any(_HEADING.fullmatch(line) for line in text.splitlines())


def _parted(text: str) -> tuple[dict[str, Any] | None, str]:
    if not text.startswith(f"{FRONT}\n"):
        return None, text
    head, fence, body = text[4:].partition(f"\n{FRONT}\n")
    if not fence or len(head) > LONGEST_FRONT:
        raise ValueError("The metadata begins with --- and does not end.")
    try:
        _measure_front(head)
        front = yaml.load(head, Loader=LOADER)  # noqa: S506 - both loaders are safe ones
    except yaml.YAMLError as error:
        raise ValueError(f"The metadata is no YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(front, dict):
        raise ValueError("The metadata is no list of names with values.")
    return front, body


def _measure_front(head: str) -> None:
    """Raises ValueError for metadata that would grow or never end when it is put together."""
    if sum(head.count(sign) for sign in "[{") > MOST_LISTS:
        raise ValueError(f"The metadata has more than {MOST_LISTS:,} lists in brackets.")
    depth = 0
    for event in yaml.parse(head, Loader=LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("The metadata refers to itself (YAML aliases); such a text is not read.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ValueError(f"The metadata is nested deeper than {DEEPEST} levels.")


def _sections(body: str) -> Iterator[Section]:
    """The body by its headings; what is in a block of code is no heading."""
    section, fenced = Section(""), False
    for line in body.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        heading = None if fenced else _HEADING.fullmatch(line)
        if heading is None:
            section.lines.append(line)
        else:
            yield section
            section = Section(heading[2])
    yield section


def _read_front(found: Description, front: Mapping[str, Any]) -> None:
    for key, value in front.items():
        words = ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
        match key:
            case "license":
                _read_licence(found, front, value)
            case "language" | "languages":
                found.answer("languages", words, f"metadata, {key}")
            case "pretty_name":
                found.name = Found(words, f"metadata, {key}")
            case "source_datasets":
                found.answer("derived_from", words, f"metadata, {key}")
            case _ if key not in NOT_ASKED:
                found.unplaced(f"metadata, {key}", words)


def _read_licence(found: Description, front: Mapping[str, Any], value: Any) -> None:
    said = [str(one) for one in value] if isinstance(value, list) else [str(value)]
    if said == ["other"] and isinstance(front.get("license_name"), str):
        found.license(front["license_name"], "metadata, license_name")
    elif len(said) == 1:
        found.license(said[0], "metadata, license")
    else:
        for one in said:
            found.tell("metadata, license", one)
        found.note("metadata, license", "Several licences are named, and not how they go together.",
                   "Write them as one expression with AND or OR.")  # fmt: skip


def _asked(line: str) -> str | None:
    """The field that a line in bold asks for."""
    words = line.strip()
    if not (words.startswith("**") and words.endswith("**")):
        return None
    ask = _unescaped(words[2:-2])
    return next((one.name for one in provenance.FIELDS if one.ask == ask), None)


def _read_ours(found: Description, section: Section) -> None:
    """A section as `datasheet` writes it."""
    where = f"{section.title}"
    if section.title == "Summary":
        found.summary = Found(_joined(section.lines), where)
    elif section.title == "Under which licence?":
        _read_our_licence(found, section)
    name, lines = None, list[str]()
    for line in [*section.lines, "**"]:
        asked = _asked(line)
        if (asked or line in ("**", FRONT)) and name:
            said = _joined(lines)
            found.answer(name, None if said == NOT_ANSWERED else values.read(name, said), where)
            name = None
        if asked:
            name, lines = asked, []
        else:
            lines.append(line)


def _read_our_licence(found: Description, section: Section) -> None:
    said = _joined(section.lines).partition("\n\n**")[0]
    declared, _words, told = said.partition("*declared*: Other places:\n")
    licence = declared.strip().removeprefix("*declared*: Declared at registration: ").removesuffix(".")
    if licence and licence != declared.strip():
        found.license(licence, section.title)
    for line in told.strip().splitlines():
        where, _colon, says = line.rpartition(": ")
        found.tell(where, says)


def _read_usual(found: Description, section: Section) -> None:
    heading, text = section.title.lower().strip("*: "), section.text
    where = f"“{section.title.strip()}”"
    if LICENCE_HEADING.search(heading):
        found.license(text, where)
    elif name := next((name for pattern, name in USUAL if pattern.search(heading)), None):
        long = provenance.BY_NAME[name].long
        found.answer(name, text if long else "; ".join(_items(section.lines)), where)
    elif SUMMARY_HEADING.fullmatch(heading):
        found.summary = Found(text, where)
    else:
        found.unplaced(where, text)


def _items(lines: Iterable[str]) -> list[str]:
    """The lines of a list without what makes them one."""
    return [item for line in lines if (item := line.strip().lstrip("-*").strip())]


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(_unescaped(line[:-1] if _continues(line) else line) for line in lines).strip()


def _continues(line: str) -> bool:
    """Whether the line ends in a break that `paragraph` put there: a backslash that nothing escapes."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _unescaped(text: str) -> str:
    return _UNESCAPED.sub(lambda found: found[1] or chr(int(found[2])), text)
