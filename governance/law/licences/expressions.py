"""Licence expressions: SPDX syntax read with `license-expression`, hub tags mapped, unknown names kept as unknown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from license_expression import ExpressionError, LicenseSymbol, LicenseWithExceptionSymbol, Licensing, get_spdx_licensing

LONGEST = 2_000  # characters; real expressions have a few dozen, and nesting depth is bounded by length

# What the parser raises: beside its own error it stumbles over "()" and "(AND x" (license-expression 30.4.4).
UNREADABLE = (ExpressionError, IndexError, AssertionError)


class LicenceSyntaxError(ValueError):
    """An expression that cannot be read. Says what is wrong and what is expected."""


@dataclass(frozen=True, order=True)
class Licence:
    """One licence, with an exception where WITH adds one. `known`: SPDX, scancode or a mapped hub tag names it."""

    key: str
    known: bool = True
    exception: str | None = None

    def __str__(self) -> str:
        return f"{self.key} WITH {self.exception}" if self.exception else self.key


@dataclass(frozen=True)
class AllOf:
    """AND: every part binds."""

    parts: tuple["Expression", ...]

    def __str__(self) -> str:
        return " AND ".join(f"({part})" if isinstance(part, AnyOf) else str(part) for part in self.parts)


@dataclass(frozen=True)
class AnyOf:
    """OR: a person picks one part and signs."""

    parts: tuple["Expression", ...]

    def __str__(self) -> str:
        return " OR ".join(f"({part})" if isinstance(part, AllOf) else str(part) for part in self.parts)


Expression = Licence | AllOf | AnyOf


@cache
def _spdx() -> Licensing:
    return get_spdx_licensing()


def parse(expression: str, tags: Mapping[str, str | None]) -> Expression:
    """`expression` as a tree in normal form: parts flattened, sorted, each once.

    `tags` maps hub tags (lower case) to expressions; a tag mapped to None is kept as an unknown licence.
    Raises LicenceSyntaxError.
    """
    text = expression.strip()
    if not text:
        raise LicenceSyntaxError("The licence expression is empty. Give an SPDX expression such as Apache-2.0.")
    if len(text) > LONGEST:
        raise LicenceSyntaxError(f"The licence expression has {len(text)} characters; at most {LONGEST} are read.")
    if text.lower() in tags:  # whole text first: a tag such as openrail++ is no SPDX symbol
        return _tagged(text, tags)
    try:
        tree = _spdx().parse(text)
    except UNREADABLE as error:
        reason = (str(error) or "parentheses and operators do not fit").splitlines()[0]
        raise LicenceSyntaxError(f"{text!r} is no licence expression: {reason}") from error
    return _converted(tree, tags)


def licences(expression: Expression) -> Iterator[Licence]:
    """Every licence named, in order."""
    if isinstance(expression, Licence):
        yield expression
        return
    for part in expression.parts:
        yield from licences(part)


def _tagged(tag: str, tags: Mapping[str, str | None]) -> Expression:
    target = tags[tag.lower()]
    if target is None:
        return Licence(tag, known=False)
    return _converted(_spdx().parse(target), {}, own_references=True)


def _converted(tree: object, tags: Mapping[str, str | None], own_references: bool = False) -> Expression:
    if isinstance(tree, LicenseWithExceptionSymbol):
        base, exception = tree.license_symbol, tree.exception_symbol
        known = _is_known(base.key, own_references) and exception.is_exception
        return Licence(base.key, known=known, exception=exception.key)
    if isinstance(tree, LicenseSymbol):
        if tree.key.lower() in tags:
            return _tagged(tree.key, tags)
        return Licence(tree.key, known=_is_known(tree.key, own_references))
    parts = [_converted(part, tags, own_references) for part in tree.args]  # type: ignore[attr-defined]
    return _joined(AllOf if isinstance(tree, _spdx().AND) else AnyOf, parts)


def _is_known(key: str, own_references: bool) -> bool:
    """A LicenseRef that the library lacks is known only through the tag file, which is ours and reviewed."""
    return key in _spdx().known_symbols or (own_references and key.startswith("LicenseRef-"))


def _joined(kind: type[AllOf] | type[AnyOf], parts: list[Expression]) -> Expression:
    flat: set[Expression] = set()
    for part in parts:
        flat.update(part.parts if isinstance(part, kind) else (part,))
    ordered = tuple(sorted(flat, key=str))
    return ordered[0] if len(ordered) == 1 else kind(ordered)
