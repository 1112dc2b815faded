"""What people wrote into records: purpose, misuse, who answers for the model. Always `declared`. Pure."""

from governance.documents.sources.records import Source, Told, declared


def purpose(project: Source) -> Told | None:
    """What the model is for, for whom and where."""
    return declared(project.facts["intended_purpose"])


def misuse(project: Source) -> Told | None:
    """Misuse that must be expected."""
    return declared(project.facts["foreseeable_misuse"])


def provider(organisation: Source) -> Told | None:
    """Who answers for the model."""
    facts = organisation.facts
    parts = [
        facts["legal_name"] or facts["name"],
        facts["address"],
        f"seat in {facts['seat']}" if facts["seat"] else "",
        f"contact {facts['contact']}" if facts["contact"] else "",
    ]
    said = ", ".join(part.strip().rstrip(",") for part in parts if part and part.strip())
    representative = facts["authorised_representative"].strip()
    return declared(f"{said}.{f' Authorised representative: {representative}.' if representative else ''}")
