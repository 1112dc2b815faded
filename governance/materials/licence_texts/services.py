"""Keeping a licence text: at registration where one lies beside the weights, or handed in by a person."""

from uuid import UUID

from django.db import IntegrityError, transaction

from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Faults, NotFound, Unusable
from governance.materials.licence_texts import rules
from governance.materials.licence_texts.models import LicenceText
from governance.materials.licence_texts.selectors import Registered
from governance.people.projects import selectors as projects
from governance.people.waivers import selectors as waivers

ACTS = {"base_model": "register a base model", "dataset_version": "register data"}


def hand_in(*, actor: Actor, project_id: UUID, kind: str, subject_id: UUID, where: str, text: str) -> LicenceText:
    """Keep the text under which somebody got a material of the project, and where it stood.

    Raises NotAllowed, NotFound, Unusable (nothing in it, too long, or kept already).
    """
    project = projects.visible(actor, project_id)
    subject = waivers.material(project, kind, subject_id)
    if not isinstance(subject, Registered):
        raise NotFound("material")
    projects.require(actor, project_id, ACTS[kind])
    faults = Faults()
    if not text.strip():
        faults.add("text", "There is no text.", "Paste the licence as it stood where the material came from.")
    if not where.strip():
        faults.add("where", "Say where the text stood.", "An address, or the name of a file.")
    if len(text.encode()) > rules.LONGEST:
        faults.add("text", f"A licence text has at most {rules.LONGEST:,} bytes.", "Leave out what is no licence.")
    faults.raise_if_any()
    try:
        with transaction.atomic():
            return keep(actor, subject, where=where.strip()[:200], text=text, kept_by=(actor.user_id, actor.name))
    except IntegrityError:
        raise Unusable([Fault("text", f"This text of {subject} is kept already.")]) from None


def keep(actor: Actor, subject: Registered, *, where: str, text: str, kept_by: tuple[int | None, str]) -> LicenceText:
    """Keep a text that was found or handed in, in the caller's transaction."""
    sha256, size = blobs.put_bytes(text.encode())
    project, organisation, line = subject.place()
    kept = LicenceText.objects.create(
        organisation_id=organisation,
        project_id=project,
        subject_kind=subject.kind,
        subject_id=subject.pk,
        subject_name=str(subject)[:200],
        subject_digest=subject.content_digest,
        line=line,
        where=where,
        text_sha256=sha256,
        text_bytes=size,
        words_sha256=rules.words_digest(text),
        kept_by_id=kept_by[0],
        kept_by_name=kept_by[1],
    )
    facts = {"text_sha256": sha256, "where": where, "sha256": kept.subject_digest}
    record(actor, "licence-text.kept", subject=kept, facts=facts)
    return kept
