"""Words that say what stands beside them: before a value, right after it, or as the name of its column."""

from __future__ import annotations

import re

BEFORE, AFTER = 45, 14


def words(*parts: str) -> re.Pattern[str]:
    """Whole words, in any case; a part may be a pattern."""
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(parts)})(?![^\W_])", re.IGNORECASE)


def said(pattern: re.Pattern[str], text: str, start: int, end: int, about: str) -> bool:
    """Whether a word of `pattern` stands shortly before or right after `text[start:end]`, or in its column's name."""
    return bool(
        pattern.search(about)
        or pattern.search(text, max(0, start - BEFORE), start)
        or pattern.search(text, end, end + AFTER)
    )


def said_before(pattern: re.Pattern[str], text: str, start: int, about: str, reach: int = BEFORE) -> bool:
    return bool(pattern.search(about) or pattern.search(text, max(0, start - reach), start))
