"""What can be approved: each kind's noun, what a signature under it says, the acts that people do to it, and the parts
of its content that a step may review alone. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from governance.foundation.core.canonical import digest, plain


class Act(StrEnum):
    """What people do to a subject, as its noun records it. A policy bars from deciding by these, never by role names:
    a person who changes roles keeps what they touched."""

    ASKED = "asked"
    MADE = "made"
    EDITED_DATA = "edited-data"
    WROTE_THRESHOLDS = "wrote-thresholds"
    LAUNCHED = "launched"
    BROUGHT_MODEL = "brought-model"
    CLASSIFIED = "classified"
    DESCRIBED = "described"


# Nobody decides on their own work: no policy switches these off.
ALWAYS_BARRED = frozenset({Act.ASKED, Act.MADE})

SPOKEN = {
    Act.ASKED: "asked for the approval",
    Act.MADE: "made it, or part of it",
    Act.EDITED_DATA: "registered or edited its data",
    Act.WROTE_THRESHOLDS: "wrote its thresholds",
    Act.LAUNCHED: "launched the run",
    Act.BROUGHT_MODEL: "registered its base model",
    Act.CLASSIFIED: "answered the questionnaire",
    Act.DESCRIBED: "described the project",
}


class Touch(NamedTuple):
    """One person did `act` to a subject; `did` says it as a verb phrase: “submitted the run plan”."""

    person: int
    act: Act
    did: str


def touches(*acts: tuple[int | None, Act, str]) -> list[Touch]:
    """What people did, without what the platform itself did."""
    return [Touch(person, act, did) for person, act, did in acts if person is not None]


@dataclass(frozen=True)
class Part:
    """A part of a subject's content; without `keys` it is all that no other part names."""

    code: str
    label: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    noun: str
    meaning: str  # what a signature under it says, in the first person
    bars: frozenset[Act] = frozenset()  # the acts, beside those always barred, that people do to this kind
    parts: tuple[Part, ...] = field(default=(Part("all", "all of it"),))
    by_policy_alone: bool = False  # asked about only where somebody published a policy for it

    def digests(self, content: Mapping[str, Any]) -> dict[str, str]:
        """sha256 of each part of `content`, by its code. Together the parts cover every key, whatever is added."""
        named = {key for part in self.parts for key in part.keys}
        found = {}
        for part in self.parts:
            keys: Collection[str] = part.keys or content.keys() - named
            found[part.code] = digest({key: plain(content[key]) for key in keys if key in content})
        return found

    def labels(self, codes: Iterable[str]) -> list[str]:
        """The parts of these codes in words, in their order here; no code stands for all of them."""
        wanted = set(codes)
        return [part.label for part in self.parts if not wanted or part.code in wanted]


KINDS: dict[str, Kind] = {
    "dataset_version": Kind(
        "dataset version",
        "I reviewed this data and answer for its use here.",
        frozenset({Act.EDITED_DATA}),
        (
            Part("rows", "the rows and how they are read"),
            Part("licence", "the licence", ("licence", "licence_told")),
            Part("provenance", "where the data comes from", ("provenance",)),
        ),
    ),
    "base_model": Kind(
        "base model",
        "I reviewed this base model and its licence for this project.",
        frozenset(),
        (
            Part("weights", "the weights and what they are"),
            Part("licence", "the licence", ("licence", "licence_told")),
            Part("origin", "what its provider states", (
                "provider", "source", "general_purpose", "systemic_risk", "training_flops", "training_flops_source",
                "upstream_notes",
            )),
        ),
    ),
    "evaluation_plan": Kind(
        "evaluation plan",
        "I reviewed what is measured and which limits it is held to, before anything was.",
        frozenset(),
        (Part("tasks", "what is measured, and why"), Part("thresholds", "the limits", ("thresholds",))),
        by_policy_alone=True,
    ),
    "run": Kind(
        "run plan",
        "I reviewed this run plan and approve it.",
        frozenset({Act.EDITED_DATA, Act.WROTE_THRESHOLDS, Act.LAUNCHED}),
        (
            Part("training", "the base model and how it is trained"),
            Part("data", "the data", ("data",)),
            Part("evaluation", "the evaluation plan", ("evaluation_plan",)),
            Part("budget", "the budget", ("budget",)),
        ),
    ),
    "waiver": Kind(
        "waiver",
        "I accept this use against what the rule says, within the scope of this waiver and until its last day.",
    ),
    "envelope": Kind(
        "change envelope",
        "I accept that retrains within this envelope need no decision of their own until its last day.",
        frozenset({Act.EDITED_DATA, Act.WROTE_THRESHOLDS, Act.LAUNCHED}),
    ),
    "erasure": Kind("erasure", "I checked that these rows are to be erased, and know that it cannot be undone."),
    "withdrawal": Kind(
        "reinstatement",
        "I looked at why this data was withdrawn, and answer for its being used again.",
        by_policy_alone=True,
    ),
    "dossier": Kind(
        "dossier",
        "I reviewed this dossier and approve it.",
        frozenset({
            Act.EDITED_DATA, Act.WROTE_THRESHOLDS, Act.LAUNCHED, Act.BROUGHT_MODEL, Act.CLASSIFIED, Act.DESCRIBED,
        }),
        (
            Part("sections", "the points of the dossier"),
            Part("outcome", "the edition of the law and the outcome", ("edition", "outcome")),
        ),
    ),
    "release": Kind(
        "release",
        "I take responsibility for releasing this model for this purpose.",
        frozenset({Act.EDITED_DATA, Act.WROTE_THRESHOLDS, Act.LAUNCHED}),
        (
            Part("purpose", "the purpose and what is accepted for it"),
            Part("model", "the model", ("model_version",)),
            Part("evaluation", "its evaluation", ("evaluation",)),
            Part("dossier", "its dossier", ("dossier",)),
        ),
    ),
    "deployment": Kind(
        "deployment",
        "I accept that this model is used there, by these people and under this oversight.",
        frozenset({Act.EDITED_DATA, Act.WROTE_THRESHOLDS, Act.LAUNCHED}),
        (
            Part("use", "where and by whom it is used, and who watches over it"),
            Part("release", "the release and its model", ("release", "model_version")),
        ),
        by_policy_alone=True,
    ),
}  # fmt: skip
