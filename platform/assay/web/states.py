"""The one vocabulary of states: every word that a chip can say, with its colour and shape.

Six colours, one meaning each (never the noun's own palette):

    grey    not started, or ended by choice
    blue    under way
    amber   waits for a person
    green   done and sound
    red     failed or forbidden
    violet  suspended or outdated

A shape belongs to each colour, so that a grey printer and a colour-blind reader lose nothing, and
the word always stands beside it. A page may replace the word ("Waits for Rita"), never the colour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Colour = Literal["grey", "blue", "amber", "green", "red", "violet"]
Shape = Literal["ring", "play", "triangle", "tick", "cross", "pause"]

SHAPES: Mapping[Colour, Shape] = {
    "grey": "ring",
    "blue": "play",
    "amber": "triangle",
    "green": "tick",
    "red": "cross",
    "violet": "pause",
}


@dataclass(frozen=True)
class Look:
    """How one state appears: its word, its colour, and (by the colour) its shape."""

    label: str | Promise
    colour: Colour

    @property
    def shape(self) -> Shape:
        return SHAPES[self.colour]


class UnknownState(LookupError):
    """A state that has no entry here: the noun's `rules.py` gained one and this table did not."""


STATES: Mapping[str, Look] = {
    # not started, or ended by choice
    "draft": Look(_("Draft"), "grey"),
    "none": Look(_("None"), "grey"),
    "not_requested": Look(_("Not asked for"), "grey"),
    "not_started": Look(_("Not started"), "grey"),
    "queued": Look(_("Queued"), "grey"),
    "requeued": Look(_("Waits to be taken up again"), "grey"),
    "pending": Look(_("Pending"), "grey"),
    "planned": Look(_("Planned"), "grey"),
    "cancelled": Look(_("Cancelled"), "grey"),
    "withdrawn": Look(_("Withdrawn"), "grey"),
    "taken_back": Look(_("Taken back"), "grey"),
    "lifted": Look(_("Lifted"), "grey"),
    "discarded": Look(_("Discarded"), "grey"),
    "gone": Look(_("Deleted"), "grey"),
    "closed": Look(_("Closed"), "grey"),
    "archived": Look(_("Archived"), "grey"),
    "ended": Look(_("Ended"), "grey"),
    "retired": Look(_("Retired"), "grey"),
    "skipped": Look(_("Left out"), "grey"),
    "not_compared": Look(_("Not compared"), "grey"),
    "not_measured": Look(_("Not measured"), "grey"),
    "not_checked": Look(_("Not checked"), "grey"),
    "not_signed": Look(_("Not signed"), "grey"),
    "not_applicable": Look(_("Not applicable"), "grey"),
    "abstained": Look(_("Abstained"), "grey"),
    "inactive": Look(_("Inactive"), "grey"),
    # under way
    "claimed": Look(_("Starting"), "blue"),
    "launched": Look(_("Launched"), "blue"),
    "running": Look(_("Running"), "blue"),
    "cancelling": Look(_("Cancelling"), "blue"),
    "training": Look(_("Training"), "blue"),
    "evaluating": Look(_("Evaluating"), "blue"),
    "profiling": Look(_("Profiling"), "blue"),
    "rendering": Look(_("Rendering"), "blue"),
    "retrying": Look(_("Trying again"), "blue"),
    "going": Look(_("Being deleted"), "blue"),
    "so_far": Look(_("So far"), "blue"),
    "rolling_out": Look(_("Rolling out"), "blue"),
    "in_hand": Look(_("In hand"), "blue"),
    "investigating": Look(_("Under investigation"), "blue"),
    # waits for a person
    "look": Look(_("Look at it"), "amber"),
    "submitted": Look(_("Waits for approval"), "amber"),
    "waiting": Look(_("Waits"), "amber"),
    "open": Look(_("Open"), "amber"),
    "in_review": Look(_("In review"), "amber"),
    "unsigned": Look(_("Waits for signature"), "amber"),
    "changes_requested": Look(_("Changes asked for"), "amber"),
    "missing": Look(_("Missing"), "amber"),
    "incomplete": Look(_("Incomplete"), "amber"),
    "proposed": Look(_("Proposed"), "amber"),
    "undecided": Look(_("Undecided"), "amber"),
    "unknown": Look(_("Not known"), "amber"),
    "cannot_tell": Look(_("Cannot tell"), "amber"),
    "due": Look(_("Due"), "amber"),
    "asked": Look(_("Waits for the risk owner"), "amber"),
    "in_force": Look(_("In force"), "amber"),
    # done and sound
    "answered": Look(_("Answered"), "green"),
    "settled": Look(_("Settled"), "green"),
    "good": Look(_("Good"), "green"),
    "measured": Look(_("Measured"), "green"),
    "registered": Look(_("Registered"), "green"),
    "ready": Look(_("Ready"), "green"),
    "active": Look(_("Active"), "green"),
    "approved": Look(_("Approved"), "green"),
    "granted": Look(_("Approved"), "green"),
    "locked": Look(_("Locked"), "green"),
    "frozen": Look(_("Frozen"), "green"),
    "signed": Look(_("Signed"), "green"),
    "succeeded": Look(_("Succeeded"), "green"),
    "done": Look(_("Done"), "green"),
    "evaluated": Look(_("Evaluated"), "green"),
    "recorded": Look(_("Recorded"), "green"),
    "released": Look(_("Released"), "green"),
    "in_use": Look(_("In use"), "green"),
    "published": Look(_("Published"), "green"),
    "passed": Look(_("Passed"), "green"),
    "allowed": Look(_("Allowed"), "green"),
    "met": Look(_("Met"), "green"),
    "agrees": Look(_("Agrees"), "green"),
    "better": Look(_("Better"), "green"),
    "no_worse": Look(_("No worse"), "green"),
    "within": Look(_("Within the limit"), "green"),
    "verified": Look(_("Verified"), "green"),
    "resolved": Look(_("Resolved"), "green"),
    "alive": Look(_("Alive"), "green"),
    # failed or forbidden
    "failed": Look(_("Failed"), "red"),
    "user_error": Look(_("Input is wrong"), "red"),
    "lost": Look(_("Lost"), "red"),
    "refused": Look(_("Refused"), "red"),
    "rejected": Look(_("Rejected"), "red"),
    "forbidden": Look(_("Forbidden"), "red"),
    "blocked": Look(_("Blocked"), "red"),
    "worse": Look(_("Worse"), "red"),
    "beyond": Look(_("Beyond the limit"), "red"),
    "differs": Look(_("Differs"), "red"),
    "overdue": Look(_("Overdue"), "red"),
    "broken": Look(_("Not sound"), "red"),
    "to_stop": Look(_("To be taken out of use"), "red"),
    "dead": Look(_("No sign of life"), "red"),
    # suspended or outdated
    "suspended": Look(_("Suspended"), "violet"),
    "kept": Look(_("Kept"), "violet"),
    "held": Look(_("Held back"), "violet"),
    "void": Look(_("Void: changed since"), "violet"),
    "expired": Look(_("Expired"), "violet"),
    "replaced": Look(_("Replaced by a later decision"), "grey"),
    "superseded": Look(_("Superseded"), "violet"),
    "outdated": Look(_("Outdated"), "violet"),
    "revoked": Look(_("Revoked"), "violet"),
}


def look(state: object) -> Look:
    """The look of `state`: a key of `STATES`, or an enum member whose value is one.

    Case, spaces and dashes do not matter (`"Cannot tell"` is `cannot_tell`). Raises `UnknownState`,
    naming the known ones, rather than showing a grey chip that nobody defined.
    """
    value = getattr(state, "value", state)
    key = str(value).strip().lower().replace("-", "_").replace(" ", "_")
    try:
        return STATES[key]
    except KeyError:
        known = ", ".join(sorted(STATES))
        raise UnknownState(f"No look for the state {value!r}; add it to assay/web/states.py. Known: {known}.") from None
