"""What a licence expression leaves to choose: its alternatives, and which of them a person picked. Pure."""

from collections.abc import Iterator
from itertools import product
from math import prod

from governance.law.licences.expressions import AllOf, AnyOf, Expression, Licence

MOST = 24  # real expressions have two or three; a person reads each before they sign for one


class TooManyAlternatives(ValueError):
    """An expression with more alternatives than anybody could weigh. Says the cure."""


def alternatives(tree: Expression) -> list[Expression]:
    """Each way to meet `tree`, as licences that bind together; one alone where nothing is left to choose.

    Raises TooManyAlternatives.
    """
    if (count := _count(tree)) > MOST:
        raise TooManyAlternatives(
            f"This licence comes to {count:,} alternatives; a person can pick among {MOST} at most. Register the "
            f"input anew under the licence that it is taken under."
        )
    return [_together(each) for each in sorted(set(_expanded(tree)), key=lambda each: str(_together(each)))]


def picked(tree: Expression, chosen: Expression) -> Expression | None:
    """The alternative of `tree` that `chosen` names, whole or by what sets it apart; None where it names none."""
    wanted = _names(chosen)
    try:
        offered = alternatives(tree)
    except TooManyAlternatives:
        return None
    whole = [each for each in offered if _names(each) == wanted]
    meant = whole or [each for each in offered if wanted < _names(each)]
    return meant[0] if len(meant) == 1 else None


def _names(tree: Expression) -> set[str]:
    """What binds together, as it is written: a name that somebody picked is known by the tree that offered it."""
    return set(map(str, tree.parts if isinstance(tree, AllOf) else (tree,)))


def _count(tree: Expression) -> int:
    if isinstance(tree, Licence):
        return 1
    counts = [_count(part) for part in tree.parts]
    return sum(counts) if isinstance(tree, AnyOf) else prod(counts)


def _expanded(tree: Expression) -> Iterator[frozenset[Expression]]:
    if isinstance(tree, Licence):
        yield frozenset([tree])
    elif isinstance(tree, AnyOf):
        for part in tree.parts:
            yield from _expanded(part)
    else:
        for parts in product(*(list(_expanded(part)) for part in tree.parts)):
            yield frozenset().union(*parts)


def _together(parts: frozenset[Expression]) -> Expression:
    ordered = tuple(sorted(parts, key=str))
    return ordered[0] if len(ordered) == 1 else AllOf(ordered)
