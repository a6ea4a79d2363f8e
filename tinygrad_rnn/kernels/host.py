"""The processor this runs on: its vector registers, and the shape of tile that suits them."""

from __future__ import annotations

import os

from llvmlite import binding


def host_features() -> dict[str, bool]:
    """What the processor can do, or what NUMBA_CPU_FEATURES says that Numba may use of it."""
    chosen = os.environ.get("NUMBA_CPU_FEATURES")
    if chosen is None:
        try:
            return dict(binding.get_host_cpu_features())
        except RuntimeError:  # LLVM cannot tell on this platform
            return {}
    return {name[1:]: name[0] == "+" for name in chosen.split(",") if name}


def vector_registers() -> tuple[int, int]:
    """Bytes in a vector register, and how many such registers there are."""
    features = host_features()
    if features.get("avx512f"):
        return 64, 32
    if features.get("avx2"):
        return 32, 16
    return 16, 32 if features.get("neon") else 16


BYTES, REGISTERS = vector_registers()
HEIGHT = 6  # rows of a tile
WIDEST = (1, 8, 6, 6, 4, 4, 4) if REGISTERS == 32 else (1, 8, 4, 4, 3, 2, 2)  # vectors, by rows of the tile
LANES_32, LANES_64 = BYTES // 4, BYTES // 8
