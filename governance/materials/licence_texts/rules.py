"""When a licence text has changed between two registrations of one thing. Pure."""

import hashlib
from collections.abc import Collection

LONGEST = 1024 * 1024  # bytes; the longest licences have some ten thousand words


def words_digest(text: str) -> str:
    """sha256 over the words of a text: line breaks and spaces are no change of it, capitals are."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()


def drifted(now: Collection[str], before: Collection[str]) -> bool:
    """Whether what came with a later registration is another set of texts than what came with the one before.

    Both by `words_digest`. Where either has no text at all there is nothing to compare.
    """
    return bool(now) and bool(before) and set(now) != set(before)
