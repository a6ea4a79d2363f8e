"""Neighbours along a dimension, as time series need them: sliding windows and differences."""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..autograd.op import Array
from .comparison import ne
from .indexing import getitem
from .rearrange import cat
from .shape import movedim, narrow
from .spelling import numpy_names


def unfold(input, dimension: int, size: int, step: int) -> Array:
    """Windows of `size` entries along a dimension, `step` apart; a new last dimension walks within a window.

    Source: `torch.Tensor.unfold`; a copy here.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the dimension is shorter than a window, or the step is not positive.
    """
    dim = normalize_axis_index(dimension, input.ndim)
    n = input.shape[dim]
    if not 0 <= size <= n or step <= 0:
        raise RuntimeError(f"unfold: expected windows of 0 to {n} entries and a positive step, got {size} and {step}")
    starts = np.arange(0, n - size + 1, step)
    return movedim(getitem(movedim(input, dim, 0), starts[:, None] + np.arange(size)), (0, 1), (dim, -1))


@numpy_names
def diff(input, n: int = 1, dim: int = -1, prepend=None, append=None) -> Array:
    """y_t = x_{t+1} - x_t along `dim`, n times; `prepend` and `append` are joined to x first.

    Source: `torch.diff`; of bools, whether they differ.

    Raises:
        RuntimeError: n is negative, or x a number.
    """
    if n < 0 or not input.ndim:
        raise RuntimeError(f"diff: expected n >= 0 and at least 1 dimension, got n={n} and {input.ndim} dimensions")
    parts = [part for part in (prepend, input, append) if part is not None]
    x = cat(parts, dim) if len(parts) > 1 else input
    for _ in range(min(n, x.shape[dim])):
        later, earlier = [narrow(x, dim, start, max(x.shape[dim] - 1, 0)) for start in (min(x.shape[dim], 1), 0)]
        x = ne(later, earlier) if x.dtype == bool else later - earlier
    return x
