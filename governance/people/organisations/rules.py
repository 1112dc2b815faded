"""Who may do what for an organisation; and where it sits and how large it is, which decides what law and which licence
clauses bind it. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Belonging(StrEnum):
    MEMBER = "member"
    ADMINISTRATOR = "administrator"


EVERYBODY = frozenset(Belonging)
ADMINISTRATORS = frozenset({Belonging.ADMINISTRATOR})

# Who of an organisation may start an act for it. What is done inside a project takes a role there (projects.rules).
MAY: dict[str, frozenset[Belonging]] = {
    "open a project": EVERYBODY,
    "describe the organisation": ADMINISTRATORS,
    "let people in": ADMINISTRATORS,
    "set approval policies": ADMINISTRATORS,
    "hold an audit": ADMINISTRATORS,
    "reset a lost second factor": ADMINISTRATORS,
    "review access": ADMINISTRATORS,
    "have the audit trail verified": ADMINISTRATORS,
}


def takes(act: str) -> str:
    """Who may start `act`, in words."""
    return "a member" if Belonging.MEMBER in MAY[act] else "an administrator"


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


def licence_facts(organisation: Mapping[str, Any]) -> dict[str, Any]:
    """What a licence verdict asks of an organisation, from its content; a band that is not stated is None."""
    return {
        "eu_seat": seat_in_eu(organisation["seat"]),
        "users_band": organisation["users_band"] or None,
        "revenue_band": organisation["revenue_band"] or None,
    }
