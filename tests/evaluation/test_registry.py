"""Tasks are open to others by decorator and entry point; doubles and strangers are errors that help."""

import sys
from importlib.metadata import EntryPoint

import pytest

from evaluation import registry
from evaluation.spec import Invalid


@pytest.fixture
def unchanged(monkeypatch):
    registry.load()
    monkeypatch.setattr(registry, "_REGISTERED", dict(registry._REGISTERED))


def test_a_name_can_be_taken_once(unchanged):
    with pytest.raises(ValueError, match=r"'safety' is registered twice; known tasks are counterfactual, exact-match"):
        registry.task("safety", category="safety", duty="none")(type("Other", (), {}))


def test_a_malformed_name_is_refused(unchanged):
    with pytest.raises(ValueError, match="must be letters"):
        registry.task("a task", category="x", duty="none")(type("Other", (), {}))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(Invalid, match="known tasks are counterfactual, exact-match, forgetting, safety"):
        registry.get("horoscope")


def test_an_installed_package_adds_its_task_by_entry_point(unchanged, tmp_path, monkeypatch):
    (tmp_path / "third_party_task.py").write_text(
        "from evaluation.registry import task\n"
        "@task('third-party', category='quality', duty='none')\n"
        "class ThirdParty:\n"
        "    'Counts to three.'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    entry = EntryPoint("third-party", "third_party_task", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry] if group == registry.GROUP else [])
    registry.load.cache_clear()
    try:
        found = registry.get("third-party")
    finally:
        registry.load.cache_clear()
        sys.modules.pop("third_party_task", None)
    assert found.definition == "Counts to three."
    assert found.source == "third_party_task.ThirdParty"


def test_every_task_of_ours_states_its_duty_its_formula_and_its_metrics():
    for entry in registry.every():
        assert entry.duty
        assert "=" in entry.definition or entry.name == "safety"
        assert entry.task.version
        assert all(metric.definition.endswith(".") for metric in entry.task.metrics)
