"""The numbers that the checklist goes by, each with where it comes from. Data: nothing here decides."""

from __future__ import annotations

from typing import NamedTuple


class Threshold(NamedTuple):
    value: float
    source: str


OWN = "Assay's own, to be looked at and not a law"

# Rows that a kind of task needs: enough from the first number on, and seldom more than the second.
ROWS_NEEDED = {
    "simple": (50, 500, "50 to 500 examples for simple tasks: common practice, as vendors' guides state it"),
    "most": (1_000, 10_000, "1,000 to 10,000 examples for most tasks: common practice, as vendors' guides state it"),
}
# Formats whose answer is short and of one form; everything else is counted among most tasks.
SIMPLE_FORMATS = frozenset({"classification", "extraction"})

EXACT_SHARE = Threshold(0.01, f"1 % of rows; {OWN}")
NEAR_SHARE = Threshold(0.05, f"5 % of rows; Lee et al. 2022 found 3 to 14 % in published sets; {OWN}")
OTHER_LANGUAGES = Threshold(0.05, f"5 % of the rows whose language can be told, which is what the detector errs; {OWN}")
LABEL_RATIO = Threshold(10, f"the most frequent label in ten times the rows of the rarest; {OWN}")
LABEL_ROWS = Threshold(10, f"ten rows for each label; {OWN}")
LENGTH_OUTLIERS = Threshold(0.02, "2 % of rows beyond a robust z of 3.5 (Iglewicz & Hoaglin 1993)")
REPETITION = Threshold(0.01, "1 % of rows in which a run of four words takes 16 % (Rae et al. 2021)")
CUT_SHARE = Threshold(0.05, f"5 % of rows longer than the limit; {OWN}")
NONE_AT_ALL = Threshold(0, f"not one row; {OWN}")
