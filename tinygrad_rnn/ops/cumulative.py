"""Running sums and products along one dimension, and the recurrences that are their gradients."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..autograd.op import Array, primitive
from ..kernels.quiet import quiet
from .comparison import any, eq
from .dtypes import accepts_dtype, summing_dtype
from .floating import floating, refuse_integers
from .power import exp
from .selection import masked_fill, nothing


def _accumulate(running: Callable, x: np.ndarray, dim: int, reverse: bool = False) -> np.ndarray:
    """running(x, dim) from the first element to the last or back; a 0-d array counts as one element."""
    steps = np.atleast_1d(x)
    y = np.flip(running(np.flip(steps, dim), dim), dim) if reverse else running(steps, dim)
    return y.reshape(x.shape)


@accepts_dtype
@primitive
@quiet
def cumsum(x: Array, dim: int, *, reverse: bool = False) -> Array:
    """y_t = x_0 + ... + x_t along `dim`; with `reverse` the sum of x_t and all that follow."""
    return _accumulate(lambda x, dim: np.cumsum(x, dim, dtype=summing_dtype(x)), x, dim, reverse)


cumsum.vjp(dx=lambda dy, dim, reverse: cumsum(dy, dim, reverse=not reverse))


@accepts_dtype
@primitive
@quiet
def cumprod(x: Array, dim: int) -> Array:
    """y_t = x_0 * ... * x_t along `dim`."""
    return _accumulate(lambda x, dim: np.cumprod(x, dim, dtype=summing_dtype(x)), x, dim)


def _cumprod_vjp(dy: Array, x: Array, y: Array, dim: int) -> Array:
    if not any(eq(x, 0.0)):
        return cumsum(dy * y, dim, reverse=True) / x
    return product_before(x, dim) * (dy + linear_scan(x, x * dy, dim, reverse=True))


cumprod.vjp(dx=_cumprod_vjp)


@primitive
@quiet
def logcumsumexp(x: Array, dim: int) -> Array:
    """y_t = log(e**x_0 + ... + e**x_t) along `dim`, without overflow. Where all are -inf, gradient 0."""
    refuse_integers(x)
    return _accumulate(np.logaddexp.accumulate, x, dim)


logcumsumexp.vjp(
    dx=lambda dy, x, y, dim: exp(x - finite_level(y)) * decaying_sum(y, dy, dim, reverse=True),
)


def finite_level(y: Array) -> Array:
    """A log-sum, with 0 for that of nothing, so that e**(x - y) is 0 there and not nan."""
    return masked_fill(y, eq(y, -math.inf), 0.0)


# --- recurrences: the gradient of each is the same recurrence walked the other way ------------------------


@primitive
@quiet
def linear_scan(a: Array, b: Array, dim: int, reverse: bool = False, start=0.0) -> Array:
    """y_0 = start, y_{t+1} = a_t * y_t + b_t along `dim`; with `reverse` from the last element back."""
    a, b = np.broadcast_arrays(a, b)
    shape = b.shape
    a, b = [np.moveaxis(np.atleast_1d(x), dim, 0) for x in (a, b)]
    y, state = np.empty(b.shape, np.result_type(a, b)), start
    for t in range(len(b))[:: -1 if reverse else 1]:
        y[t] = state
        state = a[t] * state + b[t]
    return np.moveaxis(y, 0, dim).reshape(shape)


linear_scan.vjp(
    da=lambda dy, a, y, dim, reverse: y * linear_scan(a, dy, dim, not reverse),
    db=lambda dy, a, dim, reverse: linear_scan(a, dy, dim, not reverse),
)


def product_before(x: Array, dim: int, reverse: bool = False) -> Array:
    """The product of all elements before (behind) each one along `dim`: no division, so zeros do no harm."""
    return linear_scan(x, nothing(x), dim, reverse, 1.0)


@primitive
@floating
def decaying_sum(level: Array, b: Array, dim: int, reverse: bool = False) -> Array:
    """y_t = b_t + e**(level_t - level_{t-1}) * y_{t-1} along `dim`; with `reverse` t+1 instead of t-1.

    Stable where the level falls along the walk. From one level of -inf to another nothing is carried over.
    """
    shape = b.shape
    level, b = [np.moveaxis(np.atleast_1d(x), dim, 0) for x in (level, b)]
    y = np.empty(b.shape, b.dtype)
    last = None
    for t in range(len(b))[:: -1 if reverse else 1]:
        y[t] = b[t] if last is None else b[t] + np.nan_to_num(np.exp(level[t] - level[last])) * y[last]
        last = t
    return np.moveaxis(y, 0, dim).reshape(shape)


def _decaying_sum_vjp(dy: Array, level: Array, b: Array, y: Array, dim: int, reverse: bool) -> tuple:
    db = decaying_sum(-level, dy, dim, not reverse)
    return dy * y - b * db, db


decaying_sum.vjp(_decaying_sum_vjp)
