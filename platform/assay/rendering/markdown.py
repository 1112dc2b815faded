"""Documents as Markdown: the same words and the same order as on paper, for readers and for diffs."""

from collections.abc import Iterable, Mapping
from typing import Any

from governance.documents.model_cards.markdown import escaped, markdown

Document = Mapping[str, Any]


def of(document_kind: str, document: Document, context: Mapping[str, Any]) -> str:
    """The Markdown of a document; `context` is what its template is given."""
    if document_kind == "model_card":
        return markdown(document)
    writer = {"dossier": _dossier, "evaluation_report": _report}[document_kind]
    return "\n".join([*writer(document, context), ""])


def _dossier(document: Document, context: Mapping[str, Any]) -> Iterable[str]:
    yield f"# {escaped(context['title'])}"
    yield ""
    outcome, edition = document["outcome"], document["edition"]
    yield f"- Edition: {escaped(edition['title'])} ({edition['law']})"
    yield f"- Outcome: {escaped(outcome['role'])}; {escaped(outcome['risk_class'])}" + _decided(outcome)
    yield f"- Model digest: `{document['subject']['digest']}`"
    yield f"- Frozen: {document['frozen_at'] or 'not frozen'}"
    yield f"- Dossier digest (sha256): `{document['sha256'] or 'none: a draft'}`"
    counts = document["completeness"]
    yield f"- Prompts: {', '.join(f'{number} {kind}'.replace('_', ' ') for kind, number in counts.items())}"
    yield from ("", f"*{escaped(document['disclaimer'])}*", "")
    for annex in context["annexes"]:
        yield from (f"## {annex['name']}", "")
        for point in annex["points"]:
            yield from _point(point)
    yield from _signatures(context["signatures"])


def _decided(outcome: Document) -> str:
    return f" (decided by {escaped(outcome['decided_by'])}, {outcome['at'][:10]})" if outcome["decided_by"] else ""


def _point(point: Document) -> Iterable[str]:
    yield f"### {point['ref']} {escaped(point['title'])}"
    yield ""
    yield f"*{point['duty']} ({point['because']})*"
    yield ""
    for prompt in point["prompts"]:
        yield f"**{escaped(prompt['ask'])}**"
        yield ""
        for each in prompt["answers"]:
            yield f"- *{each['source']}, {escaped(each['origin'])}*: {escaped(each['text'])} {_cited(each)}"
        for each in prompt["remarks"]:
            yield f"- {escaped(each['text'])} {_cited(each)}"
        if prompt["kind"] == "missing":
            yield f"- *missing*: {escaped(prompt['needs'])} can fill this"
        if prompt["not_applicable"]:
            yield f"- *not applicable*: {escaped(prompt['not_applicable']['because'])}"
        yield ""


def _cited(statement: Document) -> str:
    return " ".join(f"[{each['kind']} `{each['sha256'][:12]}`]" for each in statement["evidence"])


def _report(document: Document, context: Mapping[str, Any]) -> Iterable[str]:
    yield from (f"# {escaped(context['title'])}", "", escaped(context["verdict"]), "")
    yield "| task | metric | base | tuned | n | difference | verdict |"
    yield "|---|---|---|---|---|---|---|"
    for row in context["rows"]:
        cells = (
            row["task"], row["metric"], row["base"], f"{row['candidate']} {row['ci']}", str(row["n"]),
            f"{row['difference']} {row['difference_ci']}", row["verdict"],
        )  # fmt: skip
        yield f"| {' | '.join(escaped(cell) for cell in cells)} |"
    yield from ("", "## Limits set beforehand", "")
    for limit in context["limits"]:
        where = f"{limit['task']}, {limit['metric']}"
        yield f"- {escaped(where)}: {escaped(limit['says'])}; found {escaped(limit['found'])}: {limit['word']}"
    yield from ("", "## What this report cannot tell", "")
    yield from (f"- {escaped(limit)}" for limit in document["report"]["limits"])
    yield from _signatures(context["signatures"])
    yield from ("", f"Report digest: `{document['report']['sha256']}`", f"Document digest: `{document['sha256']}`")


def _signatures(signatures: list[dict[str, Any]]) -> Iterable[str]:
    yield from ("", "## Signatures", "")
    if not signatures:
        yield "None is on record."
    for each in signatures:
        over = f"{each['kind']} {escaped(each['over']['name'])}, `{each['over']['sha256'][:12]}`"
        who = f"{escaped(each['by'])} ({escaped(each['roles'])}), {each['at'][:16]}, by {each['method']}"
        opened = f". {escaped(each['opened'])}" if each["opened"] else ""
        yield f"- {who}: {escaped(each['meaning'])} ({over}){opened}"
