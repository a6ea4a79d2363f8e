"""Sigmoid, tanh and relu of one number, float32 or float64, for use inside kernels.

Both squashing functions rest on exp(y) for y <= 0. With y = n ln 2 + r, n an integer and |r| <= ln(2) / 2,

    exp(y) = 2**n * (1 + m)    m = expm1(r) = r + r**2 / 2! + r**3 / 3! + ...

There is no branch, table or library call, so that a loop over units compiles to vector instructions. Keeping
m apart from the 1 saves tanh from cancellation near zero. The error is at most 4 ulp, even of subnormals.

Source: W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980, chapter 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .jit import part

LN2_HIGH = 22713 / 32768  # 15 bits, so that n * LN2_HIGH is exact
LN2_LOW = 1.42860682030941723212e-6  # ln(2) - LN2_HIGH
LIFT = 64  # exponents are built this much too large: 2**n may be subnormal, its lifted self never is


@part
def power_of_two_32(shifted):
    """2**(n + LIFT) from a float32 whose lowest bits hold n + LIFT + 127: they become the exponent."""
    return np.int32(np.float32(shifted).view(np.int32) << 23).view(np.float32)


@part
def power_of_two_64(shifted):
    """2**(n + LIFT) from a float64 whose lowest bits hold n + LIFT + 1023: they become the exponent."""
    return np.int64(np.float64(shifted).view(np.int64) << 52).view(np.float64)


def exponential_for(real: type, power_of_two: Callable, least: float, terms: int) -> Callable:
    """The function y -> (m, 2**n) for one dtype, with exp(y) = 2**n * (1 + m) and y <= 0.

    At and below `least` exp(y) rounds to 0. The series' remainder after `terms` is below the rounding error.
    """
    precision = np.finfo(real)
    bias = 1 - precision.minexp
    # Adding 1.5 * 2**nmant leaves no room for a fraction: the sum's lowest bits are the rounded integer.
    round_and_shift = real(1.5 * 2.0**precision.nmant + bias + LIFT)
    lowest, log2_e, ln2_high, ln2_low = real(least), real(1 / math.log(2)), real(LN2_HIGH), real(LN2_LOW)
    unlift = real(2.0**-LIFT)
    coefficients = tuple(real(1 / math.factorial(k)) for k in range(terms, 1, -1))

    def exponential(y):
        y = lowest if y < lowest else y
        shifted = y * log2_e + round_and_shift
        n = shifted - round_and_shift
        r = y - n * ln2_high - n * ln2_low
        series = coefficients[0]
        for k in range(1, len(coefficients)):
            series = series * r + coefficients[k]
        return series * r * r + r, power_of_two(shifted) * unlift

    return part(exponential)


exponential_32 = exponential_for(np.float32, power_of_two_32, least=-104.0, terms=7)
exponential_64 = exponential_for(np.float64, power_of_two_64, least=-746.0, terms=13)


@part
def exponential(y):
    """(m, 2**n) with exp(y) = 2**n * (1 + m), y <= 0; the compiler keeps the branch that fits the type."""
    if isinstance(y, np.float32):
        return exponential_32(y)
    else:
        return exponential_64(y)


@part
def sigmoid(x):
    """y = 1 / (1 + exp(-x)), written with exp(-|x|) so that neither side overflows."""
    one = type(x)(1)
    m, power = exponential(-abs(x))
    decay = m * power + power
    return (one if x >= 0 else decay) / (one + decay)


@part
def tanh(x):
    """y = -e / (2 + e), with e = expm1(-2|x|), and the sign of x; tanh(-0) is -0."""
    one = type(x)(1)
    m, power = exponential(-abs(x) - abs(x))
    e = m * power + (power - one)
    return np.copysign(e / (one + one + e), x)


@part
def relu(x):
    """y = max(x, 0); nan stays nan."""
    return type(x)(0) if x < 0 else x
