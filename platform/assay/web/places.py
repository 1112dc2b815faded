"""What people call the pages, and the answers of the API, that they read or are refused."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assay.web import addresses
from governance.foundation.core.records import kinds

_t = gettext_lazy

# The parts of a record, and pages about no record; the others go by the words of their address.
PARTS: Mapping[str, Promise] = {
    "detail": _t("its page"),
    "rows": _t("its rows"),
    "row-proof": _t("the proof of one of its rows"),
    "changes": _t("what changed in it"),
    "file": _t("its file"),
    "download": _t("its file"),
    "export": _t("its file"),
    "bundle": _t("its evidence bundle"),
    "datasheet": _t("its datasheet"),
    "description": _t("its description"),
    "samples": _t("its samples"),
    "log": _t("its log"),
    "events": _t("its log"),
    "live": _t("its progress"),
    "gates": _t("its gates"),
    "notice": _t("its notices"),
    "compare": _t("the comparison with another"),
    "lineage": _t("what came from what"),
    "rights": _t("who may do what"),
    "members": _t("its members"),
    "licences": _t("its licences"),
    "retention": _t("how long things are kept"),
    "create": _t("make a new one"),
    "edit": _t("change it"),
    "home": _t("the first page"),
    "portfolio": _t("the portfolio"),
    "audit-list": _t("the audit log"),
    "audit-event-list": _t("the audit log"),
    "audit-event-detail": _t("an entry of the audit log"),
    "audit-extract": _t("entries of the audit log, with their proof"),
    "audit-proof": _t("the proof of an entry"),
    "audit-event-proof": _t("the proof of an entry"),
    "audit-integrity": _t("the integrity of the audit trail"),
}
WHY_REFUSED: Mapping[int, Promise] = {403: _t("not theirs to do"), 404: _t("not theirs to see")}


def spoken(page: str, *, method: str = "GET") -> str:
    """What the page of this name shows, or what it was asked to do."""
    name = page.removeprefix("api:")
    kind, part = addresses.kind_and_part(name)
    if part == "list" and kind:
        nouns = kinds()[kind]._meta.verbose_name_plural
        words = _("make a new one") if method == "POST" else _("the list of %(nouns)s") % {"nouns": nouns}
    else:
        words = str(PARTS.get(part, part.replace("-", " ")))
    return _("%(what)s (API)") % {"what": words} if name != page else words


def refused(facts: Mapping[str, Any]) -> str:
    """What was refused, why, and how often on that day, as its entry has it."""
    if not facts["page"]:
        return _("more in one day than are told apart")
    why = WHY_REFUSED.get(facts["status"], facts["status"])
    said = _("%(act)s: %(why)s") % {"act": spoken(facts["page"], method=facts["method"]), "why": why}
    return said if facts["times"] == 1 else _("%(said)s (%(n)s times that day)") % {"said": said, "n": facts["times"]}
