"""What must hold before a model is let go, and before one that was let go is used. Asked when it is proposed, and again
in the act."""

from collections.abc import Iterable
from uuid import UUID

from governance.delivery.releases.models import Release
from governance.delivery.releases.rules import State
from governance.documents.dossiers.selectors import every_citation
from governance.foundation.core.errors import Missing
from governance.foundation.core.records import Record
from governance.people.approvals.selectors import Standing, standing
from governance.people.projects.selectors import classification
from governance.work.evaluations.models import Evaluation
from governance.work.runs.gates import Gate, Light, class_words, licence_cure, licence_light, licence_verdict


def for_release(release: Release) -> list[Gate]:
    """Every gate of a release, the risk owner's approval last."""
    return [*_beneath(release), stands("Release approved", release, release.project_id)]


def for_use(release: Release) -> list[Gate]:
    """Every gate that a deployment of the release passes: what was true when it was let go, and may not be any more."""
    return [in_force(release, standing(release)), purpose(release), *_beneath(release)]


def _beneath(release: Release) -> list[Gate]:
    """What a release rests on: data, base model, run, licences, classification, evaluation and dossier."""
    run = release.model_version.run
    gates = [stands("Data approved", version, release.project_id) for version in run.data()]
    gates.append(stands("Base model approved", run.base_model, release.project_id))
    gates.append(stands("Run plan approved", run, release.project_id))
    gates.append(_licence(release))
    gates.append(_classified(release))
    gates.append(evaluated(release.evaluation, release.accepted_findings))
    gates.append(_stated(release))
    gates.append(stands("Dossier signed", release.dossier_version, release.project_id))
    return gates


def in_force(release: Release, answer: Standing) -> Gate:
    """Open while the release lets the model go: released, not withdrawn, and still approved (`answer`)."""
    kind, pk = release.kind, str(release.pk)
    light, says, cure = Light.RED, f"{release} is only proposed", "Whoever may releases it on its page."
    if release.state == State.WITHDRAWN:
        says = f"{release} was withdrawn by {release.withdrawn_by_name}: {release.withdrawal_reason.rstrip('.')}"
        cure = "Deploy another release of the model."
    elif release.state == State.RELEASED:
        light = Light.GREEN if answer.granted else Light.RED
        says, cure = f"{release}: by {release.released_by_name}", ""
        if not answer.granted:
            says, cure = f"{release} does not stand: {answer.why}", f"It needs {' and '.join(answer.missing)}."
    return Gate("release", "Release in force", light, says, cure, kind, pk)


def purpose(release: Release) -> Gate:
    """Open while the project is for what the model was released for."""
    same = release.purpose == release.project.intended_purpose
    says = "It was released for the purpose that the project has today"
    if not same:
        says = "It was released for another purpose than the project has today"
    cure = "" if same else "Propose a release for today's purpose, or restore the purpose."
    light = Light.GREEN if same else Light.RED
    return Gate("purpose", "Purpose", light, says, cure, "project", str(release.project_id))


def shut(gates: Iterable[Gate]) -> list[Missing]:
    return [gate.as_missing() for gate in gates if gate.light == Light.RED]


def evaluated(evaluation: Evaluation, accepted: list[str]) -> Gate:
    """Open when the plan's gate is open, or when each finding that shuts it is accepted by name."""
    because = list((evaluation.report or {}).get("gate", {}).get("because", []))
    open_findings = [finding for finding in because if finding not in accepted]
    if not evaluation.report:
        return Gate(
            "evaluation", "Evaluation", Light.RED, "There is no evaluation report", "Wait for it, or run it again.",
            "evaluation", str(evaluation.pk),
        )  # fmt: skip
    if open_findings:
        return Gate(
            "evaluation", "Evaluation", Light.RED, "; ".join(open_findings),
            "Mend it by another run, or accept each finding by name in the proposal.", "evaluation", str(evaluation.pk),
        )  # fmt: skip
    light = Light.AMBER if because else Light.GREEN
    says = f"{len(because)} findings accepted by name" if because else "Every limit of the plan was kept"
    return Gate("evaluation", "Evaluation", light, says, "", "evaluation", str(evaluation.pk))


def stands(label: str, subject: object, project_id: UUID) -> Gate:
    """Whether `subject` is approved in the project, as it is now."""
    answer = standing(subject, project_id)
    kind, pk = subject.kind, str(subject.pk)  # type: ignore[attr-defined]
    if answer.granted:
        return Gate(f"{kind}:{pk}", label, Light.GREEN, f"{subject}: by {answer.by}", answer.remark, kind, pk)
    needs = " and ".join(answer.missing)
    return Gate(f"{kind}:{pk}", label, Light.RED, f"{subject} needs {needs}", answer.why, kind, pk)


def _licence(release: Release) -> Gate:
    run = release.model_version.run
    verdict = licence_verdict(release.project, run.base_model, run.data())
    says = f"Licences for {release.project.get_use_display()}: {verdict.words}"
    if verdict.outcome != "no-rule-against":
        says += f", decided by {verdict.deciding.input}: {verdict.deciding.because}"
    return Gate(
        "licence", "Licences", licence_light(verdict), says, licence_cure(verdict), "project", str(release.project_id)
    )


def _classified(release: Release) -> Gate:
    found = classification(release.project_id)
    if found is None:
        return Gate(
            "classification", "Questionnaire", Light.RED, "The AI Act questionnaire is not answered",
            "Somebody who may answers and signs it on the project's page.", "project", str(release.project_id),
        )  # fmt: skip
    blocked = found.outcome.get("blocked_reason")
    return Gate(
        "classification", "Questionnaire", Light.RED if blocked else Light.GREEN,
        str(blocked or f"{class_words(found)}, signed by {found.decided_by_name}"),
        "Change the purpose, or do not release." if blocked else "", "classification", str(found.pk),
    )  # fmt: skip


def _stated(release: Release) -> Gate:
    """Whether the dossier was frozen over the classification that stands now and over this release's evaluation."""
    frozen, evaluation = release.dossier_version, release.evaluation
    document, found = frozen.document, classification(release.project_id)
    says = "The dossier states the classification and the evaluation of this release"
    light, cure = Light.GREEN, ""
    # without a classification there is nothing to compare; the questionnaire's own gate is shut then
    if found is not None and not _names(document["outcome"]["evidence"], found):
        light, says = Light.RED, "The dossier states another classification"
    elif not any(_names(cited, evaluation) for cited in every_citation(document)):
        light, says = Light.RED, "The dossier states another evaluation"
    if light == Light.RED:
        cure = "Freeze and sign it anew, then propose the release with it."
    return Gate("dossier-states", "Dossier states this", light, says, cure, frozen.kind, str(frozen.pk))


def _names(cited: dict[str, str] | None, record: Record) -> bool:
    """Whether a citation of a dossier means `record` as it is now."""
    named = (record.kind, str(record.pk), record.content_digest)
    return cited is not None and (cited["kind"], cited["id"], cited["sha256"]) == named
