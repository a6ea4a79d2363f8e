"""Every operation there is, against an independent reference and against central differences."""

from __future__ import annotations

import weakref

import numpy as np
import pytest

import tinygrad_rnn  # noqa: F401  # registers every operation
from tinygrad_rnn.autograd.backward import backward, grad
from tinygrad_rnn.autograd.graph import PORT, Leaf, Tensor
from tinygrad_rnn.autograd.op import Op, registry
from tinygrad_rnn.autograd.scope import no_grad

from .sampling import Sample, all_samples, listed

SAMPLES = all_samples()
SMOOTH = [s for s in SAMPLES if s.order >= 1]
TWICE = [s for s in SAMPLES if s.order >= 2]
SINGLE = [s for s in SAMPLES if s.float32 is not None and s.differentiable()]


def named(sample: Sample) -> str:
    shapes = "_".join("x".join(map(str, x.shape)) or "0d" for x in sample.inputs if x is not None)
    return f"{sample.op}-{shapes}{'-' if sample.label else ''}{sample.label.replace(' ', '-')}"


def each(samples: list[Sample]):
    return pytest.mark.parametrize("sample", samples, ids=named)


# --- applying a sample ----------------------------------------------------------------------------------------


def applied(sample: Sample, inputs) -> list:
    """The outputs of the operation on tensors (or arrays)."""
    return list(listed(registry[sample.op](*inputs, **sample.attrs)))


def leaves(sample: Sample, inputs=None) -> list:
    """The inputs as tensors; those of float64 require grad."""
    inputs = sample.inputs if inputs is None else inputs
    wanted = sample.differentiable()
    return [x if x is None else Tensor(x, Leaf(x) if i in wanted else None) for i, x in enumerate(inputs)]


def directions(arrays, seed: int) -> list[np.ndarray]:
    """A random array like each."""
    random = np.random.default_rng(seed)
    return [np.asarray(random.standard_normal(np.shape(x))) for x in arrays]


def projected(sample: Sample, inputs, along: list[np.ndarray]) -> float:
    """<along, outputs>: a scalar function of the inputs."""
    with no_grad():
        ys = applied(sample, [x if x is None else Tensor(x) for x in inputs])
    return sum(float(np.sum(d * y.array)) for d, y in zip(along, ys, strict=True))


def pulled(sample: Sample, xs, dys, **options) -> list:
    """The cotangents of the differentiable inputs, zeros where an output does not depend on one."""
    ys = applied(sample, xs)
    wanted = [xs[i] for i in sample.differentiable()]
    linked = [(y, dy) for y, dy in zip(ys, dys, strict=True) if y.node is not None]
    assert linked, f"{sample.op}: no output requires grad"
    roots, seeds = zip(*linked, strict=True)
    return list(grad(list(roots), wanted, list(seeds), materialize_grads=True, **options))


def differences(f, arrays: list[np.ndarray], eps: float) -> list[np.ndarray]:
    """Central differences of the scalar function f by every element of `arrays`."""
    slopes = []
    for x in arrays:
        slope = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            at = x[place]
            x[place] = at + eps
            above = f()
            x[place] = at - eps
            below = f()
            x[place] = at
            slope[place] = (above - below) / (2 * eps)
        slopes.append(slope)
    return slopes


def copies(sample: Sample) -> list:
    return [x if x is None else np.array(x) for x in sample.inputs]


# --- the tests ------------------------------------------------------------------------------------------------


def ours(op: Op) -> bool:
    """Whether the package declares it (other tests declare some as well)."""
    return (op.body or op._forward).__module__.startswith("tinygrad_rnn.")


def test_every_operation_has_a_sample():
    sampled = {s.op for s in SAMPLES}
    assert sorted(name for name, op in registry.items() if ours(op) and name not in sampled) == []
    assert sorted(sampled - set(registry)) == [], "samples of operations that do not exist"


@each(SAMPLES)
def test_value(sample):
    expected = sample.expected()
    for ys in (applied(sample, leaves(sample)), applied(sample, copies(sample))):
        assert len(ys) == len(expected)
        for y, e in zip(ys, expected, strict=True):
            array = y.array if isinstance(y, Tensor) else np.asarray(y)
            assert array.shape == e.shape
            np.testing.assert_allclose(array, e, rtol=1e-12, atol=1e-13)
    for y, e in zip(applied(sample, leaves(sample)), expected, strict=True):
        assert y.array.dtype == e.dtype
        if not registry[sample.op].differentiable:
            assert y.node is None


@each(SMOOTH)
def test_first_derivatives_are_slopes(sample):
    inputs = copies(sample)
    along = directions([y.array for y in applied(sample, leaves(sample))], 1)
    dxs = pulled(sample, leaves(sample), [Tensor(d) for d in along])
    wanted = [inputs[i] for i in sample.differentiable()]
    slopes = differences(lambda: projected(sample, inputs, along), wanted, 1e-6)
    for dx, x, slope in zip(dxs, wanted, slopes, strict=True):
        assert dx.array.shape == x.shape
        np.testing.assert_allclose(dx.array, slope, rtol=1e-6, atol=1e-7)


@each(TWICE)
def test_second_derivatives_are_slopes_of_the_first(sample):
    inputs = copies(sample)
    dys = directions([y.array for y in applied(sample, leaves(sample))], 1)
    along = directions([inputs[i] for i in sample.differentiable()], 2)

    def first() -> float:
        dxs = pulled(sample, leaves(sample, inputs), [Tensor(dy) for dy in dys])
        return sum(float(np.sum(d * dx.array)) for d, dx in zip(along, dxs, strict=True))

    xs, cotangents = leaves(sample), [Tensor(dy, Leaf(dy)) for dy in dys]
    dxs = pulled(sample, xs, cotangents, create_graph=True)
    by = [xs[i] for i in sample.differentiable()] + cotangents
    linked = [(dx, Tensor(d)) for dx, d in zip(dxs, along, strict=True) if dx.node is not None]
    assert linked or not any(dy.size for dy in dys), f"{sample.op}: the gradient was not recorded"
    roots, seeds = zip(*linked, strict=True) if linked else ((), ())
    seconds = grad(list(roots), by, list(seeds), materialize_grads=True)
    slopes = differences(first, [inputs[i] for i in sample.differentiable()] + dys, 1e-5)
    for second, slope in zip(seconds, slopes, strict=True):
        np.testing.assert_allclose(second.array, slope, rtol=1e-5, atol=1e-6)


@each(SINGLE)
def test_float32_stays_float32(sample):
    singles = [x.astype(np.float32) if i in sample.differentiable() else x for i, x in enumerate(sample.inputs)]
    ys = applied(sample, leaves(sample, singles))
    for y, double in zip(ys, applied(sample, leaves(sample)), strict=True):
        assert y.array.dtype == (np.float32 if double.array.dtype == np.float64 else double.array.dtype)
        np.testing.assert_allclose(y.array, double.array, rtol=sample.float32, atol=sample.float32)
    if sample.order:
        dys = directions([y.array for y in ys], 1)
        dxs = pulled(
            sample, leaves(sample, singles), [Tensor(dy.astype(y.array.dtype)) for dy, y in zip(dys, ys, strict=True)]
        )
        for dx, double in zip(dxs, pulled(sample, leaves(sample), [Tensor(dy) for dy in dys]), strict=True):
            assert dx.array.dtype == np.float32
            scale = 1.0 + np.max(np.abs(double.array), initial=0.0)
            np.testing.assert_allclose(dx.array, double.array, rtol=0, atol=10 * sample.float32 * scale)


@each(SAMPLES)
def test_strides_do_not_matter(sample):
    strided = [x if x is None else with_gaps(x) for x in sample.inputs]
    dense = [y.array for y in applied(sample, leaves(sample))]
    for y, e in zip(applied(sample, leaves(sample, strided)), dense, strict=True):
        np.testing.assert_allclose(y.array, e, rtol=1e-13, atol=1e-14)
    if sample.order:
        dys = directions(dense, 1)
        plain = pulled(sample, leaves(sample), [Tensor(dy) for dy in dys])
        gapped = pulled(sample, leaves(sample, strided), [Tensor(with_gaps(dy)) for dy in dys])
        for dx, e in zip(gapped, plain, strict=True):
            np.testing.assert_allclose(dx.array, e.array, rtol=1e-12, atol=1e-13)


def with_gaps(x: np.ndarray) -> np.ndarray:
    """The same numbers, neither contiguous nor in C order."""
    wide = np.zeros([2 * n for n in x.shape[::-1]], x.dtype).T
    view = wide[(..., *[slice(1, None, 2)] * x.ndim)]
    view[...] = x
    return view


@each(SAMPLES)
def test_inputs_are_not_written_to(sample):
    inputs = copies(sample)
    ys = applied(sample, leaves(sample, inputs))
    if sample.order:
        dys = directions([y.array for y in ys], 1)
        before = [dy.copy() for dy in dys]
        pulled(sample, leaves(sample, inputs), [Tensor(dy) for dy in dys])
        for dy, old in zip(dys, before, strict=True):
            np.testing.assert_array_equal(dy, old)
    for x, old in zip(inputs, sample.inputs, strict=True):
        np.testing.assert_array_equal(x, old)


@each(SMOOTH)
def test_a_leaf_has_its_gradient_for_itself(sample):
    xs = leaves(sample)
    ys = applied(sample, xs)
    dys = [Tensor(dy) for dy in directions([y.array for y in ys], 1)]
    linked = [(y, dy) for y, dy in zip(ys, dys, strict=True) if y.node is not None]
    backward(*map(list, zip(*linked, strict=True)))
    reached = [xs[i] for i in sample.differentiable() if xs[i].grad is not None]
    others = [x.array for x in (*xs, *ys, *dys) if x is not None]
    for x in reached:
        dx = x.grad.array
        assert (dx.shape, dx.dtype, dx.flags.writeable) == (x.array.shape, x.array.dtype, True)
        assert not any(np.shares_memory(dx, other) for other in others)
        others.append(dx)


@each(SMOOTH)
def test_nothing_is_kept_that_the_rule_does_not_name(sample):
    op = registry[sample.op]
    inputs = copies(sample)
    ys = applied(sample, leaves(sample, inputs))
    node = next(y.node for y in ys if y.node is not None)
    node = node.inputs[0] if node.rule is PORT else node
    if not isinstance(getattr(node, "op", None), Op) or node.op is not op:
        pytest.skip("a view of a view: the node belongs to another operation")
    names = op.inputs * len(inputs) if op.variadic else op.inputs
    alive = {name: weakref.ref(x) for name, x in zip(names, inputs, strict=False) if x is not None and not x.base}
    shared = {name for name, x in zip(names, inputs, strict=False) if any(np.may_share_memory(x, y.array) for y in ys)}
    saved = set(node.rule.saves)
    del ys, inputs
    kept = {name for name, reference in alive.items() if reference() is not None}
    assert kept <= saved | (shared if saved & set(op.outputs) else set())
    if op.body is None:
        rules = op.partials.values() if op.partials else [op._joint]
        asked = {name for rule in rules if callable(rule) for name in rule.__code__.co_varnames}
        assert saved <= asked


@each([s for s in SMOOTH if registry[s.op].body])
def test_a_fused_operation_is_its_body(sample):
    op = registry[sample.op]
    xs, twins = leaves(sample), leaves(sample)
    ys, bodies = applied(sample, xs), listed(op.body(*twins, **sample.attrs))
    dys = directions([y.array for y in ys], 3)
    for y, body in zip(ys, bodies, strict=True):
        np.testing.assert_allclose(y.array, body.array, rtol=1e-9, atol=1e-11)
    by, twin_by = [[them[i] for i in sample.differentiable()] for them in (xs, twins)]
    seeds = [Tensor(dy) for dy in dys]
    dxs = grad(ys, by, seeds, materialize_grads=True)
    for dx, twin in zip(dxs, grad(list(bodies), twin_by, seeds, materialize_grads=True), strict=True):
        np.testing.assert_allclose(dx.array, twin.array, rtol=1e-9, atol=1e-11)
