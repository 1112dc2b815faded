"""What a security key is asked for where more is chosen than a verdict: the page that takes the form answers, for
the key signs for what stands in it."""

from typing import cast

from django.http import HttpResponse, JsonResponse

from assay.accounts import keys
from assay.accounts.models import User
from assay.web.forms.proof import ProofForm
from assay.web.requests import PageRequest


def challenge(request: PageRequest, form: ProofForm) -> HttpResponse | None:
    """The answer to a form that was sent for its challenge, where all else in it is in order; else None."""
    if not form.asks_key or not form.is_valid():
        return None
    answer = JsonResponse(keys.ask_for_one(cast(User, request.user), form.purpose))
    answer["Cache-Control"] = "no-store"
    return answer
