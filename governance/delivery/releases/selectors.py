"""Questions about releases: what may be used today, and for what."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from governance.delivery.releases import gates
from governance.delivery.releases.models import Release
from governance.delivery.releases.rules import State
from governance.documents.evaluation_reports.rules import WORST_FIRST, worst_first
from governance.documents.sources.records import Source
from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.people.approvals.selectors import standings
from governance.people.approvals.subjects import Fact
from governance.people.policies.kinds import Touch
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.model_versions.models import ModelVersion
from governance.work.runs import selectors as runs


def visible_to(actor: Actor) -> QuerySet[Release]:
    return Release.objects.filter(projects.within(actor)).select_related(
        "project", "model_version", "dossier_version", "evaluation"
    )


def visible(actor: Actor, release_id: UUID) -> Release:
    return one_of(visible_to(actor), release_id)


def touched(release_ids: Collection[UUID]) -> dict[UUID, list[Touch]]:
    """Who made the data of the runs behind these releases."""
    behind = dict(Release.objects.filter(pk__in=release_ids).values_list("pk", "model_version__run"))
    made = runs.touched(set(behind.values()))
    return {pk: made[run] for pk, run in behind.items()}


def states(releases: Iterable[Release]) -> dict[UUID, str]:
    """How each release stands today: one that was let go and whose approval is suspended lets nothing go."""
    found = list(releases)
    answers = standings([each for each in found if each.state == State.RELEASED])
    held = {pk for pk, answer in answers.items() if not answer.granted}
    return {each.pk: "suspended" if each.pk in held else str(State(each.state).value) for each in found}


def live(model_version: ModelVersion) -> Release | None:
    """The release that is proposed or in force for a model version."""
    return Release.objects.filter(
        model_version=model_version, state__in=[State.PROPOSED.value, State.RELEASED.value]
    ).first()


def summary(release: Release, project: Project) -> Iterable[Fact]:
    """What a decider needs to know: which model for what, how it was measured, and what else stands in the way."""
    model = release.model_version
    yield Fact("Model", model.name, f"from {model.run}, on {model.run.base_model}")
    yield Fact("For this purpose", release.purpose)
    yield from _measured(release.evaluation.report or {})
    if release.accepted_findings:
        yield Fact("Knowingly accepted", "; ".join(release.accepted_findings), warns=True)
    yield Fact("Dossier", str(release.dossier_version))
    yield Fact("Proposed by", release.proposed_by_name)
    if release.state == State.PROPOSED:
        others = [gate for gate in gates.for_release(release) if gate.id != str(release.pk)]
        shut = gates.shut(others)
        says = f"{len(others) - len(shut)} of {len(others)} others open"
        yield Fact("Gates", says, "; ".join(each.what for each in shut), warns=bool(shut))


def _measured(report: dict[str, Any]) -> Iterable[Fact]:
    """Verdicts against the base, limits of the plan, and findings, as the evaluation's report has them."""
    if not report:
        yield Fact("Evaluation", "there is no report", warns=True)
        return
    counts = Counter(row.verdict for row in worst_first(report))
    verdicts = [f"{verdict} on {counts[verdict]}" for verdict in WORST_FIRST if counts[verdict]]
    yield Fact("Against the base model", ", ".join(verdicts) or "nothing was compared", warns=bool(counts["worse"]))
    limits = report["thresholds"]
    kept = sum(limit["outcome"] == "passed" for limit in limits)
    broken = [limit["reason"] for limit in limits if limit["outcome"] != "passed" and limit["reason"]]
    yield Fact("Limits of the plan", f"{kept} of {len(limits)} kept", "; ".join(broken), warns=kept < len(limits))
    found = [finding["message"] for finding in report["findings"]]
    yield Fact("Findings", f"{len(found)}" if found else "none", " ".join(found), warns=bool(found))


def as_sources(model_version: ModelVersion) -> list[Source]:
    """The releases of a model version that are in force, as documents cite them."""
    in_force = Release.objects.filter(model_version=model_version, state=State.RELEASED.value)
    return [
        Source(
            kind=each.kind,
            id=str(each.pk),
            sha256=each.content_digest,
            name=str(each),
            facts={
                "released_at": each.released_at,
                "released_by": each.released_by_name,
                "purpose": each.purpose,
            },
            by=each.released_by_name,
            at=each.released_at,
        )
        for each in in_force.select_related("model_version", "dossier_version", "evaluation")
    ]


def released(actor: Actor, digest: str) -> list[Release]:
    """Releases in force today of the composed digest, in projects that `actor` sees. One whose approval is suspended
    lets nothing go."""
    found = list(visible_to(actor).filter(model_version__digest=digest, state=State.RELEASED.value))
    answers = standings(found)
    return [release for release in found if answers[release.pk].granted]
