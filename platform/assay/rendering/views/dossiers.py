"""The dossier on paper: cover, contents, gaps, duties, the points with their evidence, and every record cited."""

from collections.abc import Iterable, Mapping
from typing import Any

from assay.rendering import pictures
from assay.rendering.tags import minute
from governance.documents.dossiers import rules
from governance.people.approvals.methods import SPOKEN, Method
from governance.people.approvals.rules import opened_in_words

KINDS = {
    "annotation_task": "Expert review", "base_model": "Base model", "classification": "Classification",
    "dataset_version": "Dataset version", "suspension": "Suspension",
    "decision": "Decision", "declaration": "Declaration", "dossier": "Dossier", "evaluation": "Evaluation report",
    "evaluation_plan": "Evaluation plan", "model_card": "Model card", "model_version": "Model version",
    "organisation": "Organisation", "project": "Project", "quality_profile": "Quality profile",
    "release": "Release", "run": "Run plan", "run_manifest": "Run manifest", "stated_fact": "Stated fact",
}  # fmt: skip
FEW_DUTIES = 3


def view(document: Mapping[str, Any], seal: Mapping[str, Any]) -> dict[str, Any]:
    """The template's context."""
    subject = document["subject"]
    sections = [_point(section, number) for number, section in enumerate(document["sections"], start=1)]
    return {
        "identifier": document["sha256"] or f"draft of {subject['digest']}",
        "language": "en",
        "title": f"Technical documentation of {subject['name']}",
        "running": f"Dossier {subject['name']}",
        "document": document,
        "subject": subject,
        "outcome": document["outcome"],
        "parts": _parts(document["sections"]),
        "total": document["completeness"],
        "bar": pictures.completeness_bar(
            {**document["completeness"], "na": document["completeness"]["not_applicable"]}, width=610, height=9
        ),
        "signatures": signatures(seal),
        "annexes": _annexes(sections, {annex["ref"]: annex["title"] for annex in document["annexes"]}),
        "gaps": _gaps(document),
        "gaps_in_duties": sum(
            rules.kind_of(prompt, section) == "missing"
            for section in document["sections"]
            if section["duty"] == "required"
            for prompt in section["prompts"]
        ),
        "few_duties": len(document["outcome"]["duties"]) <= FEW_DUTIES,
        "records": _records(document),
    }


def signatures(seal: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The signatures of a seal, with the subject's kind in words."""
    found = []
    for each in seal.get("signatures", []):
        over = each["over"]
        kind = KINDS.get(over["kind"], over["kind"])
        how = SPOKEN[Method(each["method"])]
        opened = opened_in_words(each["opened"], minute) if each.get("opened") else ""
        roles = ", ".join(each["roles"])
        found.append({**each, "over": over, "kind": kind, "roles": roles, "method": how, "opened": opened})
    return found


def cited_kind(kind: str) -> str:
    return KINDS.get(kind, kind.replace("_", " ").capitalize())


def _point(section: Mapping[str, Any], number: int) -> dict[str, Any]:
    """One leaf: its prompts with their statements, and its evidence numbered once."""
    notes: dict[tuple[str, str], dict[str, Any]] = {}
    prompts = [_prompt(prompt, section, notes) for prompt in section["prompts"]]
    return {
        **section,
        "anchor": f"point-{number}",
        "counts": rules.completeness([section]),
        "state": rules.state_of(section),
        "prompts": prompts,
        "notes": list(notes.values()),
    }


def _prompt(
    prompt: Mapping[str, Any], section: Mapping[str, Any], notes: dict[tuple[str, str], dict[str, Any]]
) -> dict[str, Any]:
    meeting = [section["statements"][index] for index in prompt["met_by"]]
    return {
        **prompt,
        "kind": rules.kind_of(prompt, section),
        "answers": [_statement(each, notes) for each in meeting],
        "remarks": [_statement(each, notes) for each in rules.beside(prompt, section)],
    }


def _statement(statement: Mapping[str, Any], notes: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    numbers = []
    for cited in statement["evidence"]:
        note = notes.setdefault(
            (cited["kind"], cited["id"]), {**cited, "number": len(notes) + 1, "kind_name": cited_kind(cited["kind"])}
        )
        numbers.append(note["number"])
    return {**statement, "numbers": numbers, "origin": _origin(statement)}


def _origin(statement: Mapping[str, Any]) -> str:
    """The margin's second line: the person, or the first record."""
    if statement["by"]:
        return str(statement["by"])
    return str(statement["evidence"][0]["name"]) if statement["evidence"] else ""


def _parts(sections: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Counts by part, in the order of the law, each with what the outcome asks of it."""
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for section in sections:
        grouped.setdefault(part_of(section["ref"]), []).append(section)
    return [
        {
            "name": name,
            "counts": rules.completeness(group),
            "duty": group[0]["duty"],
            "because": group[0]["because"],
            "applies_from": group[0]["applies_from"],
        }
        for name, group in grouped.items()
    ]


def part_of(ref: str) -> str:
    """“Annex IV(2)(d)” belongs to “Annex IV”, “Annex XI, Section 1, point 2(d)” to “Annex XI, Section 1”."""
    return ref.split(", point")[0] if ", point" in ref else ref.split("(")[0]


def _annexes(points: Iterable[Mapping[str, Any]], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    annexes: list[dict[str, Any]] = []
    for point in points:
        name = part_of(point["ref"])
        if not annexes or annexes[-1]["name"] != name:
            annexes.append({"name": name, "title": titles[name], "points": [], "anchor": f"part-{len(annexes) + 1}"})
        annexes[-1]["points"].append(point)
    return annexes


def _gaps(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is missing, gathered by who can fill it."""
    places = {section["ref"]: f"point-{number}" for number, section in enumerate(document["sections"], start=1)}
    by_filler: dict[str, list[dict[str, str]]] = {}
    for gap in rules.missing(document):
        by_filler.setdefault(gap["needs"], []).append({**gap, "anchor": places[gap["ref"]]})
    return [{"needs": needs, "gaps": gaps} for needs, gaps in by_filler.items()]


def _records(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every record cited anywhere, once, with its full digest."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for section in document["sections"]:
        cited = [each for statement in section["statements"] for each in statement["evidence"]]
        cited += [
            each for prompt in section["prompts"] for each in (prompt["not_applicable"] or {}).get("evidence", [])
        ]
        for each in cited:
            record = found.setdefault(
                (each["kind"], each["id"]), {**each, "kind_name": cited_kind(each["kind"]), "points": []}
            )
            if section["ref"] not in record["points"]:
                record["points"].append(section["ref"])
    return sorted(found.values(), key=lambda each: (each["kind_name"], each["name"], each["id"]))
