"""Sixteen people at the same moment over the same thing: what must be true whichever database is behind it."""

from collections import Counter
from typing import Any

from governance.foundation.audit.models import AuditEvent
from governance.foundation.audit.verification import verify
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Refusal
from governance.foundation.jobs.models import Job
from governance.people.approvals import reauthentication
from governance.people.approvals import services as approvals
from governance.people.approvals.rules import Verdict
from governance.people.approvals.selectors import standing
from governance.people.organisations import services as organisations
from governance.people.projects import services as projects
from governance.people.projects.rules import Role
from governance.work.runs import services as runs
from governance.work.runs.models import Run
from tests import factories
from tests.people import PASSWORD, House, person

THREADS = 16


def one_decision(home: House, at_once: Any) -> None:
    """Sixteen data stewards approve one dataset version, which takes one of them."""
    stewards = [_steward(home, number) for number in range(THREADS)]
    version = factories.registered_version(home)
    request = approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk)
    proofs = [
        reauthentication.by_password(
            actor=each, password=PASSWORD, subject_digest=request.subject_digest, verdict=Verdict.APPROVE
        )
        for each in stewards
    ]

    def act(one: int) -> Any:
        return approvals.decide(
            actor=stewards[one], request_id=request.pk, verdict=Verdict.APPROVE, reason="", proof=proofs[one]
        )

    won = _won(at_once(act, THREADS))
    assert won == 1 == request.decisions.count()
    assert standing(version).granted
    _linear()


def one_launch(home: House, at_once: Any) -> None:
    """Sixteen launches of one approved run make one job."""
    run = _approved(home)
    assert _won(at_once(lambda one: runs.launch(actor=home.ada, run_id=run.pk), THREADS)) == 1
    assert Job.objects.filter(subject_id=run.pk).count() == 1
    _linear()


def one_end(home: House, at_once: Any) -> None:
    """Launching and cancelling at once: it is launched once or not at all, cancelled once, and over."""
    run = _approved(home)
    acts = [runs.launch, runs.cancel]
    answers = at_once(lambda one: acts[one % 2](actor=home.ada, run_id=run.pk), THREADS)
    launched, cancelled = _won(answers[0::2]), _won(answers[1::2])
    assert (launched in (0, 1), cancelled) == (True, 1), answers
    assert Run.objects.get(pk=run.pk).state == "cancelled"
    _linear()


def _steward(home: House, number: int) -> Actor:
    made = person(f"steward-{number}", f"Steward{number} Lind")
    organisations.add_member(actor=home.admin, organisation_id=home.organisation.pk, username=made.username)
    projects.appoint(actor=home.admin, project_id=home.project.pk, username=made.username, role=Role.DATA_STEWARD)
    return made


def _approved(home: House) -> Run:
    factories.classification(home)
    run = runs.prepare(
        actor=home.ada, project_id=home.project.pk, base_model_id=factories.base_model(home).pk,
        data=[factories.dataset_version(home).pk], evaluation_plan_id=factories.evaluation_plan(home).pk, training={},
    )  # fmt: skip
    factories.approve(home.rita, runs.submit(actor=home.ada, run_id=run.pk))
    return run


def _won(answers: list[Any]) -> int:
    """How many got through; whoever did not was refused in words."""
    kinds = Counter("refused" if isinstance(each, Refusal) else type(each).__name__ for each in answers)
    assert not [each for each in answers if isinstance(each, Exception) and not isinstance(each, Refusal)], kinds
    return sum(not isinstance(each, Exception) for each in answers)


def _linear() -> None:
    assert verify().sound
    numbers = list(AuditEvent.objects.order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
