"""Licences as descriptions write them (a tag, an address, a sentence around an address), as SPDX expressions. Pure."""

import re

from governance.law.licences import expressions, rules

LONGEST = 4_000  # characters that are searched for an address: a section about a licence, not the licence's text
_CREATIVE = re.compile(r"creativecommons\.org/(?:licenses|licences)/([a-z-]+)/(\d\.\d)", re.I)
_SPDX = re.compile(r"spdx\.org/licenses/([A-Za-z0-9.+-]+?)(?:\.html|\.json)?(?=[\s)/#\"'>]|$)", re.I)
# Addresses of licences that are not built like those, by a part that no other licence's address has.
_ADDRESSES = {
    "creativecommons.org/publicdomain/zero/1.0": "CC0-1.0",
    "opendatacommons.org/licenses/by/1": "ODC-By-1.0",
    "opendatacommons.org/licenses/odbl/1": "ODbL-1.0",
    "opendatacommons.org/licenses/odbl": "ODbL-1.0",
    "opendatacommons.org/licenses/pddl/1": "PDDL-1.0",
    "opendatacommons.org/licenses/pddl": "PDDL-1.0",
    "apache.org/licenses/license-2.0": "Apache-2.0",
    "opensource.org/licenses/mit": "MIT",
    "opensource.org/license/mit": "MIT",
}
# Licences that Hugging Face's hub knows by the SPDX id in small letters, and those that it spells otherwise.
_HUB_SMALL = frozenset((
    "Apache-2.0", "MIT", "CC0-1.0", "CC-BY-2.0", "CC-BY-2.5", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0",
    "CC-BY-NC-2.0", "CC-BY-NC-3.0", "CC-BY-NC-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-3.0", "CC-BY-NC-ND-4.0",
    "CC-BY-NC-SA-2.0", "CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0", "CDLA-Sharing-1.0", "CDLA-Permissive-1.0",
    "CDLA-Permissive-2.0", "BSD-2-Clause", "BSD-3-Clause", "MPL-2.0", "etalab-2.0", "Unlicense",
))  # fmt: skip
_HUB_OTHER = {"ODC-By-1.0": "odc-by", "ODbL-1.0": "odbl", "PDDL-1.0": "pddl", "C-UDA-1.0": "c-uda"}


def expression_of(words: str) -> str | None:
    """The SPDX expression that `words` are, or the one licence whose address they hold; None for anything else."""
    text = words.strip()
    return _as_expression(text) or _by_address(text)


def address_of(expression: str) -> str | None:
    """The page of a single licence at spdx.org, or None where `expression` is no licence of that list."""
    parsed = _parsed(expression)
    if not isinstance(parsed, expressions.Licence) or not parsed.known or parsed.exception:
        return None
    return None if parsed.key.startswith("LicenseRef-") else f"https://spdx.org/licenses/{parsed.key}.html"


def hub_tag_of(expression: str) -> str | None:
    """How Hugging Face's hub spells a licence, or None where it has no tag that means just that."""
    key = str(_parsed(expression))
    return key.lower() if key in _HUB_SMALL else _HUB_OTHER.get(key)


def _as_expression(text: str) -> str | None:
    """Its normal form. Names that no list knows are no expression: “other” is a word, not a licence."""
    parsed = _parsed(text)
    if parsed is None or not all(one.known for one in expressions.licences(parsed)):
        return None
    return str(parsed)


def _parsed(text: str) -> expressions.Expression | None:
    try:
        return rules.parse(text)
    except rules.LicenceSyntaxError:
        return None


def _by_address(words: str) -> str | None:
    text = words[:LONGEST]
    named = {_as_expression(f"CC-{kind}-{version}") for kind, version in _CREATIVE.findall(text)}
    named |= {_as_expression(key) for key in _SPDX.findall(text)}
    named |= {licence for address, licence in _ADDRESSES.items() if address in text.lower()}
    (only,) = named if len(named) == 1 else (None,)
    return only
