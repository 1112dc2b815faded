"""What an evaluation came to, in a sentence: the worst first, the same words on every page."""

from collections import Counter
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.documents.evaluation_reports.rules import WORST_FIRST


def overall(report: dict[str, Any] | None) -> Counter[str]:
    """How many metrics got which verdict, over all items; groups are not counted."""
    return Counter(
        comparison["verdict"]
        for task in (report or {}).get("tasks", [])
        for comparison in task["comparisons"]
        if comparison["group"] is None
    )


def sentence(report: dict[str, Any] | None) -> str:
    """ "worse on 1, cannot tell on 2, better on 4"; "" without a report."""
    found = overall(report)
    words = {
        "worse": _("worse on %(n)d"),
        "cannot tell": _("cannot tell on %(n)d"),
        "not measured": _("not measured %(n)d"),
        "no worse": _("no worse on %(n)d"),
        "better": _("better on %(n)d"),
    }
    return ", ".join(words[verdict] % {"n": found[verdict]} for verdict in WORST_FIRST if found[verdict])


def gate_sentence(report: dict[str, Any] | None) -> str:
    """Whether the plan's gate is open, in a few words."""
    if not report:
        return _("no report")
    because = len(report["gate"]["because"])
    if report["gate"]["open"]:
        return _("every limit of the plan was kept")
    return ngettext("%(n)d finding shuts the gate", "%(n)d findings shut the gate", because) % {"n": because}


def gate_colour(report: dict[str, Any]) -> str:
    """Green only when every limit was kept, nothing got worse, and the data can tell: a kept limit is no praise."""
    if not report["gate"]["open"]:
        return "red"
    found = overall(report)
    return "amber" if found["worse"] or found["cannot tell"] or report["findings"] else "green"
