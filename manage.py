#!/usr/bin/env python
"""Run Assay's commands from a checkout; an installed copy has the console script `assay`."""

import sys
from pathlib import Path

# Position 1, not 0: the checkout itself stays first, and `platform/` (a source root without
# `__init__.py`) never shadows the standard library's module of the same name.
sys.path.insert(1, str(Path(__file__).resolve().parent / "platform"))

from assay.cli import main

if __name__ == "__main__":
    main()
