"""Which product serves where: the register tile everywhere, the matrix unit for float32 and enough rows.

Where B is too large for a core's cache, and only few rows are multiplied with it, the tall tile.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from .host import BYTES, HEIGHT
from .jit import COMPILED, address_of
from .matrix_unit import DEPTH, has_matrix_unit
from .panels import pack_rows, pack_transposed, whole_vectors
from .product import panel_width, panels, product_for, product_type
from .tall_product import TALLEST, tall_product
from .thirds import PANEL, STEP, split_columns, split_transposed
from .threads import threads_for
from .unit_product import unit_product
from .workspace import pages

ENOUGH_ROWS = 12  # with fewer, the unit's tiles are too empty
FAR = 3 << 19  # bytes of a matrix that no core's second-level cache holds beside the rest of a step
ENOUGH_ROWS_FAR = 24  # to bring the 6 bytes that the unit needs of a number takes as long as 24 rows' products

PACKING = 200  # multiply-adds take as long as packing one number


class Multiplier(NamedTuple):
    """How products of one dtype, with about so many rows, are computed."""

    product: int  # the address, to be passed to a kernel
    widest: int  # vectors in a panel
    on_unit: bool  # panels hold the parts of numbers

    def panels(self, N: int, dtype: np.dtype) -> int:
        """How many panels N columns make."""
        return panels(whole_vectors(N, dtype) * dtype.itemsize // BYTES, self.widest)

    def packed(self, w: np.ndarray, transposed: bool) -> np.ndarray:
        """The panels of w^T (a weight [N, K] as it serves forward) or of w itself (as it serves backward)."""
        w = np.ascontiguousarray(w)
        K, N = w.shape[::-1] if transposed else w.shape
        count = self.panels(N, w.dtype)
        if self.on_unit:
            pack, size = split_transposed if transposed else split_columns, count * -(-K // DEPTH) * STEP // 4
        else:
            pack, size = pack_transposed if transposed else pack_rows, whole_vectors(N, w.dtype) * K
        into = pages(size, w.dtype)
        pack(threads_for(PACKING * w.size), count, w, into, self.widest)
        return into


def multiplier(dtype: np.dtype, rows: int, numbers: int = 0) -> Multiplier:
    """What to multiply with when A has about so many rows: fixed by the whole of a call, not a thread's part.

    With `numbers` B has so many, and is read for every so many rows again.
    """
    far = numbers * dtype.itemsize > FAR
    if rows >= (ENOUGH_ROWS_FAR if far else ENOUGH_ROWS) and dtype == np.float32 and has_matrix_unit():
        return unit_multiplier()
    if far and HEIGHT < rows <= TALLEST:
        return tall_multiplier(dtype)
    return vector_multiplier(dtype, rows)


def vector_multiplier(dtype: np.dtype, rows: int) -> Multiplier:
    """The register tile, which takes A as it lies."""
    return Multiplier(product_for(dtype), panel_width(rows), False)


@functools.cache
def tall_multiplier(dtype: np.dtype) -> Multiplier:
    """The tile as tall as the batch, for B that comes from far."""
    return Multiplier(address_of(tall_product, product_type(dtype)) if COMPILED else 0, 1, False)


@functools.cache
def unit_multiplier() -> Multiplier:
    """The matrix unit, for float32 whose rows lie in one piece."""
    return Multiplier(address_of(unit_product, product_type(np.dtype(np.float32))), PANEL, True)
