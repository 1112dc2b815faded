"""Fine-tuning as a plain library: `python -m training run SPEC.json --out DIR`.

What other rooms may use is here, and needs the standard library alone: what was asked (`spec`), what
happened (`manifest`) and what a training row is (`rows`). Importing this package never loads torch.
"""

from training.digests import canonical_json, folder_digest, sha256_file, sha256_of
from training.errors import Cancelled, NoRoom, TrainingError, UserError
from training.jsonl import Finding
from training.manifest import Manifest, load_manifest
from training.rows import Column, Inspection, Message, Row, inspect, read_rows
from training.spec import Full, Lora, TrainingSpec, load_spec

__version__ = "0.1.0"

__all__ = [
    "Cancelled",
    "Column",
    "Finding",
    "Full",
    "Inspection",
    "Lora",
    "Manifest",
    "Message",
    "NoRoom",
    "Row",
    "TrainingError",
    "TrainingSpec",
    "UserError",
    "__version__",
    "canonical_json",
    "folder_digest",
    "inspect",
    "load_manifest",
    "load_spec",
    "read_rows",
    "sha256_file",
    "sha256_of",
]
