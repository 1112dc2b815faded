"""Energy from counter files as the Linux kernel lays them out; no counter, no figure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from training import Manifest
from training.energy import EnergyMeter
from training.recipes import sft

from .conftest import losses

Train = Callable[..., tuple[int, Manifest]]


def zone(root: Path, name: str, kind: str, microjoules: int, wraps_at: int = 10_000_000) -> Path:
    path = root / name
    path.mkdir(parents=True)
    (path / "name").write_text(f"{kind}\n")
    (path / "energy_uj").write_text(f"{microjoules}\n")
    (path / "max_energy_range_uj").write_text(f"{wraps_at}\n")
    return path


def test_packages_are_added_and_parts_of_packages_are_not(tmp_path: Path) -> None:
    first = zone(tmp_path, "intel-rapl:0", "package-0", 1_000_000)
    second = zone(tmp_path, "intel-rapl:1", "package-1", 2_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 0)
    meter = EnergyMeter(None, tmp_path)
    (first / "energy_uj").write_text("4600000")
    meter.sample()
    (second / "energy_uj").write_text("5600000")
    found = meter.result()
    assert found.kwh == pytest.approx(7.2 / 3.6e6)
    assert found.method == "hardware counters: RAPL packages"
    assert found.boundary is not None
    assert found.boundary.startswith("2 processor package(s)")


def test_a_counter_that_starts_anew_is_followed(tmp_path: Path) -> None:
    path = zone(tmp_path, "intel-rapl:0", "package-0", 9_000_000, wraps_at=9_999_999)
    meter = EnergyMeter(None, tmp_path)
    (path / "energy_uj").write_text("1000000")
    assert meter.result().kwh == pytest.approx(2.0 / 3.6e6)


def test_no_counter_means_no_figure_but_a_reason(tmp_path: Path) -> None:
    found = EnergyMeter(None, tmp_path).result()
    assert (found.kwh, found.method, found.boundary) == (None, None, None)
    assert found.reason is not None
    assert "no RAPL counter" in found.reason


def test_a_counter_lost_on_the_way_leaves_no_figure(tmp_path: Path) -> None:
    path = zone(tmp_path, "intel-rapl:0", "package-0", 0)
    meter = EnergyMeter(None, tmp_path)
    (path / "energy_uj").unlink()
    found = meter.result()
    assert found.kwh is None
    assert found.reason is not None
    assert "during the run" in found.reason


def test_a_gpu_without_a_counter_is_not_covered_by_the_processors(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 0)
    found = EnergyMeter("GPU-none", tmp_path).result()
    assert found.kwh is None
    assert found.reason


def test_a_resumed_run_adds_its_parts_or_says_that_one_is_missing(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 0)
    meter = EnergyMeter(None, tmp_path)
    meter.resume(0.25)
    assert meter.result().kwh == pytest.approx(0.25)
    unknown = EnergyMeter(None, tmp_path)
    unknown.resume(None)
    assert unknown.result().kwh is None


class Counter(EnergyMeter):
    """Reads 0.1 kWh more each time it is sampled: a machine whose counters are known."""

    def __init__(self, gpu_uuid: str | None) -> None:
        super().__init__(None, Path("/nowhere"))
        self.gap = None

    def sample(self) -> None:
        self.earlier_kwh += 0.1


@pytest.fixture
def limited(spec: dict[str, Any]) -> dict[str, Any]:
    spec["data"]["validation_fraction"] = 0.0
    spec["max_kwh"] = 0.25
    return spec


def test_a_limit_that_nothing_can_measure_is_refused_before_the_first_step(
    limited: dict[str, Any], train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sft, "EnergyMeter", lambda uuid: EnergyMeter(uuid, tmp_path / "no counters"))
    code, found = train(limited)
    assert (code, found.status) == (2, "user_error")
    assert found.error is not None
    assert (found.error.code, found.error.where) == ("energy-not-measured", "spec.max_kwh")
    assert "no RAPL counter is there" in found.error.message
    assert losses(tmp_path / "out") == []


def test_a_used_up_limit_ends_the_run_with_a_checkpoint_and_again_when_it_is_resumed(
    limited: dict[str, Any], train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sft, "EnergyMeter", Counter)
    for resume in (False, True):
        code, found = train(limited, resume=resume)
        assert (code, found.status) == (2, "user_error")
        assert found.error is not None
        assert found.error.code == "budget-used-up"
        assert "limit of 0.25 kWh" in found.error.message
        # 0.1, 0.2 and 0.3: the third step is the first after which the limit is reached
        assert len(losses(tmp_path / "out")) == 3
        assert [path.name for path in (tmp_path / "out" / "checkpoints").iterdir()] == ["step-00000003"]


def test_a_limit_that_is_not_reached_changes_nothing(
    limited: dict[str, Any], train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sft, "EnergyMeter", Counter)
    assert train({**limited, "max_kwh": 1000.0}, "limited")[0] == 0
    assert train({**limited, "max_kwh": None}, "unlimited")[0] == 0
    assert losses(tmp_path / "limited") == losses(tmp_path / "unlimited")
