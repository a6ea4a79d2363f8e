"""Choosing between values, elementwise: where, masked_fill, maximum, clamp, abs."""

from __future__ import annotations

import math
from functools import wraps

import numpy as np

from ..autograd.graph import Tensor
from ..autograd.op import Array, ArrayBool, primitive
from ..autograd.promotion import BOOL, lift
from .comparison import eq, ge, isfinite, le, logical_and, logical_not, logical_or, lt
from .floating import refuse_bool

INF = math.inf
U8 = np.dtype("u1")
LARGE = 4000  # elements

# --- by a mask --------------------------------------------------------------------------------------------


def _where_forms(choose):
    """torch.where's forms: with one argument the indices of what is nonzero; numbers beside tensors."""

    @wraps(choose)
    def where(condition, input=None, other=None):
        if input is None and other is None:
            array = condition.array if isinstance(condition, Tensor) else np.asarray(condition)
            return tuple([Tensor(index) for index in np.nonzero(np.atleast_1d(array))])
        if getattr(condition, "dtype", BOOL) not in (BOOL, U8):
            raise RuntimeError(f"where expected condition to be a boolean tensor, but got one of {condition.dtype}")
        if isinstance(input, Tensor):  # a number takes the dtype of the other choice, not of the condition
            other = lift(other, input, choose.op)
        elif isinstance(other, Tensor):
            input = lift(input, other, choose.op)
        return choose(condition, input, other)

    return where


@_where_forms
@primitive(scalar=lambda condition, x, other: x if condition else other)
def where(condition: ArrayBool, x: Array, other: Array) -> Array:
    """y = x where condition, else other; `where(condition)` alone gives the indices where it holds."""
    if condition.__class__ is bool:
        return x if condition else other
    return np.where(condition, x, other)


where.vjp(
    dx=lambda dy, condition: masked_fill(dy, logical_not(condition), 0.0),
    dother=lambda dy, condition: masked_fill(dy, condition, 0.0),
)


def _tensor_value(fill):
    """The value may be a tensor, through which a gradient flows."""

    plain = {float: fill.op.scalar, np.ndarray: fill.op.forward}  # in most rules: be quick

    @wraps(fill)
    def masked_fill(input, mask, value):
        if isinstance(mask, Tensor) and mask.array.dtype is not BOOL:
            raise RuntimeError(f"masked_fill only supports boolean masks, but got mask of {mask.array.dtype}")
        if isinstance(value, Tensor):
            if value.array.ndim:
                raise RuntimeError(f"masked_fill: expected a number or a 0-d value, got {value.array.ndim} dimensions")
            return where(mask, value, input)
        if (quick := plain.get(input.__class__)) and not isinstance(mask, Tensor):
            return quick(input, mask, value)
        return fill(input, mask, value)

    return masked_fill


@_tensor_value
@primitive(scalar=lambda x, mask, value: value if mask else x)
def masked_fill(x: Array, mask: ArrayBool, value: float) -> Array:
    """y = value where mask, else x, in the dtype of x."""
    if x.dtype.kind != "f":
        return np.where(mask, x.dtype.type(value), x)
    return zeroed(x, mask) if value == 0 and x.size > LARGE else np.where(mask, value, x)


masked_fill.vjp(dx=lambda dy, mask: masked_fill(dy, mask, 0.0))


def zeroed(x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """x, an array of floats, with exact zeros where mask, also in place of inf and nan.

    On the bits, because NumPy's choice between two values branches at every element: ten times slower
    where the mask is as random as that of a relu.
    """
    bits = np.dtype(f"i{x.itemsize}")
    kept = np.asarray(mask, bool).astype(bits) - bits.type(1)  # all ones where not masked
    return (x.view(bits) & kept).view(x.dtype)


def nothing(dy: Array) -> Array:
    """The cotangent of an input on which the output does not depend: zeros, even where dy is inf or nan."""
    return masked_fill(dy, True, 0.0)


# --- by size ----------------------------------------------------------------------------------------------


def _larger(dy: Array, a: Array, b: Array) -> Array:
    """The share of dy that is due to a where the larger of a and b was taken: half in a tie."""
    return masked_fill(where(eq(a, b), 0.5 * dy, dy), lt(a, b), 0.0)


@primitive(scalar=lambda a, b: a if a > b or a != a else b)
def maximum(a: Array, b: Array) -> Array:
    """Elementwise the larger of a and b, nan if one of them is; a tie shares the gradient equally."""
    return np.maximum(a, b)


maximum.vjp(da=lambda dy, a, b: _larger(dy, a, b), db=lambda dy, a, b: _larger(dy, b, a))


@primitive(scalar=lambda a, b: a if a < b or a != a else b)
def minimum(a: Array, b: Array) -> Array:
    """Elementwise the smaller of a and b, nan if one of them is; a tie shares the gradient equally."""
    return np.minimum(a, b)


minimum.vjp(da=lambda dy, a, b: _larger(dy, b, a), db=lambda dy, a, b: _larger(dy, a, b))


@primitive
def clamp(x: Array, min: Array | None = None, max: Array | None = None) -> Array:
    """y = x, raised to `min` and lowered to `max`; where both apply, `max` wins. On a bound x gets the gradient.

    Raises:
        RuntimeError: neither bound is given.
    """
    if min is None and max is None:
        raise RuntimeError("at least one of 'min' or 'max' must not be None")
    x = x if min is None else np.maximum(x, min)
    return x if max is None else np.minimum(x, max)


def _taken(choice: str, x: Array, low: Array | None, high: Array | None) -> Array:
    """Where clamp took x itself (also on a bound), the lower bound, or the higher one."""
    low, high = -INF if low is None else low, INF if high is None else high
    if choice == "x":
        return logical_and(ge(x, low), le(x, high))
    if choice == "min":
        return logical_and(lt(x, low), lt(low, high))
    return logical_or(lt(high, x), lt(high, low))


clamp.vjp(
    dx=lambda dy, x, min, max: masked_fill(dy, logical_not(_taken("x", x, min, max)), 0.0),
    dmin=lambda dy, x, min, max: masked_fill(dy, logical_not(_taken("min", x, min, max)), 0.0),
    dmax=lambda dy, x, min, max: masked_fill(dy, logical_not(_taken("max", x, min, max)), 0.0),
)
clip = clamp


def clamp_min(input, min) -> Array:
    """The larger one of input and `min`, elementwise."""
    return clamp(input, min)


def clamp_max(input, max) -> Array:
    """The smaller one of input and `max`, elementwise."""
    return clamp(input, None, max)


# --- by sign ----------------------------------------------------------------------------------------------


@primitive(scalar=math.fabs)
def abs(x: Array) -> Array:
    """Elementwise magnitude; gradient 0 at 0."""
    if x.dtype is BOOL:
        refuse_bool(x)
    return np.abs(x)


abs.vjp(dx=lambda dy, x: dy * sign(x))


@primitive(scalar=lambda x: float(x > 0.0) - float(x < 0.0))
def sign(x: Array) -> Array:
    """Elementwise -1, 0 or 1, of nan 0; gradient 0."""
    if x.dtype is BOOL:
        return x.copy()
    y = np.asarray(np.sign(x))
    y[np.isnan(y)] = 0
    return y


sign.vjp(dx=nothing)


@primitive
def nan_to_num(x: Array, nan=0.0, posinf=None, neginf=None) -> Array:
    """y = x with nan and the infinities replaced; gradient 0 there.

    Args:
        nan: what takes the place of nan.
        posinf, neginf: what takes the place of inf and -inf; None for the largest and the smallest finite number.
    """
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


nan_to_num.vjp(dx=lambda dy, x: masked_fill(dy, logical_not(isfinite(x)), 0.0))
