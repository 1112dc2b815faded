"""Set-up and the pins, as a newcomer meets them: scripts run as programs, files read as written."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
SETUP = ROOT / "setup"


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return [Requirement(line) for group in (project["dependencies"], *extras.values()) for line in group]


@pytest.mark.parametrize("requirement", declared(), ids=lambda requirement: requirement.name)
def test_each_declared_requirement_has_a_pin_that_meets_it(requirement: Requirement) -> None:
    pin = pinned().get(canonicalize_name(requirement.name))
    assert pin is not None, f"{requirement.name} has no pin: make setup, then make constraints"
    assert requirement.specifier.contains(pin)


def test_pins_name_releases_never_builds() -> None:
    assert [line for line in pinned().items() if "+" in line[1]] == []


def run_in_setup(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `program` with setup/ as its folder of modules, as `python setup/install.py` has it."""
    code = f"import sys; sys.path.insert(0, {str(SETUP)!r})\n{program}"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


def test_a_python_that_does_not_fit_is_refused_with_the_cure(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    asked = subprocess.run(
        ["bash", str(SETUP / "find-python.sh")],
        env={**os.environ, "PYTHON": str(old)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 1
    assert asked.stdout == ""
    assert f"PYTHON={old} is not a Python 3.11, 3.12 or 3.13" in asked.stderr


def test_no_python_at_all_is_said_with_what_to_install(tmp_path: Path) -> None:
    # A copy of the script in an empty checkout, so that this checkout's own environment is not found.
    (tmp_path / "setup").mkdir()
    script = shutil.copy(SETUP / "find-python.sh", tmp_path / "setup")
    tools = tmp_path / "bin"
    tools.mkdir()
    dirname = shutil.which("dirname")
    assert dirname is not None
    (tools / "dirname").symlink_to(dirname)
    bash = shutil.which("bash")
    assert bash is not None
    asked = subprocess.run([bash, script], env={"PATH": str(tools)}, capture_output=True, text=True, check=False)
    assert asked.returncode == 1
    assert "apt-get install python3 python3-venv" in asked.stderr


def test_a_failed_installation_shows_why_and_no_password_of_the_index(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(
        "#!/bin/sh\necho 'Looking in indexes: https://ada:s3cret@index.example/simple'\n"
        "echo 'Collecting django>=5'\necho 'ERROR: no route to https://ada:s3cret@index.example/simple' >&2\nexit 1\n"
    )
    python.chmod(0o755)
    done = run_in_setup(
        "from pathlib import Path; import packages; from console import SetupError\n"
        "try:\n    packages.pip(Path(sys.argv[1]), 'install')\n"
        "except SetupError as error:\n    sys.exit(str(error))\n",
        str(tmp_path),
    )
    assert done.returncode == 1
    assert "Collecting django>=5" in done.stdout
    assert "ERROR: no route to https://***@index.example/simple" in done.stderr
    assert "s3cret" not in done.stdout + done.stderr
    assert (tmp_path / "var" / "setup" / "pip.log").stat().st_mode & 0o077 == 0


def test_a_stamp_counts_for_the_inputs_it_was_written_for_and_no_others(tmp_path: Path) -> None:
    done = run_in_setup(
        "from pathlib import Path; import stamps\n"
        "folder = Path(sys.argv[1]); pins = folder / 'constraints.txt'; stamp = folder / 'stamp.json'\n"
        "pins.write_text('torch==2.13.0'); inputs = stamps.digest([pins], '3.11')\n"
        "print(stamps.read(stamp, inputs))\n"
        "stamps.write(stamp, inputs, torch='2.13.0')\n"
        "print(stamps.read(stamp, inputs))\n"
        "pins.write_text('torch==2.14.0')\n"
        "print(stamps.read(stamp, stamps.digest([pins], '3.11')))\n"
        "stamp.write_text('{half')\n"
        "print(stamps.read(stamp, inputs))\n",
        str(tmp_path),
    )
    assert done.stdout.splitlines() == ["None", "{'torch': '2.13.0'}", "None", "None"], done.stderr


@pytest.mark.parametrize(
    ("torch", "says"),
    [
        ({"version": "2.13.0+cpu", "build": None, "gpu": False}, r"PyTorch 2\.13\.0\+cpu, CPU build, no GPU in use"),
        ({"version": "2.13.0", "build": "13.0", "gpu": True}, r"GPU build \(13.0\), a GPU answers"),
        ({"version": "2.13.0", "build": "13.0", "gpu": False}, r"(?s)GPU build.*! .*no GPU answers.*PIP_FIND_LINKS"),
    ],
    ids=["CPU build", "GPU build", "GPU build without a GPU"],
)
def test_set_up_says_which_build_of_pytorch_this_is(torch: dict[str, object], says: str) -> None:
    done = run_in_setup("import json, packages; packages.report_torch(json.loads(sys.argv[1]))", json.dumps(torch))
    assert re.search(says, done.stdout), done.stdout + done.stderr


def test_a_missing_part_is_named_with_the_line_to_type_and_fails_where_everything_must_run(tmp_path: Path) -> None:
    """As somebody who is not root, on Debian, with a dpkg that knows of nothing."""
    dpkg = tmp_path / "dpkg-query"
    dpkg.write_text("#!/bin/sh\nexit 1\n")
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\nexit 99\n")
    for program in (dpkg, apt):
        program.chmod(0o755)
    program = (
        "import os, system, platform; from console import SetupError\n"
        "os.geteuid = lambda: 1000; platform.freedesktop_os_release = lambda: {'ID': 'debian'}\n"
        "os.environ['PATH'] = sys.argv[1]; os.environ['CI'] = sys.argv[2]\n"
        "try:\n    print(system.ensure('services'))\nexcept SetupError as error:\n    sys.exit(str(error))\n"
    )
    line = "apt-get install -y --no-install-recommends postgresql redis-server"
    here = run_in_setup(program, str(tmp_path), "false")
    assert here.returncode == 0
    assert line in here.stdout
    assert here.stdout.splitlines()[-1] == "False"
    there = run_in_setup(program, str(tmp_path), "true")
    assert there.returncode == 1
    assert line in there.stderr
