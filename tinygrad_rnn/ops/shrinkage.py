"""Activations of which few have heard: shrinkage towards 0, thresholds, continuous ELU, random slopes."""

from __future__ import annotations

import numpy as np

from ..autograd.graph import Tensor
from ..autograd.op import Array
from ..random import Generator, source
from .activation import leaky_relu, tanh
from .floating import refuse_bool, refuse_integers
from .power import expm1
from .selection import abs, clamp, where


def threshold(input, threshold: float, value: float) -> Array:
    """Elementwise y = x where x > threshold, else value; gradient 0 at the threshold."""
    refuse_bool(input)
    return where(input <= threshold, value, input)


def hardshrink(input, lambd: float = 0.5) -> Array:
    """Elementwise y = x where |x| > lambd, else 0; gradient 0 at both ends."""
    refuse_integers(input)
    return where(abs(input) <= lambd, 0.0, input)


def softshrink(input, lambd: float = 0.5) -> Array:
    """Elementwise y = x - lambd where x > lambd, x + lambd where x < -lambd, else 0; gradient 0 at both ends."""
    refuse_integers(input)
    if not lambd >= 0:
        raise RuntimeError(f"softshrink: lambda must be at least 0, but found {lambd}")
    return input - clamp(input, -lambd, lambd)


def tanhshrink(input) -> Array:
    """Elementwise y = x - tanh(x)."""
    return input - tanh(input)


def celu(input, alpha: float = 1.0) -> Array:
    """Elementwise y = x where x > 0, else alpha * (e**(x / alpha) - 1).

    Source: Barron 2017.
    """
    refuse_integers(input)
    if alpha == 0:
        raise RuntimeError("celu: alpha cannot be 0")
    below = where(input > 0, 0.0, input)  # the exponential of others could be inf
    return where(input > 0, input, alpha * expm1(below / alpha))


def rrelu(
    input, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, *, generator: Generator | None = None
) -> Array:
    """Elementwise y = x where x > 0, else a slope times x: while training drawn from U(lower, upper), else the mean.

    Raises:
        RuntimeError: lower is above upper.

    Source: Xu et al. 2015; `torch.nn.functional.rrelu`.
    """
    if lower > upper:
        raise RuntimeError(f"rrelu: lower bound should be at most the upper bound, got {lower} and {upper}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2)
    refuse_integers(input)
    slopes = Tensor(np.asarray(source(generator).uniform(lower, upper, input.shape)).astype(input.dtype))
    return where(input > 0, input, input * slopes)
