"""Activation functions, elementwise."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.op import Array, primitive
from ..autograd.promotion import BOOL
from ..kernels.quiet import quiet
from .floating import as_float, floating, refuse_bool, refuse_integers
from .power import exp
from .selection import abs, masked_fill, where
from .shape import chunk, reshape


@primitive(scalar=math.tanh)
def tanh(x: Array) -> Array:
    """Elementwise hyperbolic tangent, y = (e**x - e**-x) / (e**x + e**-x)."""
    return np.tanh(as_float(x, "tanh"))


tanh.vjp(dx=lambda dy, y: dy * (1.0 - y * y))


def _sigmoid_number(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


@primitive(scalar=_sigmoid_number)
@floating
def sigmoid(x: Array) -> Array:
    """Elementwise logistic function, y = 1 / (1 + e**-x)."""
    return 1.0 / (1.0 + np.exp(-x))  # e**-x may overflow: 1 / inf is the right limit


sigmoid.vjp(dx=lambda dy, y: dy * (y * (1.0 - y)))


def _softplus_number(x: float, beta=1.0, threshold=20.0) -> float:
    return x if x * beta > threshold else math.log1p(math.exp(x * beta)) / beta


@primitive(scalar=_softplus_number)
@quiet
def softplus(x: Array, beta=1.0, threshold=20.0) -> Array:
    """Elementwise y = log(1 + e**(beta * x)) / beta, a smooth relu; x itself where beta * x > threshold.

    At the threshold the gradient is that of the smooth part.
    """
    refuse_integers(x)
    return np.where(x * beta > threshold, x, np.log1p(np.exp(x * beta)) / beta)


softplus.vjp(
    dx=lambda dy, x, beta, threshold: where(x * beta > threshold, dy, dy * sigmoid(x * beta)),
)


@primitive(scalar=lambda x: 0.0 if x <= 0.0 else x)
def relu(x: Array) -> Array:
    """Elementwise y = max(x, 0), keeping nan; gradient 0 at 0."""
    if x.dtype is BOOL:
        refuse_bool(x)
    return np.maximum(x, 0)


relu.vjp(dx=lambda dy, y: masked_fill(dy, y <= 0.0, 0.0))


@primitive(scalar=lambda x, negative_slope=0.01: x if x > 0.0 else x * negative_slope)
def leaky_relu(x: Array, negative_slope=0.01) -> Array:
    """Elementwise y = x for x > 0, else negative_slope * x; gradient negative_slope at 0."""
    refuse_integers(x)
    return np.where(x > 0, x, x * negative_slope)


leaky_relu.vjp(dx=lambda dy, x, negative_slope: where(x > 0.0, dy, dy * negative_slope))


@primitive(scalar=lambda x, alpha=1.0: x if x > 0.0 else alpha * math.expm1(x))
@quiet
def elu(x: Array, alpha=1.0) -> Array:
    """Elementwise y = x for x > 0, else alpha * (e**x - 1); gradient alpha at 0."""
    refuse_integers(x)
    return np.where(x > 0, x, alpha * np.expm1(x))


# The exponential is taken of non-positive numbers only: of others, at second order, 0 * inf would come.
elu.vjp(dx=lambda dy, x, alpha: where(x > 0.0, dy, dy * (alpha * exp(where(x > 0.0, 0.0, x)))))


@primitive(scalar=lambda x, min_val=-1.0, max_val=1.0: min(max(x, min_val), max_val))
def hardtanh(x: Array, min_val=-1.0, max_val=1.0) -> Array:
    """Elementwise y = x, but min_val below that and max_val above; gradient 0 at both."""
    return np.clip(x, min_val, max_val).astype(x.dtype, copy=False)


hardtanh.vjp(
    dx=lambda dy, x, min_val, max_val: masked_fill(masked_fill(dy, x <= min_val, 0.0), x >= max_val, 0.0),
)


@primitive(scalar=math.erf)
def erf(x: Array) -> Array:
    """Elementwise error function, y = 2 / sqrt(pi) * integral of e**(-t**2) from 0 to x."""
    x = as_float(x, "erf")  # NumPy has none; C's, at 0.1 us an element, is right to the last bit
    return np.fromiter(map(math.erf, x.ravel().tolist()), x.dtype, x.size).reshape(x.shape)


erf.vjp(dx=lambda dy, x: dy * ((2.0 / math.sqrt(math.pi)) * exp(-x * x)))


# --- made of the above ------------------------------------------------------------------------------------


def gelu(x: Array, approximate: str = "none") -> Array:
    """Elementwise y = x * Phi(x), Phi the normal distribution function.

    Args:
        approximate: "none" for the exact form, "tanh" for y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x**3))).

    Source: Hendrycks & Gimpel 2016.
    """
    refuse_integers(x)
    if approximate == "tanh":
        return x * sigmoid(math.sqrt(8.0 / math.pi) * (x + 0.044715 * (x * x * x)))  # (1 + tanh(u)) / 2, stable
    if approximate != "none":
        raise RuntimeError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
    return 0.5 * x * (1.0 + erf(math.sqrt(0.5) * x))


def silu(x: Array) -> Array:
    """Elementwise y = x * sigmoid(x)."""
    refuse_integers(x)
    return x * sigmoid(x)


def logsigmoid(x: Array) -> Array:
    """Elementwise y = log(sigmoid(x)), without overflow."""
    refuse_integers(x)
    return -softplus(-x, 1.0, 40.0)  # e**-40 is below the last bit of a float64


def relu6(x: Array) -> Array:
    """Elementwise y = min(max(x, 0), 6); gradient 0 at both."""
    return hardtanh(x, 0.0, 6.0)


def hardsigmoid(x: Array) -> Array:
    """Elementwise y = x / 6 + 1/2, but at least 0 and at most 1; gradient 0 at x = -3 and 3."""
    refuse_integers(x)
    return relu6(x + 3.0) / 6.0


def hardswish(x: Array) -> Array:
    """Elementwise y = x * hardsigmoid(x); gradient 0 at -3, 1 at 3."""
    refuse_integers(x)
    return x * hardsigmoid(x)


def selu(x: Array) -> Array:
    """Elementwise y = scale * elu(x, alpha), whose constants keep mean 0 and variance 1 from layer to layer.

    Source: Klambauer et al. 2017.
    """
    refuse_integers(x)
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


def mish(x: Array) -> Array:
    """Elementwise y = x * tanh(log(1 + e**x))."""
    refuse_integers(x)
    return x * tanh(softplus(x))


def softsign(x: Array) -> Array:
    """Elementwise y = x / (1 + |x|)."""
    return x / (1 + abs(x))


def prelu(input, weight) -> Array:
    """Elementwise y = x where x > 0, else weight * x; gradient weight at 0.

    Args:
        weight: (1,) or a number, or (C,) for x (N, C, ...).

    Raises:
        RuntimeError: the weight is of another shape.
    """
    channels = 1 if input.ndim < 2 else input.shape[1]
    if weight.ndim > 1 or (weight.ndim and weight.shape[0] not in (1, channels)):
        raise RuntimeError(f"prelu: expected weight of shape (1,) or ({channels},), got {tuple(weight.shape)}")
    weight = reshape(weight, (-1, *[1] * (input.ndim - 2)) if input.ndim else ())
    return where(input > 0, input, weight * input)


def glu(input, dim: int = -1) -> Array:
    """y = a * sigmoid(b), a and b the halves of x along `dim`.

    Raises:
        RuntimeError: the length is odd.

    Source: Dauphin et al. 2017.
    """
    if not input.ndim:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    refuse_integers(input)
    if (n := input.shape[dim]) % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {n}")
    a, b = chunk(input, 2, dim)
    return a * sigmoid(b)
