"""The jobs drawer: what waits, runs and failed, and whether anybody is there to do it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from assay.web import addresses, trail
from assay.web.requests import PageRequest
from governance.delivery.lineage import services as lineage
from governance.delivery.lineage.models import Trace
from governance.documents.renderings import services as renderings
from governance.foundation.core.errors import NotFound, WrongState
from governance.foundation.core.records import Record
from governance.foundation.jobs import selectors
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State
from governance.materials.annotations import services as annotations
from governance.materials.annotations.models import AnnotationTask
from governance.materials.base_models import services as base_models
from governance.materials.base_models.models import Registration
from governance.materials.datasets import measuring, splitting
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import Import, QualityProfile, Split
from governance.materials.redactions import services as redactions
from governance.materials.redactions.models import Redaction
from governance.materials.scans import services as scans
from governance.materials.scans.models import Scan
from governance.materials.syntheses import services as syntheses
from governance.materials.syntheses.models import Synthesis
from governance.people.projects import selectors as projects
from governance.work.evaluations import services as evaluations
from governance.work.runs import services as runs
from governance.work.runs.rules import can_end_otherwise

WORDS = {
    "train": gettext_lazy("Train run %(what)s"),
    "evaluate": gettext_lazy("%(what)s"),
    "render": gettext_lazy("Make the file %(what)s"),
    "register": gettext_lazy("Read the base model %(what)s"),
    "import": gettext_lazy("Read the file %(what)s"),
    "split": gettext_lazy("Make %(what)s"),
    "scan": gettext_lazy("Look for personal data: %(what)s"),
    "search": gettext_lazy("%(what)s"),
    "erasure": gettext_lazy("Erase rows: %(what)s"),
    "disposal": gettext_lazy("Delete what is on %(what)s"),
    "trace": gettext_lazy("Look through other versions: %(what)s"),
    "redact": gettext_lazy("Write the rows again: %(what)s"),
    "synthesise": gettext_lazy("%(what)s"),
    "profile": gettext_lazy("Measure the %(what)s"),
    "annotate": gettext_lazy("Draw the rows of the %(what)s"),
}


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    seen = [project.pk for project in projects.visible_to(request.actor)]
    found = list(selectors.drawer(seen)[:60])
    names = trail.records([(job.subject_kind, str(job.subject_id)) for job in found])
    rows = [_row(job, names.get((job.subject_kind, str(job.subject_id)))) for job in found]
    context = {"rows": rows, "worker": selectors.worker_seen(), "alive": selectors.worker_is_alive()}
    template = "jobs/_rows.html" if request.htmx else "jobs/list.html"
    return render(request, template, context)


@require_POST
def retry(request: PageRequest, pk: UUID) -> HttpResponse:
    """Another try, through the noun that the job worked for: it knows its gates."""
    job = Job.objects.filter(pk=pk, project_id__in=projects.visible_to(request.actor).values("pk")).first()
    if job is None:
        raise NotFound("job")
    match job.task:
        case runs.TASK:
            runs.resume(actor=request.actor, run_id=job.subject_id)
        case evaluations.TASK:
            evaluations.retry(actor=request.actor, evaluation_id=job.subject_id)
        case renderings.TASK:
            renderings.retry(actor=request.actor, rendering_id=job.subject_id)
        case Registration.task:
            base_models.retry(actor=request.actor, registration_id=job.subject_id)
        case Import.task:
            datasets.read_again(actor=request.actor, import_id=job.subject_id)
        case Split.task:
            splitting.again(actor=request.actor, split_id=job.subject_id)
        case QualityProfile.task:
            measuring.again(actor=request.actor, profile_id=job.subject_id)
        case Trace.task:
            lineage.trace_again(actor=request.actor, trace_id=job.subject_id)
        case Redaction.task:
            redactions.again(actor=request.actor, redaction_id=job.subject_id)
        case AnnotationTask.task:
            annotations.again(actor=request.actor, task_id=job.subject_id)
        case Scan.task:
            scans.again(actor=request.actor, scan_id=job.subject_id)
        case Synthesis.task:
            syntheses.again(actor=request.actor, synthesis_id=job.subject_id)
        case _:
            raise WrongState(f"A job of the kind {job.task} cannot be tried again from here.")
    messages.success(request, _("Queued again."))
    return redirect("job-list")


def _row(job: Job, subject: Record | None) -> dict[str, object]:
    progress = job.progress or {}
    live = job.state in (State.QUEUED, State.RUNNING)
    error = None
    if job.error:
        who = _("Whoever prepared it") if job.error.get("fault") == "user" else _("The operator")
        error = {"message": job.error["message"], "cure": "", "who": who}
    return {
        "label": WORDS.get(job.task, _("%(what)s")) % {"what": subject or job.subject_kind},
        "url": addresses.of(job.subject_kind, job.subject_id),
        "state": job.state,
        "note": _("asked for by %(who)s") % {"who": job.requested_by} if job.requested_by else "",
        "done": progress.get("done") if live else None,
        "total": progress.get("of") if live else None,
        "unit": progress.get("unit", ""),
        "seconds_left": progress.get("seconds_left") if live else None,
        "at": job.ended_at or job.started_at or job.created_at,
        "error": error,
        "retry_url": reverse("job-retry", args=[job.pk])
        if job.state == State.FAILED and can_end_otherwise(job.error)
        else "",
    }
