"""Products for a single step, with the weights as they lie in memory.

For one step, packing a weight costs as much as using it. The roles are exchanged: the weight is A, whose
numbers the tile takes one by one in any order, and the batch, a few vectors wide, is packed as B. What comes
out is the transpose of what is wanted, and as small as the batch.

    sums:           (x w^T)^T = w x^T         w [G, K] row by row
    pulled back:    (dz w)^T = w^T dz^T       w column by column

A batch of a few rows would leave most lanes of a vector empty; there NumPy's products do better.

Shapes: N batch, G rows of a weight, K its columns; rows of sums and dz may be longer than G.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .fork import shared
from .multiplier import Multiplier, vector_multiplier
from .panels import pitch, transpose
from .passes import divide
from .product import ALL, multiply
from .sequence import Array
from .threads import threads_for
from .workspace import empty

FEW_ROWS = 8


@shared
def rows_times(product, a, K, panels, N, c, widest, add, first, last):
    """c [M, >= N] (+)= a [M, >= K] b for the rows first ... last - 1 of a and c, b packed."""
    multiply(product, a[first:last], K, panels, N, c[first:last], widest, 0, ALL, add)


def times(by: Multiplier, a: Array, panels: Array, N: int, c: Array, add: bool, threads: int) -> None:
    """c [M, >= N] (+)= a [M, K] b, b packed; the rows divided among so many threads."""
    M, K = a.shape
    rows_times(threads, M, by.product, a, K, panels, N, c, by.widest, add)


def pointwise(kernel: Callable, N: int, H: int, *arguments: Any) -> None:
    """What `shared` has made of a kernel for the gates and states of N rows with H units."""
    divide(kernel, N, 3.0 * N * H, *arguments)


def sums(
    N: int, columns: int, length: int, products: Sequence[tuple[Array, Array, int, bool]], dtype: np.dtype
) -> Array:
    """Sums of products x w^T, each of them put or added (the flag) to the columns from a given one on.

    Args:
        columns: how many columns are written in all.
        length: of the result's rows.
        products: (x [N, K], w [G, K], the column of w's first row, whether to add); what is added to must have
            been put for the same columns.
    """
    result = empty((N, length), dtype)
    if N < FEW_ROWS:
        for x, w, column, add in products:
            part = result[:, column : column + len(w)]
            np.add(x @ w.T, part if add else 0, out=part)
        return result
    by, turned = vector_multiplier(dtype, columns), empty((columns, pitch(N, dtype)), dtype)
    panels: dict[int, Array] = {}
    threads = threads_for(sum([2.0 * N * w.size for _, w, _, _ in products]))
    for x, w, column, add in products:
        if id(x) not in panels:
            panels[id(x)] = by.packed(x, transposed=True)
        times(by, np.ascontiguousarray(w), panels[id(x)], N, turned[column : column + len(w)], add, threads)
    transpose(1, N, result, turned)
    return result


def pull_back(dz: Array, products: Iterable[tuple[int, Array]]) -> Array:
    """The sum of dz w over some weights [G, K], each with the column of dz that belongs to its first row."""
    N, dtype = len(dz), dz.dtype
    parts = [(dz[:, column : column + len(w)], w) for column, w in products]
    if N < FEW_ROWS:
        return np.sum([columns @ w for columns, w in parts], axis=0)
    K = parts[0][1].shape[1]
    by, turned = vector_multiplier(dtype, K), empty((K, pitch(N, dtype)), dtype)
    threads = threads_for(sum([2.0 * N * w.size for _, w in parts]))
    for k, (columns, w) in enumerate(parts):
        times(by, np.ascontiguousarray(w).T, by.packed(columns, transposed=True), N, turned, k > 0, threads)
    total = np.empty((N, K), dtype)
    transpose(1, N, total, turned)
    return total
