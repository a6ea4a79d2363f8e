"""The product of two matrices, for the layers around a recurrent one.

NumPy's BLAS would do as well, but for its threads: after each product they spin for a while, waiting for the
next, and take the processor from the threads of the recurrent kernels. Here all share one pool.
"""

from __future__ import annotations

from .fallback import falls_back_on
from .multiplier import PACKING, multiplier
from .panels import transpose, whole_vectors
from .sequence import Array
from .single import times
from .threads import threads_for
from .workspace import empty


def plain(a: Array, b: Array) -> Array:
    """a b by NumPy."""
    return a @ b


class Factor:
    """b [K, N] as the right factor of products with some rows in all, packed once."""

    def __init__(self, b: Array, rows: int) -> None:
        self._by, self._N = multiplier(b.dtype, rows), b.shape[1]
        turned = b.strides[0] == b.itemsize and b.shape[0] > 1  # b is the transpose of what lies in memory
        self._panels = self._by.packed(b.T if turned else b, transposed=turned)
        self._threads = threads_for(2.0 * rows * b.size)

    def multiply(self, a: Array, into: Array) -> None:
        """into [M, N] = a [M, K] b."""
        by, N, dtype = self._by, self._N, a.dtype
        length = whole_vectors(N, dtype)
        if by.on_unit and a.strides[1] != a.itemsize:  # the unit reads along rows
            lying, a = a.T, empty(a.shape, dtype)
            transpose(threads_for(PACKING * a.size), len(a), a, lying)
        product = into if length == N else empty((len(a), length), dtype)
        times(by, a, self._panels, N, product, False, self._threads)
        if product is not into:
            into[:] = product[:, :N]


@falls_back_on(plain)
def matmul(a: Array, b: Array) -> Array:
    """a [M, K] b [K, N], of one dtype, float32 or float64; either may be a transposed view."""
    product = empty((len(a), b.shape[1]), a.dtype)
    Factor(b, len(a)).multiply(a, product)
    return product
