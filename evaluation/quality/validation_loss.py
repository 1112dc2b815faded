"""Loss and perplexity on held-out rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation.quality import validation_rows
from evaluation.registry import task
from evaluation.suites import read_rows
from evaluation.tasks import ALL, Item, Items, MetricDefinition, Progress, Sample, Score, shifted

if TYPE_CHECKING:
    from evaluation.generate import LanguageModel

LOSS, PERPLEXITY = "loss", "perplexity"


@task("validation-loss", category="quality", duty="AI Act Art. 15(1), (3); Annex IV(3)")
class ValidationLoss:
    """How well the model predicts the held-out answers, token by token.

    loss = sum over rows and labelled tokens of -ln p(token | what precedes it in the row), divided
    by the number of labelled tokens; in nats. perplexity = exp(loss). The rows are those the trainer
    set aside, with its own tokens and labels, so prompts and padding never count. Long answers weigh
    more than short ones; the interval resamples whole rows.
    """

    version = "1"
    needs_items = True
    options: Mapping[str, Any] = {}
    metrics = (
        MetricDefinition(LOSS, "nats per token", "lower", "Mean negative log-likelihood of a labelled token."),
        MetricDefinition(
            PERPLEXITY, "1", "lower", "exp(loss); compared as loss.", kind="exponential", compared=False
        ),
    )  # fmt: skip

    def items(self, path: Path | None) -> Items:
        """The trainer's validation rows."""
        found = read_rows(Path(str(path)))
        rows = validation_rows.parse(found.rows, found.suite.file)
        targets = ((LOSS, None), (PERPLEXITY, None))
        items = tuple(
            Item(f"{index}", ALL, targets, {"row": row}, cluster=f"{index}") for index, row in enumerate(rows)
        )
        return Items(found.suite, items)

    def measure(
        self, items: Sequence[Item], models: Sequence[LanguageModel], options: Mapping[str, Any], progress: Progress
    ) -> Iterator[Sample]:
        """Score every row with every model that reads the same token ids as the tuned one."""
        rows = [(item.content["row"].input_ids, item.content["row"].labels) for item in items]
        of = len(items) * len(models)
        for number, model in enumerate(models):
            texts = [model.decode(ids) for ids, _ in rows]
            if model.vocabulary_sha256 != models[-1].vocabulary_sha256:
                why = "the rows were tokenised for another vocabulary"
                yield from (Sample(model.name, i, t, None, error=why) for i, t in zip(items, texts, strict=True))
                continue
            losses = model.losses(rows, shifted(progress, number * len(items), of))
            for item, text, loss in zip(items, texts, losses, strict=True):
                if loss.error:
                    yield Sample(model.name, item, text, None, error=loss.error)
                    continue
                mean = loss.nats / loss.tokens
                scores = tuple(Score(metric, None, mean, loss.tokens) for metric in (LOSS, PERPLEXITY))
                detail = {"row": item.content["row"].row, "nats": loss.nats, "tokens": loss.tokens}
                yield Sample(model.name, item, text, None, scores, detail)

    def limits(self, samples: Sequence[Sample], options: Mapping[str, Any]) -> list[str]:
        """What a loss cannot tell."""
        return [
            "The rows come from the same source as the training rows: a lower loss shows that the model learned "
            "this source, not that its answers are right."
        ]
