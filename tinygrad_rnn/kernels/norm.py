"""The sum of squares of many numbers, for their norm."""

from __future__ import annotations

import numpy as np

from .fork import shared
from .passes import divide
from .reduction import plus

BLOCK = 4096  # numbers, whose squares are summed in their own dtype and by one thread; such sums in float64


@shared
def squares_of_blocks(x, sums, first, last):
    """sums[k] = sum of x^2 over the k-th block, for the blocks first ... last - 1."""
    for k in range(first, last):
        block, total = x[k * BLOCK : (k + 1) * BLOCK], x.dtype.type(0)
        for j in range(block.size):
            total = plus(total, block[j] * block[j])
        sums[k] = total


def sum_of_squares(x: np.ndarray) -> float:
    """sum x^2."""
    flat = x.reshape(-1)
    sums = np.empty(-(-x.size // BLOCK))
    divide(squares_of_blocks, sums.size, 0.3 * x.size, flat, sums)
    return float(sums.sum())
