"""Diagonals: read as a view, laid into zeros, summed."""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..autograd.op import Array, primitive
from .indexing import spread
from .reduction import sum
from .shape import clone, movedim


@primitive(view=True)
def diagonal(x: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """The diagonal of each matrix that `dim1` and `dim2` span, as last dimension; a view.

    Args:
        offset: > 0 for a diagonal above the main one, < 0 for one below.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: `dim1` and `dim2` are the same.
    """
    y = np.diagonal(x, offset, *[normalize_axis_index(dim, x.ndim) for dim in (dim1, dim2)])
    y.flags.writeable = x.flags.writeable
    return y


def laid(dy: Array, x_shape: tuple, offset: int, dim1: int, dim2: int) -> Array:
    """Zeros of the shape of x with dy on the diagonal."""
    dims = tuple([d % len(x_shape) for d in (dim1, dim2)])
    shape = (*[x_shape[d] for d in dims], *[n for d, n in enumerate(x_shape) if d not in dims])
    i = np.arange(dy.shape[-1])
    y = spread(movedim(dy, -1, 0), shape=shape, index=(i + max(-offset, 0), i + max(offset, 0)))
    return movedim(y, (0, 1), dims)


diagonal.vjp(dx=laid)
_of_matrix = diagonal  # for `diag`, whose keyword has the same name


def diag(input, diagonal: int = 0) -> Array:
    """A vector on the diagonal of a matrix of zeros; of a matrix, its diagonal. `diagonal` > 0: above the main one.

    Raises:
        RuntimeError: neither a vector nor a matrix.
    """
    if input.ndim == 1:
        n = input.shape[0] + abs(diagonal)
        return laid(input, (n, n), diagonal, 0, 1)
    if input.ndim != 2:
        raise RuntimeError(f"diag: expected a vector or a matrix, got {input.ndim} dimensions")
    return clone(_of_matrix(input, diagonal))


def trace(input) -> Array:
    """The sum of the diagonal of a matrix.

    Raises:
        RuntimeError: not a matrix.
    """
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, got {input.ndim} dimensions")
    return sum(diagonal(input))
