"""Measures the recognisers of personal data, and Presidio's beside them, and writes the dated figures.

    .venv/bin/python setup/recognition.py FOLDER

FOLDER holds the labelled set in presidio_pii/. Only figures are written, never a row. Presidio's own recognisers are
run as they come (English, score threshold 0) over a blank spaCy tokenizer: its model for names is not part of the
comparison, and its list of domains is the one it carries, so that nothing is fetched.
"""

import gzip
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from preparation.persons import measuring  # noqa: E402 - found through the line above
from preparation.persons.recognisers import VERSION, find  # noqa: E402

SET = "presidio_pii"
LIBRARIES = ("phonenumbers", "presidio-analyzer", "spacy")
PRESIDIO = {
    "email": "EMAIL_ADDRESS", "phone": "PHONE_NUMBER", "card": "CREDIT_CARD", "iban": "IBAN_CODE", "ip": "IP_ADDRESS",
    "us-ssn": "US_SSN", "driving-licence": "US_DRIVER_LICENSE", "date": "DATE_TIME", "url": "URL",
}  # fmt: skip


def examples(folder: Path) -> list[measuring.Example]:
    with gzip.open(folder / SET / "synth_dataset_v2.json.gz", "rt", encoding="utf-8") as file:
        rows = json.load(file)
    return [
        (row["full_text"], [(one["start_position"], one["end_position"], one["entity_type"]) for one in row["spans"]])
        for row in rows
    ]


def ours(text: str) -> list[measuring.Labelled]:
    return [(span.start, span.end, span.kind) for span in find(text)]


def presidio() -> Callable[[str], list[measuring.Labelled]]:
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())  # its own snapshot, no request

    class Blank(SpacyNlpEngine):
        def __init__(self) -> None:
            super().__init__()
            self.nlp = {"en": spacy.blank("en")}

    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    registry.recognizers = [one for one in registry.recognizers if one.name != "SpacyRecognizer"]
    engine = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en"])

    def detect(text: str) -> list[measuring.Labelled]:
        return [(found.start, found.end, found.entity_type) for found in engine.analyze(text, language="en")]

    return detect


def figures(folder: Path) -> dict[str, Any]:
    rows = examples(folder)
    source = json.loads((folder / SET / "SOURCE.json").read_text(encoding="utf-8"))
    theirs = {name: (measuring.MEASURED[name][0], (label,)) for name, label in PRESIDIO.items()}
    return {
        "schema": measuring.SCHEMA,
        "measured_on": datetime.now(UTC).date().isoformat(),
        "recognisers": VERSION,
        "data": {
            "name": SET,
            "source": f"https://github.com/{source['repo']} at {source['commit']}",
            "licence": source["licence"],
            "sha256": source["files"][0]["sha256"],
            "rows": len(rows),
            "spans": sum(len(labels) for _, labels in rows),
        },
        "rule": " ".join((measuring.__doc__ or "").partition("Rule: ")[2].split()),
        "libraries": {name: version(name) for name in LIBRARIES},
        "kinds": measuring.measure(rows, ours, measuring.MEASURED),
        "presidio": measuring.measure(rows, presidio(), theirs),
    }


if __name__ == "__main__":
    found = figures(Path(sys.argv[1]))
    target = measuring.DATA / f"recognition-{found['measured_on']}.json"
    target.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{target.relative_to(ROOT)}\n")
