"""Generated samples of elementwise operations; the references compute in long double, where there is one."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tests.ops.sampling import Sample

from .drawing import Draw, family

LONG = np.longdouble


def long(function: Callable) -> Callable:
    """The function of float64 arrays, computed in long double; special values in silence."""

    def reference(*xs, **attrs):
        with np.errstate(all="ignore"):
            return np.asarray(function(*[x if x is None else np.asarray(x, LONG) for x in xs], **attrs), float)

    return reference


def erf(x):
    """2 / sqrt(pi) e**-x**2 (x + 2 x**3 / 3 + 4 x**5 / 15 + ...), all of one sign; 1 from 6 on."""
    near = np.where(np.abs(x) < 6, x, 0)
    term = total = near
    for n in range(1, 150):
        term = term * 2 * near * near / (2 * n + 1)
        total = total + term
    return np.where(np.abs(x) < 6, 2 / np.sqrt(np.arccos(LONG(-1))) * np.exp(-near * near) * total, np.sign(x))


def softplus(x, beta=1.0, threshold=20.0):
    return np.where(beta * x > threshold, x, np.logaddexp(0, beta * x) / beta)


def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    largest = np.finfo(float).max
    x = np.where(np.isnan(x), nan, x)
    x = np.where(x == np.inf, largest if posinf is None else posinf, x)
    return np.where(x == -np.inf, -largest if neginf is None else neginf, x)


def gelu(x):
    return x * (1 + erf(x / np.sqrt(LONG(2)))) / 2


UNARY = {  # the reference, the range for derivatives, what to keep off there
    "exp": (np.exp, -2, 2), "exp2": (np.exp2, -2, 2), "expm1": (np.expm1, -2, 2), "sin": (np.sin, -4, 4),
    "cos": (np.cos, -4, 4), "tan": (np.tan, -1, 1), "atan": (np.arctan, -3, 3), "sinh": (np.sinh, -2, 2),
    "cosh": (np.cosh, -2, 2), "tanh": (np.tanh, -3, 3), "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), -4, 4),
    "erf": (erf, -3, 3), "square": (lambda x: x * x, -2, 2), "neg": (lambda x: 0 - x, -2, 2),
    "abs": (lambda x: np.where(x < 0, -x, x), -2, 2, 0), "reciprocal": (lambda x: 1 / x, 0.4, 2),
    "log": (np.log, 0.4, 3), "log2": (np.log2, 0.4, 3), "log10": (np.log10, 0.4, 3), "log1p": (np.log1p, -0.5, 2),
    "sqrt": (np.sqrt, 0.4, 3), "rsqrt": (lambda x: 1 / np.sqrt(x), 0.4, 3), "asin": (np.arcsin, -0.6, 0.6),
    "acos": (np.arccos, -0.6, 0.6), "relu": (lambda x: np.where(x <= 0, 0, x), -2, 2, 0),
    "silu": (lambda x: x / (1 + np.exp(-x)), -4, 4), "gelu": (gelu, -3, 3),
    "softsign": (lambda x: x / (1 + np.abs(x)), -2, 2, 0),
    "logsigmoid": (lambda x: -np.logaddexp(0, -x), -4, 4), "mish": (lambda x: x * np.tanh(np.logaddexp(0, x)), -4, 4),
    "relu6": (lambda x: np.clip(x, 0, 6), -2, 8, 0, 6),
    "hardsigmoid": (lambda x: np.clip(x / 6 + 0.5, 0, 1), -5, 5, -3, 3),
    "hardswish": (lambda x: x * np.clip(x / 6 + 0.5, 0, 1), -5, 5, -3, 3),
    "tanhshrink": (lambda x: x - np.tanh(x), -3, 3),
}  # fmt: skip
AWAY_FROM_INFINITY = "silu gelu hardswish mish softsign tanhshrink"  # where PyTorch, too, multiplies inf by 0


@family(" ".join(UNARY))
def unary(d: Draw, name: str) -> Sample:
    function, low, high, *kinks = UNARY[name]
    if d.seldom():
        but = (np.inf, -np.inf) if name in AWAY_FROM_INFINITY else ()
        return Sample(name, d.special(d.shape(), but), {}, long(function), order=0, label="special")
    return Sample(name, d.uniform(d.shape(), low, high, kinks), {}, long(function))


ROUNDED = {"floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "round": np.rint, "sign": np.sign}


@family(" ".join(ROUNDED))
def rounded(d: Draw, name: str) -> Sample:
    if d.seldom():
        return Sample(name, d.special(d.shape(), nan=name != "sign"), {}, long(ROUNDED[name]), order=0, label="special")
    shape = d.shape()
    return Sample(name, d.integers(shape, 6, -6) / 2 + d.uniform(shape, 0.1, 0.4), {}, long(ROUNDED[name]))


def hardtanh(x, min_val, max_val):
    return np.where(x < min_val, min_val, np.where(x > max_val, max_val, x))


SHAPED = {  # elementwise functions with options: the reference, the options, the kinks these make
    "softplus": (softplus, ({"beta": 2.0, "threshold": 5.0}, {"beta": 0.5, "threshold": 20.0}), (2.5,)),
    "leaky_relu": (lambda x, negative_slope: np.where(x > 0, x, x * negative_slope),
                   ({"negative_slope": 0.2}, {"negative_slope": -0.5}), (0,)),
    "elu": (lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(x)), ({"alpha": 1.3}, {"alpha": 0.4}), (0,)),
    "celu": (lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(x / alpha)), ({"alpha": 1.3}, {"alpha": 0.4}), (0,)),
    "hardtanh": (hardtanh, ({"min_val": -1.0, "max_val": 1.0}, {"min_val": 0.5, "max_val": 1.5}), (-1, 1, 0.5, 1.5)),
    "threshold": (lambda x, threshold, value: np.where(x <= threshold, value, x),
                  ({"threshold": 0.5, "value": -1.0},), (0.5,)),
    "hardshrink": (lambda x, lambd: np.where(np.abs(x) <= lambd, 0, x),
                   ({"lambd": 0.5}, {"lambd": 0.0}), (0, -0.5, 0.5)),
    "softshrink": (lambda x, lambd: np.sign(x) * np.maximum(np.abs(x) - lambd, 0), ({"lambd": 0.5},), (-0.5, 0.5)),
    "nan_to_num": (nan_to_num, ({}, {"nan": 2.5}, {"posinf": 7.0, "neginf": -1.5}), ()),
}  # fmt: skip


@family(" ".join(SHAPED))
def shaped(d: Draw, name: str) -> Sample:
    function, options, kinks = SHAPED[name]
    attrs = d.one_of(*options)
    if d.seldom():
        but = (np.inf, -np.inf) if name in ("softshrink", "nan_to_num") else ()
        x = d.special(d.shape(), but, nan=name not in ("hardshrink", "threshold"))
        return Sample(name, x, attrs, long(function), order=0, label="special")
    return Sample(name, d.uniform(d.shape(), -3, 3, kinks), attrs, long(function))


# --- of two inputs and more, which broadcast ------------------------------------------------------------------------

BINARY = {  # the reference, the ranges of both inputs
    "add": (lambda a, b: a + b, (-2, 2), (-2, 2)), "sub": (lambda a, b: a - b, (-2, 2), (-2, 2)),
    "mul": (lambda a, b: a * b, (-2, 2), (-2, 2)), "div": (lambda a, b: a / b, (-2, 2), (0.4, 2)),
    "atan2": (np.arctan2, (0.4, 2), (-2, 2)), "pow": (np.power, (0.4, 2), (-2, 3)),
}  # fmt: skip


@family(" ".join(BINARY))
def binary(d: Draw, name: str) -> Sample:
    function, *ranges = BINARY[name]
    shapes = d.broadcasting(2)
    if d.seldom():
        but = (-0.0, -np.inf) if name == "pow" else ()  # NumPy's and PyTorch's x**0.5 are sqrt(x), C's is not
        xs = tuple([d.special(shape, but) for shape in shapes])
        return Sample(name, xs, {}, long(function), order=0, label="special")
    a, b = [d.uniform(shape, *ends) for shape, ends in zip(shapes, ranges, strict=True)]
    if name == "div" and d.flag():
        b = -b
    if name == "pow" and d.flag():  # of negative numbers integer powers
        return Sample(name, (d.uniform(shapes[0], -2, 2, (0,)), d.integers(shapes[1], 5)), {}, long(function))
    return Sample(name, (a, b), {}, long(function))


EXTREME = {
    "maximum": lambda a, b: np.where((a < b) | (b != b), b, a),
    "minimum": lambda a, b: np.where((a < b) | (a != a), a, b),
}


@family(" ".join(EXTREME))
def extreme(d: Draw, name: str) -> Sample:
    shapes = d.broadcasting(2)
    if d.seldom():
        return Sample(name, tuple(map(d.special, shapes)), {}, long(EXTREME[name]), order=0, label="special")
    return Sample(name, tuple(d.distinct(*shapes)), {}, long(EXTREME[name]))


@family("fmod remainder floor_divide")
def divided(d: Draw, name: str) -> Sample:
    """a / b off the integers, where the quotient jumps: so a has the shape of the result."""
    shape, small = d.broadcasting(2, whole=0)
    if np.broadcast_shapes(shape, small) != shape:
        small = ()
    b = d.uniform(small, 0.6, 2) * d.one_of(1, -1)
    a = (d.integers(shape, 4, -4) + d.uniform(shape, 0.2, 0.8)) * b
    downwards = lambda a, b: np.floor(a / b)
    towards_0 = lambda a, b: np.trunc(a / b)
    reference = {
        "fmod": lambda a, b: a - b * towards_0(a, b),
        "remainder": lambda a, b: a - b * downwards(a, b),
        "floor_divide": downwards,
    }
    return Sample(name, (a, b), {}, long(reference[name]))


@family("where")
def where(d: Draw, name: str) -> Sample:
    condition, a, b = d.broadcasting(3)
    reference = lambda condition, a, b: condition * a + ~condition * b
    return Sample(name, (d.mask(condition), d.uniform(a), d.uniform(b)), {}, reference)


@family("masked_fill")
def masked_fill(d: Draw, name: str) -> Sample:
    x, mask = d.broadcasting(2)
    reference = lambda x, mask, value: x * ~mask + value * mask
    return Sample(name, (d.uniform(x), d.mask(mask)), {"value": d.one_of(0.0, -7.0)}, reference)


@family("clamp")
def clamp(d: Draw, name: str) -> Sample:
    shapes = d.broadcasting(3)
    x, low, high = map(d.ties, shapes) if (tied := d.seldom()) else d.distinct(*shapes)
    given = d.number(0, 2)
    inputs = x, None if given == 1 else low, None if given == 2 else high

    def reference(x, low, high):
        x = x if low is None else np.where(x < low, low, x)
        return x if high is None else np.where(x > high, high, x)

    return Sample(name, inputs, {}, reference, order=0 if tied else 2)


# --- answers --------------------------------------------------------------------------------------------------------

COMPARED: dict[str, Callable] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b, "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b, "logical_and": lambda a, b: bool(a) and bool(b),
    "logical_or": lambda a, b: bool(a) or bool(b), "logical_xor": lambda a, b: bool(a) != bool(b),
    "logical_not": lambda a: not a, "isnan": lambda a: a != a, "isinf": lambda a: a in (math.inf, -math.inf),
    "isfinite": lambda a: a - a == 0,
}  # fmt: skip


def by_number(function: Callable, kind: type = bool) -> Callable:
    """Python's answer about each number."""

    def reference(*xs, **attrs):
        with np.errstate(invalid="ignore"):
            return np.vectorize(lambda *numbers: function(*numbers, **attrs), otypes=[kind])(*xs)

    return reference


@family(" ".join(COMPARED))
def compared(d: Draw, name: str) -> Sample:
    draw = d.special if d.flag() else d.ties
    shapes = d.broadcasting(COMPARED[name].__code__.co_argcount)
    return Sample(name, tuple(map(draw, shapes)), {}, by_number(COMPARED[name]), order=0, float32=None)


@family("isclose")
def isclose(d: Draw, name: str) -> Sample:
    a, b = map(d.special, d.broadcasting(2))
    near = b * (1 + d.one_of(0, 1e-6, 1e-4))
    attrs = {"rtol": d.one_of(1e-5, 1e-3), "atol": d.one_of(0.0, 1e-8), "equal_nan": d.flag()}

    def reference(a, b, rtol, atol, equal_nan):
        if a != a or b != b:
            return equal_nan and a != a and b != b
        return a == b or (math.isfinite(a) and math.isfinite(b) and abs(a - b) <= atol + rtol * abs(b))

    return Sample(name, (a, near), attrs, by_number(reference), order=0, float32=None)


BITWISE = {
    "bitwise_and": lambda a, b: a & b, "bitwise_or": lambda a, b: a | b, "bitwise_xor": lambda a, b: a ^ b,
    "bitwise_not": lambda a: -a - 1,
}  # fmt: skip


@family(" ".join(BITWISE))
def bitwise(d: Draw, name: str) -> Sample:
    shapes = d.broadcasting(BITWISE[name].__code__.co_argcount)
    if d.flag():
        reference = by_number((lambda a: not a) if name == "bitwise_not" else BITWISE[name])
        return Sample(name, tuple(map(d.mask, shapes)), {}, reference, order=0)
    xs = [d.integers(shape, 2**62, -(2**62)) for shape in shapes]
    return Sample(name, tuple(xs), {}, by_number(BITWISE[name], np.int64), order=0)
