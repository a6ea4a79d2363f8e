"""Our products of the time steps alone: the same tile on packed weights, all steps in one call, as in a layer."""

from __future__ import annotations

from ...kernels.fork import shared
from ...kernels.multiplier import multiplier
from ...kernels.panels import pitch
from ...kernels.product import ALL, multiply
from ...kernels.threads import get_num_threads
from ...kernels.workspace import empty
from ..work import Product, Work

ROWS = 8  # at least, of a thread: the batch is divided as recurrent layers divide it


@shared
def steps(product, T, a, K, panels, columns, c, widest, add, first, last):
    """T times c (+)= a b for the rows first ... last - 1."""
    for _ in range(T):
        multiply(product, a[first:last], K, panels, columns, c[first:last], widest, 0, ALL, add)


def product(product: Product) -> Work:
    """The products of a layer's time steps, on the threads that are set."""
    a, w = product.operands
    (N, K), columns = a.shape, w.shape[1 if product.backward else 0]
    left, c = (empty((N, pitch(length, w.dtype)), w.dtype) for length in (K, columns))
    left[:, :K], c[:] = a, 0
    by = multiplier(w.dtype, N, w.size)
    panels = by.packed(w, transposed=not product.backward)
    parts = max(1, min(get_num_threads(), N // ROWS))
    arguments = by.product, product.T, left, K, panels, columns, c, by.widest, not product.backward
    return Work(lambda: steps(parts, N, *arguments), lambda _: {"c": c[:, :columns]})
