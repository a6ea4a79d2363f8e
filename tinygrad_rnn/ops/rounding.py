"""Rounding, and what division leaves over. Rounding is flat: its gradient is 0."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.op import Array, primitive
from ..autograd.promotion import BOOL
from ..kernels.quiet import quiet
from .arithmetic import div
from .floating import refuse_bool, refuse_integers
from .selection import nothing


@primitive(scalar=lambda x: float(math.floor(x)))
def floor(x: Array) -> Array:
    """Elementwise the largest integer not above x; gradient 0."""
    refuse_bool(x)
    return np.floor(x)


floor.vjp(dx=nothing)


@primitive(scalar=lambda x: float(math.ceil(x)))
def ceil(x: Array) -> Array:
    """Elementwise the smallest integer not below x; gradient 0."""
    refuse_bool(x)
    return np.ceil(x)


ceil.vjp(dx=nothing)


@primitive(scalar=lambda x: float(math.trunc(x)))
def trunc(x: Array) -> Array:
    """Elementwise the integer part of x, towards 0; gradient 0."""
    refuse_bool(x)
    return np.trunc(x)


trunc.vjp(dx=nothing)


@primitive
def round(x: Array, *, decimals: int = 0) -> Array:
    """Elementwise the nearest number of that many decimals, the even one of two as near; gradient 0."""
    refuse_bool(x)
    if decimals:
        refuse_integers(x)
    return np.round(x, decimals)


round.vjp(dx=nothing)


@primitive
@quiet
def fmod(a: Array, b: Array) -> Array:
    """Elementwise y = a - b * trunc(a / b): the remainder with the sign of a; the gradient does not see its jumps."""
    _check(a, b)
    return np.fmod(a, b)


fmod.vjp(da=lambda dy: dy, db=lambda dy, a, b: -dy * trunc(a / b))


@primitive
@quiet
def remainder(a: Array, b: Array) -> Array:
    """Elementwise y = a - b * floor(a / b): the remainder with the sign of b, as Python's %.

    The gradient does not see its jumps.
    """
    _check(a, b)
    return np.remainder(a, b)


remainder.vjp(da=lambda dy: dy, db=lambda dy, a, b: -dy * floor_divide(a, b))


@primitive
@quiet
def floor_divide(a: Array, b: Array) -> Array:
    """Elementwise y = floor(a / b), as Python's //; gradient 0."""
    _check(a, b)
    return np.floor_divide(a, b)


floor_divide.vjp(da=nothing, db=nothing)


def div_rounded(input, other, *, rounding_mode: str | None = None):
    """y = input / other, the quotient as it is, or rounded down ("floor") or towards 0 ("trunc").

    Raises:
        RuntimeError: another `rounding_mode`; integers rounded, and divided by 0.

    Source: `torch.div`; rounded, integers stay integers, and the gradient is 0.
    """
    if rounding_mode is None:
        return div(input, other)
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode != "trunc":
        raise RuntimeError(f"div: expected a rounding_mode of None, 'trunc' or 'floor', got {rounding_mode!r}")
    quotient = floor_divide(input - fmod(input, other), other)
    return quotient if quotient.dtype.kind != "f" else trunc(div(input, other))


def _check(dividend, divisor) -> None:
    """Bools are no numbers, and integers have no inf or nan to answer with."""
    if divisor.__class__ is not float and divisor.dtype.kind != "f":
        if divisor.dtype is BOOL:
            refuse_bool(dividend)
        if not np.all(divisor):
            raise RuntimeError("ZeroDivisionError: division of integers by zero")
