"""What a page says of what was approved beforehand, where nobody decided on the thing itself."""

from collections.abc import Sequence

from django import template

from governance.people.approvals.models import ApprovalRequest
from governance.work.envelopes import selectors
from governance.work.envelopes.models import Passage

register = template.Library()


@register.simple_tag
def with_passages(requests: Sequence[ApprovalRequest]) -> list[tuple[ApprovalRequest, Passage | None]]:
    """Each request with what it passed under, in one query for all."""
    found = {each.request_id: each for each in selectors.passages([one.pk for one in requests])}
    return [(one, found.get(one.pk)) for one in requests]


@register.simple_tag
def passage(asked: ApprovalRequest) -> Passage | None:
    """What one request passed under."""
    return with_passages([asked])[0][1]
