"""Products for a single step, with the weights as they lie in memory.

For one step, packing a weight costs as much as using it. The roles are exchanged: the weight is A, whose
numbers the tile takes one by one in any order, and the batch, a few vectors wide, is packed as B. What comes
out is the transpose of what is wanted, and as small as the batch.

    sums:           (x w^T)^T = w x^T         w [G, K] row by row
    pulled back:    (dz w)^T = w^T dz^T       w column by column
    weight:         dw = dz^T x               dz column by column; nothing to transpose

A batch of a few rows would leave most lanes of a vector empty; there NumPy's products do better.

Shapes: N batch, G rows of a weight, K its columns; rows of sums and dz may be longer than G.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .jit import kernel
from .multiplier import Multiplier, vector_multiplier
from .panels import pitch, transpose, whole_vectors
from .product import ALL, multiply
from .sequence import Array
from .threads import share, threads_for
from .workspace import empty

FEW_ROWS = 8


@kernel
def rows_times(product, a, K, panels, N, c, widest, add, first, last):
    """c [M, >= N] (+)= a [M, >= K] b for the rows first ... last - 1 of a and c, b packed."""
    multiply(product, a[first:last], K, panels, N, c[first:last], widest, 0, ALL, add)


def times(by: Multiplier, a: Array, panels: Array, N: int, c: Array, add: bool) -> None:
    """c [M, >= N] (+)= a [M, K] b, b packed; the rows divided among threads if that pays."""
    M, K = a.shape
    parts = threads_for(2.0 * M * N * K)

    def some(i: int) -> None:
        rows_times(by.product, a, K, panels, N, c, by.widest, add, M * i // parts, M * (i + 1) // parts)

    share(some, parts)


def sums(
    N: int, columns: int, length: int, products: Iterable[tuple[Array, Array, int, bool]], dtype: np.dtype
) -> Array:
    """Sums of products x w^T, each of them put or added (the flag) to the columns from a given one on.

    Args:
        columns: how many columns are written in all.
        length: of the result's rows.
        products: (x [N, K], w [G, K], the column of w's first row, whether to add).
    """
    result = empty((N, length), dtype)
    if N < FEW_ROWS:
        for x, w, column, add in products:
            part = result[:, column : column + len(w)]
            np.add(x @ w.T, part if add else 0, out=part)
        return result
    by, turned = vector_multiplier(dtype, columns), empty((columns, pitch(N, dtype)), dtype)
    panels: dict[int, Array] = {}
    for x, w, column, add in products:
        if id(x) not in panels:
            panels[id(x)] = by.packed(x, transposed=True)
        times(by, np.ascontiguousarray(w), panels[id(x)], N, turned[column : column + len(w)], add)
    transpose(result, turned, 0, N)
    return result


def pull_back(dz: Array, products: Iterable[tuple[int, Array]]) -> Array:
    """The sum of dz w over some weights [G, K], each with the column of dz that belongs to its first row."""
    N, dtype = len(dz), dz.dtype
    turned: Any = None
    total: Any = 0
    for column, w in products:
        columns = dz[:, column : column + len(w)]
        if N < FEW_ROWS:
            total = total + columns @ w
        else:
            first = turned is None
            turned = empty((w.shape[1], pitch(N, dtype)), dtype) if first else turned
            by = vector_multiplier(dtype, w.shape[1])
            panels = by.packed(columns, transposed=True)
            times(by, np.ascontiguousarray(w).T, panels, N, turned, not first)
    if turned is not None:
        total = np.empty((N, len(turned)), dtype)
        transpose(total, turned, 0, N)
    return total


def weight_gradient(dz: Array, x: Array, blocks: Iterable[tuple[int, int]]) -> Array:
    """dw [G, K] = dz^T x, its rows taken from blocks of dz's columns: (first, how many)."""
    blocks, K = list(blocks), x.shape[1]
    G = sum(count for _, count in blocks)
    wide = whole_vectors(K, x.dtype)
    dw, row = empty((G, wide), x.dtype), 0
    by = vector_multiplier(x.dtype, G)
    panels = by.packed(x, transposed=False) if len(x) >= FEW_ROWS else None
    for column, count in blocks:
        columns, target = dz[:, column : column + count].T, dw[row : row + count]
        if panels is None:
            np.matmul(columns, x, out=target[:, :K])
        else:
            times(by, columns, panels, K, target, False)
        row += count
    return dw if wide == K else np.ascontiguousarray(dw[:, :K])
