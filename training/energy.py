"""Energy by hardware counters: RAPL for processors, NVML for NVIDIA GPUs. Nothing is modelled here.

A figure needs a counter for every device that does the work, for the whole run; where one is missing the
result is null with the reason. Sources: Linux power capping framework (powercap, intel-rapl, also used by AMD
processors) and NVML's nvmlDeviceGetTotalEnergyConsumption (millijoules since the driver was loaded).
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from pathlib import Path

from training.manifest import Energy

POWERCAP = Path("/sys/class/powercap")
_JOULES_PER_KWH = 3.6e6


@dataclass
class RaplPackage:
    """One processor package's counter, in microjoules; it starts anew after `wraps_at`."""

    path: Path
    wraps_at: int
    last: int
    joules: float = 0.0

    def sample(self) -> None:
        """Add what was used since the last sample (taken often enough that it wraps at most once)."""
        now = int((self.path / "energy_uj").read_text())
        self.joules += ((now - self.last) % (self.wraps_at + 1)) / 1e6
        self.last = now


@dataclass
class NvmlGpu:
    """One GPU's energy counter."""

    library: ctypes.CDLL
    handle: ctypes.c_void_p
    first: int = field(init=False)
    joules: float = 0.0

    def __post_init__(self) -> None:
        self.first = self._read()

    def sample(self) -> None:
        """Note what was used since the start."""
        self.joules = (self._read() - self.first) / 1e3

    def _read(self) -> int:
        value = ctypes.c_ulonglong()
        code = self.library.nvmlDeviceGetTotalEnergyConsumption(self.handle, ctypes.byref(value))
        if code != 0:
            raise OSError(f"NVML answered with code {code}")
        return value.value


class EnergyMeter:
    """Counts from its making on: `sample` often, `result` at the end.

    `gpu_uuid` is the GPU that does the work, or None where the processor does. The device that does the work
    needs a counter; with a GPU the processors are added where they can be read, and the boundary says so.
    """

    def __init__(self, gpu_uuid: str | None, powercap: Path = POWERCAP) -> None:
        self.packages: list[RaplPackage] = []
        self.gpu: NvmlGpu | None = None
        self.gap: str | None = None
        self.earlier_kwh = 0.0
        try:
            self.gpu = _nvml_gpu(gpu_uuid) if gpu_uuid else None
        except OSError as error:
            self.gap = str(error)
        try:
            self.packages = _rapl_packages(powercap)
        except OSError as error:
            self.gap = self.gap if gpu_uuid else str(error)

    def sample(self) -> None:
        """Read all counters; a counter that fails once leaves a gap, and then there is no figure."""
        if self.gap is not None:
            return
        try:
            for package in self.packages:
                package.sample()
            if self.gpu is not None:
                self.gpu.sample()
        except (OSError, ValueError) as error:
            self.gap = f"a counter could not be read during the run: {error}"

    def kwh(self) -> float | None:
        """What all counters saw, earlier parts of a resumed run included, or None."""
        if self.gap is not None:
            return None
        joules = sum(package.joules for package in self.packages) + (self.gpu.joules if self.gpu else 0.0)
        return self.earlier_kwh + joules / _JOULES_PER_KWH

    def resume(self, earlier_kwh: float | None) -> None:
        """Go on from an earlier part of the same run."""
        if earlier_kwh is None:
            self.gap = self.gap or "the part of the run before it was resumed was not measured"
        else:
            self.earlier_kwh = earlier_kwh

    def result(self) -> Energy:
        """The manifest's words."""
        self.sample()
        kwh = self.kwh()
        if kwh is None:
            return Energy(kwh=None, method=None, boundary=None, reason=self.gap)
        methods = ["RAPL packages"] * bool(self.packages) + ["NVML total energy"] * bool(self.gpu)
        parts = [f"{len(self.packages)} processor package(s) with every process on them"] * bool(self.packages)
        parts += ["one GPU board"] * bool(self.gpu)
        left_out = "memory modules, disks, cooling and power supply" + ("" if self.packages else ", processors")
        boundary = f"{' and '.join(parts)}; without {left_out}"
        return Energy(kwh=kwh, method=f"hardware counters: {', '.join(methods)}", boundary=boundary, reason=None)


def _rapl_packages(powercap: Path) -> list[RaplPackage]:
    """The readable package counters. Raises OSError with the reason where there are none."""
    zones = [zone for zone in sorted(powercap.glob("intel-rapl:*")) if zone.name.count(":") == 1]
    zones = [zone for zone in zones if (zone / "name").read_text().startswith("package")]
    if not zones:
        raise OSError(f"no RAPL counter is there ({powercap}); virtual machines mostly have none")
    try:
        return [
            RaplPackage(zone, int((zone / "max_energy_range_uj").read_text()), int((zone / "energy_uj").read_text()))
            for zone in zones
        ]
    except PermissionError as error:
        raise OSError("the RAPL counters are there but this user may not read them") from error


def _nvml_gpu(uuid: str) -> NvmlGpu:
    """The GPU's counter. Raises OSError with the reason where it cannot be read."""
    library = ctypes.CDLL("libnvidia-ml.so.1")
    if (code := library.nvmlInit_v2()) != 0:
        raise OSError(f"NVML could not be started (code {code})")
    handle = ctypes.c_void_p()
    if (code := library.nvmlDeviceGetHandleByUUID(uuid.encode(), ctypes.byref(handle))) != 0:
        raise OSError(f"NVML does not know the GPU (code {code})")
    return NvmlGpu(library, handle)
