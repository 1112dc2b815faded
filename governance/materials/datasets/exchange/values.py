"""Answers of the record as one line of text that a person reads and a reader gets back. Pure."""

import re
from typing import Any

from governance.materials.datasets import provenance
from governance.materials.datasets.provenance import BY_NAME, Form

_CODE = re.compile(r"\(([A-Z]{2})\)")
_LINK = re.compile(r"(?P<name>.+?) \(id (?P<id>[0-9a-f-]{36}), sha256 (?P<file_sha256>[0-9a-f]{64})\)(?:; |$)")


def written(record: dict[str, Any], name: str) -> str:
    """The answer to `name` in words, whole: links with their id and digest."""
    answer = record.get(name)
    if BY_NAME[name].form == Form.VERSIONS and isinstance(answer, list):
        return "; ".join(f"{one['name']} (id {one['id']}, sha256 {one['file_sha256']})" for one in answer)
    return provenance.words(record, name)


def read(name: str, words: str) -> Any:
    """What `written` wrote, as the record has it; words that are not of the field's form stay words."""
    one, text = BY_NAME[name], words.strip()
    match one.form:
        case Form.PLACES if _CODE.search(text):
            return _CODE.findall(text)
        case Form.CHOICE:
            return _key(one, text) or text
        case Form.CHOICES:
            keys = [_key(one, part.strip()) for part in text.split(";")]
            return keys if all(keys) else text
        case Form.SHARE:
            return _number(text)
        case Form.VERSIONS if found := list(_LINK.finditer(text)):
            return [match.groupdict() for match in found]
    return text


def _key(one: provenance.Field, label: str) -> str | None:
    return next((key for key, words in one.options.items() if label in (key, words)), None)


def _number(text: str) -> float | int | str:
    try:
        number = float(text.removesuffix("%").strip())
    except ValueError:
        return text
    return int(number) if number.is_integer() else number
