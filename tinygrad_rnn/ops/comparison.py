"""Comparisons and logic: their results are bool, and no gradient flows through them."""

from __future__ import annotations

import math
import operator
from functools import partial

import numpy as np

from ..autograd.op import Array, ArrayBool, ArrayInt, Dims, primitive

U8 = np.dtype("u1")
predicate = partial(primitive, differentiable=False)


@predicate(scalar=operator.eq)
def eq(a: Array, b: Array) -> Array:
    """Elementwise a == b."""
    return np.equal(a, b)


@predicate(scalar=operator.ne)
def ne(a: Array, b: Array) -> Array:
    """Elementwise a != b."""
    return np.not_equal(a, b)


@predicate(scalar=operator.lt)
def lt(a: Array, b: Array) -> Array:
    """Elementwise a < b."""
    return np.less(a, b)


@predicate(scalar=operator.le)
def le(a: Array, b: Array) -> Array:
    """Elementwise a <= b."""
    return np.less_equal(a, b)


@predicate(scalar=operator.gt)
def gt(a: Array, b: Array) -> Array:
    """Elementwise a > b."""
    return np.greater(a, b)


@predicate(scalar=operator.ge)
def ge(a: Array, b: Array) -> Array:
    """Elementwise a >= b."""
    return np.greater_equal(a, b)


@predicate(scalar=math.isnan)
def isnan(x: Array) -> Array:
    """Where x is not a number."""
    return np.isnan(x)


@predicate(scalar=math.isinf)
def isinf(x: Array) -> Array:
    """Where x is infinite, of either sign."""
    return np.isinf(x)


@predicate(scalar=math.isfinite)
def isfinite(x: Array) -> Array:
    """Where x is neither infinite nor nan."""
    return np.isfinite(x)


@predicate
def isclose(a: ArrayInt, b: ArrayInt, rtol=1e-5, atol=1e-8, equal_nan: bool = False) -> Array:
    """Elementwise |a - b| <= atol + rtol * |b|; with `equal_nan` nan is close to nan.

    Raises:
        RuntimeError: a and b are of different dtypes.
    """
    if a.dtype != b.dtype:
        raise RuntimeError(f"expected two tensors of one dtype, got {a.dtype} and {b.dtype}; convert one of them")
    return np.isclose(a, b, rtol, atol, equal_nan)


# --- logic ------------------------------------------------------------------------------------------------


@predicate
def logical_and(a: ArrayBool, b: ArrayBool) -> Array:
    """Elementwise: both a and b are nonzero."""
    return np.logical_and(a, b)


@predicate
def logical_or(a: ArrayBool, b: ArrayBool) -> Array:
    """Elementwise: a or b is nonzero, or both."""
    return np.logical_or(a, b)


@predicate
def logical_xor(a: ArrayBool, b: ArrayBool) -> Array:
    """Elementwise: exactly one of a and b is nonzero."""
    return np.logical_xor(a, b)


@predicate
def logical_not(x: ArrayBool) -> Array:
    """Elementwise: zero."""
    return np.logical_not(x)


@predicate
def bitwise_and(a: Array, b: Array) -> Array:
    """Elementwise a & b, of bools or integers."""
    return np.bitwise_and(a, b)


@predicate
def bitwise_or(a: Array, b: Array) -> Array:
    """Elementwise a | b, of bools or integers."""
    return np.bitwise_or(a, b)


@predicate
def bitwise_xor(a: Array, b: Array) -> Array:
    """Elementwise a ^ b, of bools or integers."""
    return np.bitwise_xor(a, b)


@predicate
def bitwise_not(x: Array) -> Array:
    """Elementwise ~x, of bools or integers."""
    return np.bitwise_not(x)


# --- over dimensions --------------------------------------------------------------------------------------


@predicate
def all(x: ArrayBool, dim: Dims = None, keepdim: bool = False) -> Array:
    """Whether every element (along `dim`) is nonzero; True of none."""
    return _answer(np.all(x, dim, keepdims=keepdim), x)


@predicate
def any(x: ArrayBool, dim: Dims = None, keepdim: bool = False) -> Array:
    """Whether some element (along `dim`) is nonzero; False of none."""
    return _answer(np.any(x, dim, keepdims=keepdim), x)


def _answer(y, x):
    """Bools, of bytes a byte: once they were the bools."""
    return np.asarray(y, np.uint8) if x.dtype is U8 else y


def equal(a: Array, b: Array) -> bool:
    """Whether a and b have the same shape and equal elements: one Python bool."""
    return tuple(a.shape) == tuple(b.shape) and bool(all(eq(a, b)))


def allclose(a: Array, b: Array, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether |a - b| <= atol + rtol * |b| everywhere: one Python bool; with `equal_nan` nan is close to nan."""
    return bool(all(isclose(a, b, rtol, atol, equal_nan)))
