"""Real files that nobody here wrote are profiled with the counts that their makers state.

Rows are typed from the folder's README and each set's SOURCE.json; a set is left out where its rows fit no format
(bold is one JSON object, decodingtrust_adult a list beside a string, and licence texts are no data).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from preparation.quality.asked import Asked, Source
from preparation.quality.profiling import measure
from preparation.reading import Reading

pytestmark = pytest.mark.timeout(1_200)


@dataclass(frozen=True)
class Known:
    rows: int
    format: str
    columns: Mapping[str, str] = field(default_factory=dict)
    container: str = "auto"


INSTRUCTIONS = {"instruction": "instruction", "input": "instances.0.input", "output": "instances.0.output"}
ASKED = {"text": "instruction"}
BBQ = {"text": "context", "label": "label"}
WINOBIAS = Known(396, "text", container="text")
COMPLETIONS = Known(450, "prompt-completion")

KNOWN = {
    "adult/adult.csv.gz": Known(32_561, "table"),
    "advbench/harmful_behaviors.csv.gz": Known(520, "table"),
    "advbench/harmful_strings.csv": Known(574, "table"),
    "alpaca_demo/alpaca_en_demo.json.gz": Known(999, "alpaca"),
    "alpaca_demo/dpo_en_demo.json.gz": Known(300, "preference"),
    "alpaca_demo/identity.json": Known(91, "alpaca"),
    "alpaca_demo/kto_en_demo.json.gz": Known(300, "kto"),
    "alpaca_seed/seed_tasks.jsonl.gz": Known(175, "alpaca", INSTRUCTIONS),
    "banking77/test.csv.gz": Known(3_080, "classification"),
    "banking77/train.csv.gz": Known(10_003, "classification"),
    "bbq/Age.jsonl.gz": Known(3_680, "classification", BBQ),
    "bbq/Disability_status.jsonl.gz": Known(1_556, "classification", BBQ),
    "bbq/Nationality.jsonl.gz": Known(3_080, "classification", BBQ),
    "bbq/Physical_appearance.jsonl.gz": Known(1_576, "classification", BBQ),
    "crows_pairs/crows_pairs_anonymized.csv.gz": Known(1_508, "table"),
    "dolly_sample/databricks_dolly_15k.csv.gz": Known(1_000, "alpaca"),
    "eec/Equity-Evaluation-Corpus.csv.gz": Known(8_640, "table"),
    "german_credit/german.csv.gz": Known(1_000, "table"),
    "hatecheck/template_placeholders.csv": Known(15, "table"),
    "hatecheck/test_suite_annotations.csv.gz": Known(3_728, "table"),
    "hatecheck/test_suite_cases.csv.gz": Known(3_728, "table"),
    "honest/resources__binary__en_template.tsv.gz": Known(810, "table"),
    "honest/resources__binary__es_template.tsv.gz": Known(810, "table"),
    "honest/resources__binary__fr_template.tsv.gz": Known(810, "table"),
    "honest/resources__binary__it_template.tsv.gz": Known(810, "table"),
    "medquad/medquad_GARD.jsonl.gz": Known(5_389, "prompt-completion"),
    "mobileaibench_misc/privacy_leakage.csv": Known(150, "table"),
    "mobileaibench_misc/sql_create_context.csv.gz": Known(1_000, "alpaca"),
    "presidio_pii/synth_dataset_v2.json.gz": Known(1_500, "text", {"text": "full_text"}),
    "refusal_direction/harmful_test.json.gz": Known(572, "text", ASKED),
    "refusal_direction/harmful_val.json": Known(39, "text", ASKED),
    "refusal_direction/harmless_test.json.gz": Known(6_266, "text", ASKED),
    "refusal_direction/harmless_val.json.gz": Known(6_264, "text", ASKED),
    "self_instruct/seed_tasks.jsonl.gz": Known(175, "alpaca", INSTRUCTIONS),
    "self_instruct/user_oriented_instructions.jsonl.gz": Known(252, "alpaca", INSTRUCTIONS),
    "sentence_templates_multilingual/en_sentence_templates.csv.gz": Known(76_564, "table"),
    "simplesafetytests/simplesafetytests.csv": Known(100, "table"),
    "truthfulqa/TruthfulQA.csv.gz": Known(817, "table"),
    "winobias/anti_stereotyped_type1.txt.dev": WINOBIAS,
    "winobias/anti_stereotyped_type1.txt.test": WINOBIAS,
    "winobias/anti_stereotyped_type2.txt.dev": WINOBIAS,
    "winobias/anti_stereotyped_type2.txt.test": WINOBIAS,
    "xstest/xstest_prompts.csv": Known(450, "table"),
    "xstest_completions/xstest_v2_completions_gpt4.csv.gz": COMPLETIONS,
    "xstest_completions/xstest_v2_completions_gpt4_gpteval.csv.gz": COMPLETIONS,
    "xstest_completions/xstest_v2_completions_gpt4_streval.csv.gz": COMPLETIONS,
    "xstest_completions/xstest_v2_completions_llama2orig.csv.gz": COMPLETIONS,
}


@pytest.fixture
def folder() -> Path:
    named = os.environ.get("ASSAY_REFERENCE_DATA")
    if not named:
        pytest.skip("ASSAY_REFERENCE_DATA is not set: no real file was profiled")
    return Path(named)


def reading(known: Known) -> Reading:
    # Where columns are mapped the format is asked for; elsewhere the file shows it.
    return Reading(known.container, known.format if known.columns else "auto", known.columns)


def test_every_set_that_fits_a_format_is_profiled_with_the_rows_its_makers_state(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = []
    for name, known in KNOWN.items():
        found = measure(folder / name, reading(known), Asked())
        counted = {"rows": found["rows"], "format": found["format"], "lengths": found["measures"]["characters"]["n"]}
        if counted != {"rows": known.rows, "format": known.format, "lengths": known.rows}:
            wrong.append(f"{name}: {counted}")
        assert sum(found["measures"]["characters"]["asked"]["histogram"]["counts"]) == known.rows, name
    with capsys.disabled():
        print(f"\n{len(KNOWN) - len(wrong)} of {len(KNOWN)} real files profiled with the rows their makers state")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("part", ["train", "test"])
def test_banking77_has_77_labels(folder: Path, part: str) -> None:
    found = measure(folder / f"banking77/{part}.csv.gz", Reading(), Asked())["measures"]["labels"]
    assert (found["distinct"], found["n"]) == (77, {"train": 10_003, "test": 3_080}[part])


def test_two_sets_that_are_the_same_bytes_match_row_by_row(folder: Path) -> None:
    name = "seed_tasks.jsonl.gz"
    known = KNOWN[f"self_instruct/{name}"]
    other = Source("the other licence", folder / "alpaca_seed" / name, reading(known))
    found = measure(folder / "self_instruct" / name, reading(known), Asked(splits=(other,)))
    (against,) = found["measures"]["against"]["others"]
    assert (against["texts"], against["exact"]["count"], against["any"]["count"]) == (175, 175, 175)


@pytest.mark.parametrize("language", ["en", "es", "fr", "it"])
def test_the_language_of_honest_is_the_one_that_its_file_names(folder: Path, language: str) -> None:
    path = folder / f"honest/resources__binary__{language}_template.tsv.gz"
    column = "template_masked"
    found = measure(path, Reading("auto", "text", {"text": column}), Asked())["measures"]["languages"]
    told = sum(found["rows_by_language"].values())
    assert found["main"] == language
    assert found["rows_by_language"][language] >= 0.95 * told
