"""Where an organisation sits decides which law and which licence clauses bind it. Pure."""

EU_MEMBER_STATES = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)


def seat_in_eu(country: str) -> bool:
    """Whether an ISO 3166-1 alpha-2 code names a Member State (of 27)."""
    return country.upper() in EU_MEMBER_STATES
