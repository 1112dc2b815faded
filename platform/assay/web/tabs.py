"""The tabs of a detail page: one order everywhere, each with its own address, no script needed."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from assay.web.requests import PageRequest

ORDER = {
    "overview": _("Overview"),
    "evidence": _("Evidence"),
    "quality": _("Quality"),
    "persons": _("Personal data"),
    "approvals": _("Approvals"),
    "lineage": _("Lineage"),
    "read": _("What was read"),
    "history": _("History"),
}


def of(request: PageRequest, counts: Mapping[str, int | None]) -> tuple[str, list[dict[str, Any]]]:
    """(the tab asked for, the rows for `{% tabs %}`). `counts` names the page's tabs; None shows no number."""
    asked = request.GET.get("tab", "overview")
    current = asked if asked in counts else "overview"
    rows = [
        {
            "label": label,
            "url": request.path if name == "overview" else f"{request.path}?tab={name}",
            "current": name == current,
            "count": counts[name],
        }
        for name, label in ORDER.items()
        if name in counts
    ]
    return current, rows
