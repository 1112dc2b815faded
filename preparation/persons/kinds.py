"""What is looked for. A closed list: each kind says how sure a finding of it can be. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

# Why a span counts: its checksum is right; its form is of one kind only; words beside it, or its column, say so;
# a model took it for one.
Sure = Literal["checksum", "form", "context", "model"]
SURE: tuple[Sure, ...] = ("checksum", "form", "context", "model")


class Span(NamedTuple):
    """`text[start:end]` is of this kind. Lives while its text is looked at; positions are never kept."""

    start: int
    end: int
    kind: str
    sure: Sure


@dataclass(frozen=True)
class Kind:
    """`hipaa` are the letters of the identifiers in 45 CFR 164.514(b)(2)(i), "A" to "R", that it belongs to."""

    name: str
    title: str
    group: Literal["person", "secret"]
    hipaa: str = ""


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("email", "E-mail address", "person", "F"),
        Kind("phone", "Phone or fax number", "person", "DE"),
        Kind("card", "Payment card", "person", "J"),
        Kind("iban", "IBAN", "person", "J"),
        Kind("ip", "IP address", "person", "O"),
        Kind("mac", "Network card address (MAC)", "person", "M"),
        Kind("us-ssn", "US social security number", "person", "G"),
        Kind("uk-nino", "UK national insurance number", "person", "GR"),
        Kind("uk-nhs", "UK NHS number", "person", "HR"),
        Kind("es-nif", "Spanish DNI or NIE", "person", "GR"),
        Kind("it-cf", "Italian codice fiscale", "person", "GR"),
        Kind("fr-nir", "French social security number (NIR)", "person", "GR"),
        Kind("de-tax-id", "German tax id", "person", "GR"),
        Kind("nl-bsn", "Dutch BSN", "person", "GR"),
        Kind("be-nrn", "Belgian national number", "person", "GR"),
        Kind("pl-pesel", "Polish PESEL", "person", "GR"),
        Kind("se-pnr", "Swedish personnummer", "person", "GR"),
        Kind("fi-hetu", "Finnish personal identity code", "person", "GR"),
        Kind("ch-ahv", "Swiss AHV number", "person", "GR"),
        Kind("pt-nif", "Portuguese NIF", "person", "GR"),
        Kind("br-cpf", "Brazilian CPF", "person", "GR"),
        Kind("in-aadhaar", "Indian Aadhaar number", "person", "GR"),
        Kind("ca-sin", "Canadian SIN", "person", "GR"),
        Kind("au-tfn", "Australian TFN", "person", "GR"),
        Kind("driving-licence", "Driving licence", "person", "K"),
        Kind("record-number", "Patient, member or account number", "person", "HIJ"),
        Kind("vehicle", "Vehicle identification number", "person", "L"),
        Kind("birth-date", "Date of birth", "person", "C"),
        Kind("date", "Date", "person", "C"),
        Kind("age", "Age", "person", "C"),
        Kind("address", "Street address", "person", "B"),
        Kind("postcode", "Postcode", "person", "B"),
        Kind("url", "Web address", "person", "N"),
        Kind("url-credentials", "Address with user and password", "secret"),
        Kind("private-key", "Private key (PEM)", "secret"),
        Kind("aws-key", "AWS access key", "secret"),
        Kind("github-token", "GitHub token", "secret"),
        Kind("slack-token", "Slack token or webhook", "secret"),
        Kind("jwt", "JSON web token", "secret"),
        Kind("api-key", "Provider's API key", "secret"),
        Kind("secret", "Password or token beside its name", "secret"),
        Kind("name", "Name of a person", "person", "A"),
        Kind("place", "Place", "person", "B"),
    )
}
BY_MODEL = ("name", "place")  # found by a model alone


def not_looked_for(*, names: bool) -> list[str]:
    """What a person may think was looked for and was not. `names`: a model for names and places was at work."""
    missing = [] if names else ["names of persons", "places"]
    return [
        *missing,
        "what tells a person by its sense alone (a nickname, a role, a story)",
        "health, belief, origin, orientation and the other special categories (GDPR Art. 9)",
        "national numbers of countries that are not listed",
        "names of columns, and keys inside them that are one plain word",
        "text inside pictures, sound or encoded files",
    ]
