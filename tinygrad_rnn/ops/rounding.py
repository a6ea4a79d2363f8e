"""Rounding, and what division leaves over. Rounding is flat: its gradient is 0."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.op import Array, primitive
from .quiet import quiet
from .selection import nothing


@primitive(scalar=lambda x: float(math.floor(x)))
def floor(x: Array) -> Array:
    """Elementwise the largest integer not above x."""
    return np.floor(x)


floor.vjp(dx=nothing)


@primitive(scalar=lambda x: float(math.ceil(x)))
def ceil(x: Array) -> Array:
    """Elementwise the smallest integer not below x."""
    return np.ceil(x)


ceil.vjp(dx=nothing)


@primitive(scalar=lambda x: float(math.trunc(x)))
def trunc(x: Array) -> Array:
    """Elementwise the integer part of x, towards 0."""
    return np.trunc(x)


trunc.vjp(dx=nothing)


@primitive
def round(x: Array, *, decimals: int = 0) -> Array:
    """Elementwise the nearest number of that many decimals, the even one of two as near."""
    return np.round(x, decimals)


round.vjp(dx=nothing)


@primitive
@quiet
def fmod(a: Array, b: Array) -> Array:
    """Elementwise y = a - b * trunc(a / b): the remainder with the sign of a."""
    _refuse_zero(b)
    return np.fmod(a, b)


fmod.vjp(da=lambda dy: dy, db=lambda dy, a, b: -dy * trunc(a / b))


@primitive
@quiet
def remainder(a: Array, b: Array) -> Array:
    """Elementwise y = a - b * floor(a / b): the remainder with the sign of b, as Python's %."""
    _refuse_zero(b)
    return np.remainder(a, b)


remainder.vjp(da=lambda dy: dy, db=lambda dy, a, b: -dy * floor(a / b))


@primitive
@quiet
def floor_divide(a: Array, b: Array) -> Array:
    """Elementwise y = floor(a / b), as Python's //; gradient 0."""
    _refuse_zero(b)
    return np.floor_divide(a, b)


floor_divide.vjp(da=nothing, db=nothing)


def _refuse_zero(b) -> None:
    """Integers have no inf or nan to answer with."""
    if b.__class__ is not float and b.dtype.kind != "f" and not np.all(b):
        raise RuntimeError("ZeroDivisionError: division of integers by zero")
