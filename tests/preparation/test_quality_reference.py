"""Real files that nobody here wrote are profiled with the counts that their makers state; the others are refused.

Rows are typed from the folder's README and each set's SOURCE.json, and counted once more by the standard library.
"""

import csv
import gzip
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

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
ADULT = Known(200, "classification", {"text": "input", "label": "label"})
HONEST, TEMPLATES = Known(810, "table"), Known(50, "table")
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
    "bbq/new_templates - Age.csv": TEMPLATES,
    "bbq/new_templates - Disability_status.csv": TEMPLATES,
    "bbq/new_templates - Nationality.csv": Known(25, "table"),
    "bbq/new_templates - Physical_appearance.csv": TEMPLATES,
    "bbq_unifiedqa_preds/preds_Age.jsonl.gz": Known(3_680, "classification", BBQ),
    "bbq_unifiedqa_preds/preds_Disability_status.jsonl.gz": Known(1_556, "classification", BBQ),
    "bbq_unifiedqa_preds/preds_Nationality.jsonl.gz": Known(3_080, "classification", BBQ),
    "bbq_unifiedqa_preds/preds_Physical_appearance.jsonl.gz": Known(1_576, "classification", BBQ),
    "crows_pairs/crows_pairs_anonymized.csv.gz": Known(1_508, "table"),
    "decodingtrust_adult/adult_0_200_test_base_rate_0.0.jsonl.gz": ADULT,
    "decodingtrust_adult/adult_0_200_test_base_rate_0.5.jsonl.gz": ADULT,
    "decodingtrust_adult/adult_0_200_test_base_rate_1.0.jsonl.gz": ADULT,
    "decodingtrust_adult/adult_0_200_train_br_0.0_test_br_0.0.jsonl.gz": ADULT,
    "decodingtrust_adult/adult_0_200_train_br_0.0_test_br_0.5.jsonl.gz": ADULT,
    "decodingtrust_adult/adult_0_200_train_br_0.0_test_br_1.0.jsonl.gz": ADULT,
    "dolly_sample/databricks_dolly_15k.csv.gz": Known(1_000, "alpaca"),
    "eec/Equity-Evaluation-Corpus.csv.gz": Known(8_640, "table"),
    "german_credit/german.csv.gz": Known(1_000, "table"),
    "german_credit/german.txt": Known(135, "text"),  # 177 lines, of which 42 are blank
    "hatecheck/template_placeholders.csv": Known(15, "table"),
    "hatecheck/test_suite_annotations.csv.gz": Known(3_728, "table"),
    "hatecheck/test_suite_cases.csv.gz": Known(3_728, "table"),
    "honest/resources__binary__en_template.tsv.gz": HONEST,
    "honest/resources__binary__es_template.tsv.gz": HONEST,
    "honest/resources__binary__fr_template.tsv.gz": HONEST,
    "honest/resources__binary__it_template.tsv.gz": HONEST,
    "honest/resources__binary__pt_template.tsv.gz": Known(840, "table"),
    "honest/resources__binary__ro_template.tsv.gz": Known(840, "table"),
    "honest/resources__queer_nonqueer__en_template.tsv.gz": Known(705, "table"),
    "medquad/medquad_GARD.jsonl.gz": Known(5_389, "prompt-completion"),
    "mobileaibench_misc/privacy_leakage.csv": Known(150, "table"),
    "mobileaibench_misc/sql_create_context.csv.gz": Known(1_000, "alpaca"),
    "presidio_pii/synth_dataset_v2.json.gz": Known(1_500, "text", {"text": "full_text"}),
    "presidio_pii/templates.txt": Known(210, "text"),
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
    "winobias/female_occupations.txt": Known(20, "text"),
    "winobias/male_occupations.txt": Known(20, "text"),
    "winobias/pro_stereotyped_type1.txt.dev": WINOBIAS,
    "winobias/pro_stereotyped_type1.txt.test": WINOBIAS,
    "winobias/pro_stereotyped_type2.txt.dev": WINOBIAS,
    "winobias/pro_stereotyped_type2.txt.test": WINOBIAS,
    "xstest/xstest_prompts.csv": Known(450, "table"),
    "xstest_completions/xstest_v2_completions_gpt4.csv.gz": COMPLETIONS,
    "xstest_completions/xstest_v2_completions_gpt4_gpteval.csv.gz": COMPLETIONS,
    "xstest_completions/xstest_v2_completions_gpt4_streval.csv.gz": COMPLETIONS,
    "xstest_completions/xstest_v2_completions_llama2orig.csv.gz": COMPLETIONS,
    "xstest_completions/xstest_v2_completions_llama2orig_gpteval.csv.gz": COMPLETIONS,
    "xstest_completions/xstest_v2_completions_llama2orig_streval.csv.gz": COMPLETIONS,
    "xstest_completions/xstest_v2_completions_mistralinstruct.csv.gz": COMPLETIONS,
    "xstest_completions/xstest_v2_completions_mistralinstruct_gpteval.csv.gz": COMPLETIONS,
    "xstest_completions/xstest_v2_completions_mistralinstruct_streval.csv.gz": COMPLETIONS,
}

# What holds no rows, and what is said of it.
NO_CONTAINER = "The file is none of JSONL, JSON, CSV, TSV, Parquet or text."
DOCUMENT = "The file is one JSON document over several lines, not one object a line."
BY_GROUP = "The format is not known; the row's columns are"
REFUSED = {
    "README.md": NO_CONTAINER,
    "alpaca_demo/dataset_info.json": DOCUMENT,
    "alpaca_seed/DATA_LICENSE": NO_CONTAINER,
    "alpaca_seed/REPO_DATA_LICENSE": NO_CONTAINER,
    "alpaca_seed/datasheet.md": NO_CONTAINER,
    "banking77/categories.json": "The row is not a JSON object.",
    "bold/gender_prompt.json.gz": BY_GROUP,
    "bold/political_ideology_prompt.json.gz": BY_GROUP,
    "bold/profession_prompt.json.gz": BY_GROUP,
    "bold/race_prompt.json.gz": BY_GROUP,
    "bold/religious_ideology_prompt.json": BY_GROUP,
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


def told(path: Path, known: Known | None = None) -> dict[str, Any]:
    """What `assay dataset profile` prints of a file."""
    asked, out = reading(known) if known else Reading(), io.StringIO()
    mapped = [f"--column={name}={column}" for name, column in asked.columns.items()]
    container, form = f"--container={asked.container}", f"--format={asked.format}"
    try:
        call_command("dataset", "profile", str(path), container, form, *mapped, "--json", stdout=out)
    except SystemExit as ended:
        assert ended.code == 2
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def counted(path: Path) -> int:
    """Rows by the standard library."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text, name = data.decode("utf-8-sig"), path.name.removesuffix(".gz")
    if name.endswith((".csv", ".tsv")):
        table = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if name.endswith(".tsv") else ",")
        return sum(1 for row in table if row) - 1
    return len(json.loads(text)) if name.endswith(".json") else sum(1 for line in text.split("\n") if line.strip())


@pytest.mark.slow
def test_every_set_that_fits_a_format_is_profiled_with_the_rows_its_makers_state(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = []
    for name, known in KNOWN.items():
        found = told(folder / name, known)
        assert found["sound"], f"{name}: {found['findings'][:1]}"
        characters = found["quality"]["measures"]["characters"]
        rows = (counted(folder / name), found["rows"], found["profile"]["rows"], found["quality"]["rows"],
                characters["n"], sum(characters["asked"]["histogram"]["counts"]))  # fmt: skip
        if set(rows) != {known.rows} or found["format"] != known.format:
            wrong.append(f"{name}: {rows} rows of {found['format']}, not {known.rows} of {known.format}")
    with capsys.disabled():
        print(f"\n{len(KNOWN) - len(wrong)} of {len(KNOWN)} real files profiled with the rows their makers state")
    assert not wrong, "\n".join(wrong)


def test_what_holds_no_rows_is_refused_in_words_and_no_file_is_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    refused = REFUSED | {name: DOCUMENT for name in names if name.endswith("/SOURCE.json")}
    assert names == KNOWN.keys() | refused.keys()
    for name, says in refused.items():
        found = told(folder / name)
        (only,) = found["findings"]
        assert not found["sound"], name
        assert (only["message"].startswith(says), bool(only["cure"])) == (True, True), f"{name}: {only}"
    with capsys.disabled():
        print(f"\n{len(refused)} files that hold no rows refused with what they are")


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
    every = sum(found["rows_by_language"].values())
    assert found["main"] == language
    assert found["rows_by_language"][language] >= 0.95 * every
