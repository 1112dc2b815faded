"""Energy from counter files as the Linux kernel lays them out; no counter, no figure."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.energy import EnergyMeter


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
