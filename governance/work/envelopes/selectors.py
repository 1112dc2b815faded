"""Questions about envelopes: which hold, what is inside one, what passed under it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.people.approvals import selectors as approvals
from governance.people.approvals import subjects
from governance.people.approvals.methods import SECOND
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import State as Request
from governance.people.approvals.rules import Verdict, missing
from governance.people.approvals.selectors import standing
from governance.people.approvals.subjects import Fact
from governance.people.policies import selectors as policies
from governance.people.policies.kinds import Touch
from governance.people.policies.rules import Terms, barred
from governance.people.policies.selectors import staff
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.envelopes import candidates, rules
from governance.work.envelopes.candidates import Asked
from governance.work.envelopes.models import Envelope, Passage
from governance.work.envelopes.rules import Approver, Check, State
from governance.work.runs import selectors as runs
from governance.work.runs.models import Run
from governance.work.runs.rules import State as RunState


def visible_to(actor: Actor) -> QuerySet[Envelope]:
    """With those of their passages that `actor` sees: what passed outside an audit's period is not laid open by it."""
    passed = Passage.objects.filter(projects.within(actor, "envelope__project")).select_related("request")
    found = Envelope.objects.filter(projects.within(actor)).select_related("project__organisation", "reference")
    return found.prefetch_related(Prefetch("passages", passed))


def visible(actor: Actor, envelope_id: UUID) -> Envelope:
    return one_of(visible_to(actor), envelope_id)


def states(envelopes: Sequence[Envelope]) -> dict[UUID, State]:
    """Where each is today: approval is asked, of the envelope and of all that its reference rests on."""
    answers = approvals.standings(envelopes)
    today = timezone.localdate()
    over = {each.pk for each in envelopes if each.revoked_at is not None or each.expires_on < today}
    lost = _fallen([each for each in envelopes if answers[each.pk].granted and each.pk not in over])
    found = {}
    for envelope in envelopes:
        answer = answers[envelope.pk]
        found[envelope.pk] = rules.state(
            granted=answer.granted,
            waits=answer.request is not None and answer.request.state == Request.OPEN,
            stands=answer.granted and envelope.pk not in over and not lost[envelope.pk],
            revoked=envelope.revoked_at is not None,
            expires_on=envelope.expires_on,
            today=today,
        )
    return found


def fallen(envelope: Envelope) -> list[str]:
    """What of the reference is not approved any more as it was, in a sentence each."""
    return _fallen([envelope])[envelope.pk]


def _fallen(envelopes: Sequence[Envelope]) -> dict[UUID, list[str]]:
    """`fallen` of each, by its id; queries follow the kinds of what a reference rests on."""
    prefetch_related_objects(envelopes, "reference__base_model", "reference__evaluation_plan", "reference__data_links")
    parts = {envelope.pk: _rests_on(envelope.reference) for envelope in envelopes}
    asked: dict[str, list[tuple[Any, UUID]]] = defaultdict(list)
    for envelope in envelopes:
        for part in parts[envelope.pk]:
            asked[part.kind].append((part, envelope.project_id))
    answers = {key: answer for pairs in asked.values() for key, answer in approvals.standings_in(pairs).items()}
    found: dict[UUID, list[str]] = {}
    for envelope in envelopes:
        run = envelope.reference
        changed = [] if run.content_digest == envelope.reference_digest else [f"{run} is another plan now."]
        stand = [(part, answers[part.pk, envelope.project_id]) for part in parts[envelope.pk]]
        found[envelope.pk] = changed + [f"{part}: {answer.why}" for part, answer in stand if not answer.granted]
    return found


def in_force(project_id: UUID) -> list[Envelope]:
    """The envelopes under which something may pass today, the oldest first."""
    kept = Envelope.objects.filter(project=project_id, revoked_at=None, expires_on__gte=timezone.localdate())
    found = list(kept.select_related("project__organisation", "reference__base_model").order_by("created_at"))
    now = states(found)
    return [envelope for envelope in found if now[envelope.pk] == State.IN_FORCE]


def why_no_reference(run: Run) -> str | None:
    """Why nothing can be held against `run`, in a sentence, or None."""
    if run.state != RunState.SUCCEEDED or not standing(run).granted:
        return f"{run} is no reference: only a run that succeeded and whose plan is approved is one."
    if again := candidates.twice(run.data()):
        return f"{run} uses two versions of {again.dataset}; nobody could say which one a retrain replaces."
    return None


def bounds(envelope: Envelope) -> list[Check]:
    """Every bound, beside what the reference itself was."""
    plan, measured = envelope.plan, envelope.measured
    found = rules.of_plan(envelope.bounds, plan, plan)
    return found if measured is None else [*found, *rules.of_measured(envelope.bounds, measured, measured)]


@dataclass(frozen=True)
class Held:
    """One envelope beside a subject."""

    envelope: Envelope
    checks: list[Check]

    @property
    def outside(self) -> list[Check]:
        return rules.outside(self.checks)


def held(request: ApprovalRequest, subject: Any) -> list[Held]:
    """Every envelope in force that is about `subject`, with each bound and who approved it as the last."""
    if subject.kind not in candidates.kinds():
        return []
    return [
        Held(envelope, [*found, _approvers(envelope, request.terms, approvals.facts_now(request).touched)])
        for envelope in in_force(request.project_id)
        if (found := candidates.checks(envelope, subject)) is not None
    ]


def crossed(request: ApprovalRequest) -> list[Held]:
    """The envelopes in force about what is asked, where none of them covers it."""
    found = held(request, subjects.load(request.subject_kind, request.subject_id))
    return found if all(each.outside for each in found) else []


def fallen_with(request: ApprovalRequest) -> list[Envelope]:
    """The envelopes that have no force now and whose reference rests on the subject of `request`."""
    kept = Envelope.objects.filter(project=request.project_id, revoked_at=None, expires_on__gte=timezone.localdate())
    resting = [
        envelope
        for envelope in kept.select_related("project__organisation", "reference")
        if request.subject_id in {part.pk for part in _rests_on(envelope.reference)}
    ]
    now = states(resting)
    return [envelope for envelope in resting if now[envelope.pk] == State.SUSPENDED]


def _rests_on(run: Run) -> list[Any]:
    """The plan itself, and all that somebody approved for it."""
    return [run, run.base_model, *run.data()]


def held_plan(project: Project, asked: Asked, touched: Sequence[Touch]) -> list[Held]:
    """The same for a run plan that nobody was asked about yet; `touched`: what people did to it, or would have."""
    terms = policies.governing(project.pk, Run.kind).terms
    return [
        Held(envelope, [*candidates.plan(envelope, asked), _approvers(envelope, terms, touched)])
        for envelope in in_force(project.pk)
    ]


def _approvers(envelope: Envelope, terms: Terms, touched: Sequence[Touch]) -> Check:
    """What passes is no more than those who approved the envelope could have approved by the policy of the subject."""
    votes = [each for each in standing(envelope).decisions if each.verdict == Verdict.APPROVE]
    roles = staff(envelope.project_id)
    enough = rules.could_approve(
        terms,
        barred(touched, terms),
        {each.by_id: Approver(roles.get(each.by_id, frozenset()), each.method in SECOND) for each in votes},
    )
    return Check(
        "Approved beforehand by people who could decide on this",
        " and ".join(missing(terms)),
        ", ".join(each.by_name for each in votes),
        enough,
    )


def passages(request_ids: Collection[UUID]) -> QuerySet[Passage]:
    return Passage.objects.filter(request__in=request_ids).select_related("envelope", "request")


def passages_on(subject_ids: Collection[UUID], project_id: UUID) -> QuerySet[Passage]:
    """What passed in a project, of these subjects, the first first: for documents about them."""
    return (
        Passage.objects.filter(request__project=project_id, request__subject_id__in=subject_ids)
        .select_related("envelope", "request")
        .order_by("created_at")
    )


def touched(envelope_ids: Collection[UUID]) -> dict[UUID, list[Touch]]:
    """Who made the data of the references."""
    references = dict(Envelope.objects.filter(pk__in=envelope_ids).values_list("pk", "reference"))
    made = runs.touched(set(references.values()))
    return {pk: made[run] for pk, run in references.items()}


def summary(envelope: Envelope, project: Project) -> Iterable[Fact]:
    """What a decider needs to know: of what there may be more, how much more, and until when."""
    bounds, run = envelope.bounds, envelope.reference
    yield Fact("Retrains of", str(run), f"on {run.base_model}, approved by {standing(run).by or 'nobody any more'}")
    yield Fact("The same", "base model, settings, evaluation plan, use of data; no higher budget")
    yield Fact("Rows added to a dataset", bounds.added_in_words, ", ".join(data.name for data in envelope.plan.data))
    yield Fact("Rows removed from a dataset", f"at most {bounds.most_rows_removed:,}")
    for data in envelope.plan.data:
        found = ", ".join(data.personal or ()) or "none"
        yield Fact("As in", data.name, f"licence {data.licence}; personal data and secrets: {found}; provenance")
    if bounds.most_worse is None:
        yield Fact("Releases", "do not pass: each is decided on")
    else:
        says = f"pass where no figure is worse than the reference's by more than {bounds.most_worse:g}"
        yield Fact("Releases", says, "and every limit is kept; the dossier is signed all the same", warns=True)
    yield Fact("Reason", envelope.reason)
    yield Fact("Last day", f"{envelope.expires_on:%d %b %Y}")
    yield Fact("Written by", envelope.written_by_name)


def told(subject: Any, project: Project) -> Iterable[Fact]:
    """Which bounds keep a subject that waits for a decision from passing."""
    request = ApprovalRequest.objects.filter(
        project=project, subject_kind=subject.kind, subject_id=subject.pk, state=Request.OPEN
    ).first()
    for one in held(request, subject) if request else ():
        if one.outside:
            says = "; ".join(map(str, one.outside))
            yield Fact(f"Outside E-{one.envelope.number}", says, warns=True)
        else:
            yield Fact(f"Inside E-{one.envelope.number}", "Asked before it held; asked anew, it passes.")
