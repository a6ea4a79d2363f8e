"""Trigonometric and hyperbolic functions, elementwise, in radians (tanh lives with the activations)."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.op import Array, primitive
from .comparison import eq
from .floating import floating
from .power import sqrt


@primitive(scalar=math.sin)
@floating
def sin(x: Array) -> Array:
    """Elementwise sine."""
    return np.sin(x)


sin.vjp(dx=lambda dy, x: dy * cos(x))


@primitive(scalar=math.cos)
@floating
def cos(x: Array) -> Array:
    """Elementwise cosine."""
    return np.cos(x)


cos.vjp(dx=lambda dy, x: -dy * sin(x))


@primitive(scalar=math.tan)
@floating
def tan(x: Array) -> Array:
    """Elementwise tangent."""
    return np.tan(x)


tan.vjp(dx=lambda dy, y: dy * (1.0 + y * y))


@primitive(scalar=math.asin)
@floating
def asin(x: Array) -> Array:
    """Elementwise inverse sine; nan outside [-1, 1], gradient inf at both ends."""
    return np.arcsin(x)


asin.vjp(dx=lambda dy, x: dy / sqrt(1.0 - x * x))


@primitive(scalar=math.acos)
@floating
def acos(x: Array) -> Array:
    """Elementwise inverse cosine; nan outside [-1, 1], gradient -inf at both ends."""
    return np.arccos(x)


acos.vjp(dx=lambda dy, x: -dy / sqrt(1.0 - x * x))


@primitive(scalar=math.atan)
@floating
def atan(x: Array) -> Array:
    """Elementwise inverse tangent."""
    return np.arctan(x)


atan.vjp(dx=lambda dy, x: dy / (1.0 + x * x))


@primitive(scalar=math.atan2)
@floating
def atan2(a: Array, b: Array) -> Array:
    """Elementwise angle of the point (b, a), in its quadrant: y = atan(a / b); gradient 0 at (0, 0)."""
    return np.arctan2(a, b)


def _square_of_distance(a: Array, b: Array) -> Array:
    """a**2 + b**2, but 1 at the origin, where the gradient is 0."""
    square = a * a + b * b
    return square + eq(square, 0.0)


atan2.vjp(
    da=lambda dy, a, b: dy * (b / _square_of_distance(a, b)),
    db=lambda dy, a, b: -dy * (a / _square_of_distance(a, b)),
)


@primitive(scalar=math.sinh)
@floating
def sinh(x: Array) -> Array:
    """Elementwise hyperbolic sine."""
    return np.sinh(x)


sinh.vjp(dx=lambda dy, x: dy * cosh(x))


@primitive(scalar=math.cosh)
@floating
def cosh(x: Array) -> Array:
    """Elementwise hyperbolic cosine."""
    return np.cosh(x)


cosh.vjp(dx=lambda dy, x: dy * sinh(x))
