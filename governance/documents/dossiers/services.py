"""Mutations of dossiers: opened by the platform, completed by people, frozen by digest. What is measured is never
typed in here; a text by a person is kept beside it with the name and the time."""

from types import EllipsisType
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from governance.documents.dossiers import selectors
from governance.documents.dossiers.assembling import assemble
from governance.documents.dossiers.models import Declaration, Dossier, DossierVersion, StatedFact, Word
from governance.documents.sources.records import Sources
from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.errors import Fault, StaleSubject, Unusable, WrongState
from governance.law.regulation import rules as regulation
from governance.people.approvals import subjects
from governance.people.policies.kinds import Act, touches
from governance.people.projects import selectors as projects
from governance.people.projects.models import Classification
from governance.work.evaluations.models import Evaluation
from governance.work.model_versions.models import ModelVersion

LONGEST_TEXT = 12_000
Spoken = TypeVar("Spoken", bound=Word)


def after_evaluation(sender: type[Evaluation], evaluation: Evaluation, **_: Any) -> None:
    """A report was recorded: the model version it is about gets its dossier."""
    open_dossier(model_version=evaluation.model_version)


def open_dossier(*, model_version: ModelVersion, actor: Actor = PLATFORM) -> Dossier:
    """Open the model version's dossier in the caller's transaction; an open one is given back.

    It is pinned to the edition of the law under which the project was classified, else to the newest.
    """
    found = selectors.of(model_version)
    if found is not None:
        return found
    classification = projects.classification(model_version.project_id)
    edition = classification.edition if classification else regulation.latest().id
    try:
        with transaction.atomic():
            dossier = Dossier.objects.create(
                project_id=model_version.project_id,
                model_version=model_version,
                edition=edition,
                created_by_name=actor.name,
            )
    except IntegrityError:
        return Dossier.objects.get(model_version=model_version)
    record(actor, "dossier.opened", subject=dossier, facts={"model": model_version.digest, "edition": edition})
    return dossier


@transaction.atomic
def declare(
    *, actor: Actor, dossier_id: UUID, prompt: str, text: str, seen: UUID | EllipsisType | None = ...
) -> Declaration:
    """Declare `text` for a prompt; an earlier text is replaced and stays readable.

    `seen`, where given, is the declaration that stood when the person began to write (None: there was none).
    Raises NotAllowed, NotFound, Unusable (no such prompt, no text), StaleSubject (somebody else wrote meanwhile).
    """
    return _declare(actor, dossier_id, prompt, text, not_applicable=False, seen=seen)


@transaction.atomic
def mark_not_applicable(
    *, actor: Actor, dossier_id: UUID, prompt: str, reason: str, seen: UUID | EllipsisType | None = ...
) -> Declaration:
    """Sign for it that what a prompt asks for does not exist, and why. Raises as `declare` does."""
    return _declare(actor, dossier_id, prompt, reason, not_applicable=True, seen=seen)


@transaction.atomic
def take_back(*, actor: Actor, dossier_id: UUID, prompt: str) -> None:
    """End the text that stands for a prompt; it stays in the history. Raises NotAllowed, NotFound, WrongState."""
    dossier = _locked(actor, dossier_id, "declare dossier text")
    standing = selectors.declarations(dossier).filter(prompt=prompt).first()
    if standing is None:
        raise WrongState("Nobody has declared anything for this prompt.")
    _end(standing)
    record(actor, "dossier.text-taken-back", subject=standing, facts={"prompt": prompt})


@transaction.atomic
def state_fact(*, actor: Actor, dossier_id: UUID, fact: str, value: bool, reason: str = "") -> StatedFact:
    """Answer one of the edition's facts, on which rules decide what does not apply. Raises as `declare` does."""
    dossier = _locked(actor, dossier_id, "declare dossier text")
    known = regulation.edition(dossier.edition).facts
    if fact not in known:
        raise Unusable([Fault("fact", f"The edition has no fact “{fact}”.", f"Known: {', '.join(known)}.")])
    word = StatedFact(dossier=dossier, fact=fact, value=value, reason=reason.strip())
    standing = selectors.stated_facts(dossier).filter(fact=fact).first()
    return _say(actor, word, "dossier.fact-stated", instead_of=standing)


@transaction.atomic
def freeze(*, actor: Actor, dossier_id: UUID) -> DossierVersion:
    """Freeze what the dossier says now. Gaps are listed in it and stop nobody; a version that says the very same
    is given back instead. Raises NotAllowed, NotFound."""
    dossier = _locked(actor, dossier_id, "freeze a document")
    known = selectors.sources(dossier)
    document = assemble(
        regulation.edition(dossier.edition),
        known,
        selectors.declared(dossier),
        selectors.stated(dossier),
        frozen_at=timezone.now(),
    )
    last = selectors.newest_version(dossier)
    if last is not None and _same(last.document, document):
        return last
    version = DossierVersion.objects.create(
        project=dossier.project,
        dossier=dossier,
        number=last.number + 1 if last else 1,
        document=document,
        sha256=document["sha256"],
        frozen_by_id=actor.person_id,
        frozen_by_name=actor.name,
        authors=_authors(dossier, known, frozen_by=actor.person_id),
        cited=known.contents(),
    )
    counts = document["completeness"]
    record(actor, "dossier.frozen", subject=version, facts={"sha256": version.sha256, "completeness": counts})
    return version


def _declare(
    actor: Actor,
    dossier_id: UUID,
    prompt: str,
    text: str,
    *,
    not_applicable: bool,
    seen: UUID | EllipsisType | None,
) -> Declaration:
    dossier = _locked(actor, dossier_id, "declare dossier text")
    _check(dossier, prompt, text, not_applicable)
    standing = selectors.declarations(dossier).filter(prompt=prompt).first()
    if not isinstance(seen, EllipsisType) and seen != (standing.pk if standing else None):
        who = standing.by_name if standing else "Somebody"
        raise StaleSubject(f"{who} changed this text meanwhile; nothing was saved. Look at it, then write again.")
    word = Declaration(dossier=dossier, prompt=prompt, text=text.strip(), not_applicable=not_applicable)
    action = "dossier.marked-not-applicable" if not_applicable else "dossier.declared"
    return _say(actor, word, action, instead_of=standing)


def _say(actor: Actor, word: Spoken, action: str, *, instead_of: Spoken | None) -> Spoken:
    """Let `word` stand under `actor`'s name in place of the one that stood; who says the very same again has said
    nothing new, and the one that stands is given back."""
    word.by_id, word.by_name = actor.person_id, actor.name
    if instead_of is not None:
        if (instead_of.said(), instead_of.by_id) == (word.said(), word.by_id):
            return instead_of
        _end(instead_of)
    word.save()
    record(actor, action, subject=word, facts={word.says[0]: word.matter, "content": word.content_digest})
    return word


def _check(dossier: Dossier, prompt: str, text: str, not_applicable: bool) -> None:
    edition = regulation.edition(dossier.edition)
    if prompt not in {each.id for each in edition.prompts()}:
        raise Unusable([Fault("prompt", f"{edition.title} has no prompt “{prompt}”.", "Take one of the dossier's.")])
    if not text.strip():
        cure = "Say why there is nothing to say." if not_applicable else "Write it, or leave the prompt missing."
        raise Unusable([Fault("text", "Nothing is written.", cure)])
    if len(text) > LONGEST_TEXT:
        message = f"{len(text):,} characters are too many for one prompt; {LONGEST_TEXT:,} fit."
        raise Unusable([Fault("text", message, "Attach the rest.")])


def _end(standing: Word) -> None:
    standing.replaced_at = timezone.now()
    standing.save(update_fields=["replaced_at"])


def _locked(actor: Actor, dossier_id: UUID, act: str) -> Dossier:
    dossier = selectors.visible(actor, dossier_id)
    projects.require(actor, dossier.project_id, act)
    return Dossier.objects.select_for_update(of=("self",)).select_related("project", "model_version").get(pk=dossier.pk)


def _same(before: dict[str, Any], now: dict[str, Any]) -> bool:
    fixed = ("frozen_at", "sha256")
    return {k: v for k, v in before.items() if k not in fixed} == {k: v for k, v in now.items() if k not in fixed}


def _authors(dossier: Dossier, known: Sources, *, frozen_by: int) -> dict[str, list[tuple[str, str]]]:
    """Who made what stands in it, of each the act nearest to the text first; whom that bars is the policy's to say."""
    run = dossier.model_version.run
    acts: list[tuple[int | None, Act, str]] = [
        *((each.by_id, Act.MADE, "wrote text of this dossier") for each in selectors.declarations(dossier)),
        *((each.by_id, Act.MADE, "stated facts of this dossier") for each in selectors.stated_facts(dossier)),
        *subjects.touched(run),
        (frozen_by, Act.MADE, "froze this dossier"),
        (run.base_model.registered_by_id, Act.BROUGHT_MODEL, "registered the base model it describes"),
        (dossier.project.described_by_id, Act.DESCRIBED, "wrote the project's description"),
    ]
    if known.classification is not None:
        cited = Classification.objects.get(pk=known.classification.id)
        acts.append((cited.decided_by_id, Act.CLASSIFIED, "answered the questionnaire"))
    found: dict[str, list[tuple[str, str]]] = {}
    for person, act, did in dict.fromkeys(touches(*acts)):
        found.setdefault(str(person), []).append((act.value, did))
    return found
