"""What tuning cost in general language ability."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation.registry import task
from evaluation.suites import SuiteError, read_suite
from evaluation.tasks import Item, Items, MetricDefinition, Progress, Sample, Score

if TYPE_CHECKING:
    from evaluation.generate import LanguageModel

CROSS_ENTROPY, DIVERGENCE = "cross-entropy", "kl-from-base"
SUITE = Path(__file__).parent / "data" / "general_text.jsonl"


@task("forgetting", category="quality", duty="AI Act Art. 15(1); Annex IV(2)(g)")
class Forgetting:
    """How much worse the model predicts general text, and how far its predictions moved from the base's.

    cross-entropy = mean over all tokens of -ln p(token | preceding tokens of its passage), in nats;
    forgetting is candidate minus base. kl-from-base = mean over the same positions of
    KL(base || model) = sum over the vocabulary of p_base * (ln p_base - ln p_model), in nats; it is 0
    for the base by definition and also sees changes that leave the loss alone. The text is general
    prose on many subjects written for this suite, so it stands in no training set known to us; the
    interval resamples whole passages.
    """

    version = "1"
    needs_items = False
    options: Mapping[str, Any] = {}
    metrics = (
        MetricDefinition(CROSS_ENTROPY, "nats per token", "lower", "Mean negative log-likelihood of a token."),
        MetricDefinition(
            DIVERGENCE, "nats per token", "lower", "Mean KL divergence of the base's prediction to this model's.",
            compared=False, of_base=False,
        ),
    )  # fmt: skip

    def items(self, path: Path | None) -> Items:
        """Passages: ours, or a suite file of the same shape."""
        found = read_suite(path or SUITE)
        if not all(isinstance(row.get(key), str) for row in found.rows for key in ("id", "subject", "text")):
            raise SuiteError(f"{found.suite.file}: every passage needs 'id', 'subject' and 'text'")
        items = tuple(
            Item(
                row["id"], row["subject"],
                ((CROSS_ENTROPY, row["subject"]), (DIVERGENCE, row["subject"])), row, cluster=row["id"],
            )
            for row in found.rows
        )  # fmt: skip
        return Items(found.suite, items)

    def measure(
        self, items: Sequence[Item], models: Sequence[LanguageModel], options: Mapping[str, Any], progress: Progress
    ) -> Iterator[Sample]:
        """Score the passages batch by batch, all models on a batch, so that the base's predictions are at hand."""
        base, done = models[0], 0
        rows = [base.text_ids(item.content["text"], start=True) for item in items]
        fitting = {index for batch in base.batches(rows) for index in batch}
        for index in sorted(set(range(len(items))) - fitting):
            why = f"the passage has {len(rows[index])} tokens; the base takes 2 to {base.context}"
            yield from (_failed(model, items[index], why) for model in models)
        for batch in base.batches(rows):
            yield from self._batch([items[index] for index in batch], [rows[index] for index in batch], models)
            done += len(batch)
            progress(done * len(models), len(items) * len(models))

    def _batch(
        self, items: Sequence[Item], rows: Sequence[Sequence[int]], models: Sequence[LanguageModel]
    ) -> Iterator[Sample]:
        """Cross-entropy and divergence of one batch. Log-probabilities have shape [B, S, V]."""
        import torch

        from evaluation.generate import IGNORED, token_losses

        base, reference = models[0], None
        for model in models:
            if model.vocabulary_sha256 != base.vocabulary_sha256:
                yield from (_failed(model, item, "its vocabulary differs from the base's") for item in items)
                continue
            with model.active() as network, torch.inference_mode():
                logits = model.logits(network, rows)
                nats = token_losses(logits, model.padded(rows, IGNORED)).sum(dim=1).tolist()
                logs = logits.log_softmax(dim=-1)
                reference = logs if reference is None else reference
                moved = (reference.exp() * (reference - logs)).sum(dim=-1)  # [B, S]
            model.meter.tokens += sum(map(len, rows))
            for item, row, loss, positions in zip(items, rows, nats, moved, strict=True):
                yield _sample(model, item, loss, float(positions[: len(row) - 1].sum()), len(row) - 1, model is base)

    def limits(self, samples: Sequence[Sample], options: Mapping[str, Any]) -> list[str]:
        """What prose in one language cannot tell."""
        return [
            "The text is English prose: loss of other languages, of code, of arithmetic or of following "
            "instructions does not show in it."
        ]


def _sample(model: LanguageModel, item: Item, nats: float, moved: float, tokens: int, is_base: bool) -> Sample:
    if nats != nats or moved != moved:
        return _failed(model, item, "the loss is not a finite number")
    scores = [Score(CROSS_ENTROPY, item.stratum, nats / tokens, tokens)]
    if not is_base:
        # Rounding can take a divergence of nothing a hair below zero, which it cannot be.
        scores.append(Score(DIVERGENCE, item.stratum, max(0.0, moved / tokens), tokens))
    return Sample(model.name, item, item.content["text"], None, tuple(scores), {"tokens": tokens, "nats": nats})


def _failed(model: LanguageModel, item: Item, why: str) -> Sample:
    return Sample(model.name, item, item.content["text"], None, error=why)
