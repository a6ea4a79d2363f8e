"""Reductions over one, several or all dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from .. import return_types
from ..autograd.graph import Tensor
from ..autograd.op import Array, Dims, cast, primitive
from ..autograd.promotion import BOOL, I64
from ..kernels.quiet import quiet
from ..return_types import Chosen
from .comparison import any, eq, isnan, ne, predicate
from .cumulative import finite_level, product_before
from .dtypes import accepts_dtype, summing_dtype
from .floating import floating, refuse_bool
from .indexing import getitem, take_along_dim
from .power import exp
from .selection import abs, maximum, minimum, sign
from .shape import squeeze
from .spelling import numpy_names


def restored(dy: Array, x_shape: tuple, dim: Dims, keepdim: bool) -> Array:
    """A reduction's result or cotangent with the reduced dimensions back, of length 1, to broadcast against x."""
    if keepdim or dim is None or not x_shape:
        return dy
    shape = list(x_shape)
    for d in dim if isinstance(dim, tuple) else (dim,):
        shape[d] = 1
    return dy.reshape(tuple(shape))


def dropped(y: np.ndarray, dim: Dims, keepdim: bool) -> np.ndarray:
    """A result computed with keepdims, without these if they are not to be kept."""
    return y if keepdim or not y.ndim else np.squeeze(y, dim)


def count(x_shape: tuple, dim: Dims) -> int:
    """How many elements are reduced to one."""
    if dim is None or not x_shape:
        return math.prod(x_shape)
    return math.prod([x_shape[d] for d in (dim if isinstance(dim, tuple) else (dim,))])


def _expect_floats(x: np.ndarray) -> None:
    if x.dtype.kind != "f":
        raise RuntimeError(f"expected a floating point input, got {x.dtype}")


# --- sums -------------------------------------------------------------------------------------------------


@accepts_dtype
@primitive
@quiet
def sum(x: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Sum over `dim`, by default all; of integers and bools an int64."""
    return x.sum(dim, summing_dtype(x), keepdims=keepdim)


sum.vjp(dx=lambda dy, x_shape, dim, keepdim: restored(dy, x_shape, dim, keepdim))


@accepts_dtype
@primitive
@quiet
def mean(x: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Mean over `dim`, by default all; nan of nothing.

    Raises:
        RuntimeError: x holds integers; pass `dtype=` or convert it first.
    """
    _expect_floats(x)
    return x.sum(dim, keepdims=keepdim) / count(x.shape, dim)


mean.vjp(dx=lambda dy, x_shape, dim, keepdim: restored(dy, x_shape, dim, keepdim) / count(x_shape, dim))


def count_nonzero(x: Array, dim: Dims = None) -> Array:
    """How many elements along `dim` are not 0, int64."""
    return sum(ne(x, 0), dim)


@primitive
@floating
def logsumexp(x: Array, dim: Dims, keepdim: bool = False) -> Array:
    """y = log(sum(e**x)) over `dim`, without overflow; -inf of nothing. Where all are -inf, gradient 0."""
    top = np.max(x, dim, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    y = np.log(np.sum(np.exp(x - top), dim, keepdims=True)) + top
    return dropped(y, dim, keepdim)


logsumexp.vjp(
    dx=lambda dy, x, y, x_shape, dim, keepdim: (
        restored(dy, x_shape, dim, keepdim) * exp(x - restored(finite_level(y), x_shape, dim, keepdim))
    )
)


# --- spread and size --------------------------------------------------------------------------------------


def _unbiased_forms(spread: Any) -> Any:
    """torch's ways to say what is subtracted from the count: unbiased, first or second, or correction."""

    @numpy_names
    @wraps(spread)
    def forms(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
        if dim.__class__ is bool:
            dim, unbiased = None, dim
        return spread(input, dim, keepdim, correction=int(unbiased) if correction is None else correction)

    return forms


def _freedom(x_shape: tuple, dim: Dims, correction: float) -> float:
    """The degrees of freedom, none rather than less than none."""
    n = count(x_shape, dim) - correction
    return n if n > 0 else 0


def _centered(x: np.ndarray, dim: Dims) -> np.ndarray:
    _expect_floats(x)
    return x - np.sum(x, dim, keepdims=True) / count(x.shape, dim)


@_unbiased_forms
@primitive
@quiet
def var(x: Array, dim: Dims = None, keepdim: bool = False, *, correction=1) -> Array:
    """Variance over `dim`: y = sum((x - mean(x))**2) / (n - correction).

    `correction` is what the number of elements n is made smaller by: 1, or 0 for the mean square deviation.

    Source: `torch.var`; `unbiased=False` is `correction=0`.
    """
    x = _centered(x, dim)
    return np.sum(x * x, dim, keepdims=keepdim) / _freedom(x.shape, dim, correction)


var.vjp(
    dx=lambda dy, x, x_shape, dim, keepdim, correction: (
        restored(2.0 * dy, x_shape, dim, keepdim) * (x - mean(x, dim, True)) / _freedom(x_shape, dim, correction)
    )
)


@_unbiased_forms
@primitive
@quiet
def std(x: Array, dim: Dims = None, keepdim: bool = False, *, correction=1) -> Array:
    """Standard deviation over `dim`, the root of `var` (which may over- or underflow); gradient 0 where it is 0.

    Arguments as for `var`.
    """
    return _size(_centered(x, dim), 2, dim, keepdim) / np.sqrt(_freedom(x.shape, dim, correction), dtype=x.dtype)


std.vjp(
    dx=lambda dy, x, y, x_shape, dim, keepdim, correction: (
        restored(dy / divisor(y), x_shape, dim, keepdim) * (x - mean(x, dim, True)) / _freedom(x_shape, dim, correction)
    )
)


@_unbiased_forms
def _mean_beside(x: Array, dim: Dims, keepdim: bool, *, correction: float) -> Array:
    """The mean, by the arguments of `var`."""
    return mean(x, dim, keepdim)


def var_mean(input: Array, *args, **kwargs) -> tuple[Array, Array]:
    """(var, mean) over the same dimensions; arguments as of `var`."""
    return var(input, *args, **kwargs), _mean_beside(input, *args, **kwargs)


def std_mean(input: Array, *args, **kwargs) -> tuple[Array, Array]:
    """(std, mean) over the same dimensions; arguments as of `std`."""
    return std(input, *args, **kwargs), _mean_beside(input, *args, **kwargs)


def divisor(y: Array) -> Array:
    """y with 1 for 0, to divide what is 0 there itself."""
    return y + eq(y, 0.0)


@numpy_names
def norm(input: Array, p="fro", dim: Dims = None, keepdim: bool = False, *, dtype=None) -> Array:
    """The p-norm over `dim`, by default all: y = (sum |x|**p)**(1/p).

    Args:
        p: any number; inf and -inf give the largest and the smallest |x|, 0 counts nonzero elements,
            "fro" is 2.

    Source: `torch.norm`; gradient 0 where the norm is 0.
    """
    x = input if dtype is None else cast(input, dtype=dtype)
    if p in ("fro", None):
        p = 2.0
    if isinstance(p, str):
        raise RuntimeError(f"norm: p must be a number or 'fro', got {p!r}")
    if p in (math.inf, -math.inf):
        return (amax if p > 0 else amin)(abs(x), dim, keepdim)
    if p in (0, 1):
        return sum(abs(sign(x) if p == 0 else x), dim, keepdim)
    return p_norm(x, p, dim, keepdim)


@primitive
@quiet
def p_norm(x: Array, p: float, dim: Dims = None, keepdim: bool = False) -> Array:
    """y = (sum |x|**p)**(1/p), of numbers scaled by a power of 2 so that it neither over- nor underflows.

    Gradient 0 where x or y is 0.

    Raises:
        RuntimeError: x holds integers.
    """
    _expect_floats(x)
    return _size(x, p, dim, keepdim)


def _size(x: np.ndarray, p: float, dim: Dims, keepdim: bool) -> np.ndarray:
    size = np.abs(x)
    scale = np.ldexp(x.dtype.type(1), np.frexp(np.max(size, dim, keepdims=True, initial=0))[1] - 1)
    y = scale * np.sum((size / scale) ** p, dim, keepdims=True) ** (1.0 / p)
    return dropped(y, dim, keepdim)


def _p_norm_vjp(dy: Array, x: Array, y: Array, p: float, dim: Dims, keepdim: bool) -> Array:
    dy, y = restored(dy, x.shape, dim, keepdim), divisor(restored(y, x.shape, dim, keepdim))
    return x / y * dy if p == 2 else sign(x) * dy * (divisor(abs(x)) / y) ** (p - 1)


p_norm.vjp(dx=_p_norm_vjp)


# --- products ---------------------------------------------------------------------------------------------


@accepts_dtype
@primitive
@quiet
def prod(x: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Product over one dimension, by default all."""
    if isinstance(dim, tuple):
        raise TypeError(f"dim must be one int, got {dim}")
    return np.prod(x, dim, summing_dtype(x), keepdims=keepdim)


def _prod_vjp(dy: Array, x: Array, y: Array, dim: int | None, keepdim: bool) -> Array:
    dy = restored(dy, x.shape, dim, keepdim)
    if not any(eq(x, 0.0)):
        return dy * (restored(y, x.shape, dim, keepdim) / x)
    if not x.shape:
        return dy
    along, dim = (x, dim) if dim is not None else (x.reshape((-1,)), 0)
    others = product_before(along, dim) * product_before(along, dim, True)
    return dy * others.reshape(x.shape)


prod.vjp(dx=_prod_vjp)


# --- extremes ---------------------------------------------------------------------------------------------


def _refuse_empty(x: np.ndarray, dim: Dims) -> None:
    """Of nothing there is no largest element (of a tensor without any at all NumPy says so)."""
    if dim is not None and not count(x.shape, dim):
        raise IndexError(f"expected dimension {dim} to have non-zero size")


@primitive
def amax(x: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Largest element over `dim`, nan if there is one; equal ones share the gradient.

    Raises:
        IndexError, RuntimeError: there is no element along `dim`, or at all.
    """
    _refuse_empty(x, dim)
    return x.max(dim, keepdims=keepdim)


@primitive
def amin(x: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Smallest element over `dim`, nan if there is one; equal ones share the gradient.

    Raises:
        IndexError, RuntimeError: there is no element along `dim`, or at all.
    """
    _refuse_empty(x, dim)
    return x.min(dim, keepdims=keepdim)


def _shared(dy: Array, x: Array, y: Array, x_dtype, dim: Dims, keepdim: bool) -> Array:
    hits = cast(eq(x, restored(y, x.shape, dim, keepdim)), dtype=x_dtype)
    return hits * (restored(dy, x.shape, dim, keepdim) / sum(hits, dim, True))


amax.vjp(dx=_shared)
amin.vjp(dx=_shared)


def _refuse_unordered(x: np.ndarray, dim: Dims) -> None:
    """Of bools, or of nothing, no place is that of the largest element."""
    refuse_bool(x)
    _refuse_empty(x, dim)
    if not x.size and dim is None:
        raise IndexError("expected a dimension `dim` along which to look, because the tensor is empty")


@predicate
def argmax(x: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Index of the (first) largest element along `dim`, by default in the flattened x; int64."""
    _refuse_unordered(x, dim)
    return np.argmax(x, dim, keepdims=keepdim)


@predicate
def argmin(x: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Index of the (first) smallest element along `dim`, by default in the flattened x; int64."""
    _refuse_unordered(x, dim)
    return np.argmin(x, dim, keepdims=keepdim)


@predicate
def argmedian(x: Array, dim: int, keepdim: bool = False) -> Array:
    """Index of the median along `dim`, the lower of two in the middle, or of the first nan; int64."""
    _refuse_unordered(x, dim)
    steps = np.atleast_1d(x)
    middle = np.take(np.argsort(steps, dim, kind="stable"), [(steps.shape[dim] - 1) // 2], dim)
    nans = np.isnan(steps)
    found = np.where(np.any(nans, dim, keepdims=True), np.argmax(nans, dim, keepdims=True), middle)
    return dropped(found.reshape(found.shape if x.ndim else ()), dim, keepdim)


def _chosen(kind: type[Chosen], index_of: Callable, x: Tensor, dim: int, keepdim: bool) -> Chosen:
    """The elements along `dim` that `index_of` names; the gradient flows to these alone."""
    indices = index_of(x, dim, True)
    values = take_along_dim(x, indices, dim)
    return kind(values, indices) if keepdim else kind(squeeze(values, dim), squeeze(indices, dim))


def _extreme(x: Tensor, dim, keepdim: bool, other, forms: tuple):
    whole, kind, index_of, of_two = forms
    if isinstance(dim, (Tensor, np.ndarray)):
        other = dim
    if other is not None:
        return of_two(x, other)
    if dim is None:
        return whole(x)
    ordered = cast(x, dtype=I64) if x.dtype is BOOL else x
    return _chosen(kind, lambda x, dim, keepdim: index_of(ordered, dim, keepdim), x, dim, keepdim)


@numpy_names
def max(input: Array, dim=None, keepdim: bool = False, *, other=None):
    """Largest element, in torch's forms.

    Returns:
        max(x): the largest of all, as `amax`.
        max(x, dim): named tuple (values, indices) along one dimension; the gradient goes to these alone.
        max(x, other): the larger one elementwise, as `maximum`.
    """
    return _extreme(input, dim, keepdim, other, (amax, return_types.max, argmax, maximum))


@numpy_names
def min(input: Array, dim=None, keepdim: bool = False, *, other=None):
    """Smallest, in the forms of `max`: of all, along `dim`, or elementwise of two tensors, the second `other`."""
    return _extreme(input, dim, keepdim, other, (amin, return_types.min, argmin, minimum))


@numpy_names
def median(input: Array, dim: int | None = None, keepdim: bool = False):
    """Median, the lower of the two in the middle: of all elements, or (values, indices) along `dim`.

    Equal elements share the gradient of that of all; along a dimension the one at the index gets it.
    """
    if dim is None and not math.prod(input.shape):
        return sum(input) * math.nan
    if dim is None:
        y = _chosen(return_types.median, argmedian, input.reshape(-1), 0, False).values
        return y if isnan(y) else amax(getitem(input, (eq(input, y),)))
    return _chosen(return_types.median, argmedian, input, dim, keepdim)
