"""Countries by their ISO 3166-1 codes. Pure."""

from iso3166 import countries

_BY_CODE = {one.alpha2: one.apolitical_name for one in countries}
_BY_NAME = {name.casefold(): one.alpha2 for one in countries for name in (one.name, one.apolitical_name)}


def is_code(code: object) -> bool:
    return isinstance(code, str) and code in _BY_CODE


def named(code: str) -> str:
    """“Germany (DE)”; the code alone where the list has no such country."""
    return f"{_BY_CODE[code]} ({code})" if code in _BY_CODE else code


def code_of(words: str) -> str | None:
    """The code that a person means by a code or by a country's name, or None."""
    text = words.strip()
    return text.upper() if text.upper() in _BY_CODE else _BY_NAME.get(text.casefold())
