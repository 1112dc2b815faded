"""The plan offered as a start: data in a file that an operator may edit."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parent / "data" / "standard_plan.yaml"
SCHEMA = "assay.standard-plan/1"


def standard_plan() -> dict[str, Any]:
    """`name`, `tasks`, `thresholds`, `rationale`, `seed`, as `services.write` takes them. A copy: change it freely."""
    return deepcopy(_read())


@cache
def _read() -> dict[str, Any]:
    plan: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    if plan.pop("schema", None) != SCHEMA:
        raise ValueError(f"{FILE.name} is not of the schema {SCHEMA}. Restore the file that came with Assay.")
    return plan
