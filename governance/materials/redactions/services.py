"""Asking for a derived version without personal data, and letting go of its pseudonyms. The worker's side: `worker`."""

from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.foundation.audit.services import record, record_alone
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, NotAllowed, NotFound, Unusable, WrongState
from governance.foundation.jobs import errands
from governance.materials.datasets import selectors as datasets
from governance.materials.redactions import selectors
from governance.materials.redactions.models import PseudonymMap, Redaction
from governance.people.projects import selectors as projects
from preparation.findings import Refused
from preparation.persons import redaction

ACT, LOOK_BEHIND = "register data", "look behind pseudonyms"


@transaction.atomic
def ask(*, actor: Actor, version_id: UUID, asked: redaction.Redaction) -> Redaction:
    """Have a worker write the rows again without what is found, as the dataset's next version.

    Raises NotFound, NotAllowed, Unusable, WrongState.
    """
    source = datasets.version_visible(actor, version_id)
    projects.require(actor, source.project_id, ACT)
    source.check_readable()
    try:
        asked.check()
    except Refused as refused:
        raise Unusable([Fault(refused.field or "method", refused.message, refused.cure)]) from None
    made = Redaction(source=source, source_sha256=source.content_digest, options=asked.to_json())
    taken = WrongState(f"{source} is being redacted already.")
    return errands.ask(actor, made, facts={"options": made.options}, otherwise=taken)


def again(*, actor: Actor, redaction_id: UUID) -> Redaction:
    """The same once more, where it failed. Raises NotFound, NotAllowed, WrongState."""
    found = selectors.visible(actor, redaction_id)
    return ask(actor=actor, version_id=found.source_id, asked=found.asked)


def cancel(*, actor: Actor, redaction_id: UUID) -> Redaction:
    """End a redaction; nothing of it is kept. Raises NotAllowed, NotFound, WrongState."""
    return errands.cancel(actor, Redaction, redaction_id, _own)


def look_behind(*, actor: Actor, redaction_id: UUID, pseudonym: str, reason: str) -> str:
    """The value that a pseudonym stands for; that somebody looked, and why, is on record before it is told.

    Raises NotFound, NotAllowed (recorded too), Unusable, and WrongState where the map was erased.
    """
    found = selectors.visible(actor, redaction_id)
    name = pseudonym.strip().strip("[]")
    if not projects.may(actor, found.project_id, LOOK_BEHIND):
        # What was typed may be a person's name; no entry of the chain can be erased.
        facts = {"pseudonym": name} if redaction.is_pseudonym(name) else {}
        record_alone(actor, "redaction.pseudonym-refused", subject=found, facts=facts)
        raise NotAllowed("To look behind a pseudonym takes a data protection officer of this project.")
    if not reason.strip():
        cure = "Say whose request or which duty asks for it."
        raise Unusable([Fault("reason", "It takes a reason, which goes on record.", cure)])
    kept = _pseudonyms(found)
    with blobs.as_local_file(kept.map_sha256, "map") as path:
        value = redaction.value_of(path, name)
    if value is None:
        cure = "Copy it as it stands in the row, for example “E-MAIL ADDRESS 3f9a1c2b7d80e6f5”."
        raise Unusable([Fault("pseudonym", "This redaction has no such pseudonym.", cure)])
    facts, personal = {"pseudonym": name}, {"reason": reason.strip()}
    record_alone(actor, "redaction.pseudonym-seen", subject=found, facts=facts, personal=personal)
    return value


@transaction.atomic
def erase_pseudonyms(*, actor: Actor, redaction_id: UUID) -> Redaction:
    """Let go of salt and map for good: nobody can look behind the pseudonyms any more.

    Raises NotFound, NotAllowed, and WrongState where there are none.
    """
    found = selectors.visible(actor, redaction_id)
    projects.require(actor, found.project_id, LOOK_BEHIND)
    kept = _pseudonyms(found)
    sha256 = kept.map_sha256
    PseudonymMap.objects.filter(pk=kept.pk).update(
        salt=None, map_sha256="", erased_at=timezone.now(), erased_by_name=actor.name
    )
    record(actor, "redaction.pseudonyms-erased", subject=found)
    transaction.on_commit(lambda: blobs.remove(sha256))
    return selectors.visible(actor, redaction_id)


def _own(actor: Actor, redaction_id: UUID) -> Redaction:
    found = selectors.visible(actor, redaction_id)
    projects.require(actor, found.project_id, ACT)
    return found


def _pseudonyms(found: Redaction) -> PseudonymMap:
    kept = PseudonymMap.objects.filter(redaction=found).first()
    if kept is None:
        raise NotFound("map of pseudonyms")
    if kept.erased_at is not None:
        raise WrongState(f"The pseudonyms of {found} were erased; nobody can look behind them.")
    return kept


def kept_name(file_name: str) -> str:
    """What the derived file is called: tickets.csv.gz -> tickets-redacted.jsonl."""
    stem = Path(file_name.removesuffix(".gz")).stem
    return f"{stem.removesuffix('-redacted')[:180]}-redacted.jsonl"
