"""How kernels are compiled: at the first call with a dtype, to run without the interpreter lock.

`error_model="numpy"`: Python's check for division by zero would keep a loop from using vector instructions.
`fastmath={"contract"}`: `a * b + c` may round once. Nothing else is relaxed: nan and infinity stay right.
"""

from __future__ import annotations

from typing import Any

from numba import njit

OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}, "nogil": True}

kernel = njit(cache=True, **OPTIONS)  # what Python calls: its machine code is kept on disk
part = njit(**OPTIONS)  # what kernels call: compiled into each of them
