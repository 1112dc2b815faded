"""What the demo's people settle beforehand: a policy for run plans, how far retrains may go without a decision, and how
long things are kept that nothing else keeps."""

from datetime import timedelta

from django.utils import timezone

from assay.demo.cast import PASSWORD, Stage
from assay.demo.story import Story
from governance.materials.datasets.models import DatasetVersion
from governance.oversight.retention import selectors as retention
from governance.oversight.retention import services as holds
from governance.oversight.retention.models import RetentionRule
from governance.oversight.retention.rules import Thing
from governance.people.approvals import publishing, reauthentication
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import Verdict
from governance.people.policies import services as policies
from governance.people.policies.models import Policy
from governance.work.envelopes import services as envelopes
from governance.work.envelopes.models import Envelope
from governance.work.envelopes.rules import Bounds
from governance.work.runs.models import Run

RUN_PLANS = {
    "steps": [{"name": "Review of the run plan", "roles": ["risk_owner"]}],
    "comment_required": True,
    "deadline_days": 5,
    "remind_after_days": 2,
}
KEPT: dict[str, int | None] = {Thing.RUN: 30, Thing.FILE: 7}  # days; data itself goes by nobody's rule here
WEEKLY = Bounds(most_rows_added=60, most_percent_added=10.0, most_rows_removed=5)


def publish_policy(stage: Stage) -> Policy:
    """Mira, for the whole organisation: a reason with every decision on a run plan, within five days."""
    mira, organisation = stage["admin"], stage.organisation
    if found := Policy.objects.filter(organisation=organisation, project=None, subject_kind="run").first():
        return found
    draft = policies.draft(actor=mira, subject_kind="run", terms=RUN_PLANS, organisation_id=organisation.pk)
    proof = reauthentication.by_password(
        actor=mira, password=PASSWORD, subject_digest=draft.content_digest, verdict=Verdict.APPROVE
    )
    return publishing.publish(actor=mira, policy_id=draft.pk, proof=proof)


def approve_retrains(story: Story, run: Run, data: DatasetVersion) -> Envelope:
    """Ada writes how far the weekly retrains of her run go, Ben and Rita approve that once."""
    if found := Envelope.objects.filter(project=story.stage.project).first():
        return found
    story.wait_for_scan(data)
    envelope = envelopes.write(
        actor=story.stage["ada"],
        run_id=run.pk,
        bounds=WEEKLY,
        expires_on=timezone.localdate() + timedelta(days=90),
        reason="The desk adds some questions every week, by the same people and in the same tone.",
    )
    request = ApprovalRequest.objects.get(subject_kind=envelope.kind, subject_id=envelope.pk)
    story.decide(request, story.stage["ben"], reason="A tenth more of the same rows is still the same data.")
    story.decide(request, story.stage["rita"], reason="Same model, same settings, same limits; releases are signed.")
    return envelope


def set_retention(stage: Stage) -> RetentionRule:
    """Cleo: what came to nothing is not kept for ever."""
    return retention.rule(stage.project.pk) or holds.set_rule(
        actor=stage["cleo"],
        project_id=stage.project.pk,
        days=KEPT,
        reason="A month is enough to look into why a run failed; its checkpoints fill the disk.",
    )
