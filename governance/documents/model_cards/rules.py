"""What a model card says, and in which order; and the metadata that model hubs read. Pure.

The schema is `assay.model-card/1`: `metadata` is the front matter, `sections` hold entries of sentences with their
source and evidence, as a dossier's statements have them, and `missing` says so where nothing is on record.
"""

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from evaluation.report import Report, TaskResult
from governance.documents.sources import data, licences, model, people, personal, quality, testing, training
from governance.documents.sources.binding import Answer, Bound, answer, bound
from governance.documents.sources.records import Source, Sources
from governance.foundation.core.canonical import digest, plain
from governance.law.licences import rules as licence_rules

SCHEMA = "assay.model-card/1"
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z]{2})?")
HUB_TAGS = {"Apache-2.0": "apache-2.0", "MIT": "mit", "CC0-1.0": "cc0-1.0", "CC-BY-4.0": "cc-by-4.0",
            "CC-BY-SA-4.0": "cc-by-sa-4.0", "CC-BY-NC-4.0": "cc-by-nc-4.0", "BSD-3-Clause": "bsd-3-clause"}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One labelled place of the card; `absent` is what stands there when no record says anything."""

    label: str
    answers: tuple[Answer, ...]
    absent: str = "not recorded"


def entry(label: str, *answers: Answer, absent: str = "not recorded") -> Entry:
    return Entry(label, answers, absent)


SECTIONS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    ("What it is", (
        entry("Version", answer("", model.version, "model_version")),
        entry("Made from", answer("", model.lineage, "model_version", "base_model", "run", "earlier?")),
        entry("Base model", answer("", model.base, "base_model", "manifest"),
              answer("", model.base_said, "base_model")),
        entry("Architecture", answer("", model.built, "base_model", "manifest")),
        entry("Answered for by", answer("", people.provider, "organisation")),
    )),
    ("What it is for", (
        entry("Intended purpose", answer("", people.purpose, "project")),
        entry("Misuse to expect", answer("", people.misuse, "project")),
        entry("Limits told by the base model's provider", answer("", model.upstream, "base_model")),
    )),
    ("How to run it", (
        entry("Input and output", answer("", model.formats, "base_model", "manifest")),
        entry("Length", answer("", model.length, "base_model", "manifest")),
        entry("Template and tokenizer", answer("", model.template, "model_version", "base_model", "manifest")),
        entry("Software it was run with", answer("", model.runtime, "model_version", "evaluation"),
              absent="not measured"),
        entry("Storage and memory", answer("", model.footprint, "model_version", "base_model", "manifest")),
    )),
    ("Training data", (
        entry("What it is", answer("", data.description, each="datasets"), answer("", data.languages, each="datasets"),
              answer("", quality.traits, each="qualities")),
        entry("Where it comes from", answer("", data.origin, each="datasets"),
              answer("", data.suspended, each="suspensions")),
        entry(
            "Personal data",
            answer("", data.personal, each="datasets"),
            answer("", personal.scanned, each="scans"),
            answer("", personal.not_scanned, "datasets", "scans?"),
            answer("", personal.special, each="special_categories"),
        ),
        entry("Rows written by a model", answer("", data.synthetic, each="datasets")),
        entry("What training really read", answer("", data.used, "manifest", "datasets")),
        entry("Checks", answer("", data.quality, "manifest", each="datasets"),
              answer("", quality.checked, each="qualities"), answer("", quality.reviewed, each="reviews")),
    )),
    ("Training", (
        entry("Method", answer("", training.method, "manifest")),
        entry("Course", answer("", training.process, "manifest")),
        entry("Restarts", answer("", training.details, "manifest")),
        entry("Machine", answer("", training.hardware, "manifest")),
        entry("Software", answer("", training.tools, "manifest")),
        entry("Time", answer("", training.duration, "manifest")),
        entry("Compute", answer("", training.compute, "manifest")),
        entry("Energy", answer("", training.energy_with_method, "manifest"), absent="not measured"),
    )),
    ("Evaluation", (
        entry("Plan", answer("", testing.plan, "plan"), absent="not measured"),
        entry("Limits set beforehand", answer("", testing.outcome, "plan", "evaluation"), absent="not measured"),
        entry("On its task", answer("", testing.performance, "evaluation"), absent="not measured"),
        entry("Between groups", answer("", testing.bias, "evaluation"), absent="not measured"),
        entry("Safety", answer("", testing.safety, "evaluation"), absent="not measured"),
        entry("Against the base model", answer("", testing.effect, "evaluation"), absent="not measured"),
        entry("Changed or unusual input", answer("", testing.robustness, "evaluation"), absent="not measured"),
        entry("Attacks", answer("", testing.security, "evaluation"), absent="not measured"),
        entry("What this cannot tell", answer("", testing.limits, "evaluation"), absent="not measured"),
    )),
    ("Licences and notices", (
        entry("Terms", answer("", licences.terms, *licences.INPUTS)),
        entry("Duties", answer("", licences.inherited, *licences.INPUTS)),
        entry("Data", answer("", data.rights, each="datasets")),
    )),
    ("Files", (
        entry("Files and digests", answer("", model.files, "model_version", "base_model")),
    )),
)  # fmt: skip


def assemble(sources: Sources) -> dict[str, Any]:
    """The card's document with its `sha256`. Raises ValueError without a model version."""
    if sources.model_version is None:
        raise ValueError("A card describes a model version.")
    version = sources.model_version
    document: dict[str, Any] = plain(
        {
            "schema": SCHEMA,
            "subject": {
                "model_version": version.id,
                "digest": version.facts["digest"],
                "name": version.facts["name"],
                "project": sources.project.name if sources.project else None,
                "organisation": sources.organisation.name if sources.organisation else None,
                "base_model": sources.base_model.name if sources.base_model else None,
            },
            "metadata": metadata(sources),
            "sections": [{"title": title, "entries": _entries(entries, sources)} for title, entries in SECTIONS],
            "notice": notice(sources),
            "disclaimer": "Drawn up from records; not a conformity assessment, not legal advice.",
        }
    )
    document["sha256"] = digest_of(document)
    return document


def digest_of(document: Mapping[str, Any]) -> str:
    """sha256 over the canonical JSON of the card without its `sha256`."""
    return digest({key: value for key, value in document.items() if key != "sha256"})


def _entries(entries: Iterable[Entry], sources: Sources) -> list[dict[str, Any]]:
    found = []
    for each in entries:
        said = [_statement(one) for way in each.answers for one in bound(way, sources)]
        found.append({"label": each.label, "statements": said, "absent": None if said else each.absent})
    return found


def _statement(one: Bound) -> dict[str, Any]:
    return {
        "text": one.told.text,
        "source": one.told.source,
        "meets": one.told.meets,
        "evidence": [source.cited() for source in one.cites],
        "by": one.by,
        "at": one.at,
    }


def metadata(sources: Sources) -> dict[str, Any]:
    """The front matter that model hubs read. A key without a record behind it is left out."""
    found: dict[str, Any] = {}
    if codes := languages(sources.datasets):
        found["language"] = codes
    base, made = sources.base_model, sources.manifest
    if base is not None:
        found |= licence_metadata(base)
        found["base_model"] = base.facts["name"]
    if made is not None and made.facts.output is not None:
        adapter = made.facts.output.kind == "adapter"
        found["base_model_relation"] = "adapter" if adapter else "finetune"
        found["library_name"] = "peft" if adapter else "transformers"
    if base is not None and str(base.facts["architecture"].get("class") or "").endswith("ForCausalLM"):
        found["pipeline_tag"] = "text-generation"
    if sources.datasets:
        found["datasets"] = sorted({each.facts["dataset"] for each in sources.datasets})
    if sources.evaluation is not None and sources.model_version is not None:
        results = model_index(sources.evaluation, sources.model_version)
        found |= {"model-index": results} if results else {}
    return found


def languages(datasets: tuple[Source, ...]) -> list[str]:
    """Language codes, where every dataset states them as codes; words in a sentence are not read as such."""
    codes: set[str] = set()
    for each in datasets:
        said = str(each.facts["provenance"].get("languages") or "").strip()
        words = [word for word in re.split(r"[,;\s]+", said) if word]
        if not words or not all(LANGUAGE.fullmatch(word) for word in words):
            return []
        codes |= set(words)
    return sorted(codes)


def licence_metadata(base_model: Source) -> dict[str, str]:
    """`license` as hubs spell it, of the base model: what binds whoever receives the tuned weights."""
    stated = str(base_model.facts["licence"])
    try:
        tree = str(licence_rules.parse(stated))
    except licence_rules.LicenceSyntaxError:
        tree = stated
    if tree in HUB_TAGS:
        return {"license": HUB_TAGS[tree]}
    return {"license": "other", "license_name": re.sub(r"[^a-z0-9.+-]+", "-", tree.lower()).strip("-")}


def model_index(evaluation: Source, model_version: Source) -> list[dict[str, Any]]:
    """The candidate's overall figures as hubs index them; what was not measured is not there."""
    report: Report = evaluation.facts
    candidate = report.models[-1].name
    results = [_result(task, candidate) for task in report.tasks if task.suite]
    kept = [result for result in results if result["metrics"]]
    return [{"name": model_version.facts["name"], "results": kept}] if kept else []


def _result(task: TaskResult, candidate: str) -> dict[str, Any]:
    suite = task.suite
    assert suite is not None  # noqa: S101 - the caller asked
    return {
        "task": {"type": "text-generation", "name": task.name},
        "dataset": {"type": suite.name, "name": f"{suite.name}{f' {suite.version}' if suite.version else ''}"},
        "metrics": [
            {"type": metric.name, "name": f"{metric.name} (n {metric.n})", "value": metric.value}
            for metric in task.metrics
            if metric.model == candidate and metric.group is None and metric.value is not None
        ],
    }


def notice(sources: Sources) -> list[str]:
    """The lines that a NOTICE file must carry, by the licence duties; empty where a record for them is withheld."""
    drawn = sources.drawn(licences.INPUTS)
    return [] if drawn is None else licences.notice(**drawn)  # type: ignore[arg-type]


def notice_file(document: Mapping[str, Any]) -> str:
    """The NOTICE file that goes with the weights, from a frozen card."""
    subject = document["subject"]
    lines = [
        subject["name"],
        "=" * len(subject["name"]),
        "",
        *(textwrap.fill(line, 100) for line in document["notice"]),
    ]
    lines += [
        "",
        document["disclaimer"],
        f"Model digest: {subject['digest']}",
        f"Card digest: {document['sha256']}",
        "",
    ]
    return "\n".join(lines)
