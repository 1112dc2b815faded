"""What the documentation says about variables and commands, against what the code reads and offers."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import load_command_class

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "docs" / "operator" / "installation.md"
COMMANDS = ROOT / "docs" / "commands.md"
OURS = re.compile(r"^(ASSAY_[A-Z_]+|DATABASE_URL|BROKER_URL)$")
READERS = {"text", "flag", "number", "folder", "listing", "get", "setdefault"}


def sources() -> Iterator[Path]:
    for room in ("platform", "governance", "training", "evaluation", "docker", "setup"):
        yield from (ROOT / room).rglob("*.py")
    yield ROOT / "gunicorn.conf.py"


def variables_read(tree: ast.AST) -> Iterator[str]:
    """Names in `env.text("X")`, `os.environ.get("X")`, `environment.get("X")` and `os.environ["X"]`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=reader), args=[ast.Constant(value=str(name)), *_]):
                if reader in READERS and OURS.match(name):
                    yield name
            case ast.Subscript(slice=ast.Constant(value=str(name)), ctx=ast.Load()) if OURS.match(name):
                yield name


def all_read() -> set[str]:
    return {name for path in sources() for name in variables_read(ast.parse(path.read_text(encoding="utf-8")))}


def test_the_reader_of_sources_sees_each_way_of_reading() -> None:
    found = set(
        variables_read(
            ast.parse(
                "env.flag('ASSAY_A', False); os.environ.get('ASSAY_B', ''); os.environ['ASSAY_C']; os.environ['PATH'];"
                "os.environ['ASSAY_SET'] = 'written, not read'"
            )
        )
    )
    assert found == {"ASSAY_A", "ASSAY_B", "ASSAY_C"}


def test_every_variable_that_is_read_stands_in_the_installation_guide() -> None:
    read = all_read()
    assert {"DATABASE_URL", "ASSAY_VAR_DIR", "ASSAY_PORT", "ASSAY_BIND", "ASSAY_ALLOW_HUB"} <= read
    text = SETTINGS.read_text(encoding="utf-8")
    assert sorted(name for name in read if f"`{name}" not in text) == []


def test_the_installation_guide_names_no_variable_that_nobody_reads() -> None:
    named = set(re.findall(r"`(ASSAY_[A-Z_]+)", SETTINGS.read_text(encoding="utf-8")))
    anywhere = "\n".join(path.read_text(encoding="utf-8") for path in sources())
    assert sorted(name for name in named if f'"{name}"' not in anywhere) == []


OFFERED = sorted(
    path.stem
    for path in (ROOT / "platform" / "assay" / "management" / "commands").glob("*.py")
    if path.stem != "__init__"
)


@pytest.mark.parametrize("name", OFFERED)
def test_a_command_and_its_options_stand_in_the_list_of_commands(name: str) -> None:
    rows = [row for row in COMMANDS.read_text(encoding="utf-8").splitlines() if f"`assay {name}" in row]
    assert rows, f"docs/commands.md does not tell of assay {name}"
    told = {option for row in rows for option in re.findall(r"--[a-z-]+", row)}
    assert told == options(name)


def options(name: str) -> set[str]:
    """The long options that the command itself adds, those of its verbs included; Django's own are left out."""
    parser = load_command_class("assay", name).create_parser("assay", name)
    ours: set[str] = set()
    pending = [parser]
    while pending:
        for action in pending.pop()._actions:
            choices = getattr(action, "choices", None)
            if isinstance(choices, dict):
                pending += choices.values()
            ours.update(option for option in action.option_strings if option.startswith("--"))
    return ours - DJANGOS


DJANGOS = {
    "--help", "--version", "--verbosity", "--settings", "--pythonpath", "--traceback", "--no-color", "--force-color",
    "--skip-checks",
}  # fmt: skip


def test_the_guide_calls_everything_by_the_name_that_stands_on_the_page() -> None:
    guide = (ROOT / "docs" / "using.md").read_text(encoding="utf-8")
    shown = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "platform" / "assay" / "web").rglob("*.py")]
    shown += [*(ROOT / "governance").rglob("gates.py"), ROOT / "governance" / "people" / "approvals" / "selectors.py"]
    words = "\n".join(" ".join(path.read_text(encoding="utf-8").split()) for path in shown)
    named = [" ".join(name.split()) for name in re.findall(r"\*\*(.+?)\*\*", guide, re.DOTALL)]
    assert len(named) > 60
    assert [name for name in named if not name.endswith(".") and name not in words] == []


def test_a_link_from_one_page_of_the_documentation_leads_somewhere() -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
    links = [
        (page, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if "://" not in target
    ]
    assert len(links) > 10
    assert [(page.name, target) for page, target in links if not (page.parent / target).exists()] == []
