"""Rows as they will be trained: the text the model sees, with the trained tokens marked. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any

from training.base_model import check_length, open_base
from training.chat_template import ChatTokenizer
from training.data import Prepared, prepare
from training.encode import IGNORED, Example
from training.manifest import DataReport
from training.spec import TrainingSpec
from training.strict import write

_MARK, _UNMARK = "[[", "]]"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a row's text, trained or not, in tokens."""

    text: str
    trained: bool
    tokens: int


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row: where it comes from, its text in segments, and the counts a person should look at.

    `bos` counts the BOS tokens at its beginning (two would be a fault), `eos` those anywhere.
    """

    row: int
    segments: tuple[Segment, ...]
    tokens: int
    loss_tokens: int
    truncated: bool
    bos: int
    eos: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows in file order and the figures of all; `loss_share` is trained tokens over all tokens."""

    rows: tuple[PreviewRow, ...]
    report: DataReport
    loss_share: float

    def to_json(self) -> dict[str, Any]:
        return {"schema": "assay.training-preview/1", **write(self)}


def preview(spec: TrainingSpec, folder: Path, *, rows: int = 3) -> Preview:
    """Read and encode everything as the trainer would; shows the first `rows` training rows."""
    base = open_base(spec.base_model, spec.revision, folder)
    check_length(base, spec.hyperparameters.max_length)
    prepared = prepare(spec, folder, base.tokenizer)
    shown = tuple(show_row(example, base.tokenizer) for example in prepared.train[: max(0, rows)])
    return Preview(shown, prepared.report, _loss_share(prepared))


def show_row(example: Example, tokenizer: ChatTokenizer) -> PreviewRow:
    """One example decoded back from its ids, so that what is shown is what is trained."""
    pairs = zip(example.input_ids, example.labels, strict=True)
    segments = []
    for trained, run in groupby(pairs, key=lambda pair: pair[1] != IGNORED):
        ids = [token for token, _ in run]
        segments.append(Segment(tokenizer.decode(ids), trained, len(ids)))
    ids = list(example.input_ids)
    return PreviewRow(
        row=example.row,
        segments=tuple(segments),
        tokens=example.length,
        loss_tokens=example.loss_tokens,
        truncated=example.truncated,
        bos=sum(1 for _ in takewhile(lambda token: token == tokenizer.bos_id, ids)),
        eos=ids.count(tokenizer.eos_id),
    )


def as_text(found: Preview) -> str:
    """The preview for a terminal; trained text stands in double brackets."""
    lines = []
    for row in found.rows:
        cut = ", cut at the length limit" if row.truncated else ""
        lines.append(
            f"row {row.row}: {row.tokens} tokens, {row.loss_tokens} trained, BOS {row.bos}, EOS {row.eos}{cut}"
        )
        parts = (f"{_MARK}{part.text}{_UNMARK}" if part.trained else part.text for part in row.segments)
        lines.extend(["".join(parts).rstrip("\n"), ""])
    report, template = found.report, found.report.template
    lines.append(f"rendering: {template.rendering.value}; ends a turn: {', '.join(template.end_tokens)}")
    if template.sha256 is not None:
        lines.append(f"chat template: {template.file}, sha256 {template.sha256}")
    lines.append(
        f"train: {report.train_rows} rows, {report.train_tokens} tokens, {found.loss_share:.1%} of them trained; "
        f"validation: {report.validation_rows} rows"
    )
    for file in report.files:
        longest = ", ".join(f"row {row.row}: {row.tokens}" for row in file.longest)
        dropped = sum(file.rows_dropped.values())
        lines.append(f"{file.path}: {file.truncated} rows cut, {dropped} dropped; longest in tokens {longest}")
    if report.overlap:
        lines.append(f"warning: {report.overlap} validation rows are training rows too")
    return "\n".join(lines)


def _loss_share(prepared: Prepared) -> float:
    return prepared.report.train_loss_tokens / prepared.report.train_tokens
