"""The machine and the software of a run, as found; nothing here names the host or the person."""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PACKAGES = ("torch", "transformers", "peft", "tokenizers", "safetensors", "numpy")
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU as its driver describes it: memory in bytes, power limit in watts (None where it is not told)."""

    name: str
    memory_bytes: int
    power_watts: float | None


def describe() -> dict[str, Any]:
    """Versions and hardware as the manifest keeps them."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cpu": cpu_name(),
        "cpu_cores": usable_cores(),
        "memory_bytes": total_memory(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "threads_env": {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")},
    }


def cpu_name() -> str | None:
    """The processor's own name, or None where the system does not tell."""
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return platform.processor() or None
    names = (line.partition(":")[2].strip() for line in path.read_text().splitlines() if line.startswith("model name"))
    return next(names, None)


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def total_memory() -> int:
    """Memory of the machine in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def available_memory() -> int | None:
    """Bytes that a new process may take: the kernel's own figure, or the container's limit where that is lower."""
    meminfo = Path("/proc/meminfo")
    if not meminfo.is_file():
        return None
    fields = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
    available = int(fields["MemAvailable"].split()[0]) * 1024
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.is_file() and used.is_file() and (text := limit.read_text().strip()) != "max":
        available = min(available, max(0, int(text) - int(used.read_text())))
    return available


def free_disk(folder: Path) -> int:
    """Bytes free on the disk of `folder`."""
    return shutil.disk_usage(folder).free


def resident_bytes() -> int:
    """Memory that this process holds now."""
    statm = Path("/proc/self/statm")
    if statm.is_file():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return peak_resident_bytes()


def peak_resident_bytes() -> int:
    """The most memory that this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def first_gpu() -> Gpu | None:
    """The first NVIDIA GPU, asked of its driver without loading torch; None where there is none."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    query = [tool, "--query-gpu=name,memory.total,power.limit", "--format=csv,noheader,nounits"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    lines = answer.stdout.strip().splitlines()
    if answer.returncode != 0 or not lines:
        return None
    name, memory, power = (part.strip() for part in lines[0].split(","))
    return Gpu(name, int(float(memory) * 2**20), float(power) if power.replace(".", "", 1).isdigit() else None)


def torch_threads() -> int | None:
    """The thread count that the caller set by OMP_NUM_THREADS, or None where it is left to torch."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(asked) if asked.isdigit() and int(asked) > 0 else None


def die_with_supervisor() -> None:
    """Where ASSAY_SUPERVISOR_PID is set, ask the kernel for SIGTERM when that parent dies (Linux).

    The run then leaves a checkpoint and goes, instead of living on as an orphan.
    """
    expected = os.environ.get("ASSAY_SUPERVISOR_PID", "")
    if not expected.isdigit() or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(expected):  # it died before the kernel was asked
        os.kill(os.getpid(), signal.SIGTERM)


def prepare_process() -> None:
    """Settings that must stand before torch and transformers are first imported."""
    if os.environ.get("ASSAY_ALLOW_HUB") != "1":
        os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    # cuBLAS needs a fixed workspace to give the same sums each time.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
