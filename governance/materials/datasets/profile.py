"""What can be seen in a file of rows by reading it once: counts and lengths. Pure.

Lengths are in characters of the text that goes in (`prompt`: everything before the last answer) and that is
learnt (`answer`: every trained message); tokens depend on a model and are counted in the run.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from preparation.rows import Row


def profile(rows: Iterable[Row]) -> dict[str, Any]:
    """Counts, length quantiles and histograms, exact duplicates and contradictions of `rows`."""
    prompts: list[int] = []
    answers: list[int] = []
    turns: Counter[int] = Counter()
    roles: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    by_input: dict[str, set[str]] = {}
    for row in rows:
        learnt = "\n".join(message.content for message in row.messages if message.trained)
        given = "\n".join(f"{message.role}: {message.content}" for message in row.messages if not message.trained)
        prompts.append(len(given))
        answers.append(len(learnt))
        turns[len(row.messages)] += 1
        roles.update(message.role for message in row.messages)
        seen[row.digest()] += 1
        by_input.setdefault(given, set()).add(learnt)
    return {
        "rows": len(prompts),
        "turns": {str(count): number for count, number in sorted(turns.items())},
        "messages": dict(sorted(roles.items())),
        "prompt_characters": _lengths(prompts),
        "answer_characters": _lengths(answers),
        "exact_duplicates": sum(count - 1 for count in seen.values()),
        "contradicting_inputs": sum(len(outputs) > 1 for outputs in by_input.values()),
    }


def _lengths(values: list[int], bins: int = 20) -> dict[str, Any] | None:
    """Quantiles and an even histogram; None where there is nothing to measure."""
    if not values:
        return None
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]
    width = max(1, -(-(high - low + 1) // bins))
    counts = [0] * (-(-(high - low + 1) // width))
    for value in ordered:
        counts[(value - low) // width] += 1
    return {
        "min": low,
        "p05": ordered[int(0.05 * (len(ordered) - 1))],
        "median": ordered[(len(ordered) - 1) // 2],
        "p95": ordered[int(0.95 * (len(ordered) - 1))],
        "max": high,
        "mean": round(sum(ordered) / len(ordered), 1),
        "histogram": {"from": low, "width": width, "counts": counts},
    }
