"""What licences say together: the verdict of the rule table and the duties to carry. Pure.

The verdict is worked out anew from the records that are cited, by the newest rule set, which is named.
"""

from governance.documents.sources import numbers as n
from governance.documents.sources.records import Source, Told, measured
from governance.law.licences import rules as licences
from governance.people.organisations.rules import licence_facts


def verdict(
    project: Source, organisation: Source, base_model: Source, datasets: tuple[Source, ...]
) -> licences.Verdict:
    """The verdict over everything that went in, for what the project wants to do with it."""
    told = base_model.facts
    reads_more = told["modality"] != "text"
    inputs = [licences.LicensedInput(base_model.name, "base_model", told["licence"], multimodal=reads_more)]
    inputs += [licences.LicensedInput(each.name, "dataset", each.facts["licence"]) for each in datasets]
    return licences.verdict(
        inputs,
        project.facts["use"],
        distribution=project.facts["distribution"],
        research=project.facts["research_only"],
        **licence_facts(organisation.facts),
    )


def judged(project: Source, organisation: Source, base_model: Source, datasets: tuple[Source, ...]) -> Told:
    """What the rule table says about using all of it together."""
    found = verdict(project, organisation, base_model, datasets)
    return measured(
        f"All inputs together, for {found.purpose} use: {found.words} in the rule table {found.rule_set}, decided by "
        f"{found.deciding.input} (rule {found.deciding.rule}). {found.notice}"
    )


def terms(project: Source, organisation: Source, base_model: Source, datasets: tuple[Source, ...]) -> Told:
    """Under which terms the tuned model stands, from what went into it."""
    found = verdict(project, organisation, base_model, datasets)
    given = n.listing(
        f"{row.name} under {row.expression or row.as_given or 'no stated licence'}" for row in found.per_input
    )
    return measured(
        f"What went in: {given}. For {found.purpose} use the rule table {found.rule_set} has {found.words}. "
        f"No licence of its own is on record for the tuned weights, so whoever "
        f"receives them has no other terms than those of what went in."
    )


def inherited(project: Source, organisation: Source, base_model: Source, datasets: tuple[Source, ...]) -> Told:
    """Which limits and duties come down from what went in."""
    found = verdict(project, organisation, base_model, datasets)
    told = [f"{entry['where']} says {entry['says']}" for entry in base_model.facts["licence_told"]]
    said = f"{base_model.name} stands under {base_model.facts['licence']} as registered"
    said += f"; {n.listing(told)}." if told else "."
    if not found.duties:
        return measured(f"{said} The rule table {found.rule_set} lists no duty to carry.")
    duties = "; ".join(
        f"{duty.text.rstrip('.')}{'' if duty.due_now else ' (once it is given out)'}" for duty in found.duties
    )
    return measured(f"{said} Duties to carry by the rule table {found.rule_set}: {duties}.")
