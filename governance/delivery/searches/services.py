"""Asking for a search, ending it, and destroying what it found in time. The worker's side is `worker`."""

import secrets
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.delivery.searches import selectors
from governance.delivery.searches.models import Part, Search, Term
from governance.delivery.searches.rules import TRANSITIONS, State
from governance.delivery.searches.selectors import ACT
from governance.foundation.audit import selectors as audit
from governance.foundation.audit.services import record, record_alone
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.errors import Faults, WrongState
from governance.foundation.core.moves import move
from governance.foundation.jobs import errands
from governance.people.approvals.rules import WRONG_TRIES, WRONG_TRIES_WITHIN
from governance.people.projects import selectors as projects
from preparation.findings import Refused
from preparation.searching import Sought

TRIED = "search.tried"


@transaction.atomic
def ask(*, actor: Actor, project_id: UUID, case_number: str, term: str, how: str, everywhere: bool = False) -> Search:
    """Have a worker look for a person's identifier or a phrase in every row of the project's versions; `everywhere`
    also in the other projects of the organisation in which `actor` may search.

    Raises NotFound, NotAllowed, Unusable.
    """
    project = projects.require(actor, project_id, ACT)
    versions = list(selectors.in_reach(actor, project, everywhere=everywhere))
    faults = Faults()
    if not case_number.strip():
        faults.add("case_number", "A search needs its case number.", "Of the request that it answers.")
    if not versions:
        faults.add("project", f"{project} has no data to look through.", "Choose another project.")
    try:
        Sought(term, how).check()
    except Refused as refused:
        faults.add(refused.field or "term", refused.message, refused.cure)
    faults.raise_if_any()
    search = Search(project=project, case_number=case_number.strip(), how=how)
    search.commit_to(term, secrets.token_hex(16))
    facts = {"how": how, "term_hmac": search.term_hmac, "versions": len(versions)}
    errands.ask(actor, search, facts=facts)
    Term.objects.create(search=search, text=term)
    Part.objects.bulk_create(Part(search=search, version=each, version_sha256=each.content_digest) for each in versions)
    return search


def cancel(*, actor: Actor, search_id: UUID) -> Search:
    """End a search; nothing of it is kept but that it was. Raises NotAllowed, NotFound, WrongState."""
    search = errands.cancel(actor, Search, search_id, _own)
    destroy_terms()
    return search


def was_it(*, actor: Actor, search_id: UUID, term: str) -> bool:
    """Whether a search was for this very term, for who may search there. Each try is on record, by the keyed digest of
    what was tried: it would otherwise be a way to learn a name by trying many.

    Raises NotFound, NotAllowed, and WrongState after too many tries.
    """
    search = _own(actor, search_id)
    since = timezone.now() - WRONG_TRIES_WITHIN
    tried = audit.history(search).filter(action=TRIED, at__gt=since).count()
    if tried >= WRONG_TRIES:
        raise WrongState("It was tried too often; wait a quarter of an hour, then try again.")
    answer = search.is_for(term)
    record_alone(actor, TRIED, subject=search, facts={"term_hmac": search.commitment_of(term), "answer": answer})
    return answer


def destroy_terms() -> int:
    """Let go of what was sought by every search that has ended, however it did. Returns how many."""
    _, counts = Term.objects.exclude(search__state=State.QUEUED).delete()
    return counts.get(Term._meta.label, 0)


def destroy_what_expired(now: datetime) -> list[Search]:
    """Let go of what searches found that were kept long enough, and of what was sought; the records stay."""
    destroy_terms()
    Part.objects.filter(search__state__in=[State.FAILED, State.CANCELLED]).exclude(hits=[]).update(hits=[])
    gone = []
    for search in Search.objects.filter(state=State.DONE, expires_at__lte=now):
        with transaction.atomic():
            move(search, TRANSITIONS, State.EXPIRED)
            search.parts.update(hits=[])
            record(PLATFORM, "search.expired", subject=search)
        gone.append(search)
    return gone


def _own(actor: Actor, search_id: UUID) -> Search:
    found = selectors.visible(actor, search_id)
    projects.require(actor, found.project_id, ACT)
    return found
