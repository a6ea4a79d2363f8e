"""Rows that change places: what packing sequences of different length and padding them are made of.

The two operations are each other's transpose. As no two rows go to one place, nothing is added up.
"""

from __future__ import annotations

import math

import numpy as np

from ..autograd.op import Array, primitive


@primitive
def take_rows(x: Array, *, places: np.ndarray) -> Array:
    """y_r = the row `places[r]` of x [A, B, ...], whose A * B rows are counted one after another.

    Args:
        places: int64 [R], no number twice.

    Returns:
        [R, ...].
    """
    return x.reshape(math.prod(x.shape[:2]), *x.shape[2:]).take(places, axis=0)


@primitive
def place_rows(rows: Array, *, places: np.ndarray, shape: tuple, fill: float = 0.0) -> Array:
    """y [A, B, ...] whose row `places[r]` is rows[r]; all other elements are `fill`.

    Args:
        places: int64 [R], no number twice.
        shape: (A, B).
    """
    y = np.full((math.prod(shape), *rows.shape[1:]), fill, rows.dtype)
    y[places] = rows
    return y.reshape(*shape, *rows.shape[1:])


take_rows.vjp(dx=lambda dy, x_shape, places: place_rows(dy, places=places, shape=x_shape[:2]))
place_rows.vjp(drows=lambda dy, places: take_rows(dy, places=places))
