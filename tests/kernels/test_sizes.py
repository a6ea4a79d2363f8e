"""Any size, direction and lengths: the fast kernels against the plain ones, and their rounding against torch's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_rnn.kernels.jit import COMPILED
from tinygrad_rnn.kernels.sequence import Backward, Rows, Split

from .cases import KINDS, assert_all_close
from .test_plain import PLAIN

kinds = pytest.mark.parametrize("kind", KINDS, ids=str)
EDGES = [1, 15, 16, 17, 63, 64, 65, 100]


def sized(kind, T, N, I, H, P, dtype, seed=0):
    """Inputs of the kind with any sizes, small enough to stay where the functions are curved."""
    normal = np.random.default_rng(seed).standard_normal
    G, P = kind.gates * H, P if kind.projected else H
    shapes = [(T, N, I), *[(N, P), (N, H)][: kind.states], (G, I), (G, P), (G,), (G,)]
    inputs = [(normal(shape) / np.sqrt(H if len(shape) == 2 else 1)).astype(dtype) for shape in shapes]
    if kind.states == 2:
        inputs.append(normal((P, H)).astype(dtype) / np.sqrt(H).astype(dtype) if kind.projected else None)
    return inputs


@kinds
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_size_equals_the_plain_kernel(kind, data):
    T, N = data.draw(st.integers(1, 5)), data.draw(st.integers(0, 17))
    I, H, P = (data.draw(st.sampled_from(EDGES)) for _ in range(3))
    reverse = data.draw(st.booleans())
    lengths = data.draw(st.none() | st.lists(st.integers(0, T), min_size=N, max_size=N))
    lengths = None if lengths is None else np.array(lengths, np.int64)
    inputs = sized(kind, T, N, I, H, P, np.float64)
    plain = replace(kind, module=PLAIN[kind.gates])
    outputs, saved = kind.sequence(inputs, reverse, lengths)
    expected, kept = plain.sequence(inputs, reverse, lengths)
    assert_all_close(outputs, expected, rtol=1e-12, atol=1e-12)
    cotangents = kind.cotangents(outputs)
    actual = kind.sequence_vjp(cotangents, inputs, saved, reverse, lengths)
    expected = plain.sequence_vjp(cotangents, inputs, kept, reverse, lengths)
    assert_all_close(actual, expected, rtol=1e-11, atol=1e-12)


def root_mean_square(actual, exact):
    return np.sqrt(np.mean((actual.astype(np.float64) - exact) ** 2))


@pytest.mark.skipif(not COMPILED, reason="about the compiled kernels' blocked sums")
@pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
@kinds
def test_float32_errs_at_most_twice_as_much_as_torch(kind):
    torch = pytest.importorskip("torch")
    from .test_recurrent import torch_sequence

    inputs = sized(kind, 60, 9, 40, 48, 24, np.float32)
    wide = [None if a is None else a.astype(np.float64) for a in inputs]
    outputs, saved = kind.sequence(inputs)
    cotangents = kind.cotangents(outputs)
    ours = [*outputs, *kind.sequence_vjp(cotangents, inputs, saved)]
    exact, saved = kind.sequence(wide)
    exact = [*exact, *kind.sequence_vjp([a.astype(np.float64) for a in cotangents], wide, saved)]
    leaves = [None if a is None else torch.from_numpy(a).requires_grad_() for a in inputs]
    theirs = torch_sequence(torch, kind, leaves, False, None)
    torch.autograd.backward(theirs, [torch.from_numpy(a) for a in cotangents])
    theirs = [a.detach() for a in theirs] + [None if a is None else a.grad for a in leaves]
    for a, b, c in zip(ours, theirs, exact, strict=True):
        if c is not None:
            assert root_mean_square(a, c) <= 2 * root_mean_square(b.numpy(), c) + 1e-9


@pytest.mark.parametrize(("columns", "length"), [(100, 0), (16, 0), (30, 80)])
def test_what_products_read_beyond_the_columns_is_zero(columns, length):
    """Whatever the memory held before: subnormal numbers would be slow."""
    w = np.zeros((columns, columns), np.float32)
    sweep = Backward(Rows(5, 2, None), Split(2, 0.0, w), columns, w.dtype)
    for _ in range(2):
        rows = sweep.workspace(columns, length)
        assert rows.shape[1] >= max(columns, length)
        assert not rows[:, columns:].any()
        rows[:] = 1e-40
        del rows


GUARD = 64


def guarded(a):
    """A copy of the array with nan before and behind it in memory, and what surrounds it."""
    if a is None:
        return None, None
    memory = np.full(a.size + 2 * GUARD, np.nan, a.dtype)
    memory[GUARD:-GUARD] = a.ravel()
    return memory[GUARD:-GUARD].reshape(a.shape), memory


@kinds
@pytest.mark.parametrize(("T", "N"), [(1, 1), (1, 9), (3, 1), (3, 5), (2, 17)])
@pytest.mark.parametrize(("I", "H"), [(1, 1), (17, 15), (65, 33)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_outside_the_arrays_is_read_or_written(kind, T, N, I, H, dtype):
    """What is read beyond an array is nan and would show; what is written there would not be nan any more."""
    plain_inputs = sized(kind, T, N, I, H, 7, dtype)
    inputs, memories = zip(*(guarded(a) for a in plain_inputs), strict=True)
    outputs, saved = kind.sequence(inputs)
    cotangents, more = zip(*(guarded(a) for a in kind.cotangents(outputs)), strict=True)
    saved, most = zip(*(guarded(a) for a in saved), strict=True)
    gradients = kind.sequence_vjp(cotangents, inputs, saved)
    assert all(np.isfinite(a).all() for a in (*outputs, *gradients) if a is not None)
    for memory in (*memories, *more, *most):
        if memory is not None:
            assert np.isnan(memory[:GUARD]).all()
            assert np.isnan(memory[-GUARD:]).all()
    again, _ = kind.sequence(plain_inputs)
    assert_all_close(outputs, again, rtol=0)
