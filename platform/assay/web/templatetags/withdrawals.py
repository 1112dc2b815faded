"""What a page says of withdrawn data: the band over whatever rests on it."""

from typing import Any

from django import template

from governance.delivery.lineage import selectors
from governance.foundation.core.records import Record

register = template.Library()


@register.inclusion_tag("withdrawals/_band.html")
def withdrawn(record: Record) -> dict[str, Any]:
    """The withdrawals in force that reached `record`."""
    return {"withdrawals": list(selectors.touching([record.pk])), "record": record}
