"""A model card's document as Markdown with front matter, as model hubs read it. Pure.

Every sentence is escaped: words from records can carry neither markup nor links nor a second front matter.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

ACTIVE = re.compile(r"([\\`*_{}\[\]<>()#+!|~&])")
WORDS = {"measured": "measured", "declared": "declared by {by} on {at}", "attached": "attached by {by} on {at}"}


def escaped(text: str) -> str:
    """`text` as words: what Markdown or HTML would act on is escaped, and no line can begin a block."""
    return ACTIVE.sub(r"\\\1", " ".join(text.split())).replace("---", "\\---").replace("===", "\\===")


def markdown(document: Mapping[str, Any]) -> str:
    """The whole card. The same document gives the same text."""
    subject = document["subject"]
    front = yaml.safe_dump(document["metadata"], sort_keys=False, allow_unicode=True, width=100)
    lines = ["---", front.rstrip(), "---", "", f"# {escaped(subject['name'])}", ""]
    base, project = subject["base_model"] or "its base model", subject["project"] or "a project that is not on record"
    lines += [f"A fine-tuned version of {escaped(base)}, made in {escaped(project)}.", ""]
    for section in document["sections"]:
        lines += [f"## {section['title']}", "", *_entries(section["entries"]), ""]
    lines += ["## NOTICE", "", *(f"- {escaped(line)}" for line in document["notice"] or ["not recorded"]), ""]
    lines += ["---", "", escaped(document["disclaimer"]), ""]
    lines += [f"Card digest (sha256): `{document['sha256']}`", f"Model digest: `{subject['digest']}`", ""]
    return "\n".join(lines)


def _entries(entries: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for entry in entries:
        if entry["absent"]:
            yield f"- **{entry['label']}**: {entry['absent']}"
            continue
        said = " ".join(_sentence(each) for each in entry["statements"])
        yield f"- **{entry['label']}**: {said}"


def _sentence(statement: Mapping[str, Any]) -> str:
    """The words with their source in brackets; what was not measured has none."""
    words = escaped(statement["text"])
    return f"{words} *({_source(statement)})*" if statement["meets"] else words


def _source(statement: Mapping[str, Any]) -> str:
    at = str(statement["at"] or "")[:10]
    return WORDS[statement["source"]].format(by=escaped(str(statement["by"])), at=at)
