"""What people are told of evaluations: what was found goes to the risk owners too."""

from collections.abc import Iterable

from governance.people.notifications.rules import Kind
from governance.people.notifications.tellings import Facts, Telling
from governance.people.notifications.tellings import register as tell
from governance.people.projects import selectors as projects
from governance.people.projects.rules import Role
from governance.work.evaluations.models import Evaluation
from governance.work.runs import notices as runs


def register() -> None:
    tell("evaluation.succeeded", Telling(Kind.FOUND, _whom_it_concerns, _found))
    tell("evaluation.succeeded", Telling(Kind.ENDED, _makers_of_sound, _sound))
    tell("evaluation.failed", Telling(Kind.ENDED, _makers, _failed))


def _makers(evaluation: Evaluation, facts: Facts) -> Iterable[int | None]:
    return runs.makers(evaluation.model_version.run, facts)


def _whom_it_concerns(evaluation: Evaluation, facts: Facts) -> Iterable[int | None]:
    if not _findings(evaluation):
        return []
    owners = projects.people_with(evaluation.project_id, {Role.RISK_OWNER})
    return [*_makers(evaluation, facts), *(member.user_id for member in owners)]


def _makers_of_sound(evaluation: Evaluation, facts: Facts) -> Iterable[int | None]:
    return [] if _findings(evaluation) else _makers(evaluation, facts)


def _findings(evaluation: Evaluation) -> int:
    return len((evaluation.report or {}).get("findings", ()))


def _found(evaluation: Evaluation, _by: str, _: Facts) -> str:
    count = _findings(evaluation)
    return f"The evaluation of {evaluation.model_version} found {count} thing{'s' if count > 1 else ''} to look at."


def _sound(evaluation: Evaluation, _by: str, _: Facts) -> str:
    return f"The evaluation of {evaluation.model_version} is finished; it found nothing against the model."


def _failed(evaluation: Evaluation, _by: str, _: Facts) -> str:
    said = (evaluation.error or {}).get("message", "its page says why.")
    return f"The evaluation of {evaluation.model_version} could not be finished: {said}"
