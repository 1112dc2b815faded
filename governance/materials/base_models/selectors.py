"""Questions about base models."""

from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.law.licences import rules as licences
from governance.materials.base_models import rules
from governance.materials.base_models.models import BaseModel, Registration
from governance.materials.licence_texts import selectors as licence_texts
from governance.people.approvals import selectors as approvals
from governance.people.approvals.subjects import Fact
from governance.people.organisations import selectors as organisations
from governance.people.organisations.rules import licence_facts
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.people.waivers import selectors as waivers


def visible_to(actor: Actor) -> QuerySet[BaseModel]:
    """Base models of the organisations that `actor` sees, and those that a project they see asked about."""
    own = Q(organisation__in=organisations.visible_to(actor))
    used = Q(pk__in=approvals.asked_about(actor, BaseModel.kind))
    return BaseModel.objects.filter(own | used).select_related("organisation")


def visible(actor: Actor, base_model_id: UUID) -> BaseModel:
    return one_of(visible_to(actor), base_model_id)


def registrations_visible_to(actor: Actor) -> QuerySet[Registration]:
    """Folders that are read, or were, for the projects that `actor` sees."""
    found = Registration.objects.filter(projects.within(actor))
    return found.select_related("project__organisation", "base_model")


def visible_registration(actor: Actor, registration_id: UUID) -> Registration:
    return one_of(registrations_visible_to(actor), registration_id)


def unfinished(actor: Actor) -> QuerySet[Registration]:
    """Registrations that `actor` sees and that made no base model yet, newest first."""
    return registrations_visible_to(actor).exclude(state=rules.State.REGISTERED)


def offered() -> list[str]:
    """Folders that the operator put into the folder of models, by name."""
    root: Path = settings.ASSAY_MODELS_DIR
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))


def registered_under(actor: Actor) -> dict[str, BaseModel]:
    """The newest record of each folder that `actor` may see, so that a form can say what is registered already."""
    return {model.folder: model for model in visible_to(actor).order_by("created_at")}


def licence_by_purpose(base_model: BaseModel) -> list[licences.Verdict]:
    """What the rule table says today about each purpose, for this model alone and what its organisation states.

    A run's verdict looks at the data too, at what its project does, and at what was decided there (`waivers`).
    """
    facts = licence_facts(base_model.organisation.content())
    return [
        licences.verdict(base_model.licensed(), purpose, on=timezone.localdate(), **facts)
        for purpose in licences.PURPOSES
    ]


def licence_told(base_model: BaseModel) -> list[rules.Told]:
    """What the model's own folder says about its licence, beside what was declared."""
    return rules.compared(base_model.licence, base_model.licence_told)


def summary(base_model: BaseModel, project: Project) -> Iterable[Fact]:
    """What a decider needs to know: what it is, who made it, the licence's verdict, and what it means for the law."""
    yield Fact("Provider", base_model.provider or "not stated", base_model.source, warns=not base_model.provider)
    yield Fact("Size", f"{base_model.parameters:,} parameters, reads {base_model.modality}")
    yield licence_fact(project, base_model)
    yield from licence_drift(base_model)
    if other := [each for each in licence_told(base_model) if each.agrees is False]:
        yield Fact("Said elsewhere", "; ".join(f"{each.where}: {each.says}" for each in other), warns=True)
    spoken = {True: "yes", False: "no", None: "not known"}
    yield Fact("General-purpose", spoken[base_model.general_purpose])
    yield Fact("Systemic risk", spoken[base_model.systemic_risk], warns=bool(base_model.systemic_risk))
    compute = f"{base_model.training_flops:.3g} FLOP" if base_model.training_flops else "not known"
    yield Fact("Its own training compute", compute, base_model.training_flops_source)
    if base_model.conversion:
        yield Fact("Converted", str(base_model.conversion.get("statement") or "yes; the record says how"))
    if base_model.upstream_notes:
        yield Fact("Its provider says", base_model.upstream_notes)
    yield Fact("Registered by", base_model.registered_by_name)


def licence_fact(project: Project, material: waivers.Licensed) -> Fact:
    """A material's licence as a decider in `project` needs to know it."""
    verdict = waivers.verdict(project, [material])
    clear = verdict.outcome == "no-rule-against"
    stated = material.licence or "none stated"
    says = f"{stated}: {verdict.words} for {project.get_use_display()}"
    return Fact("Licence", says, "" if clear else verdict.deciding.because, warns=not clear)


def licence_drift(material: waivers.Licensed) -> Iterable[Fact]:
    """That another licence text came with this registration than with the one before, where it is so."""
    if changed := licence_texts.drift(licence_texts.of(material.pk)):
        says = f"Another text came with it than with {changed.before}"
        yield Fact("Licence text", says, "Read both, and find out which terms hold for this one.", warns=True)


def folder(base_model: BaseModel) -> Path:
    return place_of(base_model.folder)


def place_of(folder: str) -> Path:
    """Where a folder of the operator's lies."""
    return Path(settings.ASSAY_MODELS_DIR) / folder
