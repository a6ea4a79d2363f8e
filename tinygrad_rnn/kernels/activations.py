"""Sigmoid, tanh and relu of a number or of a vector of them, float32 or float64, for use inside kernels.

Both squashing functions rest on exp(y). With y = n ln 2 + r, n an integer and |r| <= ln(2) / 2,

    exp(y) = 2**n * (1 + m)    m = expm1(r) = r + r**2 / 2! + r**3 / 3! + ...

There is no branch, table or library call: each step is one instruction for a whole vector. Keeping m apart from
the 1 saves tanh from cancellation near zero. The error is at most 4 ulp, even of subnormals.

Source: W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980, chapter 6.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from .jit import COMPILED, inlined, part
from .simd import like, power_of_two, select, with_sign_of

LN2_HIGH = 22713 / 32768  # 15 bits, so that n * LN2_HIGH is exact
LN2_LOW = 1.42860682030941723212e-6  # ln(2) - LN2_HIGH
LIFT = 64  # where 2**n may be subnormal or infinite, 2**(n + LIFT) or 2**(n - LIFT) is neither
FLAT = 20.0  # from here on tanh rounds to 1; sigmoid does at twice as much


def exponential_for(real: type, terms: int, lift: int) -> Callable:
    """The function y -> (m, 2**(n + lift)) for one dtype, with exp(y) = 2**n * (1 + m).

    The series' remainder after `terms`, an odd number, is below the rounding error.
    """
    precision = np.finfo(real)
    bias = 1 - precision.minexp
    # Adding 1.5 * 2**nmant leaves no room for a fraction: the sum's lowest bits are the rounded integer.
    round_and_shift = real(1.5 * 2.0**precision.nmant + bias + lift)
    log2_e, ln2_high, ln2_low = real(1 / math.log(2)), real(LN2_HIGH), real(LN2_LOW)
    coefficients = tuple(real(1 / math.factorial(k)) for k in range(terms, 1, -1))

    def exponential(y):
        shifted = y * log2_e + round_and_shift
        n = shifted - round_and_shift
        r = y - n * ln2_high - n * ln2_low
        square = r * r  # odd and even terms side by side: two short chains take half the time of a long one
        odd, even = like(r, coefficients[0]), like(r, coefficients[1])
        for k in range(2, len(coefficients), 2):
            odd, even = odd * square + coefficients[k], even * square + coefficients[k + 1]
        return (odd * r + even) * square + r, power_of_two(shifted)

    return part(exponential)


def functions_for(real: type, terms: int, least: float) -> tuple[Callable, Callable, Callable]:
    """exponential, sigmoid and tanh, see below, for one dtype; at and below `least` exp(y) rounds to 0."""
    lifted, plain, lowered = (exponential_for(real, terms, lift) for lift in (LIFT, 0, -LIFT))
    lowest, flat, flat_twice, unlift = real(least), real(FLAT), real(2 * FLAT), real(2.0**-LIFT)
    one, two = real(1), real(2)

    def exponential(y):
        m, power = lifted(select(y < lowest, lowest, y))
        return m, power * unlift

    def sigmoid(x):
        x = select(x < lowest, lowest, x)
        m, power = lowered(-select(x > flat_twice, flat_twice, x))
        return unlift / (unlift + (m * power + power))

    def tanh(x):
        y = select(x < -flat, -flat, x)
        y = select(y > flat, flat, y)
        m, power = plain(y + y)
        e = m * power + (power - one)
        return with_sign_of(e / (two + e), x)

    return part(exponential), part(sigmoid), part(tanh)


FUNCTIONS = {32: functions_for(np.float32, 7, -104.0), 64: functions_for(np.float64, 13, -746.0)}


def by_type(number: int) -> Callable[[Callable], Callable]:
    """Decorate what stands for the functions of this number in FUNCTIONS: the type of x chooses."""

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def chosen(x):
            return FUNCTIONS[8 * x.dtype.itemsize][number](x)

        if COMPILED:
            inlined(chosen, lambda kinds: FUNCTIONS[getattr(kinds[0], "number", kinds[0]).bitwidth][number])
        return chosen

    return decorate


@by_type(0)
def exponential(y):
    """(m, 2**n) with exp(y) = 2**n * (1 + m), y <= 0."""


@by_type(1)
def sigmoid(x):
    """y = 1 / (1 + exp(-x)), where 1 is written as 2**-LIFT, lest exp(-x) is too large."""


@by_type(2)
def tanh(x):
    """y = e / (2 + e), with e = expm1(2x), and the sign of x; tanh(-0) is -0."""


@part
def relu(x):
    """y = max(x, 0); nan stays nan."""
    zero = like(x, 0.0)
    return select(x < zero, zero, x)
