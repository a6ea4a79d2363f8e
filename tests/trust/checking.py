"""One sample of an operation held against its reference: value, slope, curvature, float32, inputs left alone.

The slopes are those of the reference in float64, by five points along a random direction: nothing of what is
tested takes part in what it is tested against. A wrong entry anywhere shows, as every entry counts.
"""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext

import numpy as np

from tests.ops.sampling import Sample, listed
from tests.ops.test_registry import directions, leaves
from tinygrad_rnn import nn, ops
from tinygrad_rnn.autograd.backward import grad
from tinygrad_rnn.autograd.graph import Leaf, Tensor
from tinygrad_rnn.autograd.op import registry

CHECKED: Counter[str] = Counter()  # what was held against a reference, by kind
LOUD = {"add", "sub", "mul", "square"}  # of overflow NumPy warns: silence would cost these half of their time
STEP = {1: 3e-4, 2: 1e-3}  # for the first and second derivative: what is cut off is below the tolerance, as is rounding


def check(sample: Sample) -> None:
    """Everything that a sample promises."""
    before = [None if x is None else x.copy() for x in sample.inputs]
    values(sample)
    if sample.order >= 1:
        slopes(sample)
    if sample.order >= 2:
        curvatures(sample)
    if sample.float32 is not None and sample.differentiable():
        singles(sample)
    for x, old in zip(sample.inputs, before, strict=True):
        np.testing.assert_array_equal(x, old)
    CHECKED["samples"] += 1


def called(sample: Sample, inputs) -> list[Tensor]:
    """The outputs of the operation, or of a function made of several."""
    function = registry.get(sample.op) or getattr(ops, sample.op, None) or getattr(nn.functional, sample.op)
    with np.errstate(all="ignore") if sample.op in LOUD else nullcontext():
        return list(listed(function(*inputs, **sample.attrs)))


def along(*directions: tuple) -> float:
    """The sum of products of arrays and the directions they are looked at in."""
    return sum([float(np.sum(x * v)) for xs, vs in directions for x, v in zip(xs, vs, strict=True)])


def close(ours: float, theirs: float, tolerance: float, *terms: float) -> None:
    """Equal up to a tolerance for the largest of what was added up."""
    scale = 1 + max([abs(term) for term in (ours, theirs, *terms)])
    assert abs(ours - theirs) <= tolerance * scale, f"{ours} is not {theirs}"


# --- the reference --------------------------------------------------------------------------------------------------


class Line:
    """The reference on a line through the inputs: t -> <us, reference(x + t vs)>."""

    def __init__(self, sample: Sample, us, vs) -> None:
        self.sample, self.us, self.vs = sample, us, dict(zip(sample.differentiable(), vs, strict=True))

    def __call__(self, t: float) -> float:
        moved = [np.array(x + t * self.vs[i]) if i in self.vs else x for i, x in enumerate(self.sample.inputs)]
        ys = listed(self.sample.reference(*moved, **self.sample.attrs))
        return along((ys, self.us))

    def slope(self) -> float:
        h = STEP[1]
        return (8 * (self(h) - self(-h)) - (self(2 * h) - self(-2 * h))) / (12 * h)

    def curvature(self) -> float:
        h = STEP[2]
        return (16 * (self(h) + self(-h)) - (self(2 * h) + self(-2 * h)) - 30 * self(0)) / (12 * h * h)


# --- what is checked ------------------------------------------------------------------------------------------------


def values(sample: Sample) -> None:
    expected = sample.expected()
    for given in (leaves(sample), sample.inputs) if sample.op in registry else (leaves(sample),):
        ys = called(sample, given)
        assert len(ys) == len(expected)
        for y, e in zip(ys, expected, strict=True):
            array = y.array if isinstance(y, Tensor) else np.asarray(y)
            assert array.shape == e.shape
            if isinstance(y, Tensor):
                assert array.dtype == e.dtype
            alike(array, e, 1e-11, sample)
    CHECKED["values"] += 1


def slopes(sample: Sample) -> None:
    """<u, J v> of the reference, <J^T u, v> of the operation."""
    xs = leaves(sample)
    ys = called(sample, xs)
    us, vs = directions([y.array for y in ys], 1), directions([xs[i].array for i in sample.differentiable()], 2)
    dxs = pulled(sample, xs, ys, [Tensor(u) for u in us])
    for dx, v in zip(dxs, vs, strict=True):
        assert (dx.array.shape, dx.array.dtype) == (v.shape, v.dtype)
    terms = [np.abs(dx.array * v).max(initial=0) for dx, v in zip(dxs, vs, strict=True)]
    close(along(([dx.array for dx in dxs], vs)), Line(sample, us, vs).slope(), 1e-8, *terms)
    CHECKED["first derivatives"] += 1


def curvatures(sample: Sample) -> None:
    """w H v for the Hessian H of <u, y>, and how the first derivative depends on u."""
    xs = leaves(sample)
    ys = called(sample, xs)
    us, vs = directions([y.array for y in ys], 1), directions([xs[i].array for i in sample.differentiable()], 2)
    ws, others = directions(vs, 3), directions(us, 4)
    cotangents = [Tensor(u, Leaf(u)) for u in us]
    dxs = pulled(sample, xs, ys, cotangents, create_graph=True)
    linked = [(dx, Tensor(w)) for dx, w in zip(dxs, ws, strict=True) if dx.node is not None]
    by = [*[xs[i] for i in sample.differentiable()], *cotangents]
    roots, seeds = zip(*linked, strict=True) if linked else ((), ())
    found = [dd.array for dd in grad(list(roots), by, list(seeds), materialize_grads=True)]
    ddxs, ddus = found[: len(vs)], found[len(vs) :]
    plus = Line(sample, us, [v + w for v, w in zip(vs, ws, strict=True)]).curvature()
    minus = Line(sample, us, [v - w for v, w in zip(vs, ws, strict=True)]).curvature()
    terms = [np.abs(ddx * v).max(initial=0) for ddx, v in zip(ddxs, vs, strict=True)]
    close(along((ddxs, vs)), (plus - minus) / 4, 1e-5, *terms)
    close(along((ddus, others)), Line(sample, others, ws).slope(), 1e-8, along(([np.abs(d) for d in ddus], us)))
    CHECKED["second derivatives"] += 1


def singles(sample: Sample) -> None:
    """In float32 what it is in float64, to its precision; and the gradient."""
    small = [x.astype(np.float32) if i in sample.differentiable() else x for i, x in enumerate(sample.inputs)]
    large = [x.astype(float) if i in sample.differentiable() else x for i, x in enumerate(small)]
    xs, doubles = leaves(sample, small), leaves(sample, large)
    ys, expected = called(sample, xs), called(sample, doubles)
    for y, e in zip(ys, expected, strict=True):
        assert y.array.dtype == (np.float32 if e.array.dtype == np.float64 else e.array.dtype)
        alike(y.array, e.array, sample.float32, sample)
    if sample.order:
        us = [u.astype(y.array.dtype) for u, y in zip(directions([y.array for y in ys], 1), ys, strict=True)]
        dxs = pulled(sample, xs, ys, [Tensor(u) for u in us])
        more = pulled(sample, doubles, expected, [Tensor(u.astype(e.array.dtype)) for u, e in zip(us, expected)])
        for dx, e in zip(dxs, more, strict=True):
            assert dx.array.dtype == np.float32
            alike(dx.array, e.array, 10 * sample.float32, sample)
    CHECKED["float32"] += 1


def alike(y: np.ndarray, expected: np.ndarray, tolerance: float, sample: Sample) -> None:
    """Of special values each as near as can be; of others as near as the largest, for what adds up may cancel."""
    with np.errstate(over="ignore", under="ignore"):
        expected = expected.astype(y.dtype)
    atol = 1e-37 if sample.label == "special" else tolerance * np.max(np.abs(expected), initial=1)
    np.testing.assert_allclose(y, expected, rtol=tolerance, atol=atol)


def pulled(sample: Sample, xs, ys, us, **options) -> list[Tensor]:
    """The cotangents of the differentiable inputs; zeros for one that no output depends on."""
    linked = [(y, u) for y, u in zip(ys, us, strict=True) if y.node is not None]
    assert linked, f"{sample.op}: no output requires grad"
    roots, seeds = map(list, zip(*linked, strict=True))
    return list(grad(roots, [xs[i] for i in sample.differentiable()], seeds, materialize_grads=True, **options))
