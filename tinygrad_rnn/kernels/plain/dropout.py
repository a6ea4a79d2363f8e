"""Dropout in NumPy: what the kernel must do to the bit, since one key stands for one mask on every machine."""

from __future__ import annotations

import numpy as np

GAMMA, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB  # of SplitMix64


def threshold(p: float) -> tuple[int, float]:
    """What 32 random bits must at least be for a number to stay, and what it is then multiplied by."""
    return round(p * 2**32), 1 / (1 - p) if p < 1 else 0.0


def drop(x: np.ndarray, key: int, p: float) -> np.ndarray:
    """x * mask, the mask being 0 with probability p and else 1 / (1 - p)."""
    least, scale = threshold(p)
    z = np.arange(1, (x.size + 1) // 2 + 1, dtype="<u8")
    z *= np.uint64(GAMMA)
    z += np.uint64(key)
    z ^= z >> 30
    z *= np.uint64(FIRST)
    z ^= z >> 27
    z *= np.uint64(SECOND)
    z ^= z >> 31
    kept = z.view("<u4")[: x.size] >= least
    return x * np.multiply(kept.reshape(x.shape), scale, dtype=x.dtype)
