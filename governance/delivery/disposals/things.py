"""What of a project can be deleted at all, and what keeps each of it today.

    file of a dataset version     holds; rule; what rests on it: releases, deployments, frozen dossiers, periods of the
                                  law, work
    folder of an unfinished run   holds on the project or on its data; rule
    file that made no version     holds on the project or on its dataset; rule

Documents, manifests, evaluations with their samples, weights of runs that succeeded and the audit trail are not among
them: Assay has no way to delete these.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from governance.delivery.deployments.models import Deployment
from governance.delivery.deployments.rules import State as DeploymentState
from governance.delivery.erasures.models import Erasure
from governance.delivery.erasures.rules import UNDER_WAY as ERASING
from governance.delivery.lineage import graph
from governance.delivery.lineage.graph import Graph
from governance.delivery.releases.models import Release
from governance.delivery.releases.rules import State as ReleaseState
from governance.documents.dossiers.models import DossierVersion
from governance.materials.annotations.models import AnnotationTask
from governance.materials.annotations.rules import State as TaskState
from governance.materials.datasets.models import WITH_FILE, DatasetVersion, Import
from governance.materials.datasets.rules import State as ImportState
from governance.oversight.retention import periods, rules
from governance.oversight.retention import selectors as retention
from governance.oversight.retention.rules import Basis, Ground, Thing
from governance.people.projects.models import Classification, Project
from governance.work.evaluations.models import Evaluation
from governance.work.evaluations.rules import State as EvaluationState
from governance.work.model_versions.models import ModelVersion
from governance.work.runs.folders import run_folder
from governance.work.runs.models import Run, RunData
from governance.work.runs.rules import State as RunState

LEFT = (ImportState.REFUSED, ImportState.FAILED, ImportState.CANCELLED)
UNFINISHED = (RunState.FAILED, RunState.CANCELLED)
WILL_TRAIN = {RunState.SUBMITTED, RunState.QUEUED, RunState.RUNNING}
WILL_MEASURE = {EvaluationState.QUEUED, EvaluationState.RUNNING}
Resting = Run | Evaluation | Release | Deployment | DossierVersion | Erasure | AnnotationTask
ELSEWHERE = "Something in another project of the organisation rests on it"


@dataclass(frozen=True)
class Found:
    """One thing, the day since which it lies idle, and every ground that keeps it or ever kept it."""

    thing: Thing
    record: DatasetVersion | Run | Import
    since: date
    grounds: tuple[Ground, ...]

    @property
    def name(self) -> str:
        return f"Folder of {self.record}" if self.thing == Thing.RUN else str(self.record)

    @property
    def key(self) -> str:
        return f"{self.record.kind}:{self.record.pk}"

    @property
    def bytes(self) -> int:
        if isinstance(self.record, Run):
            return sum(path.stat().st_size for path in run_folder(self.record.pk).rglob("*") if path.is_file())
        return self.record.file_bytes

    @property
    def sha256(self) -> str:
        return self.record.content_digest if isinstance(self.record, Run) else self.record.file_sha256

    @cached_property
    def standing(self) -> list[Ground]:
        """What keeps it today, the weightiest first."""
        return rules.standing(self.grounds, timezone.localdate())

    @property
    def may_go(self) -> bool:
        return not self.standing

    @property
    def free_from(self) -> date | None:
        return rules.free_from(self.grounds)

    @property
    def ran_out(self) -> str:
        """The project's rule, which kept it and does so no more."""
        return next((one.words for one in self.grounds if one.basis == Basis.PROJECT_RULE and not one.kind), "")


def of_project(project: Project) -> list[Found]:
    """Every thing of a project, in as many queries for many as for one; what may go first, then by its day."""
    found = list(_Finder(project).found())
    return sorted(found, key=lambda each: (each.free_from or date.max, each.name))


def some(project: Project, ids: Collection[UUID]) -> dict[UUID, Found]:
    """Those of these records that can be deleted at all, by their id."""
    return {each.record.pk: each for each in _Finder(project, ids).found()}


def documents(project: Project, seen: Q) -> list[tuple[ModelVersion, list[Ground]]]:
    """The models of a project about which a dossier is frozen, with the periods for which the law has it kept."""
    finder = _Finder(project)
    let_go: dict[UUID, list[datetime]] = defaultdict(list)
    released = Release.objects.filter(project=project).values_list("model_version", "released_at")
    begun = Deployment.objects.filter(project=project).values_list("release__model_version", "begun_at")
    for pk, moment in [*released, *begun]:
        if moment is not None:
            let_go[pk].append(moment)
    found = ModelVersion.objects.filter(seen, dossier__versions__isnull=False, project=project).distinct()
    return [(model, finder.periods(model, let_go[model.pk], Basis.STATUTORY)) for model in found]


class _Finder:
    """Looks once at what a project's things have in common."""

    def __init__(self, project: Project, ids: Collection[UUID] | None = None) -> None:
        self.project, self.ids = project, ids
        self.rule = retention.rule(project.pk)
        self.holds = retention.of_project(project)

    def found(self) -> Iterator[Found]:
        chosen = {} if self.ids is None else {"pk__in": list(self.ids)}
        for sent in Import.objects.filter(
            dataset__project=self.project, version=None, state__in=LEFT, **chosen
        ).exclude(file_sha256="").select_related("dataset"):  # fmt: skip
            since = _day(sent.ended_at or sent.created_at)
            yield self._of(Thing.FILE, sent, since, self._held({sent.dataset_id}))
        yield from self._runs(chosen)
        versions = DatasetVersion.objects.filter(WITH_FILE, dataset__project=self.project, **chosen)
        yield from self._data(list(versions.select_related("dataset__project")))

    def _of(self, thing: Thing, record: DatasetVersion | Run | Import, since: date, grounds: Iterable[Ground]) -> Found:
        own = rules.by_rule(thing, since, self.rule.days if self.rule else {}, str(self.rule or ""))
        return Found(thing, record, since, (*grounds, own))

    def _held(self, datasets: Collection[UUID]) -> Iterator[Ground]:
        for hold in self.holds:
            if hold.dataset_id is None or hold.dataset_id in datasets:
                yield retention.ground(hold)

    def _runs(self, chosen: dict[str, list[UUID]]) -> Iterator[Found]:
        runs = list(Run.objects.filter(
            project=self.project, state__in=UNFINISHED, disposed_at=None, launched_at__isnull=False, **chosen
        ).select_related("base_model", "evaluation_plan"))  # fmt: skip
        data = defaultdict(set)
        for pk, dataset in RunData.objects.filter(run__in=runs).values_list("run", "dataset_version__dataset"):
            data[pk].add(dataset)
        for run in runs:
            if run_folder(run.pk).is_dir():
                yield self._of(Thing.RUN, run, _day(run.ended_at or run.created_at), self._held(data[run.pk]))

    def _data(self, versions: list[DatasetVersion]) -> Iterator[Found]:
        if not versions:
            return
        asked = Erasure.objects.filter(version__in=versions, state__in=ERASING)
        erasing = {each.version_id: each for each in asked.select_related("version__dataset")}
        shown = AnnotationTask.objects.filter(version__in=versions, state__in=[TaskState.QUEUED, TaskState.OPEN])
        tasks = {each.version_id: each for each in shown.select_related("version__dataset")}
        for version in versions:
            rests = self.rests_on(version)
            used = [each.ended_at or each.created_at for each in rests if isinstance(each, Run)]
            grounds = [*self._held({version.dataset_id}), *self._needed(rests)]
            for work in (erasing.get(version.pk), tasks.get(version.pk)):
                if work is not None:
                    grounds.append(self._by(work, f"{work} is under way", "until that has ended"))
            yield self._of(Thing.DATA, version, _day(max([version.created_at, *used])), grounds)

    @cached_property
    def lineage(self) -> Graph:
        return graph.load(Project.objects.filter(organisation=self.project.organisation_id))

    def rests_on(self, version: DatasetVersion) -> list[object]:
        """What came of it, also by way of other data; not what a model wrote, which rests on that model."""
        down = self.lineage.downstream([version.pk], lambda edge: edge.words != "written by")
        return [record for record, _ in down]

    def _needed(self, rests: list[object]) -> Iterator[Ground]:
        for each in rests:
            if isinstance(each, Run) and each.state in WILL_TRAIN:
                yield self._by(each, f"{each} is to be trained on it", "until that run has ended")
            elif isinstance(each, Evaluation) and each.state in WILL_MEASURE:
                yield self._by(each, f"{each} is under way", "until it has ended")
            elif isinstance(each, Deployment) and each.state == DeploymentState.IN_USE:
                yield self._by(each, f"{each} is in use", "until it is taken out of use")
        releases, deployments, dossiers = defaultdict(list), defaultdict(list), defaultdict(list)
        for each in rests:
            if isinstance(each, Release):
                releases[each.model_version_id].append(each)
            elif isinstance(each, Deployment):
                deployments[each.release.model_version_id].append(each)
            elif isinstance(each, DossierVersion):
                dossiers[each.dossier.model_version_id].append(each)
        for each in rests:
            if isinstance(each, ModelVersion):
                begun = [one.begun_at for one in deployments[each.pk] if one.begun_at is not None]
                yield from self._documented(each, releases[each.pk], begun, dossiers[each.pk])

    def _documented(
        self, model: ModelVersion, releases: list[Release], begun: list[datetime], dossiers: list[DossierVersion]
    ) -> Iterator[Ground]:
        """As evidence for what was let go or taken into use, or may still be."""
        let_go = [*begun, *(each.released_at for each in releases if each.released_at is not None)]
        for release in releases:
            if release.state == ReleaseState.RELEASED:
                yield self._by(release, f"{release} is in force", "until it is withdrawn")
            elif release.state == ReleaseState.PROPOSED:
                yield self._by(release, f"{release} is proposed", "until it is released or withdrawn")
        if dossiers and not releases:
            says = f"A dossier of {model} is frozen: it may still be released"
            yield self._by(dossiers[0], says, "until it is released, or its proposal is withdrawn")
        waits = not releases or any(each.state == ReleaseState.PROPOSED for each in releases)
        if let_go or (waits and dossiers):
            yield from self.periods(model, let_go, Basis.NEEDED)

    def periods(self, model: ModelVersion, let_go: list[datetime], basis: Basis) -> list[Ground]:
        """Those that are counted from the last day on which the model was let go or taken into use, or wait for its
        first."""
        last = max(let_go, default=None)
        own = model.project_id == self.project.pk
        name = str(model) if own else "a model of another project"
        counted = periods.LetGo(name, _day(last) if last else None, self._outcomes(model.project_id, let_go))
        return periods.grounds(counted, basis, kind=model.kind if own else "", pk=str(model.pk) if own else "")

    def _by(self, record: Resting, says: str, ends: str) -> Ground:
        if record.project_id != self.project.pk:
            return Ground(Basis.NEEDED, ELSEWHERE, None, "until that is over there")
        return Ground(Basis.NEEDED, says, None, ends, "", record.kind, str(record.pk))

    @cached_property
    def _classifications(self) -> dict[UUID, list[Classification]]:
        found = defaultdict(list)
        for each in Classification.objects.filter(project__organisation=self.project.organisation_id):
            found[each.project_id].append(each)
        return found

    def _outcomes(self, project_id: UUID, let_go: Iterable[datetime]) -> tuple[dict[str, object], ...]:
        """Of the classification that stands, and of those that stood when the model was let go or taken into use."""
        every = self._classifications.get(project_id, [])
        then = [next((each for each in every if each.created_at <= moment), None) for moment in let_go]
        return tuple(each.outcome for each in dict.fromkeys([*every[:1], *then]) if each is not None)


def _day(moment: datetime) -> date:
    return timezone.localdate(moment)
