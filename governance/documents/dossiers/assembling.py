"""From sources, declared text and an edition of the law to the dossier's JSON (assay.dossier/1). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from governance.documents.dossiers import rules
from governance.documents.dossiers.rules import Declared, Stated
from governance.documents.dossiers.sections import ANSWERS, Bound, bound
from governance.documents.sources.records import Source, Sources
from governance.foundation.core.canonical import digest, plain
from governance.law.regulation import rules as regulation
from governance.law.regulation.rules import NOT_REQUIRED, UNDETERMINED, Edition, Leaf, Prompt


@dataclass(frozen=True)
class Case:
    """What the edition makes of the recorded outcome: flags, whether it is settled, and which leaves it asks for."""

    flags: frozenset[str] = frozenset()
    settled: bool = False
    required: Mapping[str, str] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)


def assemble(
    edition: Edition,
    sources: Sources,
    declared: Sequence[Declared] = (),
    stated: Sequence[Stated] = (),
    *,
    frozen_at: datetime | None = None,
) -> dict[str, Any]:
    """The dossier of `sources.model_version` as it is now; `frozen_at` and `sha256` are null in a draft.

    Raises ValueError without a model version: there is nothing to describe then.
    """
    if sources.model_version is None:
        raise ValueError("A dossier describes a model version; it cannot be withheld.")
    case = _case(edition, sources.classification)
    said: dict[str, list[Bound]] = {}
    for one in ANSWERS:
        for statement in bound(one, sources):
            said.setdefault(statement.prompts[0], []).append(statement)
    words = {each.prompt: each for each in declared}
    sections = [_section(leaf, edition, case, said, words, stated) for leaf in edition.leaves()]
    document: dict[str, Any] = plain(
        {
            "schema": rules.SCHEMA,
            "edition": {**edition.stamp(), "title": edition.title, "as_of": edition.as_of},
            "disclaimer": edition.disclaimer,
            "subject": _subject(sources),
            "outcome": _outcome(edition, sources.classification),
            "frozen_at": frozen_at,
            "sha256": None,
            "annexes": [
                {"id": each.id, "ref": each.ref, "title": each.title, "link": each.link} for each in edition.annexes
            ],
            "sections": sections,
            "completeness": rules.completeness(sections),
        }
    )
    if frozen_at is not None:
        document["sha256"] = digest_of(document)
    return document


def digest_of(document: Mapping[str, Any]) -> str:
    """What is signed: sha256 over the canonical JSON of the dossier without its `sha256`."""
    return digest({key: value for key, value in document.items() if key != "sha256"})


def _annex(annex: regulation.Annex) -> dict[str, str]:
    return {"id": annex.id, "ref": annex.ref, "title": annex.title, "link": annex.link}


def _case(edition: Edition, classification: Source | None) -> Case:
    """The outcome as recorded, where it was decided under this edition; under another one nothing is decided."""
    if classification is None or classification.facts["edition_sha256"] != edition.sha256:
        return Case()
    found = classification.facts["outcome"]
    return Case(frozenset(found["flags"]), found["settled"], found["required_leaves"], found["leaf_dates"])


def _subject(sources: Sources) -> dict[str, Any]:
    version, base, run = sources.model_version, sources.base_model, sources.run
    assert version is not None  # noqa: S101 - asked for by `assemble`
    return {
        "model_version": version.id,
        "digest": version.facts["digest"],
        "name": version.facts["name"],
        "number": version.facts["number"],
        "project": sources.project.name if sources.project else None,
        "organisation": sources.organisation.name if sources.organisation else None,
        "base_model": base.name if base else None,
        "run": run.name if run else None,
    }


def _outcome(edition: Edition, classification: Source | None) -> dict[str, Any]:
    if classification is None or classification.facts["edition_sha256"] != edition.sha256:
        why = "Nobody has answered the questionnaire" if classification is None else "It was answered under"
        other = "." if classification is None else f" {classification.facts['edition']}, another edition of the law."
        return {
            "role": UNDETERMINED, "risk_class": UNDETERMINED, "kind": UNDETERMINED, "decided_by": None, "at": None,
            "reason": f"{why}{other}", "duties": [], "documents": [], "open_points": [], "evidence": None,
        }  # fmt: skip
    found = classification.facts["outcome"]
    roles = ", ".join(found["roles"]) or ("none" if found["settled"] else UNDETERMINED)
    return {
        "role": roles,
        "risk_class": found["risk_class"],
        "kind": found["dossier_kind"],
        "decided_by": classification.by,
        "at": classification.at,
        "reason": classification.facts["reason"],
        "duties": [
            {key: duty[key] for key in ("id", "ref", "says", "rule", "why", "applies_from", "original", "amended")}
            for duty in found["duties"]
        ],
        "documents": found["documents"],
        "open_points": [point["says"] for point in found["open_points"]],
        "evidence": classification.cited(),
    }


def _section(
    leaf: Leaf,
    edition: Edition,
    case: Case,
    said: Mapping[str, list[Bound]],
    words: Mapping[str, Declared],
    stated: Sequence[Stated],
) -> dict[str, Any]:
    statements: list[dict[str, Any]] = []
    meeting: dict[str, list[int]] = {prompt.id: [] for prompt in leaf.prompts}
    human = {prompt.id for prompt in leaf.prompts if prompt.human}
    for prompt in leaf.prompts:
        for each in said.get(prompt.id, []):
            for about in each.prompts:
                if each.told.meets and not (about in human and each.told.source == "measured"):
                    meeting[about].append(len(statements))
            statements.append(_statement(each))
        word = words.get(prompt.id)
        if word is not None and not word.not_applicable:
            meeting[prompt.id].append(len(statements))
            statements.append(_declared(word))
    return {
        "ref": leaf.ref,
        "title": leaf.title,
        "summary": leaf.summary,
        "link": leaf.link,
        "annex": leaf.annex,
        "duty": "required" if leaf.ref in case.required else "voluntary",
        "because": case.required.get(leaf.ref, NOT_REQUIRED),
        "applies_from": case.dates.get(leaf.ref),
        "prompts": [_prompt(prompt, meeting[prompt.id], edition, case, words, stated) for prompt in leaf.prompts],
        "statements": statements,
    }


def _prompt(
    prompt: Prompt,
    met_by: list[int],
    edition: Edition,
    case: Case,
    words: Mapping[str, Declared],
    stated: Sequence[Stated],
) -> dict[str, Any]:
    return {
        "id": prompt.id,
        "ask": prompt.ask,
        "met_by": met_by,
        "needs": prompt.needs,
        "human": prompt.human,
        "not_applicable": None if met_by else _not_applicable(prompt, edition, case, words.get(prompt.id), stated),
    }


def _not_applicable(
    prompt: Prompt, edition: Edition, case: Case, word: Declared | None, stated: Sequence[Stated]
) -> dict[str, Any] | None:
    """By a person's word, else by a rule of the edition with the fact that a person stated for it."""
    if word is not None and word.not_applicable:
        because = f"{word.by}, {word.at:%Y-%m-%d}: {word.text}"
        return {"because": because, "rule": None, "by": word.by, "at": word.at, "evidence": [dict(word.cited)]}
    facts = {each.fact: each.value for each in stated}
    rule = regulation.not_applicable(prompt, case.flags, facts, law=edition, settled=case.settled)
    if rule is None:
        return None
    grounds = [each for each in stated if each.fact == rule.fact]
    return {
        "because": f"{rule.id}: {rule.says}",
        "rule": rule.id,
        "by": grounds[0].by if grounds else None,
        "at": grounds[0].at if grounds else None,
        "evidence": [dict(each.cited) for each in grounds],
    }


def _statement(said: Bound) -> dict[str, Any]:
    return {
        "text": said.told.text,
        "source": said.told.source,
        "evidence": [source.cited() for source in _once(said.cites)],
        "by": said.by,
        "at": said.at,
        "about": list(said.prompts),
    }


def _declared(word: Declared) -> dict[str, Any]:
    return {
        "text": word.text,
        "source": "declared",
        "evidence": [dict(word.cited)],
        "by": word.by,
        "at": word.at,
        "about": [word.prompt],
    }


def _once(cites: Iterable[Source]) -> Iterable[Source]:
    return {(source.kind, source.id): source for source in cites}.values()
