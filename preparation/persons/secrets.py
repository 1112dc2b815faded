"""Keys, tokens and passwords. Forms after the providers' own documentation; the rest by name and randomness."""

from __future__ import annotations

import base64
import json
import math
import re
from collections import Counter
from collections.abc import Iterator

from preparation.persons.kinds import Span

_PEM = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[\s\S]{0,16384}?-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\]{0,16384})"
)
_AWS = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])")
_AWS_SECRET = re.compile(
    r"aws.{0,30}?(?:secret|key).{0,20}?['\"=:\s]([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])", re.IGNORECASE
)
_GITHUB = re.compile(r"(?<![A-Za-z0-9_])(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255})")
_SLACK = re.compile(
    r"(?<![A-Za-z0-9])(?:xox[abeprs]-[A-Za-z0-9\-]{10,250}|xapp-\d-[A-Za-z0-9\-]{10,250})"
    r"|https://hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{16,}"
)
_JWT = re.compile(r"(?<![\w\-])(eyJ[\w\-]{8,})\.eyJ[\w\-]{8,}\.[\w\-]{10,}(?![\w\-])")
_PROVIDERS = re.compile(
    r"(?<![A-Za-z0-9_\-])(?:"
    r"AIza[\w\-]{35}"  # Google
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"  # Stripe
    r"|sk-(?:proj-|ant-[a-z0-9]+-)?[A-Za-z0-9_\-]{32,}"  # OpenAI, Anthropic
    r"|hf_[A-Za-z]{34}"  # Hugging Face
    r"|glpat-[\w\-]{20,}"  # GitLab
    r"|npm_[A-Za-z0-9]{36}"
    r"|pypi-AgEIcHlwaS5vcmc[\w\-]{50,}"
    r"|SG\.[\w\-]{22}\.[\w\-]{43}"  # SendGrid
    r")(?![A-Za-z0-9_])"
)
_NAMED = re.compile(
    r"(?:pass(?:word|wd|phrase)|pwd|secret|token|(?:api|access|auth|private)[ _\-]?key|bearer)"
    r"[\"']?(?:\s*(?:[:=]|=>|\bis\b)\s*|\s+)[\"']?([^\s\"'`<>]{10,200})",
    re.IGNORECASE,
)
_COLUMN = re.compile(r"pass(?:word|wd)|secret|token|api_?key|access_?key", re.IGNORECASE)
# Bits for each character: words of a language lie near 2.5 to 3.3 at these lengths, random text above.
_RANDOM = 3.0


def keys(text: str, about: str) -> Iterator[Span]:
    """What providers give out, by its form."""
    if "PRIVATE KEY" in text:
        for found in _PEM.finditer(text):
            yield Span(found.start(), found.end(), "private-key", "form")
    for pattern, marks, kind in (
        (_AWS, ("AKIA", "ASIA"), "aws-key"),
        (_GITHUB, ("gh", "github_pat_"), "github-token"),
        (_SLACK, ("xox", "xapp-", "hooks.slack"), "slack-token"),
        (_PROVIDERS, ("AIza", "k_live_", "k_test_", "sk-", "hf_", "glpat-", "npm_", "pypi-", "SG."), "api-key"),
    ):
        if any(mark in text for mark in marks):
            for found in pattern.finditer(text):
                yield Span(found.start(), found.end(), kind, "form")
    if "aws" in text.lower():
        for found in _AWS_SECRET.finditer(text):
            if _is_random(found[1]):
                yield Span(found.start(1), found.end(1), "aws-key", "context")
    if "eyJ" in text:
        for found in _JWT.finditer(text):
            if _is_header(found[1]):
                yield Span(found.start(), found.end(), "jwt", "form")


def named_secrets(text: str, about: str) -> Iterator[Span]:
    """What stands beside "password", "token" and the like, or in such a column, and is random enough to be one."""
    for found in _NAMED.finditer(text):
        value = found[1].rstrip(".,;:)]}")
        if _is_random(value):
            yield Span(found.start(1), found.start(1) + len(value), "secret", "context")
    value = text.strip()
    if (
        about
        and _COLUMN.search(about)
        and not re.search(r"\s", value)
        and 10 <= len(value) <= 200
        and _is_random(value)
    ):
        start = text.index(value)
        yield Span(start, start + len(value), "secret", "context")


def _is_random(value: str) -> bool:
    """Letters and digits together, spread as random text is."""
    if not (any(one.isdigit() for one in value) and any(one.isalpha() for one in value)) or "://" in value:
        return False
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) >= _RANDOM


def _is_header(part: str) -> bool:
    """Whether the first part of a token is the JSON of RFC 7515: an object that names its algorithm."""
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return False
    return isinstance(value, dict) and "alg" in value
