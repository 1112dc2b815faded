"""What a page's view is given: Django's request, with who acts and whether htmx asks for a part."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from governance.foundation.core.actor import Actor
from governance.people.projects.models import Project


class PageRequest(HttpRequest):
    """As the middleware leaves it for somebody who is signed in."""

    actor: Actor
    project: Project  # the one this page belongs to, where its view has said so
    htmx: HtmxDetails
