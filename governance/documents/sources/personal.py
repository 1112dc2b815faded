"""Personal data in the data: what was looked for and found, what was not looked for, what a person says. Pure."""

from governance.documents.sources import numbers as n
from governance.documents.sources.records import Source, Told, declared, measured, not_measured
from preparation.persons import measuring
from preparation.persons.kinds import KINDS


def scanned(scan: Source) -> Told:
    """What the platform looked for in the rows, what it found, and what it did not look for."""
    found = scan.facts["found"]
    kinds = n.listing(f"{KINDS[one['kind']].title} {n.count(one['count'])} times" for one in found["kinds"])
    weak = n.listing(KINDS[name].title for name in found["looked_for"] if measuring.can_be_relied_on(name) is False)
    said = (
        f"{scan.name}: {n.counted(found['rows'], 'row')} looked through, in every column, for "
        f"{n.counted(len(found['looked_for']), 'kind')} of personal data and secrets. Found: "
    )
    said += f"{kinds}, in {n.counted(found['rows_with'], 'row')}." if kinds else "none."
    if found["rows_unread"]:
        said += f" {n.counted(found['rows_unread'], 'row')} could not be read."
    said += f" Not looked for: {n.listing(found['not_looked_for'])}."
    return measured(f"{said} Found too seldom on labelled text to be relied on: {weak}." if weak else said)


def not_scanned(datasets: tuple[Source, ...], scans: tuple[Source, ...]) -> Told | None:
    """Which data nobody has looked through."""
    known = {scan.facts["version_sha256"] for scan in scans}
    names = [each.name for each in datasets if each.sha256 not in known]
    return not_measured("Personal data", f"no scan of {n.listing(names)} came to its end") if names else None


def special(answer: Source) -> Told | None:
    """What a person says of special categories of personal data (GDPR Art. 9)."""
    words = {"no": "none", "yes": "some", "unsure": "it could not be told"}[answer.facts["holds"]]
    return declared(f"{answer.name} (GDPR Art. 9): {words}. {answer.facts['reason']}")
