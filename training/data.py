"""From files to examples: read, render, mask, truncate, split; and from examples to batches. No torch here.

Splitting and masking exist once, in this module; `validation.jsonl` hands their result to whoever scores the
model later.
"""

from __future__ import annotations

import heapq
import json
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from preparation import digests
from preparation.findings import Finding
from preparation.formats import FORMATS
from preparation.reading import read_rows
from preparation.rows import Row
from training.canaries import make_canaries
from training.chat_template import ChatTokenizer
from training.encode import Example, Rendering, RowEncoder
from training.errors import UserError
from training.manifest import Choice, DataReport, FileReport, LongRow, PartReport, PlantedCanary, Template
from training.spec import Data, DataFile, Part, TrainingSpec

CONVERSATIONS = ("chat", "sharegpt")
NO_LOSS_TOKENS = "no loss tokens within the length limit"
_SHOWN_FINDINGS = 3
_LONGEST = 5
_STEPS_SORTED_TOGETHER = 16


@dataclass(slots=True)
class LoadedFile:
    """One file's examples and counts, as read. `path` is the path as the spec has it."""

    path: str
    role: str
    sha256: str
    size: int
    formats: set[str] = field(default_factory=set)
    rows_read: int = 0
    dropped: int = 0
    truncated: int = 0
    part: PartReport | None = None
    examples: list[Example] = field(default_factory=list)
    longest: list[tuple[int, int]] = field(default_factory=list)

    def add(self, example: Example) -> None:
        """Keep a row, or count it as dropped where nothing of it can be trained."""
        self.rows_read += 1
        self.truncated += example.truncated
        self.longest = heapq.nlargest(_LONGEST, [*self.longest, (example.full_length, -example.row)])
        if example.loss_tokens:
            self.examples.append(example)
        else:
            self.dropped += 1


@dataclass(frozen=True, slots=True)
class Prepared:
    """What will be trained on and validated on, and the report that goes into the manifest.

    `validation_sources` has one entry a validation example: its file, as the spec has it.
    """

    train: list[Example]
    validation: list[Example]
    validation_sources: list[str]
    report: DataReport
    end_ids: frozenset[int]


def prepare(spec: TrainingSpec, folder: Path, tokenizer: ChatTokenizer) -> Prepared:
    """Read, encode and split the spec's files; relative paths start at `folder`.

    Raises UserError naming file, row and field for the first thing that is wrong, and how many more there are.
    """
    limit = spec.hyperparameters.max_length
    rendering = choose_rendering(spec.data, tokenizer)
    encoder = RowEncoder(tokenizer, _as_rendering(rendering.value), limit)
    train_files = [_load(file, "train", folder, encoder) for file in spec.data.train]
    validation_files = [_load(file, "validation", folder, encoder) for file in spec.data.validation]
    held_out, reason = _hold_out(spec, train_files)
    train = [example for file in train_files for example in file.examples if example.digest not in held_out]
    if not train:
        message = f"No row has a token to learn from within {limit} tokens; raise hyperparameters.max_length."
        raise UserError("no-training-rows", message, "data.train")
    pairs = [
        (file.path, example) for file in [*validation_files, *train_files] for example in file.examples
        if file.role == "validation" or example.digest in held_out
    ]  # fmt: skip
    canaries = make_canaries(spec.canaries)
    planted = [encoder.encode(canary.row()) for canary in canaries for _ in range(canary.repeats)]
    end_ids = frozenset().union(*(example.end_ids for example in train))
    known = {example.digest for example in train}
    validation = [example for _, example in pairs]
    report = DataReport(
        files=tuple(_file_report(file, held_out) for file in [*train_files, *validation_files]),
        template=_template_report(rendering, tokenizer, end_ids),
        train_rows=len(train) + len(planted),
        validation_rows=len(validation),
        train_tokens=sum(example.length for example in [*train, *planted]),
        train_loss_tokens=sum(example.loss_tokens for example in [*train, *planted]),
        validation_tokens=sum(example.length for example in validation),
        validation_loss_tokens=sum(example.loss_tokens for example in validation),
        overlap=sum(example.digest in known for example in validation),
        duplicates=len(train) - len(known),
        split=_split_words(spec) if held_out else None,
        validation_reason=None if validation else reason or "no validation row has a loss token within the limit",
        canaries=tuple(PlantedCanary(**asdict(canary)) for canary in canaries),
        canary_rows=len(planted),
    )
    return Prepared([*train, *planted], validation, [path for path, _ in pairs], report, end_ids)


def choose_rendering(data: Data, tokenizer: ChatTokenizer) -> Choice:
    """How rows become text, and why."""
    if data.rendering != "auto":
        return Choice(value=data.rendering, chosen_by="spec", reason=None)
    if tokenizer.template is not None:
        return Choice(value="chat", chosen_by="auto", reason="the base model has a chat template")
    if any(file.format in CONVERSATIONS for file in data.train):
        return Choice(value="chat", chosen_by="auto", reason="the rows are conversations")
    return Choice(value="plain", chosen_by="auto", reason="the base model has no chat template")


def write_validation(prepared: Prepared, path: Path) -> None:
    """Write the validation rows as the trainer reads them: file, row, `input_ids`, `labels` (-100: not scored)."""
    with path.open("w", encoding="utf-8") as file:
        for source, example in zip(prepared.validation_sources, prepared.validation, strict=True):
            line = {
                "file": source,
                "row": example.row,
                "row_sha256": example.digest,
                "input_ids": list(example.input_ids),
                "labels": list(example.labels),
            }
            file.write(json.dumps(line) + "\n")


def steps_of_epoch(
    lengths: list[int], *, epoch: int, seed: int, batch_size: int, accumulation: int
) -> list[list[list[int]]]:
    """The epoch's optimizer steps: each a list of micro-batches, each a list of row indexes.

    Every row comes once an epoch. The order is a shuffle by seed and epoch; within each stretch of 16 steps the
    rows are then sorted by length and dealt out, so that rows of like length share a step and little is padded,
    and the steps are shuffled again. A step's rows do not depend on how it is cut into micro-batches. In the
    first epoch the step with the largest micro-batch changes places with the first step: if memory is too small,
    the run ends in its first seconds and not after an hour. It is a pure function of its arguments, which is
    what lets a resumed run continue at the very row where it stopped.
    """
    order = list(range(len(lengths)))
    draw = random.Random(f"order:{seed}:{epoch}")  # noqa: S311 - repeatable on purpose, guards nothing
    draw.shuffle(order)
    rows_per_step = batch_size * accumulation
    stretch = rows_per_step * _STEPS_SORTED_TOGETHER
    steps: list[list[int]] = []
    for start in range(0, len(order), stretch):
        alike = sorted(order[start : start + stretch], key=lambda row: -lengths[row])
        steps.extend(alike[first : first + rows_per_step] for first in range(0, len(alike), rows_per_step))
    draw.shuffle(steps)
    if epoch == 0:
        widest = max(range(len(steps)), key=lambda place: _padded_tokens(steps[place][:batch_size], lengths))
        steps[0], steps[widest] = steps[widest], steps[0]
    return [[step[first : first + batch_size] for first in range(0, len(step), batch_size)] for step in steps]


def validation_batches(lengths: list[int], batch_size: int) -> list[list[int]]:
    """Batches of row indexes, longest first; the order has no effect on the summed loss."""
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    return [order[first : first + batch_size] for first in range(0, len(order), batch_size)]


def _padded_tokens(rows: list[int], lengths: list[int]) -> int:
    return len(rows) * max(lengths[row] for row in rows)


def _load(asked: DataFile, role: str, folder: Path, encoder: RowEncoder) -> LoadedFile:
    path = folder / asked.path
    try:
        loaded = LoadedFile(asked.path, role, digests.sha256_file(path), path.stat().st_size)
    except OSError as error:
        message = f"The data file cannot be read: {error.strerror}. Check the path; it starts at the spec's folder."
        raise UserError("data-unreadable", message, str(path)) from error
    if asked.sha256 not in (None, loaded.sha256):
        message = f"The file's sha256 is {loaded.sha256}, the spec expects {asked.sha256}: it is not the approved file."
        raise UserError("data-changed", message, str(path))
    kept = _kept(asked.part, folder)
    for row in _sound_rows(path, asked, kept):
        loaded.formats.add(row.format)
        loaded.add(_encoded(row, path, encoder))
    if asked.part is not None and kept is not None:
        loaded.part = PartReport(names=tuple(asked.part.keep), sha256=kept.sha256, rows_in_file=len(kept.of_row))
    return loaded


@dataclass(frozen=True, slots=True)
class _Kept:
    """The rows of a file to use: those whose byte is one of `places`."""

    path: Path
    sha256: str
    of_row: bytes
    places: frozenset[int]

    def has(self, row: int) -> bool:
        return row < len(self.of_row) and self.of_row[row] in self.places


def _kept(part: Part | None, folder: Path) -> _Kept | None:
    if part is None:
        return None
    path = folder / part.path
    try:
        of_row = path.read_bytes()
    except OSError as error:
        message = f"Which rows belong to the part cannot be read: {error.strerror}. Check the path."
        raise UserError("data-unreadable", message, str(path)) from error
    found = sha256(of_row).hexdigest()
    if part.sha256 not in (None, found):
        message = f"The assignment's sha256 is {found}, the spec expects {part.sha256}: it is not the approved split."
        raise UserError("data-changed", message, str(path))
    return _Kept(path, found, of_row, frozenset(part.keep.values()))


def _sound_rows(path: Path, asked: DataFile, kept: _Kept | None) -> Iterable[Row]:
    """The rows to use, or a UserError with the first findings and the number of all.

    A row outside the parts must be readable, so that the others keep their places; nothing else is asked of it.
    """
    findings: list[Finding] = []
    count = 0
    for count, entry in enumerate(read_rows(path, asked.reading()), start=1):
        if isinstance(entry, Row) and kept is not None and not kept.has(count - 1):
            continue
        found = entry if isinstance(entry, Finding) else _untrainable(entry)
        if found is not None:
            findings.append(found)
        elif not findings and isinstance(entry, Row):
            yield entry
    if kept is not None and not findings and count != len(kept.of_row):
        message = f"The file has {count:,} rows, but the split was made of {len(kept.of_row):,}: it is of another file."
        raise UserError("split-of-another-file", message, str(kept.path))
    if findings:
        first = findings[0]
        place = str(path) if first.row is None else f"{path}, row {first.row}"
        more = f" {len(findings) - 1} more: " if len(findings) > 1 else ""
        more += "; ".join(map(str, findings[1:_SHOWN_FINDINGS]))
        where = f"{place}, {first.field}" if first.field else place
        raise UserError("invalid-rows", f"{first.message} {first.cure}{more}", where)


def _untrainable(row: Row) -> Finding | None:
    """Why supervised fine-tuning cannot learn from a sound row, or None."""
    form = FORMATS[row.format]
    if form.trained_by != "sft":
        cure = "Supervised fine-tuning needs what is asked and what is answered."
        return Finding(row.number, None, f"Rows of the format “{form.title}” are not trained by this method.", cure)
    if "tools" in row.more or any(turn.more or turn.role == "tool" for turn in row.messages):
        return Finding(row.number, None, "Tool use cannot be trained yet.", "Remove the tools and their turns.")
    return None


def _encoded(row: Row, path: Path, encoder: RowEncoder) -> Example:
    if encoder.rendering == "plain" and (row.format in CONVERSATIONS or len(row.messages) != 2):
        message = "A conversation cannot be written as plain text; set data.rendering to chat."
        raise UserError("plain-conversation", message, f"{path}, row {row.number}")
    try:
        return encoder.encode(row)
    except UserError as error:
        raise UserError(error.code, error.message, f"{path}, {error.where}") from error


def _hold_out(spec: TrainingSpec, files: list[LoadedFile]) -> tuple[frozenset[str], str | None]:
    """The digests of the training rows to hold out, or why there are none.

    Rows are taken by sha256 of seed and row digest, lowest first: no row's place depends on the others, and
    rows with equal turns stay on one side.
    """
    fraction = spec.data.held_out_fraction
    if spec.data.validation:
        return frozenset(), None
    if fraction == 0:
        return frozenset(), "the spec holds out no rows and names no validation file"
    copies = Counter(example.digest for file in files for example in file.examples)
    if len(copies) < 2:
        return frozenset(), "there is only one distinct row, so none can be held out"
    wanted = max(1, round(fraction * copies.total()))
    held_out: set[str] = set()
    for digest in sorted(copies, key=lambda digest: sha256(f"{spec.seed}:{digest}".encode()).digest()):
        if wanted <= 0 or len(held_out) == len(copies) - 1:
            break
        held_out.add(digest)
        wanted -= copies[digest]
    return frozenset(held_out), None


def _split_words(spec: TrainingSpec) -> str:
    share = f"{spec.data.held_out_fraction * 100:g} %"
    return (
        f"{share} of the training rows held out, lowest sha256 of seed ({spec.seed}) and row digest first; rows with "
        "equal turns stay together"
    )


def _file_report(file: LoadedFile, held_out: frozenset[str]) -> FileReport:
    examples = file.examples
    out = sum(example.digest in held_out for example in examples) if file.role == "train" else len(examples)
    return FileReport(
        path=file.path,
        role="train" if file.role == "train" else "validation",
        sha256=file.sha256,
        bytes=file.size,
        format=", ".join(sorted(file.formats)),
        rows_read=file.rows_read,
        rows_used=len(examples) - out,
        rows_held_out=out,
        rows_dropped={NO_LOSS_TOKENS: file.dropped} if file.dropped else {},
        tokens=sum(example.length for example in examples),
        loss_tokens=sum(example.loss_tokens for example in examples),
        truncated=file.truncated,
        boundary_merged=sum(example.boundary_merged for example in examples),
        longest=tuple(LongRow(row=-row, tokens=tokens) for tokens, row in file.longest),
        part=file.part,
    )


def _template_report(rendering: Choice, tokenizer: ChatTokenizer, end_ids: frozenset[int]) -> Template:
    chat = rendering.value == "chat"
    return Template(
        rendering=rendering,
        sha256=tokenizer.template_sha256 if chat else None,
        file=tokenizer.template_file if chat else None,
        end_tokens=tuple(tokenizer.decode([token]) for token in sorted(end_ids)),
    )


def _as_rendering(value: object) -> Rendering:
    return "chat" if value == "chat" else "plain"
