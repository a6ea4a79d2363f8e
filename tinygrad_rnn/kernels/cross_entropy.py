"""Softmax with cross entropy: two passes over the scores x [N, C] forward, one back, and nothing kept of their size.

    total_n = sum_c exp(x_nc - top_n)        top_n = max_c x_nc
    loss_n  = log total_n - (x_n,target - top_n)
    dx_nc   = dloss_n (exp(x_nc - top_n) / total_n - [c is the target])

The sum is taken in float64: as it divides a whole row, its rounding would be the largest error of all.
"""

from __future__ import annotations

import numpy as np

from .activations import exponential
from .fork import shared
from .jit import part
from .passes import divide
from .reduction import bits_of, maximum, plus
from .workspace import empty

ROWS = 32  # are worked on together, in the first cache; their exponentials make whole vectors, as rows may not


@part
def exponentiate(z):
    """exp of every number of z, none of them above 0, in place."""
    for j in range(z.size):
        m, power = exponential(z[j])
        z[j] = m * power + power


@shared
def normalize_rows(x, bits, greatest, names, top, top_bits, total, picked, first, last):
    """`normalizers` of the blocks of rows first ... last - 1."""
    N, C = x.shape
    z = np.empty((ROWS, C), x.dtype)
    flat = z.reshape(-1)
    for low in range(first * ROWS, min(last * ROWS, N), ROWS):
        high = min(low + ROWS, N)
        for n in range(low, high):
            top_bits[n] = maximum(bits[n], greatest)
        for n in range(low, high):
            row, z_n, largest = x[n], z[n - low], top[n]
            for c in range(C):
                z_n[c] = row[c] - largest
            picked[n] = np.float64(row[names[n]]) - np.float64(largest)
        exponentiate(flat[: (high - low) * C])
        for n in range(low, high):
            z_n, sum_of_row = z[n - low], np.float64(0)
            for c in range(C):
                sum_of_row = plus(sum_of_row, np.float64(z_n[c]))
            total[n] = sum_of_row


@shared
def pull_rows(x, top, factor, names, share, dx, first, last):
    """`gradient` of the rows first ... last - 1."""
    for n in range(first, last):
        row, drow, largest, f = x[n], dx[n], top[n], factor[n]
        for c in range(row.size):
            m, power = exponential(row[c] - largest)
            drow[c] = (m * power + power) * f
        drow[names[n]] -= share[n]


def normalizers(x: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each row x_n [C]: its maximum and, in float64, the sum of exp(x_n - maximum) and x_n[names_n] - maximum."""
    top, total, picked = np.empty(len(x), x.dtype), np.empty(len(x)), np.empty(len(x))
    bits, top_bits = bits_of(x), bits_of(top)
    arguments = x, bits, bits.dtype.type(np.iinfo(bits.dtype).max), names, top, top_bits, total, picked
    divide(normalize_rows, -(-len(x) // ROWS), 0.8 * x.size, *arguments)
    return top, total, picked


def gradient(x: np.ndarray, top: np.ndarray, factor: np.ndarray, names: np.ndarray, share: np.ndarray) -> np.ndarray:
    """exp(x_n - top_n) factor_n of each row, less share_n at names_n."""
    dx = empty(x.shape, x.dtype)
    divide(pull_rows, len(x), 0.8 * x.size, x, top, factor, names, share, dx)
    return dx
