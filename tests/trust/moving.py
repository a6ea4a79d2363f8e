"""Generated samples of operations that move elements; the references say for each place where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

import numpy as np

from tests.ops.sampling import Sample

from .drawing import Draw, family


def moved(x: np.ndarray, shape: tuple, source: Callable, fill: float = 0.0) -> np.ndarray:
    """y[at] = x[source(*at)], or `fill` where that is None."""
    y = np.full(shape, fill, x.dtype)
    for at in np.ndindex(*shape):
        if (there := source(*at)) is not None:
            y[at] = x[there]
    return y


def moving(name: str, x: np.ndarray, attrs: dict, shape: tuple, source: Callable, fill: float = 0.0) -> Sample:
    return Sample(name, x, attrs, lambda x, **_: moved(x, shape, source, fill))


def in_order(x: np.ndarray) -> list:
    """The places of x, the last dimension fastest."""
    return list(np.ndindex(*x.shape))


def without(at: tuple, dim: int) -> tuple:
    return (*at[:dim], *at[dim + 1 :])


# --- shapes ---------------------------------------------------------------------------------------------------------


@family("reshape squeeze unsqueeze clone")
def reshaped(d: Draw, name: str) -> Sample:
    """Those that keep the order of the elements."""
    shape = d.shape() if name != "squeeze" else tuple([d.one_of(1, n) for n in d.shape()])
    x, attrs, ndim = d.uniform(shape), {}, len(shape)
    if name == "reshape":
        wanted = d.one_of((-1,), shape[::-1], (1, *shape), (*shape, 1))
        attrs["shape"], shape = wanted, (x.size,) if wanted == (-1,) else wanted
    elif name == "squeeze":
        dims = d.one_of(None, d.dim(ndim), d.dims(ndim) if ndim else 0)
        asked = range(ndim) if dims is None else [dim % max(ndim, 1) for dim in np.atleast_1d(dims)]
        attrs["dim"], shape = dims, tuple([n for i, n in enumerate(shape) if n != 1 or i not in asked])
    elif name == "unsqueeze":
        dim = d.number(-ndim - 1, ndim)
        attrs["dim"], shape = dim, (*shape[: dim % (ndim + 1)], 1, *shape[dim % (ndim + 1) :])
    return Sample(name, x, attrs, lambda x, **_: np.array([x[at] for at in in_order(x)]).reshape(shape))


@family("transpose permute")
def turned(d: Draw, name: str) -> Sample:
    shape = d.shape()
    ndim = len(shape)
    order = list(range(ndim))
    if name == "permute":
        attrs = {"dims": tuple([dim - ndim if d.flag() else dim for dim in d.some_of(ndim, least=ndim)])}
        order = [dim % ndim for dim in attrs["dims"]]
    else:
        a, b = d.dim(ndim), d.dim(ndim)
        attrs = {"dim0": a, "dim1": b}
        if ndim:
            order[a], order[b] = order[b], order[a]
    back = [order.index(dim) for dim in range(ndim)]
    source = lambda *at: tuple([at[i] for i in back])
    return moving(name, d.uniform(shape), attrs, tuple([shape[dim] for dim in order]), source)


@family("expand")
def expanded(d: Draw, name: str) -> Sample:
    full, shape = d.broadcasting(2, whole=0)
    lead = len(full) - len(shape)
    sizes = tuple([-1 if i >= lead and shape[i - lead] == n and d.flag() else n for i, n in enumerate(full)])
    source = lambda *at: tuple([0 if n == 1 else i for i, n in zip(at[lead:], shape, strict=True)])
    return moving(name, d.uniform(shape), {"sizes": sizes}, full, source)


@family("fit")
def fitted(d: Draw, name: str) -> Sample:
    """Sums or expands."""
    a, b = d.broadcasting(2, whole=d.number(0, 1))
    whole = np.broadcast_shapes(a, b)
    if whole not in (a, b):
        b = whole

    def reference(x, shape):
        y = np.zeros(shape)
        both = np.broadcast_shapes(x.shape, shape)
        wide, places = np.broadcast_to(x, both), np.broadcast_to(np.arange(y.size).reshape(shape), both)
        for value, place in zip(wide.ravel(), places.ravel(), strict=True):
            y.flat[place] += value
        return y

    return Sample(name, d.uniform(a), {"shape": b}, reference)


@family("flip roll")
def shifted(d: Draw, name: str) -> Sample:
    shape = d.shape(1)
    dims = d.dims(len(shape))
    x = d.uniform(shape)
    if name == "flip":
        turned = {dim % len(shape) for dim in dims}
        source = lambda *at: tuple([n - 1 - i if k in turned else i for k, (i, n) in enumerate(zip(at, shape))])
        return moving(name, x, {"dims": dims}, shape, source)
    if d.flag():
        step = d.number(-4, 4)
        places = in_order(x)
        source = lambda *at: places[(int(np.ravel_multi_index(at, shape)) - step) % len(places)]
        return moving(name, x, {"shifts": (step,), "dims": None}, shape, source)
    steps = {dim % len(shape): d.number(-4, 4) for dim in dims}
    source = lambda *at: tuple([(i - steps.get(k, 0)) % n for k, (i, n) in enumerate(zip(at, shape))])
    return moving(name, x, {"shifts": tuple(steps.values()), "dims": dims}, shape, source)


@family("pad")
def padded(d: Draw, name: str) -> Sample:
    shape = d.shape()
    widths = [(before, d.number(-max(n + min(before, 0), 0), 2)) for n in shape for before in [d.number(-n, 2)]]
    full = tuple([n + a + b for n, (a, b) in zip(shape, widths, strict=True)])

    def source(*at):
        there = tuple([i - before for i, (before, _) in zip(at, widths, strict=True)])
        return there if all([0 <= i < n for i, n in zip(there, shape, strict=True)]) else None

    value = d.one_of(0.0, 1.5)
    return moving(name, d.uniform(shape), {"widths": widths, "value": value}, full, source, value)


@family("diagonal tril triu")
def triangles(d: Draw, name: str) -> Sample:
    shape, offset = d.shape(2), d.number(-3, 3)
    x, ndim = d.uniform(shape), len(shape)
    if name != "diagonal":
        inside = (lambda i, j: j - i <= offset) if name == "tril" else (lambda i, j: j - i >= offset)
        return moving(name, x, {"diagonal": offset}, shape, lambda *at: at if inside(*at[-2:]) else None)
    one, two = d.some_of(ndim, least=2)[:2]
    n = max(min(shape[one] + min(offset, 0), shape[two] - max(offset, 0)), 0)
    rest = [dim for dim in range(ndim) if dim not in (one, two)]

    def source(*at):
        found = dict(zip(rest, at[:-1], strict=True)) | {one: at[-1] - min(offset, 0), two: at[-1] + max(offset, 0)}
        return tuple([found[dim] for dim in range(ndim)])

    attrs = {"offset": offset, "dim1": one - ndim * d.flag(), "dim2": two}
    return moving(name, x, attrs, (*[shape[dim] for dim in rest], n), source)


# --- joining and parting --------------------------------------------------------------------------------------------


@family("cat stack")
def joined(d: Draw, name: str) -> Sample:
    shape, count = d.shape(1 if name == "cat" else 0), d.number(1, 3)
    ndim = len(shape) + (name == "stack")
    dim = d.number(-ndim, ndim - 1)
    at = dim % ndim
    if name == "stack":
        full = (*shape[:at], count, *shape[at:])
        reference = lambda *xs, dim: np.array([xs[i[at]][without(i, at)] for i in np.ndindex(*full)]).reshape(full)
        return Sample(name, tuple([d.uniform(shape) for _ in range(count)]), {"dim": dim}, reference)
    sizes = [d.number(0, 3) for _ in range(count)]
    inputs = tuple([d.uniform((*shape[:at], n, *shape[at + 1 :])) for n in sizes])
    full = (*shape[:at], sum(sizes), *shape[at + 1 :])
    places = [(k, i) for k, n in enumerate(sizes) for i in range(n)]

    def reference(*xs, dim, sizes):
        y = np.empty(full)
        for i in np.ndindex(*full):
            which, there = places[i[at]]
            y[i] = xs[which][(*i[:at], there, *i[at + 1 :])]
        return y

    return Sample(name, inputs, {"dim": dim, "sizes": sizes}, reference)


@family("unbind split")
def parted(d: Draw, name: str) -> Sample:
    shape = d.shape(1, least=int(name == "unbind"))
    dim = d.dim(len(shape))
    at, x = dim % len(shape), d.uniform(shape)
    n = shape[at]
    part = lambda x, i: x[(slice(None),) * at + (i,)]
    if name == "unbind":
        return Sample(name, x, {"dim": dim}, lambda x, dim: tuple([part(x, i) for i in range(n)]))
    if d.flag():
        size = d.number(1, 4)
        sizes = [min(size, n - start) for start in range(0, n, size)] or [0]
    else:
        size = sizes = [first := d.number(0, n), 0, n - first]
    cuts = [(end - length, end) for length, end in zip(sizes, accumulate(sizes), strict=True)]
    reference = lambda x, **_: tuple([part(x, slice(*cut)) for cut in cuts])
    return Sample(name, x, {"split_size_or_sections": size, "dim": dim}, reference)


@family("assemble disassemble")
def blocks(d: Draw, name: str) -> Sample:
    outer, inner = d.shape(1, 2, least=1), d.shape(0, 2)
    attrs = {"outer": outer, "inner": inner}
    if name == "assemble":
        rows = tuple([d.uniform(inner) for _ in np.ndindex(*outer)])
        return Sample(name, rows, attrs, lambda *rows, outer, inner: np.array(rows).reshape(outer + inner))
    reference = lambda x, outer, inner: tuple([x[at] for at in np.ndindex(*outer)])
    return Sample(name, d.uniform(outer + inner), attrs, reference)


@family("alias dead_end tell replaced cast")
def as_they_are(d: Draw, name: str) -> Sample:
    """Those of the engine itself."""
    shape = d.shape()
    x = d.uniform(shape)
    if name == "tell":
        return Sample(name, (x, d.uniform(d.shape())), {"told": tuple}, lambda *xs, told: xs)
    if name == "replaced":
        return Sample(name, (x, d.uniform(shape[d.number(0, len(shape)) :])), {}, lambda x, by: 0 * x + by)
    if name == "cast":
        kind, order = d.one_of((float, 2), (np.int64, 0), (np.uint8, 0), (np.bool_, 0))
        reference = lambda x, dtype: np.array([kind(number) for number in x.ravel()], kind).reshape(x.shape)
        return Sample(name, np.abs(x), {"dtype": np.dtype(kind)}, reference, order=order, float32=None)
    return Sample(name, x, {}, lambda x: x, order=0 if name == "dead_end" else 2)


# --- indexing -------------------------------------------------------------------------------------------------------


def index(d: Draw, shape: tuple, twice: bool = True) -> tuple:
    """Slices with steps of either sign, None, `...`, and numbers; or arrays, that may name a place twice, and masks."""
    parts: list = []
    if d.flag():
        for n in shape[: d.number(0, len(shape))]:
            choice = d.number(0, 3)
            if choice == 0 and n:
                parts.append(d.number(-n, n - 1))
            else:
                start, stop = [d.one_of(None, d.number(-4, 4)) for _ in range(2)]
                parts.append(slice(start, stop, d.one_of(None, 2, -1, -2)))
            parts += [None] * d.seldom()
        return (*parts, ...)
    if shape and d.flag():
        return (d.mask(shape[: d.number(1, len(shape))]), ...)
    several = d.shape(0, 2, least=1)
    for n in shape[: d.number(0, len(shape))]:
        if n and d.flag() and (twice or not any(isinstance(part, np.ndarray) for part in parts)):
            named = d.integers(several, n, -n) if twice else d.random.permutation(n)[: d.number(1, n)]
            parts.append(np.array(named) if np.ndim(named) else np.array([int(named)]))
        else:
            parts.append(slice(None))
    return (*parts, ...)


def places(shape: tuple, index: tuple) -> np.ndarray:
    """Which elements, counted in order, NumPy reads there."""
    return np.asarray(np.arange(int(np.prod(shape))).reshape(shape)[index])


@family("getitem")
def read(d: Draw, name: str) -> Sample:
    x = d.uniform(d.shape())
    at = index(d, x.shape)
    wanted = places(x.shape, at)
    reference = lambda x, index: np.array([x.flat[i] for i in wanted.ravel()]).reshape(wanted.shape)
    return Sample(name, x, {"index": at}, reference)


@family("spread")
def added(d: Draw, name: str) -> Sample:
    shape = d.shape()
    at = index(d, shape)

    def reference(part, shape, index):
        y = np.zeros(shape)
        for i, value in zip(places(shape, at).ravel(), part.ravel(), strict=True):
            y.flat[i] += value
        return y

    return Sample(name, d.uniform(places(shape, at).shape), {"shape": shape, "index": at}, reference)


@family("setitem")
def written(d: Draw, name: str) -> Sample:
    x = d.uniform(d.shape())
    at = index(d, x.shape, twice=False)
    wanted = places(x.shape, at)
    value = d.uniform(wanted.shape[d.number(0, wanted.ndim) :])

    def reference(x, value, index):
        y = np.array(x)
        for i, number in zip(wanted.ravel(), np.broadcast_to(value, wanted.shape).ravel(), strict=True):
            y.flat[i] = number
        return y

    return Sample(name, (x, value), {"index": at}, reference)


@family("overwrite")
def overwritten(d: Draw, name: str) -> Sample:
    """A column, through the path of a view."""
    from tests.ops.samples_engine import COLUMN, column_replaced

    rows = d.number(1, 3)
    return Sample(name, (d.uniform((rows, 3)), d.uniform((rows,))), {"path": COLUMN}, column_replaced)


@family("take_rows place_rows")
def rows(d: Draw, name: str) -> Sample:
    outer, inner = (d.number(1, 3), d.number(1, 3)), d.shape(0, 2)
    places = np.array(d.some_of(outer[0] * outer[1], least=0), np.int64)
    if name == "take_rows":
        reference = lambda x, places: np.array([x[divmod(i, outer[1])] for i in places]).reshape(len(places), *inner)
        return Sample(name, d.uniform(outer + inner), {"places": places}, reference)
    fill = d.one_of(0.0, 1.5)

    def reference(rows, places, shape, fill):
        y = np.full(outer + inner, fill)
        for row, i in zip(rows, places, strict=True):
            y[divmod(int(i), outer[1])] = row
        return y

    return Sample(name, d.uniform((len(places), *inner)), {"places": places, "shape": outer, "fill": fill}, reference)


@family("nonzero isin one_hot")
def found(d: Draw, name: str) -> Sample:
    if name == "one_hot":
        count = d.number(4, 6)
        row = lambda i: [int(i == k) for k in range(count)]
        reference = lambda x, num_classes: np.array([row(i) for i in x.ravel()], int).reshape(*x.shape, count)
        return Sample(name, d.integers(d.shape(), 4), {"num_classes": count}, reference, order=0)
    x = d.ties(d.shape(1))
    if name == "nonzero":
        reference = lambda x: np.array([at for at in in_order(x) if x[at] != 0], int).reshape(-1, x.ndim)
        return Sample(name, x, {}, reference, order=0, float32=None)
    among, invert = d.ties((d.number(0, 2),)), d.flag()
    asked = lambda number: (number in among.tolist()) != invert
    reference = lambda x, among, invert: np.array([asked(number) for number in x.ravel()], bool).reshape(x.shape)
    return Sample(name, (x, among), {"invert": invert}, reference, order=0, float32=None)


# --- order ----------------------------------------------------------------------------------------------------------


@family("argsort topk")
def ordered(d: Draw, name: str) -> Sample:
    """Ties keep their order; of the largest few any of equals may be meant, so those are distinct."""
    shape = d.shape(1, least=1)
    dim = d.dim(len(shape))
    if name == "argsort":
        (x,) = d.distinct(shape) if d.flag() else (d.random.choice([0.0, 1.0, np.nan], shape),)
        attrs = {"dim": dim, "descending": d.flag(), "stable": True}
        k, sign = shape[dim], -1 if attrs["descending"] else 1
    else:
        (x,) = d.distinct(shape)
        k = d.number(0, shape[dim])
        attrs = {"k": k, "dim": dim, "largest": d.flag()}
        sign = -1 if attrs["largest"] else 1
    key = lambda x: (sign * (x != x), 0 if x != x else sign * x)  # nan counts as the largest
    along = lambda x: np.array(sorted(range(len(x)), key=lambda i: key(x[i]))[:k], np.int64)
    return Sample(name, x, attrs, lambda x, **_: np.apply_along_axis(along, dim, x), order=0, float32=None)


@family("searchsorted")
def searched(d: Draw, name: str) -> Sample:
    lead, right = d.shape(0, 1, least=1), d.flag()
    bounds, values = np.sort(d.ties((*lead, 4))), d.ties((*lead, 3))
    before = (lambda a, v: a <= v) if right else (lambda a, v: a < v)

    def reference(bounds, values, right):
        rows = zip(bounds.reshape(-1, 4), values.reshape(-1, 3), strict=True)
        found = [[sum(before(a, v) for a in row) for v in wanted] for row, wanted in rows]
        return np.array(found).reshape(values.shape)

    return Sample(name, (bounds, values), {"right": right}, reference, order=0, float32=None)
