"""Softmax and its logarithm, stable for any finite input and for -inf."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..autograd.op import Array, Dims, primitive
from ..kernels.quiet import quiet
from .arithmetic import neg
from .dtypes import accepts_dtype
from .floating import refuse_integers
from .power import exp
from .reduction import sum
from .spelling import numpy_names


def class_dim(dim: int | None, ndim: int) -> int:
    """The dimension that is meant; without one what PyTorch chose before it asked for it."""
    return (0 if ndim in (0, 1, 3) else 1) if dim is None else dim


def shifted(x: np.ndarray, dim: int | None) -> tuple[np.ndarray, int]:
    """x less its maximum along the dimension (no exponential overflows then), and that dimension."""
    refuse_integers(x)
    if dim is None:
        warnings.warn("softmax: choosing a dimension implicitly is deprecated; give dim=", UserWarning, stacklevel=7)
    dim = normalize_axis_index(class_dim(dim, x.ndim), max(x.ndim, 1))
    x = x if x.ndim else x.reshape(1)
    return x - x.max(dim, keepdims=True, initial=-np.inf), dim


@accepts_dtype
@primitive
@quiet
def softmax(x: Array, dim: Dims = None) -> Array:
    """y_i = e**x_i / sum_j e**x_j along `dim`; nan where all are -inf."""
    y, axis = shifted(x, dim)
    np.exp(y, out=y)
    y /= y.sum(axis, keepdims=True)
    return y.reshape(x.shape)


@accepts_dtype
@primitive
@quiet
def log_softmax(x: Array, dim: Dims = None) -> Array:
    """y_i = x_i - log sum_j e**x_j along `dim`."""
    y, axis = shifted(x, dim)
    y -= np.log(np.exp(y).sum(axis, keepdims=True))
    return y.reshape(x.shape)


def _total(dy: Array, dim: int | None) -> Array:
    return sum(dy, class_dim(dim, dy.ndim), True)


softmax.vjp(dx=lambda dy, y, dim: y * (dy - _total(dy * y, dim)))
log_softmax.vjp(dx=lambda dy, y, dim: dy - exp(y) * _total(dy, dim))


@numpy_names
def softmin(input, dim: int | None = None, *, dtype=None) -> Array:
    """softmax(-x)."""
    return softmax(neg(input), dim, dtype=dtype)
