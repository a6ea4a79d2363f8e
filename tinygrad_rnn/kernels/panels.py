"""Weights laid out for the tile: panels of whole vectors, in the order in which the tile reads them.

A matrix B [K, N] is cut into panels of a few vectors of columns. Each panel lies in one piece, row after row,
from a 64-byte boundary: a load that straddles two cache lines would cost twice. Columns beyond N are zero.

A weight is stored as [N, K], the transpose of what a product needs; blocks of lanes x lanes are turned in
registers. Packing is paid once for each sequence, and the panels serve all of its steps.
"""

from __future__ import annotations

import numpy as np

from .fork import shared
from .host import LANES_32, LANES_64
from .jit import COMPILED, part
from .product import address, lanes_to_bytes, panel
from .tile import lanes, transpose_block


@part
def transpose_compiled(zero, source, source_row, target, target_row, rows, columns):
    """target[j, i] = source[i, j] between two addresses, i < rows, j < columns: whole blocks only."""
    L, size = lanes(zero), lanes_to_bytes(zero)
    for i in range(0, rows, L):
        for j in range(0, columns, L):
            block, turned = source + (i * source_row + j) * size, target + (j * target_row + i) * size
            transpose_block(zero, block, source_row, L, turned, target_row)


@part
def transpose_into(target, source):
    """target[j, i] = source[i, j]."""
    rows, columns = source.shape
    zero = source.dtype.type(0)
    L = lanes(zero)
    whole_rows, whole_columns = rows // L * L, columns // L * L
    if COMPILED:
        transpose_compiled(
            zero, address(source), source.strides[0] // source.itemsize, address(target),
            target.strides[0] // target.itemsize, whole_rows, whole_columns,
        )  # fmt: skip
    else:
        target[:whole_columns, :whole_rows] = source[:whole_rows, :whole_columns].T
    for i in range(whole_rows):
        for j in range(whole_columns, columns):
            target[j, i] = source[i, j]
    for i in range(whole_rows, rows):
        for j in range(columns):
            target[j, i] = source[i, j]


@shared
def transpose(target, source, first, last):
    """target[j, i] = source[i, j] for the rows j from `first` to `last` of the target."""
    transpose_into(target[first:last], source[: target.shape[1], first:last])


@shared
def pack_rows(b, packed, widest, first, last):
    """The panels first ... last - 1 of b [K, N]."""
    K, N = b.shape
    L = lanes(b.dtype.type(0))
    vectors = (N + L - 1) // L
    for p in range(first, last):
        v, width = panel(p, vectors, widest)
        inside = min(width * L, N - v * L)
        target = packed[v * K * L : (v + width) * K * L].reshape(K, width * L)
        for k in range(K):
            for j in range(inside):
                target[k, j] = b[k, v * L + j]
            for j in range(inside, width * L):
                target[k, j] = 0


@shared
def pack_transposed(b, packed, widest, first, last):
    """The panels first ... last - 1 of the transpose of b [N, K]."""
    N, K = b.shape
    L = lanes(b.dtype.type(0))
    vectors = (N + L - 1) // L
    for p in range(first, last):
        v, width = panel(p, vectors, widest)
        inside = min(width * L, N - v * L)
        target = packed[v * K * L : (v + width) * K * L].reshape(K, width * L)
        transpose_into(target, b[v * L : v * L + inside])
        for k in range(K):
            for j in range(inside, width * L):
                target[k, j] = 0


def whole_vectors(columns: int, dtype: np.dtype) -> int:
    """`columns`, rounded up to whole vectors."""
    L = LANES_32 if dtype == np.float32 else LANES_64
    return -(-columns // L) * L


def pitch(columns: int, dtype: np.dtype) -> int:
    """The length of a workspace's rows: an odd number of vectors, lest rows compete for the same cache lines."""
    L = LANES_32 if dtype == np.float32 else LANES_64
    return (-(-columns // L) | 1) * L
