"""Dropout whose mask is nowhere kept: whether a number stays is computed from its place and a key, again if need be.

Places 2i and 2i + 1 take the lower and the upper half of the i-th word of the generator SplitMix64 that starts
at the key, and stay if it is at least 2^32 p.

Source: G. L. Steele et al., Fast Splittable Pseudorandom Number Generators, 2014.
"""

from __future__ import annotations

import numpy as np

from .fork import shared
from .jit import part
from .passes import divide
from .plain.dropout import FIRST, GAMMA, SECOND, threshold
from .workspace import empty

BLOCK = 2048  # numbers; even, so that every block begins with a word
WORD = np.uint64


@part
def word(key, i):
    """The i-th word."""
    z = key + WORD(i + 1) * WORD(GAMMA)
    z = (z ^ (z >> WORD(30))) * WORD(FIRST)
    z = (z ^ (z >> WORD(27))) * WORD(SECOND)
    return z ^ (z >> WORD(31))


@shared
def drop_blocks(x, y, key, least, scale, first, last):
    """`drop` of the blocks first ... last - 1; `least` is what a half word must be to stay."""
    start, zero, upper, low = first * BLOCK, scale * 0, WORD(32), WORD(0xFFFFFFFF)
    x, y = x[start : last * BLOCK], y[start : last * BLOCK]
    key += WORD(start // 2) * WORD(GAMMA)
    for i in range(x.size // 2):
        z = word(key, i)
        y[2 * i] = x[2 * i] * (scale if (z & low) >= least else zero)
        y[2 * i + 1] = x[2 * i + 1] * (scale if (z >> upper) >= least else zero)
    if x.size % 2 == 1:
        z = word(key, x.size // 2)
        y[x.size - 1] = x[x.size - 1] * (scale if (z & low) >= least else zero)


def drop(x: np.ndarray, key: int, p: float) -> np.ndarray:
    """x * mask, the mask being 0 with probability p and else 1 / (1 - p)."""
    y = empty(x.shape, x.dtype)
    least, scale = threshold(p)
    arguments = x.reshape(-1), y.reshape(-1), WORD(key), WORD(least), x.dtype.type(scale)

    with np.errstate(over="ignore"):  # words wrap around; without a compiler NumPy would warn
        divide(drop_blocks, -(-x.size // BLOCK), 0.6 * x.size, *arguments)
    return y
