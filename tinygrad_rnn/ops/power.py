"""Powers, roots, exponentials and logarithms, elementwise."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.op import Array, primitive
from ..autograd.promotion import BOOL, I64
from ..kernels.quiet import quiet
from .comparison import eq, ge
from .floating import floating, refuse_bool

LN2, LN10 = math.log(2.0), math.log(10.0)


@primitive(scalar=math.pow)
@quiet
def pow(x: Array, exponent: Array) -> Array:
    """Elementwise power, y = x**exponent; x**0 = 1 everywhere, with gradient 0.

    Of 0**p the gradient for p >= 0 is 0; for x it is inf below p = 1.

    Raises:
        RuntimeError: an integer to a negative integer power.
    """
    if exponent.__class__ is not float and exponent.dtype is BOOL:
        refuse_bool(x)
    return x**exponent


def _slope(x: Array, exponent: Array) -> Array:
    """exponent * x**(exponent - 1), but 0 for 0**0, where that is 0 * inf."""
    zero = exponent == 0.0
    if zero is True or (zero is not False and zero.any()):
        x = x + eq(x, 0.0) * zero
    return exponent * x ** (exponent - 1.0)


pow.vjp(
    dx=lambda dy, x, exponent: dy * _slope(x, exponent),
    dexponent=lambda dy, x, exponent, y: dy * y * log(x + eq(x, 0.0) * ge(exponent, 0.0)),  # 0 log 0 = 0
)


@primitive(scalar=lambda x: x * x)
def square(x: Array) -> Array:
    """Elementwise square, y = x**2."""
    return np.square(x if x.dtype is not BOOL else x.astype(I64))


square.vjp(dx=lambda dy, x: dy * (2.0 * x))


@primitive(scalar=math.sqrt)
@floating
def sqrt(x: Array) -> Array:
    """Elementwise square root; nan for negative x, gradient inf at 0."""
    return np.sqrt(x)


sqrt.vjp(dx=lambda dy, y: dy / (2.0 * y))


@primitive(scalar=lambda x: 1.0 / math.sqrt(x))
@floating
def rsqrt(x: Array) -> Array:
    """Elementwise reciprocal of the square root, y = x**-0.5; gradient -inf at 0."""
    return 1.0 / np.sqrt(x)


rsqrt.vjp(dx=lambda dy, y: dy * (-0.5 * y * y * y))


@primitive(scalar=lambda x: 1.0 / x)
@floating
def reciprocal(x: Array) -> Array:
    """Elementwise reciprocal, y = 1 / x; gradient -inf at 0."""
    return np.reciprocal(x)


reciprocal.vjp(dx=lambda dy, y: -dy * y * y)


@primitive(scalar=math.exp)
@floating
def exp(x: Array) -> Array:
    """Elementwise exponential, y = e**x."""
    return np.exp(x)


exp.vjp(dx=lambda dy, y: dy * y)


@primitive(scalar=lambda x: 2.0**x)
@floating
def exp2(x: Array) -> Array:
    """Elementwise y = 2**x."""
    return np.exp2(x)


exp2.vjp(dx=lambda dy, y: dy * (LN2 * y))


@primitive(scalar=math.expm1)
@floating
def expm1(x: Array) -> Array:
    """Elementwise y = e**x - 1, exact for small x."""
    return np.expm1(x)


expm1.vjp(dx=lambda dy, y: dy * (y + 1.0))


@primitive(scalar=math.log)
@floating
def log(x: Array) -> Array:
    """Elementwise natural logarithm; -inf at 0, nan for negative x; gradient inf at 0."""
    return np.log(x)


log.vjp(dx=lambda dy, x: dy / x)


@primitive(scalar=math.log2)
@floating
def log2(x: Array) -> Array:
    """Elementwise logarithm to base 2; gradient inf at 0."""
    return np.log2(x)


log2.vjp(dx=lambda dy, x: dy / (LN2 * x))


@primitive(scalar=math.log10)
@floating
def log10(x: Array) -> Array:
    """Elementwise logarithm to base 10; gradient inf at 0."""
    return np.log10(x)


log10.vjp(dx=lambda dy, x: dy / (LN10 * x))


@primitive(scalar=math.log1p)
@floating
def log1p(x: Array) -> Array:
    """Elementwise y = log(1 + x), exact for small x; gradient inf at -1."""
    return np.log1p(x)


log1p.vjp(dx=lambda dy, x: dy / (1.0 + x))
