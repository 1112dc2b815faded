"""The grounds on which personal data may be used, as a closed list. Pure.

Source: Regulation (EU) 2016/679 (GDPR), Article 6(1) for any personal data, Article 9(2) for the special categories;
the words are ours.
"""

from collections.abc import Collection

NONE = "none"
ORDINARY = {
    "6-1-a": "Consent, GDPR Art. 6(1)(a)",
    "6-1-b": "A contract with the person, GDPR Art. 6(1)(b)",
    "6-1-c": "A legal obligation, GDPR Art. 6(1)(c)",
    "6-1-d": "Vital interests, GDPR Art. 6(1)(d)",
    "6-1-e": "A task in the public interest, GDPR Art. 6(1)(e)",
    "6-1-f": "Legitimate interests, GDPR Art. 6(1)(f)",
}
SPECIAL = {
    "9-2-a": "Special categories: explicit consent, GDPR Art. 9(2)(a)",
    "9-2-b": "Special categories: law of work and social security, GDPR Art. 9(2)(b)",
    "9-2-c": "Special categories: vital interests of who cannot consent, GDPR Art. 9(2)(c)",
    "9-2-d": "Special categories: members of a non-profit body, GDPR Art. 9(2)(d)",
    "9-2-e": "Special categories: made public by the person, GDPR Art. 9(2)(e)",
    "9-2-f": "Special categories: legal claims and courts, GDPR Art. 9(2)(f)",
    "9-2-g": "Special categories: substantial public interest, GDPR Art. 9(2)(g)",
    "9-2-h": "Special categories: health and social care, GDPR Art. 9(2)(h)",
    "9-2-i": "Special categories: public health, GDPR Art. 9(2)(i)",
    "9-2-j": "Special categories: archives, research and statistics, GDPR Art. 9(2)(j)",
}
LEGAL_BASES = {NONE: "No personal data", **ORDINARY, **SPECIAL}


def contradiction(chosen: Collection[str]) -> str | None:
    """Why these do not stand together, or None."""
    if NONE in chosen and len(chosen) > 1:
        return "“No personal data” leaves no room for another ground."
    if set(chosen) & SPECIAL.keys() and not set(chosen) & ORDINARY.keys():
        return "A ground of Art. 9(2) comes on top of one of Art. 6(1), never instead of it."
    return None
