"""From a file that somebody sent to what it says. Pure: nothing is kept, and nothing counts before a person looks."""

import json
from typing import Any, NoReturn

from governance.foundation.core.errors import Fault, Unusable
from governance.materials.datasets.datasheet import SCHEMA
from governance.materials.datasets.exchange import croissant, markdown, plain, sheet
from governance.materials.datasets.exchange.description import Description

LARGEST = 512 * 1024  # bytes; real descriptions have a few kilobytes
DEEPEST = 32
WHAT_IS_READ = "Give Croissant, a dataset card, a datasheet in Markdown, or the JSON of one of these."


def read(data: bytes) -> Description:
    """What a description says. Raises Unusable, naming what the file is instead."""
    if len(data) > LARGEST:
        _refuse(f"The file has {len(data):,} bytes; a description has at most {LARGEST:,}.", "Is it the data itself?")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(f"The file is not UTF-8 text (byte {error.start:,}).", "Save it as UTF-8.")
    if "\x00" in text:
        _refuse("The file holds NUL characters, so it is no text.", WHAT_IS_READ)
    text = text.replace("\r\n", "\n")
    start = text.lstrip()[:1]
    if not start:
        _refuse("The file is empty.", WHAT_IS_READ)
    if start == "[":
        _refuse("The file is a JSON list: rows, and no description.", WHAT_IS_READ)
    if start == "<":
        _refuse("The file is HTML or XML.", WHAT_IS_READ)
    return (_read_json(text) if start == "{" else _read_markdown(text)).checked()


def _read_json(text: str) -> Description:
    try:
        document = json.loads(text, parse_constant=_no_constant, parse_int=_number, parse_float=_number)
        _measure(document, 0)
    except json.JSONDecodeError as error:
        cure = "Rows in JSONL are no description." if error.msg == "Extra data" else "Mend it there."
        _refuse(f"The JSON breaks off in line {error.lineno}, column {error.colno}: {error.msg}.", cure)
    except RecursionError:
        _refuse(f"The JSON is nested deeper than {DEEPEST} levels.", WHAT_IS_READ)
    except ValueError as error:
        _refuse(f"This is no JSON that can be used: {error}.", "Write it without that.")
    schema = document.get("schema")
    if "@context" in document:
        return croissant.read(document)
    if schema == SCHEMA:
        return sheet.read(document)
    if isinstance(schema, str) and schema.startswith("assay."):
        _refuse(f"The file is {schema}, and no description of data.", f"Give {SCHEMA}, or another description.")
    found = plain.read(document)
    if not (found.record or found.licence or found.licence_told or found.name):
        _refuse("The JSON names nothing that describes data: no name, licence, source or purpose.", WHAT_IS_READ)
    return found


def _read_markdown(text: str) -> Description:
    if not markdown.is_markdown(text):
        _refuse("The text has neither metadata nor a heading, so nothing in it can be told apart.", WHAT_IS_READ)
    try:
        found = markdown.read(text)
    except ValueError as error:
        _refuse(str(error), "Mend that, or give another description.")
    if not (found.record or found.licence or found.licence_told):
        _refuse("Nothing in the text answers what is asked of data: no heading or metadata is known.", WHAT_IS_READ)
    return found


def _measure(value: Any, depth: int) -> None:
    """Raises RecursionError beyond DEEPEST, and ValueError for what no database keeps."""
    if depth > DEEPEST:
        raise RecursionError
    if isinstance(value, str) and ("\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value)):
        raise ValueError("a text holds NUL or half of a surrogate pair")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _measure(inner, depth + 1)
    for key in value if isinstance(value, dict) else ():
        _measure(key, depth)


def _number(digits: str) -> int | float:
    """Raises ValueError for a number that JSON in other hands would not keep."""
    if len(digits) > 30:
        raise ValueError(f"{digits[:12]}… is too long a number")
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{digits} is too large a number")
    return int(digits) if digits.lstrip("-").isdecimal() else number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse(message: str, cure: str) -> NoReturn:
    raise Unusable([Fault("file", message, cure)])
