"""What a page says of withdrawn data: the band over whatever rests on it."""

from typing import Any

from django import template

from governance.delivery.lineage import selectors
from governance.foundation.core.records import Record
from governance.people.projects import selectors as projects

register = template.Library()


@register.inclusion_tag("withdrawals/_band.html", takes_context=True)
def withdrawn(context: template.Context, record: Record) -> dict[str, Any]:
    """The withdrawals in force that reached `record`; of one in a project that the reader does not see, only when it
    was."""
    found = list(selectors.touching([record.pk]))
    seen = set(projects.visible_to(context["request"].actor).values_list("pk", flat=True)) if found else set()
    return {
        "withdrawals": [each for each in found if each.project_id in seen],
        "elsewhere": [each for each in found if each.project_id not in seen],
        "record": record,
    }
