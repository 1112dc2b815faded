"""What licences say together: the verdict of the rule table and the duties to carry. Pure.

The verdict is worked out anew from the records that are cited, by the newest rule set, which is named.
"""

from typing import Any

from governance.documents.sources import numbers as n
from governance.documents.sources.records import Source, Told, measured
from governance.law.licences import rules as licences
from governance.people.organisations.rules import licence_facts
from governance.people.waivers.rules import covered

# What each answer about licences draws on, in the order of the arguments below.
INPUTS = ("project", "organisation", "base_model", "datasets", "licence_decisions?")


def verdict(
    project: Source,
    organisation: Source,
    base_model: Source,
    datasets: tuple[Source, ...],
    licence_decisions: tuple[Source, ...],
) -> licences.Verdict:
    """The verdict over everything that went in, for what the project wants to do with it."""
    decided = [each.facts for each in licence_decisions]
    inputs = [
        covered(item, source.sha256, decided) for source in (base_model, *datasets) for item in source.facts["licensed"]
    ]
    return licences.verdict(
        inputs,
        project.facts["use"],
        distribution=project.facts["distribution"],
        research=project.facts["research_only"],
        **licence_facts(organisation.facts),
    )


def judged(*drawn: Any) -> Told:
    """What the rule table says about using all of it together, and what was waived of that."""
    found = verdict(*drawn)
    return measured(
        f"All inputs together, for {found.purpose} use: {found.words} in the rule table {found.rule_set}, decided by "
        f"{found.deciding.input} (rule {found.deciding.rule}).{_people_decided(found)} {found.notice}"
    )


def _people_decided(found: licences.Verdict) -> str:
    """What people laid over the table: waivers, and picks among licences."""
    said = [
        f"Waived for {name}: rule {waiver.rule}, for {waiver.purpose} use, signed by {waiver.says}."
        for name, waiver in found.waivers
    ]
    said += [f"{row.name}: {note}" for row in found.per_input if row.chosen for note in row.notes[:1]]
    return "".join(f" {sentence}" for sentence in said)


def terms(*drawn: Any) -> Told:
    """Under which terms the tuned model stands, from what went into it."""
    found = verdict(*drawn)
    given = n.listing(
        f"{row.name} under {row.expression or row.as_given or 'no stated licence'}" for row in found.per_input
    )
    return measured(
        f"What went in: {given}. For {found.purpose} use the rule table {found.rule_set} has {found.words}."
        f"{_people_decided(found)} "
        f"No licence of its own is on record for the tuned weights, so whoever "
        f"receives them has no other terms than those of what went in."
    )


def inherited(*drawn: Any) -> Told:
    """Which limits and duties come down from what went in."""
    found, base_model = verdict(*drawn), drawn[INPUTS.index("base_model")]
    told = [f"{entry['where']} says {entry['says']}" for entry in base_model.facts["licence_told"]]
    said = f"{base_model.name} stands under {base_model.facts['licence']} as registered"
    said += f"; {n.listing(told)}." if told else "."
    if not found.duties:
        return measured(f"{said} The rule table {found.rule_set} lists no duty to carry.")
    duties = "; ".join(
        f"{duty.text.rstrip('.')}{'' if duty.due_now else ' (once it is given out)'}" for duty in found.duties
    )
    return measured(f"{said} Duties to carry by the rule table {found.rule_set}: {duties}.")


def notice(
    project: Source,
    organisation: Source,
    base_model: Source,
    datasets: tuple[Source, ...],
    licence_decisions: tuple[Source, ...],
) -> list[str]:
    """The lines of the NOTICE file: what the model was made from, lines that licences prescribe word for word, the
    attribution list, and every duty with where it comes from."""
    found = verdict(project, organisation, base_model, datasets, licence_decisions)
    due = {duty.id: duty for duty in found.duties}
    said = [f"Fine-tuned from {base_model.name} by {organisation.name}. The files were changed: weights were trained."]
    said += [f"{row.name}: {row.expression or row.as_given or 'no stated licence'}" for row in found.per_input]
    said += [f"{row.name}: {note}" for row in found.per_input if row.chosen for note in row.notes[:1]]
    said += found.notices
    if attributed := due.get("attribution-list"):
        sources = [source for source in (base_model, *datasets) if source.name in attributed.inputs]
        said += [attribution(source) for source in sources]
    said += [f"{duty.text.rstrip('.')} (from {n.listing(duty.inputs)})." for duty in found.duties]
    said += [
        f"Needs review by rule {waiver.rule} for {waiver.purpose} use of {name}, waived by {waiver.says}."
        for name, waiver in found.waivers
    ]
    return said


def attribution(source: Source) -> str:
    """Author, title, source, licence and change of one work, as far as they are on record."""
    record = source.facts.get("provenance") or {}
    author = record.get("issuer") or source.facts.get("provider") or "author not stated"
    place = record.get("source") or source.facts.get("source") or "source not stated"
    used = "used as training data" if source.kind == "dataset_version" else "fine-tuned"
    return f"Attribution: “{source.name}”, {author}; {place.rstrip('.')}; licence {source.facts['licence']}; {used}."
