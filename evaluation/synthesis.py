"""Rows written by a model: the specification `assay.synthesis/1` and carrying it out.

What is asked and which row a text becomes stands in `preparation.synthesis`, which texts are kept in
`preparation.sieve`; here a model is loaded and asked. Files that are written: `rows.jsonl`, the index of its rows, its
examination, and last `synthesis.json` with the counts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from evaluation.events import Events
from evaluation.spec import Invalid, Model, Spec, decode
from preparation import sieve, synthesis
from preparation.cli import INDEX, RESULT, ROWS
from preparation.digests import canonical_json
from preparation.examination import examine
from preparation.findings import Refused
from preparation.quality.sampling import Sample
from preparation.reading import Reader, Reading, sound_rows
from preparation.rows import Row
from preparation.synthesis import Prompt, Synthesis

SCHEMA = "assay.synthesis/1"
SYNTHESIS = "synthesis.json"


@dataclass(frozen=True)
class Seed:
    """The file of the seed, and the reading by which it is rows."""

    path: str
    name: str = ""
    container: str = "auto"
    format: str = "auto"
    columns: dict[str, str] = field(default_factory=dict)

    @property
    def reading(self) -> Reading:
        return Reading(self.container, self.format, self.columns)


@dataclass(frozen=True)
class Asked:
    """Which model writes what, from which rows. `models` names exactly one."""

    schema: Literal["assay.synthesis/1"]
    models: tuple[Model, ...]
    synthesis: dict[str, Any]
    seed: Seed | None = None
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    batch_size: int = 16


@dataclass
class Found:
    """A seed that was read: its reading without “auto”, the rows that were drawn, and how many there are."""

    reading: Reading
    drawn: list[Row]
    rows: int


def read(path: Path) -> tuple[Asked, Synthesis]:
    """The specification in the file `path`. Raises `Invalid`."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(str(path), f"cannot be read as JSON: {error}.") from None
    asked = decode(Asked, data, "spec")
    if len(asked.models) != 1:
        raise Invalid("spec.models", "name exactly one model; it writes the rows.")
    if asked.batch_size < 1:
        raise Invalid("spec.batch_size", "must be at least 1.")
    filters = asked.synthesis.get("filters", {})
    if not isinstance(filters, dict):
        raise Invalid("spec.synthesis.filters", "expected an object.")
    plain = {key: value for key, value in asked.synthesis.items() if key != "filters"}
    wanted = decode(Synthesis, {**plain, "filters": filters}, "spec.synthesis")
    return asked, wanted


def run(asked: Asked, wanted: Synthesis, out: Path, events: Events) -> dict[str, Any]:
    """Write the rows and what became of the others. Raises `Invalid` where there is nothing to write."""
    copies = sieve.Copies(wanted.filters, wanted.seed)
    target = out / ROWS
    with target.open("wb") as rows:
        try:
            found = _seed(asked.seed, wanted, copies, rows)
            wanted.check(_source(found))
        except Refused as refused:
            raise Invalid(f"spec.synthesis.{refused.field or 'seed'}", f"{refused.message} {refused.cure}") from None
        prompts = synthesis.prompts(wanted, found.drawn if found else [])
        texts, model = _texts(asked, wanted, prompts, events)
        kept, discarded = _kept(wanted, prompts, texts, copies, found)
        for row in kept:
            rows.write(canonical_json(row) + b"\n")
    if not kept:
        counted = ", ".join(f"{count:,} {sieve.WORDS[reason]}" for reason, count in discarded.items())
        raise Invalid("texts", f"none of {len(prompts):,} was kept ({counted}); ask otherwise, or keep more.")
    reading = synthesis.reading_of(wanted, found.reading if found else None)
    with (out / INDEX).open("wb") as index:
        examination = examine(target, reading, index=index)
    _write(out / RESULT, examination.to_json())
    originals = found.rows if found and wanted.kind == synthesis.REWRITES else 0
    done = {
        "schema": SCHEMA, "generated": len(prompts), "kept": len(kept), "discarded": discarded, "originals": originals,
        "seed_rows": found.rows if found else 0, "model": model,
    }  # fmt: skip
    _write(out / SYNTHESIS, done)
    return {"generated": len(prompts), "kept": len(kept)}


def _seed(seed: Seed | None, wanted: Synthesis, copies: sieve.Copies, rows: BinaryIO) -> Found | None:
    """Read the seed once: its texts are known from now on, and where rows are rewritten they are written as they are.

    Raises Refused.
    """
    if seed is None:
        return None
    reader = Reader(Path(seed.path), seed.reading, name=seed.name)
    sample, drawn = Sample(wanted.count, wanted.seed), dict[int, Row]()
    for row in sound_rows(reader):
        assert reader.resolved is not None  # noqa: S101 - a sound row was read
        reading = reader.resolved.reading
        copies.know(synthesis.compared(wanted, row, reading))
        if wanted.kind == synthesis.REWRITES:
            rows.write(_canonical(row))
        if (place := sample.place()) is not None:
            drawn[place] = row
    return Found(reading, sorted(drawn.values(), key=lambda row: row.number), sample.rows)


def _source(found: Found | None) -> synthesis.Source | None:
    if found is None:
        return None
    columns = dict.fromkeys(name for row in found.drawn for name in row.source)
    return synthesis.Source(tuple(columns), found.reading)


def _texts(
    asked: Asked, wanted: Synthesis, prompts: list[Prompt], events: Events
) -> tuple[list[tuple[str, bool] | None], dict[str, Any]]:
    """The text of each prompt and whether it was cut off, None where there is none; and what wrote them."""
    from evaluation import loading
    from evaluation.generate import likeliest
    from evaluation.sampling import Draw

    events.emit("message", text="loading the model", models=[asked.models[0].name])
    spec = Spec(
        "assay.evaluation/1", asked.models, (), seed=wanted.seed % 2**32, device=asked.device,
        precision=asked.precision, batch_size=asked.batch_size,
    )  # fmt: skip
    (model,) = loading.load(spec)
    ids = [model.prompt_ids([{"role": "user", "content": prompt.text}]) for prompt in prompts]
    pick = Draw(wanted.temperature, wanted.seed) if wanted.temperature else likeliest
    answers = model.answers(ids, wanted.max_new_tokens, lambda done, of: events.progress("synthesis", done, of), pick)
    wrote = {"name": model.name, "sha256": model.weights.sha256, "adapter_sha256": model.adapter_sha256,
             "precision": model.weights.precision, "tokens": model.meter.tokens}  # fmt: skip
    return [None if answer.error else (answer.text, answer.cut) for answer in answers], wrote


def _kept(
    wanted: Synthesis,
    prompts: list[Prompt],
    texts: list[tuple[str, bool] | None],
    copies: sieve.Copies,
    found: Found | None,
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The rows that pass every filter, in the order of their prompts, and how many do not, by reason."""
    discarded: Counter[str] = Counter()
    passed: list[tuple[dict[str, Any], str]] = []
    for reason, row, text in _sifted(wanted, prompts, texts, found):
        if reason:
            discarded[reason] += 1
        else:
            passed.append((row, text))
    again = copies.of([text for _, text in passed])
    discarded.update(again.values())
    kept = [row for place, (row, _) in enumerate(passed) if place not in again]
    return kept, {reason: discarded[reason] for reason in sieve.REASONS if discarded[reason]}


def _sifted(
    wanted: Synthesis, prompts: list[Prompt], texts: list[tuple[str, bool] | None], found: Found | None
) -> Iterator[tuple[str | None, dict[str, Any], str]]:
    """For each prompt why its text is not kept, or the row that it makes and the text by which copies are told."""
    reading = found.reading if found else Reading()
    for prompt, answer in zip(prompts, texts, strict=True):
        if answer is None:
            yield sieve.NOT_WRITTEN, {}, ""
            continue
        text, cut = answer
        row = synthesis.row_of(wanted, prompt, text, reading)
        reason = sieve.by_itself(text, wanted.filters, cut=cut)
        if reason is None and row is None:
            reason = sieve.NO_FIELD
        if reason is None and wanted.filters.persons and sieve.tells_of_persons(synthesis.told(wanted, prompt, text)):
            reason = sieve.PERSONS
        yield reason, row or {}, synthesis.compared_of(wanted, prompt, text)


def _canonical(row: Row) -> bytes:
    try:
        return canonical_json(dict(row.source)) + b"\n"
    except ValueError as error:
        raise Refused(f"Row {row.number:,}: {error}", "Write that number as text, and register again.") from None


def _write(path: Path, value: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    partial.replace(path)
