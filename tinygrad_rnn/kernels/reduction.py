"""Sums and maxima along vectors, for use inside kernels.

A sum of floats depends on its order, so a compiler adds them one after another; `plus` lets it choose the order,
the same at every call: the lanes of a vector then sum up side by side. A maximum of floats depends on it where
there is nan, so `maximum` compares integers.
"""

from __future__ import annotations

import operator

import numpy as np
from numba.extending import intrinsic

from .jit import COMPILED, part


@intrinsic
def plus_compiled(typing_context, a, b):
    """a + b as a step of a sum in any order."""

    def codegen(context, builder, signature, arguments):
        return builder.fadd(*arguments, flags=("reassoc",))

    return a(a, b), codegen


plus = plus_compiled if COMPILED else operator.add


def bits_of(x: np.ndarray) -> np.ndarray:
    """The numbers of x as integers of the same bits."""
    return x.view(np.int32 if x.dtype == np.float32 else np.int64)


@part
def maximum(bits, greatest):
    """The bits of the largest of a vector of floats, given by their bits; nan counts as beyond infinity.

    Integers of a sign and a magnitude are put in order by turning the magnitude of the negative ones over;
    `greatest` is the largest integer, of which all bits but the sign are set.
    """
    integer = bits.dtype.type
    largest = integer(-greatest)
    for j in range(bits.size):
        number = integer(bits[j] if bits[j] >= 0 else bits[j] ^ greatest)
        largest = number if number > largest else largest
    return integer(largest if largest >= 0 else largest ^ greatest)
