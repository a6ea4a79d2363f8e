"""Adding rows to named rows of a table: the gradient of an embedding."""

from __future__ import annotations

from .jit import kernel


@kernel
def add_rows(values, y, names):
    """y[names_n] += values_n, one n after another, for y [K, D], names [N] within [0, K) and values [N, D]."""
    for n in range(names.size):
        target, row = y[names[n]], values[n]
        for d in range(target.size):
            target[d] += row[d]
