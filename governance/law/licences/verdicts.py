"""What goes into a licence verdict and what comes out: plain values, ready for records, pages and JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from governance.law.licences.rule_set import Due, Kind, Outcome, Purpose

Distribution = Literal["none", "api", "weights"]
DISTRIBUTIONS: tuple[Distribution, ...] = get_args(Distribution)
WORDS: Mapping[Outcome, str] = {
    "no-rule-against": "no rule against it",
    "needs-review": "needs review",
    "rule-against": "rule against it",
}

OPEN_CHOICE = "open-choice"  # stands where a rule id would: the OR of an expression still waits for a person
MATCHED_ROWS = "matched-rows"  # stands where a rule id would: rows are shared with an input under other terms
MADE_FROM = "made-from"  # stands where a rule id would: what an input was made from stands under such terms
UNWEIGHED = "unweighed-exception"  # stands where a rule id would: what an exception adds or takes is not known


@dataclass(frozen=True)
class Waivable:
    """A finding that a waiver can cover: what one rule says of one input for one purpose.

    because: in its words; about: as `LicensedInput` has it. Both are what somebody signs: in other words, or about
    another thing, it is another finding.
    """

    rule: str
    purpose: Purpose
    about: str
    because: str


@dataclass(frozen=True)
class Waived:
    """A waiver in force of one finding. `id`: of its record; `says`: who signed it, until when; `rule_set`: the
    edition in which the rule spoke."""

    rule: str
    purpose: Purpose
    about: str
    because: str
    rule_set: str
    id: str
    says: str


@dataclass(frozen=True)
class LicensedInput:
    """One thing that a model is made from.

    expression: SPDX expression or hub tag; None or "" is a missing licence.
    chosen: the alternative of an OR that a person picked and signed for (joined by AND where there are several ORs).
    choice_says: who picked it, and when.
    multimodal: whether a model reads images, sound or video; None when nobody said.
    waivers: what is waived for this input.
    matched: where it only shares rows with what is used, how many: then it is a suspicion, for a person to look at.
    made_from: where it is not used itself but something was made from it, what: it binds as if it were used, unless
    somebody signs that nothing of it is left.
    about: the content digest of the record that it stands for, or a name for what has none; "" for what is used itself.
    unstated: why no licence is stated, and the cure.
    """

    name: str
    kind: Kind
    expression: str | None
    chosen: str | None = None
    choice_says: str = ""
    multimodal: bool | None = None
    waivers: tuple[Waived, ...] = ()
    matched: str = ""
    made_from: str = ""
    about: str = ""
    unstated: str = "No licence is stated. Find the licence at the source and enter it."


@dataclass(frozen=True)
class Duty:
    """What must be done or shown. `due_now`: the stated distribution already calls for it."""

    id: str
    text: str
    appears_in: tuple[str, ...]
    due: Due
    due_now: bool
    inputs: tuple[str, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True)
class LicenceVerdict:
    """What one rule says about one licence of an input."""

    licence: str
    rule: str
    rule_version: int
    outcome: Outcome
    because: str
    source: str
    addresses: tuple[str, ...]
    reviewed_by: str


@dataclass(frozen=True)
class InputVerdict:
    """One input's row: the outcome, the rule that decided, and what was said about each licence.

    open: nothing stands in the way: no rule speaks against the use, or a waiver covers each finding that needs review.
    waivable: what no waiver covers yet and one could; asks_choice: alternatives of which a person picks one.
    """

    name: str
    kind: Kind
    as_given: str | None
    expression: str | None  # normal form; None when missing or unreadable
    chosen: str | None
    outcome: Outcome
    rule: str
    because: str
    licences: tuple[LicenceVerdict, ...]
    notes: tuple[str, ...]
    open: bool
    waivers: tuple[Waived, ...]
    waivable: tuple[Waivable, ...]
    asks_choice: tuple[str, ...]


@dataclass(frozen=True)
class Deciding:
    input: str
    rule: str
    because: str


@dataclass(frozen=True)
class Verdict:
    """The worst over all inputs. `rule_set` and `digest` name the table, so that the verdict can be given again.

    A waiver makes a finding `open`, and the words say so; its outcome stays what the table says.
    """

    outcome: Outcome
    purpose: Purpose
    distribution: Distribution
    eu_seat: bool
    users_band: str | None
    revenue_band: str | None
    research: bool
    duties: tuple[Duty, ...]
    deciding: Deciding
    per_input: tuple[InputVerdict, ...]
    notices: tuple[str, ...]  # lines that licences prescribe for a Notice file
    rule_set: str
    digest: str
    notice: str

    @property
    def open(self) -> bool:
        """Whether nothing stands in the way of the use any more."""
        return all(row.open for row in self.per_input)

    @property
    def waivers(self) -> tuple[tuple[str, Waived], ...]:
        """(input, waiver) for each waiver that the answer rests on."""
        return tuple((row.name, waiver) for row in self.per_input for waiver in row.waivers)

    @property
    def words(self) -> str:
        if self.deciding.rule == OPEN_CHOICE:
            return "needs a choice"
        return f"{WORDS[self.outcome]}, waived" if self.open and self.waivers else WORDS[self.outcome]

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for records, the API and `assay licence check --json`."""
        return {"schema": "assay.licence-verdict/1", "words": self.words, "open": self.open, **_plain(asdict(self))}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
