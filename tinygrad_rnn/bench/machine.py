"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .. import __version__

PACKAGES = ("numpy", "numba", "llvmlite", "torch", "jax", "jaxlib", "micrograd")
FEATURES = ("sse4.2", "avx", "avx2", "fma", "avx512f", "avx512vl", "avx512bf16", "amx-bf16", "neon", "sve")


def usable_cores() -> int:
    """How many threads this process can run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """LLVM's name for the processor, and what it can do with vectors."""
    from llvmlite import binding

    found = binding.get_host_cpu_features()
    return f"{binding.get_host_cpu_name()} ({', '.join([name for name in FEATURES if found.get(name)]) or 'plain'})"


def model() -> str:
    """The processor's name on the box."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def machine() -> dict[str, str]:
    """The processor and the system."""
    return {
        "processor": f"{model()}, {processor()}",
        "usable cores": str(usable_cores()),
        "platform": platform.platform(),
    }


def versions() -> dict[str, str]:
    """Of everything that takes part and is installed."""
    found = {"tinygrad-rnn": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
