"""Generated samples of reductions, running sums and softmax, over any dimensions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.ops.samples_math import decayed, scanned
from tests.ops.sampling import Sample

from .drawing import Draw, family
from .elementwise import LONG, long


def over(function: Callable, kind: type = float) -> Callable:
    """The reduction that applies `function` to one list of numbers after the other, in long double."""

    def reference(x, dim=None, keepdim=False, **attrs):
        dims = range(x.ndim) if dim is None else dim if isinstance(dim, tuple) else (dim,)
        dims = {d % x.ndim for d in dims} if x.ndim else set()
        kept = [1 if d in dims else n for d, n in enumerate(x.shape)]
        y = np.empty(kept, kind)
        for at in np.ndindex(*kept):
            with np.errstate(all="ignore"):
                part = x[tuple([slice(None) if d in dims else i for d, i in enumerate(at)])].ravel()
                y[at] = function(part.astype(LONG), **attrs)
        return y if keepdim else y.reshape([n for d, n in enumerate(kept) if d not in dims])

    return reference


def product(x):
    y = LONG(1)
    for number in x:
        y = y * number
    return y


def p_norm(x, p):
    return np.sum(np.abs(x) ** p) ** (1 / LONG(p))


SUMS = {
    "sum": over(np.sum), "mean": over(lambda x: np.sum(x) / x.size), "prod": over(product),
    "logsumexp": over(lambda x: np.log(np.sum(np.exp(x)))),
}  # fmt: skip


def sides(d: Draw, several: bool = True, least: int = 0) -> tuple[tuple, dict]:
    """A shape, and which of its dimensions are reduced."""
    shape = d.shape(least=least)
    return shape, {"dim": d.reduced(len(shape), several), "keepdim": d.flag()}


@family(" ".join(SUMS))
def sums(d: Draw, name: str) -> Sample:
    shape, attrs = sides(d, several=name != "prod")
    if name == "logsumexp" and d.seldom():
        x = d.random.choice([-np.inf, -1e4, 0, 1e3, 1e4], shape)
        return Sample(name, x, attrs, SUMS[name], order=0, label="special")
    if name == "prod" and d.flag():
        return Sample(name, d.ties(shape), attrs, SUMS[name], label="zeros")
    x = d.uniform(shape, off=(0,))
    return Sample(name, x, attrs, SUMS[name], order=2 if x.size else 0)  # log 0 has no slope


@family("var std")
def spread(d: Draw, name: str) -> Sample:
    shape, attrs = sides(d, least=2)
    if not shape:
        shape = (2,)
    attrs["correction"] = d.number(0, 1)
    (x,) = d.distinct(shape)
    root = np.sqrt if name == "std" else np.positive
    function = lambda x, correction: root(np.sum((x - np.sum(x) / x.size) ** 2) / (x.size - correction))
    far = 1e5 * d.seldom()  # where the mean of squares less the square of the mean would be noise
    order, float32 = (0, None) if far else (2, 1e-4)
    return Sample(name, 3 * x + far, attrs, over(function), order=order, float32=float32)


@family("p_norm")
def norms(d: Draw, name: str) -> Sample:
    shape, attrs = sides(d)
    attrs["p"] = d.one_of(2.0, 3.0, 1.5, 0.5)
    if d.seldom():
        x = d.uniform(shape) * d.one_of(1e-200, 1e200)  # whose squares are 0 or inf
        return Sample(name, x, attrs, over(p_norm), order=0, float32=None, label="special")
    x = d.uniform(shape, 0.4, 2) * d.random.choice([-1, 1], shape)
    return Sample(name, x, attrs, over(p_norm))


@family("amax amin argmax argmin")
def extremes(d: Draw, name: str) -> Sample:
    place = name.startswith("arg")
    shape, attrs = sides(d, several=not place, least=1)
    first = lambda x: min(range(x.size), key=lambda i: (-x[i] if name == "argmax" else x[i], i))
    value = lambda x: sorted(x.tolist())[-1 if name == "amax" else 0]
    if tied := d.seldom():
        x = np.abs(d.ties(shape))
    else:
        (x,) = d.distinct(shape)
    reference = over(first, np.int64) if place else over(value)
    return Sample(name, x, attrs, reference, order=0 if tied or place else 2, float32=None if place else 1e-4)


@family("argmedian")
def medians(d: Draw, name: str) -> Sample:
    shape = d.shape(least=1)
    (x,) = d.distinct(shape)
    function = lambda x: sorted(range(x.size), key=lambda i: x[i])[(x.size - 1) // 2]
    attrs = {"dim": d.dim(len(shape)), "keepdim": d.flag()}
    return Sample(name, x, attrs, over(function, np.int64), order=0, float32=None)


@family("all any")
def questions(d: Draw, name: str) -> Sample:
    shape, attrs = sides(d)
    x = d.mask(shape) if d.flag() else d.ties(shape, 2)
    return Sample(name, x, attrs, over({"all": all, "any": any}[name], bool), order=0, float32=None)


# --- along one dimension --------------------------------------------------------------------------------------------


def running(step: Callable) -> Callable:
    """y_t = step(y_{t-1}, x_t) along `dim`, in long double."""

    def reference(x, dim, reverse=False):
        y = np.array(np.atleast_1d(x), LONG)
        places = list(range(y.shape[dim]))[:: -1 if reverse else 1]
        rows = np.moveaxis(y, dim, 0)
        for before, here in zip(places, places[1:], strict=False):
            rows[here] = step(rows[before], rows[here])
        return y.reshape(x.shape).astype(float)

    return reference


RUNNING = {"cumsum": np.add, "cumprod": np.multiply, "logcumsumexp": lambda a, b: np.log(np.exp(a) + np.exp(b))}


@family(" ".join(RUNNING))
def cumulative(d: Draw, name: str) -> Sample:
    shape = d.shape()
    attrs = {"dim": d.dim(len(shape))} | ({"reverse": d.flag()} if name == "cumsum" else {})
    x = d.ties(shape) if name == "cumprod" and d.flag() else d.uniform(shape, off=(0,))
    return Sample(name, x, attrs, running(RUNNING[name]))


@family("linear_scan")
def scans(d: Draw, name: str) -> Sample:
    shape = d.shape(1, least=1)
    factors = tuple([1 if d.seldom() else n for n in shape[d.number(0, len(shape)) :]])
    attrs = {"dim": d.dim(len(shape)), "reverse": d.flag(), "start": d.one_of(0.0, 0.5)}
    return Sample(name, (d.uniform(factors), d.uniform(shape)), attrs, scanned)


@family("decaying_sum")
def decays(d: Draw, name: str) -> Sample:
    shape = d.shape(1, least=1)
    dim, reverse = d.dim(len(shape)), d.flag()
    rising = np.sort(d.uniform(shape), dim)
    level = rising if reverse else np.flip(rising, dim)
    return Sample(name, (level, d.uniform(shape)), {"dim": dim, "reverse": reverse}, decayed)


def log_softmax(x, dim):
    x, shape = np.atleast_1d(x), x.shape
    return (x - np.log(np.sum(np.exp(x), dim, keepdims=True))).reshape(shape)


SOFT = {"log_softmax": log_softmax, "softmax": lambda x, dim: np.exp(log_softmax(x, dim)),
        "softmin": lambda x, dim: np.exp(log_softmax(-x, dim))}  # fmt: skip


@family(" ".join(SOFT))
def soft(d: Draw, name: str) -> Sample:
    shape = d.shape()
    if d.seldom():
        more = [-np.inf, np.nan][: d.number(0, 2) if name != "softmin" else 0]
        x = d.random.choice([-1e4, -200, 0, 0, 5e3, 1e4, *more], shape)
        return Sample(name, x, {"dim": d.dim(len(shape))}, long(SOFT[name]), order=0, label="special")
    return Sample(name, d.uniform(shape, -4, 4), {"dim": d.dim(len(shape))}, long(SOFT[name]))
