"""How a sentence is bound to the question it answers and to the records it draws on. Pure.

An answer's sentence gets the sources that it names and nothing else, and the statement cites exactly those. So
withholding a record takes away exactly the statements that rest on it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.documents.sources.records import Source, Sources, Told, unanswered_for


@dataclass(frozen=True)
class Answer:
    """`tell` answers each of `prompts` from the sources named in `draws_on` (a `?` marks a list that may be empty).

    With `each`, it is asked once for every source of that list, ahead of the others.
    """

    prompts: tuple[str, ...]
    tell: Callable[..., Told | None]
    draws_on: tuple[str, ...]
    each: str | None = None


@dataclass(frozen=True)
class Bound:
    """One statement with the prompts it is about and the records it cites."""

    prompts: tuple[str, ...]
    told: Told
    cites: tuple[Source, ...]
    by: str | None = None
    at: datetime | None = None


def answer(
    prompts: str | tuple[str, ...], tell: Callable[..., Told | None], *draws_on: str, each: str | None = None
) -> Answer:
    return Answer((prompts,) if isinstance(prompts, str) else prompts, tell, draws_on, each)


def bound(one: Answer, sources: Sources) -> Iterator[Bound]:
    """The statements that `one` gives from `sources`: none where a record is absent or has nothing to say.

    A declared statement needs the person who answers for it and the time. Without them the words are not taken over;
    what is said instead is where they stand and how somebody comes to answer for them.
    """
    drawn = sources.drawn(one.draws_on)
    if drawn is None:
        return
    firsts: tuple[Source | None, ...] = getattr(sources, one.each) if one.each else (None,)
    for first in firsts:
        told = one.tell(*((first,) if first else ()), *drawn.values())
        if told is None:
            continue
        cites = tuple(_flat((first, *drawn.values())))
        speaker = cites[0]
        if told.source == "measured":
            yield Bound(one.prompts, told, cites, at=max((each.at for each in cites if each.at), default=None))
        elif speaker.by and speaker.at:
            yield Bound(one.prompts, told, cites, by=speaker.by, at=speaker.at)
        else:
            yield Bound(one.prompts, unanswered_for(speaker), (speaker,))


def _flat(values: tuple[Any, ...]) -> Iterator[Source]:
    for value in values:
        if isinstance(value, Source):
            yield value
        elif value is not None:
            yield from value
