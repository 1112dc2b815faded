#!/usr/bin/env bash
# Prints a Python that Assay runs on (3.11 to 3.13), or says what to install. PYTHON=/path/to/python overrides.
set -u

suitable() {
  command -v "$1" >/dev/null 2>&1 &&
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

if [ -n "${PYTHON:-}" ]; then
  if suitable "$PYTHON"; then
    command -v "$PYTHON"
    exit 0
  fi
  echo "set-up: PYTHON=$PYTHON is not a Python 3.11, 3.12 or 3.13 that starts. Name another one or unset PYTHON." >&2
  exit 1
fi

# What this checkout was set up with, then the system's own default: no call should surprise by picking another one.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
for candidate in .venv/bin/python python3 python3.12 python3.11 python3.13; do
  if suitable "$candidate"; then
    command -v "$candidate"
    exit 0
  fi
done

echo "set-up: Assay needs Python 3.11, 3.12 or 3.13, and none was found on PATH." >&2
echo "        Debian 12 and Ubuntu 24.04 have one: apt-get install python3 python3-venv" >&2
echo "        Elsewhere: PYTHON=/path/to/python3.11 make setup" >&2
exit 1
