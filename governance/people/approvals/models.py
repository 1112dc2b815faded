"""Requests, decisions, and the proofs of re-authentication that a decision consumes."""

from functools import cached_property

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from governance.foundation.core.records import Record
from governance.people.approvals.rules import State, Verdict, Vote, outcome
from governance.people.policies.kinds import KINDS
from governance.people.policies.models import Policy
from governance.people.policies.rules import Terms, parse
from governance.people.projects.models import Project
from governance.people.projects.rules import SPOKEN, Role


class ApprovalRequest(Record):
    """Asks the deciders of a project about one subject, as it is now: bound to its content digest."""

    kind = "approval_request"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="approval_requests")
    subject_kind = models.CharField(max_length=40, choices=[(kind, known.noun) for kind, known in KINDS.items()])
    subject_id = models.UUIDField()
    subject_name = models.CharField(max_length=200)
    subject_digest = models.CharField(max_length=64)
    # The content as it was asked about, so that a later request can show what changed.
    subject_content = models.JSONField()
    # What governed when it was asked, kept whole: a later policy changes nothing for it. None: the default edition.
    policy = models.ForeignKey(Policy, null=True, on_delete=models.PROTECT, related_name="requests")
    policy_digest = models.CharField(max_length=64)
    terms_content = models.JSONField()
    state = models.CharField(max_length=20, choices=[(s.value, s.value) for s in State], default=State.OPEN)
    note = models.TextField(blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    requested_by_name = models.CharField(max_length=200)
    closed_at = models.DateTimeField(null=True)
    # What the policy says of time, worked out once: when it is late, when somebody is reminded next, when an approval
    # ends. Empty where it says nothing.
    due_at = models.DateTimeField(null=True)
    remind_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["subject_kind", "subject_id"])]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "subject_kind", "subject_id"],
                condition=Q(state=State.OPEN.value),
                name="one_open_request_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in State]), name="approval_request_state_is_known"
            ),
        ]

    def __str__(self) -> str:
        noun = self.get_subject_kind_display()
        # some names say their noun already: "Release of Support-7"
        return self.subject_name if noun in self.subject_name.lower() else f"{noun} {self.subject_name}"

    @cached_property
    def terms(self) -> Terms:
        return parse(self.subject_kind, self.terms_content)

    @property
    def state_now(self) -> State:
        """Its state at this moment: an approval ends when its time is over, whether or not somebody wrote that down."""
        state = State(self.state)
        over = self.expires_at is not None and self.expires_at <= timezone.now()
        return State.EXPIRED if over and state in (State.GRANTED, State.SUSPENDED) else state

    @property
    def was_granted(self) -> bool:
        """Whether people ever approved it: a request may also become void while it still waits."""
        ended = (State.GRANTED, State.VOID, State.SUSPENDED, State.EXPIRED, State.REPLACED)
        return self.state in ended and outcome(self.terms, self.votes()) == State.GRANTED

    @property
    def late(self) -> bool:
        return self.state == State.OPEN and self.due_at is not None and self.due_at < timezone.now()

    def standing_decisions(self) -> list["Decision"]:
        """What was decided on it, and what was carried over to it, in time's order."""
        carried = [each.decision for each in self.carried.all()]
        return sorted([*carried, *self.decisions.all()], key=lambda decision: decision.created_at)

    def votes(self) -> list[Vote]:
        return [
            Vote(each.by_id, each.step, Verdict(each.verdict), each.stands_for_id) for each in self.standing_decisions()
        ]


class Decision(Record):
    """One person's signed verdict on what the request's digest names. Never changed."""

    kind = "decision"

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=8, choices=[(v.value, v.value) for v in Verdict])
    meaning = models.TextField()
    reason = models.TextField(blank=True)
    digest = models.CharField(max_length=64)
    step = models.CharField(max_length=80)  # of the request's terms
    parts = models.JSONField(default=dict)  # what the step reviews, each with its digest: {code: sha256}
    method = models.CharField(max_length=16)  # how the signer showed who they are
    # Where the policy wants it: each part that has a page, and when the signer opened it. None: it was not asked.
    opened = models.JSONField(null=True)  # [{"label", "name", "sha256", "at"}]
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)
    by_roles = models.JSONField(default=list)
    # The loan of a role under which it was given, and whose role that is.
    delegation = models.ForeignKey("Delegation", null=True, on_delete=models.PROTECT, related_name="decisions")
    stands_for = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    stands_for_name = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [models.UniqueConstraint(fields=["request", "by"], name="one_decision_per_person")]

    def __str__(self) -> str:
        return f"{self.by_name}: {self.verdict}"

    def content(self) -> dict[str, object]:
        return {
            "subject": {"kind": self.request.subject_kind, "id": self.request.subject_id, "sha256": self.digest},
            "step": self.step,
            "parts": self.parts,
            "verdict": self.verdict,
            "meaning": self.meaning,
            "reason": self.reason,
            "method": self.method,
            "by": self.by_name,
            "roles": self.by_roles,
            **({"stands_for": self.stands_for_name} if self.stands_for_name else {}),
            **({} if self.opened is None else {"opened": self.opened}),
            "at": self.created_at,
        }

    def printed(self) -> dict[str, object]:
        """As it stands beside a document: `assay.rendering` prints it."""
        request = self.request
        return {
            "by": self.by_name,
            "roles": self.by_roles,
            "verdict": self.verdict,
            "meaning": self.meaning or self.reason,
            "at": self.created_at,
            "method": self.method,
            **({} if self.opened is None else {"opened": self.opened}),
            "over": {"kind": request.subject_kind, "name": request.subject_name, "sha256": self.digest},
        }

    @property
    def project_id(self) -> object:
        return self.request.project_id


class Carried(Record):
    """An approval of an earlier request that holds for a later one, because what its step reviews is unchanged."""

    kind = "carried_decision"

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="carried")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="carried_into")

    class Meta:
        ordering = ["created_at"]
        constraints = [models.UniqueConstraint(fields=["request", "decision"], name="one_carrying_of_a_decision")]

    def __str__(self) -> str:
        return f"{self.decision}, carried over"

    @property
    def project_id(self) -> object:
        return self.request.project_id


class Delegation(Record):
    """A person lends a deciding role to another member of the project, for some days. It gives the right to decide
    where the lender could, and nothing else; never over the lender's own work, and never over the other's."""

    kind = "delegation"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="delegations")
    role = models.CharField(max_length=24, choices=[(role.value, SPOKEN[role]) for role in Role])
    lender = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    lender_name = models.CharField(max_length=200)
    taker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    taker_name = models.CharField(max_length=200)
    starts_on = models.DateField()
    ends_on = models.DateField()  # the last day
    reason = models.TextField()
    ended_at = models.DateTimeField(null=True)  # taken back before its last day
    ended_by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=models.F("starts_on")), name="delegation_ends_after_start"),
            models.CheckConstraint(condition=~Q(lender=models.F("taker")), name="nobody_delegates_to_themselves"),
        ]

    def __str__(self) -> str:
        return f"{self.lender_name} lends {self.get_role_display()} to {self.taker_name}"

    def content(self) -> dict[str, object]:
        return {
            "project": self.project_id,
            "role": self.role,
            "lender": self.lender_name,
            "taker": self.taker_name,
            "starts_on": self.starts_on,
            "ends_on": self.ends_on,
            "reason": self.reason,
        }


class Comment(Record):
    """Something said beside a decision, by anybody who sees the request. Never changed."""

    kind = "comment"

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="comments")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)
    text = models.TextField()

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.by_name} on {self.request}"

    @property
    def project_id(self) -> object:
        return self.request.project_id


class Suspension(Record):
    """Why an approval has lost its force, until what caused that is taken back or somebody decides anew."""

    kind = "suspension"

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="suspensions")
    cause_kind = models.CharField(max_length=40)
    cause_id = models.UUIDField(db_index=True)
    because = models.TextField()
    by_name = models.CharField(max_length=200)
    lifted_at = models.DateTimeField(null=True)
    lifted_by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["request", "cause_id"], name="one_suspension_for_a_cause"),
        ]

    def __str__(self) -> str:
        return f"Suspension of the approval of {self.request.subject_name}"

    @property
    def project_id(self) -> object:
        return self.request.project_id

    def content(self) -> dict[str, object]:
        request = self.request
        return {
            "subject": {"kind": request.subject_kind, "id": request.subject_id, "sha256": request.subject_digest},
            "cause": {"kind": self.cause_kind, "id": self.cause_id},
            "because": self.because,
            "by": self.by_name,
            "at": self.created_at,
        }


class Reauthentication(Record):
    """A person showed anew who they are, for one decision on one digest. Used once, soon stale."""

    kind = "reauthentication"
    is_told_of = False  # a proof that is soon stale; the decision that it was for is told of

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    subject_digest = models.CharField(max_length=64)
    verdict = models.CharField(max_length=8)
    method = models.CharField(max_length=16)
    succeeded = models.BooleanField()
    secret_sha256 = models.CharField(max_length=64, blank=True)
    consumed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.user} for {self.subject_digest[:12]}"
