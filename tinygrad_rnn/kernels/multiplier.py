"""Which product serves where: the register tile everywhere, the matrix unit for float32 and enough rows."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from .jit import address_of
from .matrix_unit import DEPTH, has_matrix_unit
from .panels import pack_rows, pack_transposed, whole_vectors
from .product import panel_width, panels, product_for, product_type
from .thirds import PANEL, STEP, split_columns, split_transposed
from .unit_product import unit_product
from .workspace import pages

ENOUGH_ROWS = 12  # with fewer, the unit's tiles are too empty
FAR = 4 << 20  # bytes of parts, 6 of a number: no core's L2 holds more, and to bring them from further away takes
ENOUGH_ROWS_FAR = 32  # as long as the products of so many rows, while plain numbers are only 4 bytes


class Multiplier(NamedTuple):
    """How products of one dtype, with about so many rows, are computed."""

    product: int  # the address, to be passed to a kernel
    widest: int  # vectors in a panel
    on_unit: bool  # panels hold the parts of numbers

    def room(self, K: int, N: int, dtype: np.dtype) -> np.ndarray:
        """Memory for the panels of a matrix [K, N]."""
        if self.on_unit:
            return pages(panels(whole_vectors(N, dtype) // 16, PANEL) * -(-K // DEPTH) * STEP // 4, dtype)
        return pages(whole_vectors(N, dtype) * K, dtype)

    def packed(self, w: np.ndarray, transposed: bool) -> np.ndarray:
        """The panels of w^T (a weight [N, K] as it serves forward) or of w itself (as it serves backward)."""
        w = np.ascontiguousarray(w)
        K, N = w.shape[::-1] if transposed else w.shape
        into = self.room(K, N, w.dtype)
        if self.on_unit:
            (split_transposed if transposed else split_columns)(w, into)
        else:
            (pack_transposed if transposed else pack_rows)(w, into, self.widest)
        return into


def multiplier(dtype: np.dtype, rows: int, numbers: int = 0) -> Multiplier:
    """What to multiply with when A has about so many rows: fixed by the whole of a call, not a thread's part.

    With `numbers` B has so many, and is read for every so many rows again.
    """
    enough = ENOUGH_ROWS_FAR if 6 * numbers > FAR else ENOUGH_ROWS
    if rows >= enough and dtype == np.float32 and has_matrix_unit():
        return unit_multiplier()
    return vector_multiplier(dtype, rows)


def vector_multiplier(dtype: np.dtype, rows: int) -> Multiplier:
    """The register tile, which takes A as it lies."""
    return Multiplier(product_for(dtype), panel_width(rows), False)


@functools.cache
def unit_multiplier() -> Multiplier:
    """The matrix unit, for float32 whose rows lie in one piece."""
    return Multiplier(address_of(unit_product, product_type(np.dtype(np.float32))), PANEL, True)
