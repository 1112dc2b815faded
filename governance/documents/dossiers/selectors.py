"""Questions about dossiers: who sees which, what one would say if it were frozen now, what changed since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import Max, QuerySet

from governance.documents.dossiers import lint, rules
from governance.documents.dossiers.assembling import assemble
from governance.documents.dossiers.models import Declaration, Dossier, DossierVersion, StatedFact, Word
from governance.documents.dossiers.rules import Declared, PointChange, Stated
from governance.documents.model_cards import selectors as model_cards
from governance.documents.sources import outlets
from governance.documents.sources.gathering import decision_source, sources_of
from governance.documents.sources.records import Source, Sources
from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.law.regulation import rules as regulation
from governance.people.approvals.models import Decision
from governance.people.approvals.rules import Verdict
from governance.people.approvals.selectors import Standing, standing
from governance.people.approvals.subjects import Fact
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.envelopes import selectors as envelopes
from governance.work.model_versions.models import ModelVersion


def visible_to(actor: Actor) -> QuerySet[Dossier]:
    return (
        Dossier.objects.filter(projects.within(actor))
        .select_related("project", "model_version__run__base_model")
        .annotate(latest=Max("versions__number"))
    )


def visible(actor: Actor, dossier_id: UUID) -> Dossier:
    return one_of(visible_to(actor), dossier_id)


def versions_visible_to(actor: Actor) -> QuerySet[DossierVersion]:
    return DossierVersion.objects.filter(projects.within(actor)).select_related("project", "dossier__model_version")


def version_visible(actor: Actor, version_id: UUID) -> DossierVersion:
    return one_of(versions_visible_to(actor), version_id, "dossier")


def of(model_version: ModelVersion) -> Dossier | None:
    return Dossier.objects.filter(model_version=model_version).first()


def newest_version(dossier: Dossier) -> DossierVersion | None:
    return dossier.versions.order_by("-number").first()


def summary(version: DossierVersion, project: Project) -> Iterable[Fact]:
    """What a decider needs to know: which duties it answers, and how many of its prompts rest on what."""
    document, law = version.document, regulation.edition(version.document["edition"]["law"])
    outcome, counts = document["outcome"], document["completeness"]
    yield Fact("Model", version.dossier.model_version.name)
    risk = outcome["risk_class"]
    decided = f"decided by {outcome['decided_by']}" if outcome["decided_by"] else ""
    yield Fact("Risk class", law.names.get(risk, risk or "not decided"), decided, warns=not risk)
    yield Fact("Measured", f"{counts['measured']} of {counts['prompts']} prompts")
    yield Fact("Declared", f"{counts['declared']} prompts")
    yield Fact("Attached", f"{counts['attached']} prompts")
    due = sum(rules.completeness([section])["missing"] for section in document["sections"] if _is_duty(section))
    missing = f"{counts['missing']} prompts"
    yield Fact("Missing", missing, f"{due} of them in duties" if counts["missing"] else "", warns=bool(due))
    yield Fact("Not applicable", f"{counts['not_applicable']} prompts")
    yield Fact("Edition of the law", document["edition"]["law"])
    yield Fact("Frozen by", version.frozen_by_name)


def _is_duty(section: Mapping[str, Any]) -> bool:
    return bool(section["duty"] == "required")


def earlier(version: DossierVersion) -> Iterable[UUID]:
    """The versions before it of the same dossier."""
    return version.dossier.versions.filter(number__lt=version.number).values_list("pk", flat=True)


def declarations(dossier: Dossier) -> QuerySet[Declaration]:
    """The texts that stand, one a prompt."""
    return dossier.declarations.filter(replaced_at=None).select_related("by")


def history(dossier: Dossier, prompt: str) -> QuerySet[Declaration]:
    """Every text that was ever declared for `prompt`, newest first."""
    return dossier.declarations.filter(prompt=prompt).order_by("-created_at")


def stated_facts(dossier: Dossier) -> QuerySet[StatedFact]:
    """The answers to the edition's facts that stand, one a fact."""
    return dossier.stated_facts.filter(replaced_at=None)


def sources(dossier: Dossier) -> Sources:
    """Everything on record that the dossier may cite."""
    version = dossier.model_version
    card = model_cards.newest(version)
    found = sources_of(version)
    evaluation = found.evaluation
    return replace(
        found,
        card=Source(card.kind, str(card.pk), card.content_digest, str(card), {}, at=card.created_at) if card else None,
        releases=outlets.releases_of(version),
        signatures=tuple(_signatures(dossier, evaluation)) if evaluation else (),
    )


def draft(dossier: Dossier, *, known: Sources | None = None) -> dict[str, Any]:
    """The document as it would be frozen now. `known` saves gathering the sources twice."""
    return assemble(
        regulation.edition(dossier.edition), known or sources(dossier), declared(dossier), stated(dossier)
    )  # fmt: skip


def declared(dossier: Dossier) -> list[Declared]:
    """The texts that stand, as the document needs them."""
    return [Declared(**_word(each)) for each in declarations(dossier)]


def stated(dossier: Dossier) -> list[Stated]:
    """The facts that stand, as the document needs them."""
    return [Stated(**_word(each)) for each in stated_facts(dossier)]


def contradictions(dossier: Dossier, *, known: Sources | None = None) -> list[lint.Finding]:
    """Where a declared text says something else than the records; nothing is changed by asking."""
    return lint.findings(declared(dossier), known or sources(dossier))


def changed(before: DossierVersion, now: dict[str, Any]) -> list[PointChange]:
    """Point by point, what differs between a frozen version and another document (a later version's, or a draft).

    What came about by the version itself, its signatures and the release that rests on it, is no change of what was
    signed.
    """
    decisions = Decision.objects.filter(request__subject_id=before.pk).values_list("pk", flat=True)
    followed = {str(pk) for pk in decisions}
    return rules.changes(
        before.document, rules.without(now, lambda cited: cited["kind"] == "release" or cited["id"] in followed)
    )


@dataclass(frozen=True)
class VersionStanding:
    """Whether a version is approved, and what moved on since it was frozen."""

    approval: Standing
    since: list[PointChange]

    @property
    def current(self) -> bool:
        """Approved, and still what a new freeze would say."""
        return self.approval.granted and not self.since


def version_standing(version: DossierVersion) -> VersionStanding:
    """The standing of `version` at this moment."""
    return VersionStanding(standing(version), changed(version, draft(version.dossier)))


def seal(version: DossierVersion) -> dict[str, Any]:
    """The signatures to print beside the document: decisions on what it rests on, or on the ranges under which that
    passed, then on itself, in time's order."""
    run = version.dossier.model_version.run
    subjects = [version.pk, run.pk, run.base_model_id, *(each.pk for each in run.data())]
    subjects += {each.envelope_id for each in envelopes.passages_on(subjects, version.project_id)}
    decisions = Decision.objects.filter(request__project=version.project_id, request__subject_id__in=subjects)
    return {"signatures": [each.printed() for each in decisions.select_related("request").order_by("created_at")]}


def _signatures(dossier: Dossier, evaluation: Source) -> Iterable[Source]:
    """Approvals of earlier versions of this dossier that cite this very evaluation."""
    citing = {
        version.pk
        for version in dossier.versions.all()
        if any(evaluation.sha256 == cited["sha256"] for cited in every_citation(version.document))
    }
    decisions = Decision.objects.filter(request__subject_id__in=citing, verdict=Verdict.APPROVE)
    return [decision_source(each) for each in decisions.select_related("request").order_by("created_at")]


def every_citation(document: dict[str, Any]) -> Iterable[dict[str, str]]:
    """What the statements of a dossier's document rest on: kind, id, sha256 and name of each record."""
    return (
        cited for section in document["sections"] for each in section["statements"] for cited in each["evidence"]
    )  # fmt: skip


def _word(word: Word) -> dict[str, Any]:
    """What was said, by whom, when, and as which record it is cited."""
    cited = {"kind": word.kind, "id": str(word.pk), "sha256": word.content_digest, "name": str(word)}
    return {**word.said(), "by": word.by_name, "at": word.created_at, "cited": cited}
