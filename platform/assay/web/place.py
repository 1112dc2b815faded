"""Where a page stands: the crumbs above it, and the project that the switcher names."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from assay.web.requests import PageRequest
from assay.web.shell import LISTS
from governance.people.projects.models import Project


def crumbs(request: PageRequest, project: Project, *steps: str | tuple[str, str]) -> list[dict[str, Any]]:
    """The way to a page of `project`, from the outside in, without the page itself.

    A step is the name of a list ("run-list": its rows of this project), or a label with its address.
    """
    request.project = project
    way = [(_("Projects"), reverse("project-list")), (str(project), reverse("project-detail", args=[project.pk]))]
    for step in steps:
        way.append((str(LISTS[step]), f"{reverse(step)}?project={project.slug}") if isinstance(step, str) else step)
    return [{"label": label, "url": url} for label, url in way]
