"""What a page's view is given: Django's request, with who acts and whether htmx asks for a part."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from governance.foundation.core.actor import Actor


class PageRequest(HttpRequest):
    """As the middleware leaves it for somebody who is signed in."""

    actor: Actor
    htmx: HtmxDetails
