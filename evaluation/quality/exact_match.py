"""Generated answers against reference answers."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation.quality import validation_rows
from evaluation.registry import task
from evaluation.suites import SuiteError, read_rows
from evaluation.tasks import ALL, Item, Items, MetricDefinition, Progress, Sample, Score, shifted

if TYPE_CHECKING:
    from evaluation.generate import Answer, LanguageModel

EXACT, F1 = "exact-match", "token-f1"
ROLES = {"system", "user", "assistant"}
PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation + "‘’“”–—…", " "))


@task("exact-match", category="quality", duty="AI Act Art. 15(1), (3); Annex IV(3)")
class ExactMatch:
    """Whether the greedy answer says what the reference says, word for word, and how many words they share.

    Both texts are normalised: Unicode NFKC, lower case, punctuation to spaces, runs of white space
    to one. exact-match = share of items whose normalised texts are equal. token-f1 = mean over items
    of 2PR / (P + R), where P and R are the shares of the answer's and the reference's words found in
    the other, counted with repetition; two empty texts give 1. Items are {"prompt" or "messages",
    "reference"} with an optional "id" and "group", or the trainer's validation rows, whose last
    labelled stretch is the reference.
    """

    version = "1"
    needs_items = True
    options: Mapping[str, Any] = {"max_new_tokens": 64}
    metrics = (
        MetricDefinition(
            EXACT, "share", "higher", "Share of answers equal to the reference after normalisation.", "proportion"
        ),
        MetricDefinition(F1, "share", "higher", "Mean F1 of words shared by answer and reference."),
    )  # fmt: skip

    def items(self, path: Path | None) -> Items:
        """Items of either shape."""
        found = read_rows(Path(str(path)))
        if validation_rows.is_validation(found.rows[0]):
            contents = [{"row": row} for row in validation_rows.parse(found.rows, found.suite.file)]
            return Items(found.suite, tuple(_item(str(i), None, content) for i, content in enumerate(contents)))
        items = tuple(_asked(row, number, found.suite.file) for number, row in enumerate(found.rows, start=1))
        if len({item.id for item in items}) != len(items):
            raise SuiteError(f"{found.suite.file}: two items have the same 'id'")
        return Items(found.suite, items)

    def measure(
        self, items: Sequence[Item], models: Sequence[LanguageModel], options: Mapping[str, Any], progress: Progress
    ) -> Iterator[Sample]:
        """Generate and score the answer of every model to every item."""
        of = len(items) * len(models)
        for number, model in enumerate(models):
            pairs = [_prompt_and_reference(item, model, models[-1]) for item in items]
            answers = model.answers(
                [prompt for prompt, _ in pairs],
                options["max_new_tokens"],
                shifted(progress, number * len(items), of),
            )
            for item, (prompt, reference), answer in zip(items, pairs, answers, strict=True):
                yield self._sample(item, model, prompt, reference, answer)

    def score(self, item: Item, model: str, text: str) -> Sample:
        """Score an answer that was made elsewhere."""
        if "row" in item.content:
            raise SuiteError("answers can be scored against items with a 'reference', not against token ids")
        return _scored(item, model, _shown(item), text, item.content["reference"], {})

    def limits(self, samples: Sequence[Sample], options: Mapping[str, Any]) -> list[str]:
        """What word-for-word matching cannot tell."""
        said = ["A right answer in other words counts as wrong; only a person can judge meaning."]
        cut = sum(bool(sample.detail.get("cut")) for sample in samples)
        if cut:
            said.append(
                f"{cut} of {len(samples)} answers were cut at {options['max_new_tokens']} tokens and cannot match "
                "a longer reference."
            )
        return said

    def _sample(
        self, item: Item, model: LanguageModel, prompt: Sequence[int], reference: str | None, answer: Answer
    ) -> Sample:
        shown = _shown(item) if "row" not in item.content else model.decode(prompt)
        if reference is None:
            return Sample(model.name, item, shown, None, error="the row was tokenised for another vocabulary")
        if answer.error:
            return Sample(model.name, item, shown, None, error=answer.error)
        return _scored(item, model.name, shown, answer.text, reference, {"tokens": answer.tokens, "cut": answer.cut})


def normalised(text: str) -> str:
    """`text` as it is compared: NFKC, lower case, punctuation to spaces, single spaces."""
    plain = unicodedata.normalize("NFKC", text).lower().translate(PUNCTUATION)
    return re.sub(r"\s+", " ", plain).strip()


def token_f1(answer: str, reference: str) -> float:
    """F1 of the words that the normalised texts share, counted with repetition."""
    first, second = Counter(normalised(answer).split()), Counter(normalised(reference).split())
    if not first and not second:
        return 1.0
    shared = sum((first & second).values())
    return 2 * shared / (sum(first.values()) + sum(second.values()))


def _scored(item: Item, model: str, shown: str, text: str, reference: str, detail: Mapping[str, Any]) -> Sample:
    group = None if item.stratum == ALL else item.stratum
    equal = float(normalised(text) == normalised(reference))
    scores = (Score(EXACT, group, equal), Score(F1, group, token_f1(text, reference)))
    return Sample(model, item, shown, text, scores, {"reference": reference, **detail})


def _item(identity: str, group: str | None, content: Mapping[str, Any]) -> Item:
    return Item(identity, group or ALL, ((EXACT, group), (F1, group)), content, cluster=identity)


def _asked(row: Mapping[str, Any], number: int, file: str) -> Item:
    where = f"{file}: item {number}"
    messages, prompt, reference = row.get("messages"), row.get("prompt"), row.get("reference")
    if not isinstance(reference, str):
        raise SuiteError(f"{where}: needs a text 'reference'")
    if isinstance(prompt, str) and messages is None:
        messages = [{"role": "user", "content": prompt}]
    if not isinstance(messages, list) or not messages or not all(map(_is_message, messages)):
        raise SuiteError(f"{where}: needs a text 'prompt', or 'messages' with role and content")
    group = row.get("group")
    content = {"messages": messages, "reference": reference}
    return _item(str(row.get("id", number - 1)), str(group) if group else None, content)


def _is_message(message: object) -> bool:
    return (
        isinstance(message, dict) and message.get("role") in ROLES and isinstance(message.get("content"), str)
    )  # fmt: skip


def _shown(item: Item) -> str:
    return "\n".join(f"{message['role']}: {message['content']}" for message in item.content["messages"])


def _prompt_and_reference(
    item: Item, model: LanguageModel, tuned: LanguageModel
) -> tuple[list[int], str | None]:  # fmt: skip
    """Prompt ids and reference text; no reference for a row whose ids mean something else to `model`."""
    if "row" not in item.content:
        return model.prompt_ids(item.content["messages"]), str(item.content["reference"])
    prompt, reference = item.content["row"].last_answer()
    known = model.vocabulary_sha256 == tuned.vocabulary_sha256
    return list(prompt), model.decode(reference) if known else None
