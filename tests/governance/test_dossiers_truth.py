"""Documents say what happened: card, report and dossier follow the manifest, and claim nothing that is not in it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evaluation import report as evaluator
from governance.documents.dossiers import lint, selectors, services
from governance.documents.dossiers.assembling import assemble
from governance.documents.dossiers.rules import Declared
from governance.documents.evaluation_reports import rules as reports
from governance.documents.model_cards import rules as cards
from governance.documents.model_cards.markdown import markdown
from governance.documents.sources import numbers
from governance.documents.sources.gathering import manifest_of, sources_of
from governance.documents.sources.records import Sources
from governance.law.regulation import rules as regulation
from tests import factories, observations
from tests.people import House
from training.manifest import Choice, Device, Energy, Manifest, Precision, Resumption, Steps

NEVER_HAPPENED = re.compile(
    r"QLoRA|NF4|4-bit|8-bit|quantis|\bGPU\b|\bA100\b|\bH100\b|\$|\bUSD\b|\bEUR\b|€|GPU hours", re.I
)


def statements(document: dict[str, Any]) -> dict[str, str]:
    """prompt id -> the measured words about it."""
    found: dict[str, str] = {}
    for section in document["sections"]:
        for said in section["statements"]:
            if said["source"] == "measured":
                for prompt in said["about"]:
                    found[prompt] = f"{found.get(prompt, '')} {said['text']}".strip()
    return found


def written(sources: Sources) -> tuple[dict[str, str], str]:
    """The dossier's measured words and the whole card."""
    return statements(assemble(regulation.latest(), sources)), markdown(cards.assemble(sources))


def with_manifest(sources: Sources, change: Callable[[Manifest], Manifest]) -> Sources:
    assert sources.manifest is not None
    return replace(sources, manifest=replace(sources.manifest, facts=change(sources.manifest.facts)))


@pytest.fixture(scope="module")
def sources(django_db_setup: None, django_db_blocker: Any) -> Sources:
    return factories.finished_sources(django_db_blocker)


def test_nothing_is_claimed_that_did_not_happen(sources: Sources) -> None:
    said, card = written(sources)
    words = card.split("## NOTICE")[0].split("## Licences and notices")[0] + " ".join(
        text for prompt, text in said.items() if not prompt.endswith((".inherited", ".licence"))
    )
    assert NEVER_HAPPENED.findall(words) == []
    assert NEVER_HAPPENED.findall(str(reports.assemble(sources, []))) == []


def test_a_full_fine_tuning_is_told_as_one(home: House) -> None:
    run = factories.finished_run(home, training={"method": {"name": "full"}})
    said, card = written(sources_of(run.model_version))
    assert said["iv-2-a.method"].startswith("Supervised fine-tuning (SFT) of all weights. 1,552 of 1,552 parameters")
    assert "LoRA" not in card.replace("2e-4 is usual for LoRA", "")
    assert "adapter" not in said["iv-1-d.artifact"].lower()
    assert "base_model_relation: finetune" in card
    assert "library_name: transformers" in card


def test_precision_and_steps_follow_the_manifest(sources: Sources) -> None:
    def change(found: Manifest) -> Manifest:
        types = Precision(
            choice=Choice(value="bf16", chosen_by="spec", reason=None),
            base_weights="bfloat16", trained_weights="float32", compute="bfloat16", optimizer="float32",
        )  # fmt: skip
        return replace(found, precision=types, steps=Steps(planned=40, done=23, epochs=0.88))

    said, card = written(with_manifest(sources, change))
    for words in (said["iv-2-a.method"], card):
        assert "base weights bfloat16, trained weights float32, matrix products bfloat16" in words
    assert "23 optimizer steps of 40 planned were done, which are 0.88 passes" in said["iv-2-a.steps"]
    assert "23 steps, 0.88 epochs" in said["xi-1-2-b.process"]
    assert "2 passes" not in card


def test_the_device_is_the_one_that_was_used(sources: Sources) -> None:
    def change(found: Manifest) -> Manifest:
        device = Device(
            choice=Choice(value="cuda", chosen_by="auto", reason="there"), name="Example Card X", threads=None
        )
        memory = replace(found.memory, peak_cuda_bytes=7_500_000_000, cuda_reason=None)  # type: ignore[type-var]
        return replace(found, device=device, memory=memory)

    said, card = written(with_manifest(sources, change))
    expected = "Trained on the device “cuda” (Example Card X)."
    assert expected in said["iv-2-c.hardware"]
    assert expected in said["xi-1-2-d.hardware"]
    assert "7.5 GB on the accelerator" in said["iv-2-c.hardware"]
    assert "Example Card X" in card


def test_measured_energy_is_told_in_mwh_with_method_and_boundary(sources: Sources) -> None:
    energy = Energy(kwh=0.004234, method="hardware counters: RAPL packages", boundary="1 package", reason=None)
    said, card = written(with_manifest(sources, lambda found: replace(found, energy=energy)))
    assert said["xi-1-2-e.energy"] == "4.2 × 10^-6 MWh for training (0.004234 kWh as read)."
    assert said["xi-1-2-e.method"] == "Method: hardware counters: RAPL packages. Boundary: 1 package."
    assert "4.2 × 10^-6 MWh" in card.replace("\\", "")


def test_a_resumed_run_says_so(sources: Sources) -> None:
    again = (Resumption(at="2026-11-10T10:35:00Z", from_step=8),)
    said, _ = written(with_manifest(sources, lambda found: replace(found, resumptions=again)))
    assert said["xi-1-2-d.details"].startswith(
        "The run was taken up again 1 time: from step 8 on 10 November 2026, 10:35 UTC."
    )


def test_what_the_trainer_did_not_reach_is_not_told(sources: Sources) -> None:
    said, card = written(with_manifest(sources, lambda found: replace(found, validation_loss=None, memory=None)))
    assert "Validation loss: not measured" in said["xi-1-2-b.process"]
    assert "memory were in use" not in said["iv-2-c.hardware"]
    assert "Memory while it runs: not measured." in card


def test_a_manifest_without_its_parts_leaves_gaps_and_breaks_nothing(sources: Sources) -> None:
    bare = Manifest(
        status="failed", error=None, started_at=observations.STARTED, finished_at=observations.FINISHED,
        environment=observations.environment(),
    )  # fmt: skip
    said, card = written(with_manifest(sources, lambda found: bare))
    assert "iv-2-a.method" not in said
    assert "iv-2-c.compute" not in said
    assert "- **Method**: not recorded" in card


def test_a_task_that_was_not_measured_leaves_its_prompt_open(home: House) -> None:
    def change(report: evaluator.Report) -> evaluator.Report:
        tasks = tuple(
            replace(task, status="not measured", reason="its suite is missing", metrics=(), comparisons=(), suite=None)
            if task.name == "safety"
            else task
            for task in report.tasks
        )
        return evaluator.sealed(replace(report, tasks=tasks))

    run = factories.finished_run(home, found=change)
    document = selectors.draft(run.model_version.dossier)
    prompt = next(p for s in document["sections"] for p in s["prompts"] if p["id"] == "iv-2-g.other")
    assert prompt["met_by"] == []
    assert statements(document)["iv-2-g.other"] == "Safety: not measured (its suite is missing)."


def test_the_meter_shows_its_working_and_never_a_role(sources: Sources) -> None:
    said, _ = written(sources)
    assert "Compute / criterion = " in said["iv-2-c.compute"]
    assert "It settles no role" in said["iv-2-c.compute"]
    assert sources.base_model is not None
    unknown = replace(sources.base_model, facts={**sources.base_model.facts, "training_flops": None})
    said, _ = written(replace(sources, base_model=unknown))
    assert "Base model: compute unknown." in said["xi-1-2-d.compute"]


def test_legal_compute_is_six_p_d_of_the_manifest(sources: Sources) -> None:
    assert sources.manifest is not None
    found: Manifest = sources.manifest.facts
    assert found.parameters is not None
    assert found.compute is not None
    by_hand = 6 * found.parameters.total * found.compute.tokens
    said, _ = written(sources)
    assert said["iv-2-c.compute"].startswith(
        f"{by_hand / 10 ** (len(str(by_hand)) - 1):.1f} × 10^{len(str(by_hand)) - 1}"
    )


def declared(text: str) -> Declared:
    return Declared("iv-2-a.choice", text, False, "Ada Brandt", datetime(2026, 11, 11, tzinfo=UTC), {})


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("Trained with QLoRA in 4-bit NF4.", ["quantisation", "quantisation", "quantisation"]),
        ("It was fully trained by full fine-tuning.", ["method"]),
        ("Trained with LoRA of rank 16.", []),
        ("The adapter has rank 64.", ["rank"]),
        ("It ran on one A100 GPU.", ["device", "device"]),
        ("No GPU was used, and nothing was quantised: the weights were not quantised at all.", []),
        ("We trained for 3 epochs.", ["epochs"]),
        ("We trained for 2 epochs and 17 steps with seed 0.", []),
        ("It took 500 steps.", ["steps"]),
        ("Weights were kept in bfloat16.", ["precision"]),
        ("The learning rate was 0.0002.", []),
        ("A learning rate of 1e-5 was used.", ["learning rate"]),
        ("It used 0.02 kWh.", ["energy"]),
        ("Training cost 12 EUR.", ["cost"]),
        ("Replies on fraud should be written by a person; 2 or 3 sentences are enough.", []),
    ],
)
def test_a_text_against_the_manifest_is_listed_and_one_in_line_with_it_is_not(
    sources: Sources, text: str, rules: list[str]
) -> None:
    found = lint.findings([declared(text)], sources)
    assert [each.rule for each in found] == rules
    assert all(each.evidence["kind"] == "run_manifest" for each in found)


def test_contradictions_are_listed_and_nothing_is_edited(home: House) -> None:
    dossier = factories.finished_run(home).model_version.dossier
    text = "We used QLoRA for 3 epochs."
    services.declare(actor=home.ada, dossier_id=dossier.pk, prompt="iv-2-a.choice", text=text)
    found = selectors.contradictions(dossier)
    assert [(each.rule, each.by) for each in found] == [("quantisation", "Ada Brandt"), ("epochs", "Ada Brandt")]
    assert found[1].recorded == "2 epochs"
    assert selectors.declarations(dossier).get().text == text


def test_the_demonstration_s_own_texts_agree_with_a_plain_run(sources: Sources) -> None:
    path = Path(__file__).parents[2] / "platform" / "assay" / "demo" / "declared.json"
    texts = json.loads(path.read_text(encoding="utf-8"))
    found = lint.findings([declared(each["text"]) for each in texts], sources)
    assert [(each.rule, each.says) for each in found] == []


def test_the_manifest_is_cited_by_the_bytes_the_trainer_wrote(home: House) -> None:
    run = factories.finished_run(home)
    source = manifest_of(run)
    assert source is not None
    assert source.sha256 == run.manifest_sha256


@pytest.mark.parametrize(
    ("kwh", "words"),
    [(0.0, "0 MWh"), (0.0042, "4.2 × 10^-6 MWh"), (12.34, "0.012 MWh"), (1234.0, "1.2 MWh"), (99_600.0, "100 MWh")],
)
def test_megawatt_hours_have_two_significant_figures(kwh: float, words: str) -> None:
    assert numbers.megawatt_hours(kwh) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (0.038712, "0.03871"),
        (-1.8119, "−1.812"),
        (0.00002, "2 × 10^-5"),
        (134515008, "134,515,008"),
        (2.0, "2"),
    ],
)
def test_amounts_keep_four_significant_digits_and_never_vanish(value: float, words: str) -> None:
    assert numbers.amount(value) == words


def test_a_tiny_share_never_reads_as_none() -> None:
    assert numbers.percent(7, 10_000_000) == "7.0 × 10^-5 %"
    assert numbers.percent(0, 10) == "0.0 %"
    assert numbers.percent(1, 3) == "33.3 %"
