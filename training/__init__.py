"""Fine-tuning as a plain library: `python -m training run SPEC.json --out DIR`.

What other rooms may use is here, and needs the standard library alone: what was asked (`spec`), what
happened (`manifest`). Importing this package never loads torch.
"""

from training.errors import Cancelled, NoRoom, TrainingError, UserError
from training.manifest import Manifest, load_manifest
from training.spec import Full, Lora, TrainingSpec, load_spec

__version__ = "0.1.0"

__all__ = [
    "Cancelled",
    "Full",
    "Lora",
    "Manifest",
    "NoRoom",
    "TrainingError",
    "TrainingSpec",
    "UserError",
    "__version__",
    "load_manifest",
    "load_spec",
]
