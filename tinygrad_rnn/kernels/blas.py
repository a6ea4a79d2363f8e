"""NumPy's BLAS, which multiplies where none of our kernels does: how many threads it may use.

It splits some products differently for different numbers of threads, so their last bits depend on it. NumPy has no
function for it; the library that is loaded has one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

# As NumPy's wheels, distributions, and Intel's library call it.
SETTERS = (
    "scipy_openblas_set_num_threads64_", "scipy_openblas_set_num_threads", "openblas_set_num_threads64_",
    "openblas_set_num_threads", "MKL_Set_Num_Threads",
)  # fmt: skip


def limit_blas(threads: int) -> bool:
    """Let NumPy's BLAS use so many threads; whether there is one that can be told."""
    found = setter()
    if found is not None:
        found(threads)
    return found is not None


@cache
def setter() -> Callable[[int], Any] | None:
    """The function of the loaded BLAS that sets its number of threads; None if it has none that is known."""
    import ctypes

    loaded = getattr(os, "RTLD_NOLOAD", 0) | getattr(os, "RTLD_LAZY", 0)  # never a second copy of the library
    for path in libraries():
        try:
            library = ctypes.CDLL(path, mode=loaded)
        except OSError:
            continue
        for name in SETTERS:
            if hasattr(library, name):
                function = getattr(library, name)
                function.argtypes, function.restype = [ctypes.c_int], None
                return function
    return None


def libraries() -> Iterator[str]:
    """Where NumPy's BLAS may lie: in its wheel, or else among what this process has loaded."""
    numpy = Path(np.__file__).parent
    for folder in (numpy.parent / "numpy.libs", numpy / ".dylibs"):
        yield from map(str, sorted(folder.glob("*openblas*")))
    try:
        mapped = Path("/proc/self/maps").read_text()
    except OSError:
        return
    yield from sorted(set(re.findall(r"(/\S*/lib(?:openblas|mkl_rt)\S*\.so\S*)$", mapped, re.MULTILINE)))
