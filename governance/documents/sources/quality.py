"""The quality of the data as a worker measured it: what the rows are like, and what the checklist says. Pure."""

from governance.documents.sources import numbers as n
from governance.documents.sources.records import Source, Told, measured, remark

NAMED = 5  # languages and labels named; of more, the most frequent


def traits(profile: Source) -> Told:
    """Which languages the rows are in, how long they are in tokens, and how labels are spread."""
    found = profile.facts["result"]["measures"]
    said = [f"{profile.name}:"]
    languages = found["languages"]
    if why := languages.get("not_measured"):
        said.append(f"languages not measured ({why.rstrip('.')}).")
    else:
        told = list(languages["rows_by_language"].items())
        named = n.listing(f"“{code}” in {n.counted(rows, 'row')}" for code, rows in told[:NAMED])
        more = f", and {n.count(len(told) - NAMED)} more languages" if len(told) > NAMED else ""
        short = f"; {n.counted(languages['too_short'], 'row')} too short to tell" if languages["too_short"] else ""
        said.append(f"languages {named}{more}{short}{_sampled(languages)}.")
    tokens = found["tokens"]
    if "not_measured" not in tokens:
        whole = tokens["whole"]
        said.append(
            f"A row has {n.count(whole['min'])} to {n.counted(whole['max'], 'token')}, median "
            f"{n.count(whole['median'])}{_sampled(tokens)}."
        )
    labels = found["labels"]
    if "not_measured" not in labels:
        said.append(
            f"{n.counted(labels['distinct'], 'label')}, in {n.count(labels['fewest'])} to "
            f"{n.counted(labels['most'], 'row')} each."
        )
    return measured(" ".join(said))


def checked(profile: Source) -> Told:
    """What the checklist found to look at, what it found good, and what was not measured."""
    rows = profile.facts["result"]["checklist"]
    looked = [f"{row['ask']} {row['reason']}" for row in rows if row["state"] == "look"]
    good = [row["name"] for row in rows if row["state"] == "good"]
    unmeasured = [row["name"] for row in rows if row["state"] == "not-measured"]
    said = f"{profile.name}: {n.counted(profile.facts['result']['rows'], 'row')} measured, {len(rows)} questions asked."
    said += f" To be looked at: {' '.join(looked)}" if looked else " Nothing is to be looked at."
    said += f" Good: {n.listing(good)}." if good else ""
    said += f" Not measured: {n.listing(unmeasured)}." if unmeasured else ""
    return measured(said)


def reviewed(review: Source) -> Told | None:
    """What people said of the rows, one by one; nothing where nobody did. By itself it answers no prompt."""
    told = review.facts["outcome"]
    good, agrees = told["good"], told["agreement"]
    if not good["n"]:
        return None
    people = n.listing(f"{n.listing(one['roles'])} ({n.counted(one['answered'], 'row')})" for one in told["people"])
    said = (
        f"{review.name}: {n.counted(told['rows'], 'row')} of {n.count(told['of'])}, drawn at random, were shown to "
        f"people: {people}. Asked: “{review.facts['question']}” Good: {n.count(good['count'])} of {n.count(good['n'])}"
    )
    if good["interval"]:
        low, high = (n.percent(end, 1) for end in good["interval"])
        said += f" (95 % interval over all rows: {low} to {high})"
    said += f"; bad: {n.count(told['counts']['bad'])}; undecided: {n.count(told['undecided'])}."
    if agrees["alpha"] is None:
        return remark(f"{said} Agreement not measured: {agrees['why_not']}.")
    over = f"{n.counted(agrees['rows'], 'row')} that at least two people answered"
    return remark(f"{said} Agreement: Krippendorff's alpha {n.amount(agrees['alpha'], 3)}, over {over}.")


def _sampled(found: dict[str, object]) -> str:
    return f" (a sample of {n.counted(int(str(found['n'])), 'row')})" if found["sampled"] else ""
