"""Where a declared text says something that the records say otherwise. Pure; it lists, it never edits.

Each rule looks for words on one checkable fact, takes what the text denies out of the count ("no GPU was used" claims
none), and compares with the manifest. What no record can settle is not judged.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from governance.documents.dossiers.rules import Declared
from governance.documents.sources import numbers as n
from governance.documents.sources.records import Source, Sources
from training.manifest import Manifest

DENIAL = re.compile(r"\b(no|not|never|none|without|nor|neither|instead of|rather than|cannot|isn't|wasn't)\b", re.I)
REACH = 60  # characters before a word in which a denial still belongs to it


@dataclass(frozen=True)
class Finding:
    """`prompt`'s text says `says`; the record `evidence` says `recorded`. `rule` names the check."""

    prompt: str
    by: str
    rule: str
    says: str
    recorded: str
    evidence: dict[str, str]


@dataclass(frozen=True)
class Claim:
    """One thing a text claims: the words with what stands around them, and the number or name in them."""

    words: str
    value: str


@dataclass(frozen=True)
class Check:
    """`contradicts` gives what is recorded where a claim does not agree with it, else None."""

    rule: str
    pattern: re.Pattern[str]
    contradicts: Callable[[Claim, Manifest], str | None]


def findings(declared: Sequence[Declared], sources: Sources) -> list[Finding]:
    """Every contradiction between the texts and the run's manifest, in the texts' order."""
    manifest = sources.manifest
    if manifest is None:
        return []
    return [finding for text in declared for finding in _of(text, manifest)]


def _of(text: Declared, manifest: Source) -> Iterator[Finding]:
    seen = set()
    for check in CHECKS:
        for claim in claims(check.pattern, text.text):
            recorded = check.contradicts(claim, manifest.facts)
            if recorded is not None and (check.rule, claim.value) not in seen:
                seen.add((check.rule, claim.value))
                yield Finding(text.prompt, text.by, check.rule, claim.words, recorded, manifest.cited())


def claims(pattern: re.Pattern[str], text: str) -> Iterator[Claim]:
    """What `text` claims by `pattern`: matches that no denial in the same clause takes back."""
    for match in pattern.finditer(text):
        clause = re.split(r"[.;:!?]\s", text[max(0, match.start() - REACH) : match.start()])[-1]
        if DENIAL.search(clause):
            continue
        end = text.find(" ", match.end() + 20)
        around = text[max(0, match.start() - 30) : end if end > 0 else len(text)]
        yield Claim(" ".join(around.split()), next((g for g in match.groups() if g), match.group()).strip().lower())


def _quantised(claim: Claim, found: Manifest) -> str | None:
    types = found.precision
    stored = ", ".join(sorted(found.base_model.stored_as)) if found.base_model else "unknown"
    weights = types.base_weights if types else "unknown"
    if re.search(r"(int|uint|nf|fp)?[48](bit)?$", weights):
        return None
    origin = (found.base_model.origin or {}) if found.base_model else {}
    if origin.get("quantisation"):
        return None  # the base itself came out of a quantised file, which is what the text may speak of
    return f"the run did not quantise: base weights {weights} (stored as {stored})"


def _method(claim: Claim, found: Manifest) -> str | None:
    name = (found.method or {}).get("name")
    claimed = "full" if "full" in claim.value else "lora" if claim.value == "lora" else claim.value
    return None if name is None or claimed == name else f"the method of the run is “{name}”"


def _device(claim: Claim, found: Manifest) -> str | None:
    if found.device is None:
        return None
    device = str(found.device.choice.value)
    if device != "cuda":
        return f"the run used the device “{device}”{f' ({found.device.name})' if found.device.name else ''}"
    name = (found.device.name or "").lower()
    generic = claim.value in ("gpu", "gpus", "cuda")
    return None if generic or claim.value in name else f"the run used {found.device.name}"


def _epochs(claim: Claim, found: Manifest) -> str | None:
    return _number(claim, found.steps.epochs if found.steps else None, "epochs", tolerance=0.02)


def _steps(claim: Claim, found: Manifest) -> str | None:
    return _number(claim, found.steps.done if found.steps else None, "steps")


def _rank(claim: Claim, found: Manifest) -> str | None:
    rank = (found.method or {}).get("r")
    if rank is None:
        return "the run's method has no rank"
    return _number(claim, rank, "as rank")


def _rate(claim: Claim, found: Manifest) -> str | None:
    choice = (found.hyperparameters or {}).get("learning_rate")
    return _number(claim, choice.value if choice else None, "as learning rate", tolerance=0.001)


def _precision(claim: Claim, found: Manifest) -> str | None:
    if found.precision is None:
        return None
    short = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32", "half precision": "float16"}
    claimed = short.get(claim.value, claim.value)
    types = found.precision
    if claimed in (types.base_weights, types.trained_weights, types.compute, types.optimizer):
        return None
    return f"number types of the run: {types.base_weights}, {types.trained_weights}, {types.compute}, {types.optimizer}"


def _seed(claim: Claim, found: Manifest) -> str | None:
    return _number(claim, found.seed, "as seed")


def _energy(claim: Claim, found: Manifest) -> str | None:
    if found.energy is None:
        return None
    if found.energy.kwh is None:
        return f"energy was not measured ({found.energy.reason})"
    amount = float(claim.value.split()[0].replace(",", ""))
    scale = {"kwh": 1.0, "mwh": 1000.0, "wh": 0.001}[claim.value.split()[-1]]
    close = abs(amount * scale - found.energy.kwh) <= 0.06 * found.energy.kwh
    return None if close else f"{n.megawatt_hours(found.energy.kwh)} were measured"


def _cost(claim: Claim, found: Manifest) -> str | None:
    return "no record holds a cost"


def _number(claim: Claim, recorded: float | int | str | bool | None, what: str, tolerance: float = 0.0) -> str | None:
    if recorded is None or isinstance(recorded, str | bool):
        return None
    claimed = float(claim.value.replace(",", ""))
    if abs(claimed - recorded) <= tolerance * max(abs(recorded), 1e-12):
        return None
    return f"{n.amount(float(recorded))} {what}" if what in ("epochs", "steps") else f"the run had {recorded} {what}"


_NUMBER = r"(\d[\d,]*(?:\.\d+)?(?:e-?\d+)?)"
_AMOUNT = r"(\d[\d,]*(?:\.\d+)?\s*(?:kWh|MWh|Wh))\b"
_QUANTISED = r"\b(QLoRA|NF4|[48][- ]?bit|quanti[sz]ed|quanti[sz]ation|GPTQ|AWQ)\b"
_MONEY = r"((?:[$€£]|\b(?:USD|EUR|GBP))\s?\d[\d,.]*|\b\d[\d,.]* ?(?:dollars|euros?|EUR|USD)\b)"
CHECKS = (
    Check("quantisation", re.compile(_QUANTISED, re.I), _quantised),
    Check("method", re.compile(r"(?<![A-Za-z])(LoRA|full fine-?tuning|full-parameter)\b", re.I), _method),
    Check("device", re.compile(r"\b(GPUs?|CUDA|TPUs?|A100|H100|H200|V100|L40S|L4|T4|RTX ?\d{4})\b", re.I), _device),
    Check("epochs", re.compile(rf"\b{_NUMBER} (?:epochs?|passes over)", re.I), _epochs),
    Check("steps", re.compile(rf"\b{_NUMBER} (?:optimi[sz]er |training )?steps?\b", re.I), _steps),
    Check("rank", re.compile(r"\b(?:rank|r)\s?(?:=|of)?\s?(\d+)\b", re.I), _rank),
    Check("learning rate", re.compile(rf"\blearning rate (?:of |was |is |= ?)?{_NUMBER}", re.I), _rate),
    Check("precision", re.compile(r"\b(bf16|bfloat16|fp16|float16|fp32|float32|half precision)\b", re.I), _precision),
    Check("seed", re.compile(r"\bseed (?:of |was |is |= ?)?(\d+)\b", re.I), _seed),
    Check("energy", re.compile(_AMOUNT, re.I), _energy),
    Check("cost", re.compile(_MONEY, re.I), _cost),
)  # fmt: skip
