"""Guards the source root `platform/`: Python's own module of that name must never be hidden by it."""

import platform
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PLATFORM = ROOT / "platform"


def test_platform_is_the_standard_librarys() -> None:
    assert platform.__file__ is not None
    assert Path(platform.__file__).resolve().parent == Path(sysconfig.get_path("stdlib")).resolve()
    assert platform.python_version() == ".".join(map(str, sys.version_info[:3]))


@pytest.mark.parametrize("first_on_path", [ROOT, PLATFORM], ids=["the checkout", "platform/"])
def test_platform_is_the_standard_librarys_in_a_new_interpreter(first_on_path: Path) -> None:
    # uuid and celery are what broke when it was not.
    program = "import platform, uuid, celery; print(platform.__file__)"
    asked = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(first_on_path)!r}); {program}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert Path(asked.stdout.strip()).resolve().parent == Path(sysconfig.get_path("stdlib")).resolve()


def test_no_module_lies_directly_in_platform() -> None:
    assert [path.name for path in PLATFORM.glob("*.py")] == []


def test_platform_holds_one_package() -> None:
    assert [path.parent.name for path in PLATFORM.glob("*/__init__.py")] == ["assay"]


def test_no_test_lies_below_platform() -> None:
    assert [path for name in ("conftest.py", "test_*.py", "*_test.py") for path in PLATFORM.rglob(name)] == []


def test_no_module_is_a_bag_by_name() -> None:
    rooms = ("platform", "governance", "training", "evaluation", "setup", "tests")
    names = {"utils.py", "helpers.py", "common.py", "misc.py", "manager.py"}
    assert [path for room in rooms for path in (ROOT / room).rglob("*.py") if path.name in names] == []
