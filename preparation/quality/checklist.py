"""A profile read as a person would read it: good, look at it, or not measured, with the reason and the cure. Pure.

The questions are those of a data engineer before training: enough rows, diversity, consistency, parity with how the
model will be used, balance of lengths, labels and languages, nothing damaged, nothing that the evaluation asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from preparation.quality import thresholds as at
from preparation.quality.thresholds import Threshold


class State(StrEnum):
    GOOD = "good"
    LOOK = "look"
    NOT_MEASURED = "not-measured"


@dataclass(frozen=True)
class Verdict:
    """What one question came to. `rows` are example row numbers; `source` is where the threshold comes from."""

    name: str
    ask: str
    state: State
    reason: str
    cure: str = ""
    source: str = ""
    rows: tuple[int, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "state": self.state.value, "rows": list(self.rows)}


Measures = Mapping[str, Mapping[str, Any]]


def read(profile: Mapping[str, Any]) -> list[Verdict]:
    """The checklist of a profile (`assay.quality-profile/1`), in the order in which a person would mend things."""
    return list(_read(profile["measures"], profile["rows"], profile["format"]))


def _read(found: Measures, rows: int, form: str) -> Iterator[Verdict]:
    yield enough(rows, form, found["labels"])
    yield _none(
        "empty", "Does every row hold something?", found["emptiness"]["empty"], rows,
        "Rows without a letter or digit", "Every row holds text", "Remove them: they teach nothing.",
    )  # fmt: skip
    yield answered(found["emptiness"], rows)
    yield _none(
        "contradictions", "Does the same input always have the same answer?", found["contradictions"], rows,
        "Inputs whose answers differ", "No input has two answers",
        "Decide which answer is right and keep that one; an honest choice of answers belongs in a preference set.",
    )  # fmt: skip
    yield _share(
        "exact-duplicates", "Is every row there once?", found["exact_duplicates"], rows, at.EXACT_SHARE,
        "Rows that repeat an earlier one exactly",
        "Remove the copies, or say why a row counts twice; a copy in the validation split makes it look easy.",
    )  # fmt: skip
    yield near(found["near_duplicates"], rows)
    yield parts(found["parts"])
    yield from against(found["against"])
    yield from encoding(found["encoding"], rows)
    yield from template(found["template"], rows)
    yield languages(found["languages"])
    yield labels(found["labels"])
    yield from outliers(found["outliers"], rows)
    yield from truncation(found["tokens"])


def enough(rows: int, form: str, labels: Mapping[str, Any]) -> Verdict:
    """Enough rows for this kind of task; an answer that is a label makes a simple task."""
    simple = form in at.SIMPLE_FORMATS or "not_measured" not in labels
    low, high, source = at.ROWS_NEEDED["simple" if simple else "most"]
    kind = "a simple task (short answers of one form)" if simple else "most tasks"
    asked = "Are there enough rows for this kind of task?"
    if rows < low:
        reason = f"{rows:,} rows; usual for {kind} are {low:,} to {high:,}."
        return Verdict("enough", asked, State.LOOK, reason, "Collect more rows, or say why so few will do.", source)
    more = f", and more than the usual {high:,}" if rows > high else ""
    return Verdict("enough", asked, State.GOOD, f"{rows:,} rows; {low:,} are enough for {kind}{more}.", "", source)


def answered(found: Mapping[str, Any], rows: int) -> Verdict:
    asked = "Is something learnt from every row?"
    if why := found["silent"].get("not_measured"):
        return Verdict("answered", asked, State.NOT_MEASURED, why)
    silent, masked = found["silent"], found["masked"]
    if not silent["count"] and not masked["count"]:
        return Verdict(
            "answered", asked, State.GOOD, "Every row has an answer that is in the loss.", "", at.NONE_AT_ALL.source
        )
    return Verdict(
        "answered", asked, State.LOOK,
        f"Rows that answer nothing: {silent['count']:,}; with no message in the loss: {masked['count']:,} "
        f"(of {rows:,}).",
        "Write the answer, let the message count (weight 1), or remove the row.", at.NONE_AT_ALL.source,
        _first(silent["examples"], masked["examples"]),
    )  # fmt: skip


def near(found: Mapping[str, Any], rows: int) -> Verdict:
    flat = {**found, "examples": [later for later, _ in found["examples"]]}
    return _share(
        "near-duplicates", "Are the rows different enough from one another?", flat, rows, at.NEAR_SHARE,
        f"Rows nearly like an earlier one (Jaccard at least {found['threshold']})",
        "Keep the best of each group; write new examples where one wording repeats.",
    )  # fmt: skip


def parts(found: Mapping[str, Any]) -> Verdict:
    asked = "Are the parts of its split kept apart from one another?"
    if why := found.get("not_measured"):
        return Verdict("parts", asked, State.NOT_MEASURED, why)
    near, exact = found["near"], found["exact"]
    held = f"{found['name']}, {', '.join(f'{name} {rows:,}' for name, rows in found['rows'].items())} rows"
    if not near["count"]:
        reason = f"No row is the same or nearly the same in two parts: {held}."
        return Verdict("parts", asked, State.GOOD, reason, "", at.NONE_AT_ALL.source)
    between = "; ".join(f"{' and '.join(one['parts'])}: {one['groups']:,}" for one in near["between"])
    return Verdict(
        "parts", asked, State.LOOK,
        f"Groups of rows alike that lie in several parts: {near['count']:,} with {near['rows']:,} rows, of them "
        f"{exact['count']:,} of exact copies ({between}); {held}.",
        "Remove the copies, or split by a column that groups what belongs together: what is tested on was trained on.",
        at.NONE_AT_ALL.source, tuple(row for pair in near["examples"] for row in pair)[:5],
    )  # fmt: skip


def against(found: Mapping[str, Any]) -> Iterator[Verdict]:
    if why := found.get("not_measured"):
        yield Verdict("overlap", "Are the rows kept apart from what they are tested on?", State.NOT_MEASURED, why)
        return
    for other in found["others"]:
        kind = "the split" if other["kind"] == "split" else "the evaluation suite"
        asked = f"Are the rows kept apart from {kind} {other['name']}?"
        part = ", a sample of it" if other["sampled"] else ""
        held = f"{found['n']:,} rows held against {other['texts']:,} texts{part}"
        hits = other["any"]["count"]
        if not hits:
            yield Verdict("overlap", asked, State.GOOD, f"None matches: {held}.", "", at.NONE_AT_ALL.source)
            continue
        yield Verdict(
            "overlap", asked, State.LOOK,
            f"Rows that match: {hits:,}; {other['exact']['count']:,} with the same words, "
            f"{other['passage']['count']:,} with {found['passage_words']} words in a row, "
            f"{other['near']['count']:,} nearly the same; {held}.",
            "Remove the rows, or leave this suite or split out of what the model is judged by.", at.NONE_AT_ALL.source,
            tuple(other["any"]["examples"]),
        )  # fmt: skip


def encoding(found: Mapping[str, Any], rows: int) -> Iterator[Verdict]:
    yield _none(
        "replacement", "Could every sign be read?", found["replacement"], rows,
        "Rows with the replacement character “\ufffd”", "No row holds a replacement character",
        "Export the file again in UTF-8 from where it came; what was lost cannot be guessed.",
    )  # fmt: skip
    yield _none(
        "mojibake", "Is the text in the encoding it was written in?", found["mojibake"], rows,
        "Rows that look like UTF-8 read as another encoding", "No row looks like text in a wrong encoding",
        "Look at the rows; export again in UTF-8, or mend them with a tool such as ftfy.",
    )  # fmt: skip
    yield _none(
        "control", "Is the text free of control characters?", found["control"], rows,
        "Rows with control characters", "No row holds a control character",
        "Remove them; they come from exports and terminals, and production will not send them.",
    )  # fmt: skip


def template(found: Mapping[str, Any], rows: int) -> Iterator[Verdict]:
    yield _none(
        "markup", "Is the text free of chat markup?", found["control"], rows,
        "Rows with tokens of a chat template in their text", "No row holds a token of a chat template",
        "Remove them: the trainer puts the template around each turn itself.",
    )  # fmt: skip
    yield _none(
        "scaffolding", "Are questions written as people will ask them?", found["scaffolding"], rows,
        "Rows with scaffolding such as “### Instruction”", "No row holds instruction scaffolding",
        "Move the parts into messages; a model trained on headings expects them in use.",
    )  # fmt: skip
    asked = "Do all rows begin the same way as in use?"
    system = found["system"]
    if why := system.get("not_measured"):
        yield Verdict("system", asked, State.NOT_MEASURED, why)
    elif not system["with"]:
        yield Verdict("system", asked, State.GOOD, "No row has a system prompt.", "", at.NONE_AT_ALL.source)
    elif not system["without"] and system["distinct"] == 1:
        yield Verdict("system", asked, State.GOOD, "Every row has the same system prompt.", "", at.NONE_AT_ALL.source)
    else:
        yield Verdict(
            "system", asked, State.LOOK,
            f"Rows with a system prompt: {system['with']:,} ({system['distinct']:,} different); without: "
            f"{system['without']:,}.",
            "Use in training what will be sent in production; several prompts are right only if production sends them.",
            at.NONE_AT_ALL.source, tuple(system["examples"]),
        )  # fmt: skip


def languages(found: Mapping[str, Any]) -> Verdict:
    asked = "Are the rows in one language?"
    if why := found.get("not_measured"):
        return Verdict("languages", asked, State.NOT_MEASURED, why)
    told = sum(found["rows_by_language"].values())
    others = told - found["rows_by_language"][found["main"]]
    reason = f"Rows in another language than “{found['main']}”: {others:,} (of {told:,}{_sampled(found)})."
    if others <= at.OTHER_LANGUAGES.value * told:
        return Verdict("languages", asked, State.GOOD, reason, "", at.OTHER_LANGUAGES.source)
    return Verdict(
        "languages", asked, State.LOOK, reason,
        "If production speaks several languages, state their shares; otherwise take the others out.",
        at.OTHER_LANGUAGES.source, tuple(found["examples"]),
    )  # fmt: skip


def labels(found: Mapping[str, Any]) -> Verdict:
    asked = "Are the labels balanced?"
    if why := found.get("not_measured"):
        return Verdict("labels", asked, State.NOT_MEASURED, why)
    reason = f"{found['distinct']:,} labels, in {found['fewest']:,} to {found['most']:,} rows each."
    if found["distinct"] > 1 and found["ratio"] <= at.LABEL_RATIO.value and found["fewest"] >= at.LABEL_ROWS.value:
        return Verdict("labels", asked, State.GOOD, reason, "", at.LABEL_RATIO.source)
    source = at.LABEL_RATIO.source if found["ratio"] > at.LABEL_RATIO.value else at.LABEL_ROWS.source
    return Verdict(
        "labels", asked, State.LOOK, reason,
        "Collect rows of the rare labels, or read the evaluation label by label: an average hides them.",
        source, tuple(found["examples"]),
    )  # fmt: skip


def outliers(found: Mapping[str, Any], rows: int) -> Iterator[Verdict]:
    asked = "Are the lengths balanced?"
    length = found["length"]
    if why := length.get("not_measured"):
        yield Verdict("lengths", asked, State.NOT_MEASURED, why)
    else:
        yield _share(
            "lengths", asked, length, rows, at.LENGTH_OUTLIERS,
            f"Rows far from the usual {length['from']:,} to {length['to']:,} characters",
            "Look at the longest and the shortest; split what is several answers, remove what is no answer.",
        )  # fmt: skip
    yield _share(
        "repetition", "Do rows say a thing once?", found["repetition"], rows, at.REPETITION,
        "Rows that say the same four words over and over",
        "Look at the rows; a model learns to repeat itself from few of them.",
    )  # fmt: skip


def truncation(found: Mapping[str, Any]) -> Iterator[Verdict]:
    asked = "Do rows fit into the length that is trained on?"
    cut = found if "not_measured" in found else found["truncation"]
    if why := cut.get("not_measured"):
        yield Verdict("truncation", asked, State.NOT_MEASURED, why)
        return
    reason = (
        f"Rows longer than {cut['limit']:,} tokens: {cut['cut']['count']:,} (of {cut['n']:,}{_sampled(cut)}); of which "
        f"nothing of the answer is left: {cut['unlearnt']['count']:,}."
    )
    if cut["cut"]["count"] <= at.CUT_SHARE.value * cut["n"] and not cut["unlearnt"]["count"]:
        yield Verdict("truncation", asked, State.GOOD, reason, "", at.CUT_SHARE.source)
        return
    yield Verdict(
        "truncation", asked, State.LOOK, reason, "Train on a greater length, or shorten what is asked.",
        at.CUT_SHARE.source, _first(cut["unlearnt"]["examples"], cut["cut"]["examples"]),
    )  # fmt: skip


def _none(name: str, ask: str, found: Mapping[str, Any], rows: int, bad: str, good: str, cure: str) -> Verdict:
    """Good where not one row is concerned."""
    if why := found.get("not_measured"):
        return Verdict(name, ask, State.NOT_MEASURED, why)
    if not found["count"]:
        return Verdict(name, ask, State.GOOD, f"{good} ({rows:,} looked at).", "", at.NONE_AT_ALL.source)
    reason = f"{bad}: {found['count']:,} (of {rows:,} rows)."
    return Verdict(name, ask, State.LOOK, reason, cure, at.NONE_AT_ALL.source, tuple(found["examples"]))


def _share(
    name: str, ask: str, found: Mapping[str, Any], rows: int, threshold: Threshold, what: str, cure: str
) -> Verdict:
    """Good where no more than a share of the rows is concerned."""
    reason = f"{what}: {found['count']:,} (of {rows:,} rows)."
    if found["count"] <= threshold.value * rows:
        return Verdict(name, ask, State.GOOD, reason, "", threshold.source, tuple(found["examples"]))
    return Verdict(name, ask, State.LOOK, reason, cure, threshold.source, tuple(found["examples"]))


def _sampled(found: Mapping[str, Any]) -> str:
    return ", a sample" if found["sampled"] else ""


def _first(*examples: list[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(number for some in examples for number in some))[:5]
