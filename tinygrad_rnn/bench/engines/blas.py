"""NumPy's products, which are those of the BLAS it was built with."""

from __future__ import annotations

import numpy as np

from ..work import Product, Work


class NumPy:
    """Products of matrices.

    Args:
        threads: taken from the environment at the start of the process.
    """

    def __init__(self, threads: int) -> None:
        pass

    def product(self, *sizes) -> Work:
        """The products of a layer's time steps; forward they are added to what is there."""
        product = Product(*sizes)
        a, w = product.operands
        b = w if product.backward else w.T
        c, found = np.zeros((2, len(a), b.shape[1]), w.dtype)

        def call() -> None:
            for _ in range(product.T):
                if product.backward:
                    np.matmul(a, b, out=c)
                else:
                    np.matmul(a, b, out=found)
                    np.add(c, found, out=c)

        return Work(call, lambda _: {"c": c})
