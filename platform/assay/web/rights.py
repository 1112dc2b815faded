"""Who may do what in a project: the table of rights, with the people."""

from itertools import groupby
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.people.projects import selectors
from governance.people.projects.rules import SPOKEN, Role


@require_safe
def table(request: PageRequest, project: UUID) -> HttpResponse:
    """Every act, which roles may start it, and who that is here."""
    here = selectors.visible(request.actor, project)
    rights = selectors.rights(request.actor, project)
    context = {
        "project_here": here,
        "roles": [capfirst(SPOKEN[role]) for role in Role],
        "parts": [
            {"name": part, "rows": [{"right": one, "cells": [role in one.roles for role in Role]} for one in acts]}
            for part, acts in groupby(rights, key=lambda one: one.part)
        ],
        "may_review": selectors.may(request.actor, project, "review access"),
        "crumbs": crumbs(request, here),
    }
    return render(request, "projects/rights.html", context)
