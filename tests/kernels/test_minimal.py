"""minGRU and minLSTM: the kernel against NumPy and against the exact gate, at the edges of vectors and of exp."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest

from tinygrad_rnn.kernels import minimal
from tinygrad_rnn.kernels.plain import minimal as plain
from tinygrad_rnn.kernels.threads import get_num_threads, set_num_threads

TOLERANCE = {np.float64: 1e-12, np.float32: 2e-5}


def arrays(T, N, I, H, shared_out, dtype, seed=0):
    normal = np.random.default_rng(seed).standard_normal
    rows = (3 if shared_out else 2) * H
    return [normal(shape).astype(dtype) for shape in ((T, N, I), (N, H), (rows, I), (rows,))]


def results(module, inputs, *attributes):
    y, last, sums = module.sequence(*inputs, *attributes)
    normal = np.random.default_rng(1).standard_normal
    dy, dlast = normal(y.shape).astype(y.dtype), normal(last.shape).astype(y.dtype)
    return y, last, *module.sequence_vjp(dy, dlast, *inputs, y, sums, *attributes, (True,) * 4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shared_out", [False, True])
@pytest.mark.parametrize(
    ("T", "N", "I", "H"),
    [(1, 1, 1, 1), (2, 0, 3, 4), (5, 3, 2, 7), (4, 17, 5, 16), (3, 2, 16, 33), (7, 9, 1, 64), (600, 2, 3, 17)],
)
def test_equals_numpy(T, N, I, H, shared_out, dtype):
    inputs = arrays(T, N, I, H, shared_out, dtype)
    for reverse in (False, True):
        for lengths in (None, np.random.default_rng(2).integers(1, T + 1, N)):
            found, expected = (results(module, inputs, shared_out, reverse, lengths) for module in (minimal, plain))
            for a, b in zip(found, expected, strict=True):
                assert a.dtype == dtype
                scale = max(1.0, np.abs(b).max(initial=0))
                np.testing.assert_allclose(a, b, rtol=0, atol=TOLERANCE[dtype] * scale)


def exact(f, i):
    with localcontext() as context:
        context.prec = 60
        f, i = Decimal(float(f)), Decimal(float(i))
        return float((1 + (-f).exp()) / (2 + (-f).exp() + (-i).exp()))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shares_are_exact_far_out(dtype):
    numbers = [-3000.0, -300.0, -100.0, -88.0, -20.0, -1.0, 0.0, 1e-3, 5.0, 40.0, 120.0, 4000.0]
    f, i = (a.ravel().astype(dtype) for a in np.meshgrid(numbers, numbers))
    w, one = np.concatenate([f, i, np.ones_like(f)])[:, None], np.ones((1, 1, 1), dtype)
    y, *_ = minimal.sequence(one, np.zeros((1, len(f)), dtype), w, None, True, False, None)
    expected = np.array([exact(*pair) for pair in zip(f, i, strict=True)])
    tiny = np.finfo(dtype).tiny
    # the difference of two numbers of a few hundred, rounded, is an exponent
    np.testing.assert_allclose(y[0, 0], expected, rtol=500 * np.finfo(dtype).eps, atol=tiny)


def test_nan_and_infinity_are_not_swallowed():
    x, h, w, b = arrays(3, 2, 2, 5, True, np.float64)
    x[1, 0, 0] = np.nan
    y, *_ = minimal.sequence(x, h, w, b, True, False, None)
    assert np.isnan(y[1:, 0]).all()
    assert np.isfinite(y[:, 1]).all()
    assert np.isfinite(y[0]).all()


def test_padding_changes_nothing():
    x, h, w, b = arrays(4, 3, 2, 5, False, np.float64)
    lengths = np.array([4, 2, 1])
    expected = results(minimal, [x, h, w, b], False, False, lengths)
    x[2:, 1] = x[1:, 2] = np.nan
    found = results(minimal, [x, h, w, b], False, False, lengths)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_bits_do_not_depend_on_threads():
    inputs, before = arrays(300, 32, 8, 64, True, np.float32), get_num_threads()
    try:
        found = []
        for threads in (1, 2, 3):
            set_num_threads(threads)
            found.append(results(minimal, inputs, True, False, None))
    finally:
        set_num_threads(before)
    for others in found[1:]:
        for a, b in zip(found[0], others, strict=True):
            np.testing.assert_array_equal(a, b)


def test_only_what_is_needed():
    inputs = arrays(3, 2, 2, 5, False, np.float64)
    y, last, sums = minimal.sequence(*inputs, False, False, None)
    everything = minimal.sequence_vjp(y, last, *inputs, y, sums, False, False, None, (True,) * 4)
    for k in range(4):
        needs = tuple(j == k for j in range(4))
        found = minimal.sequence_vjp(y, last, *inputs, y, sums, False, False, None, needs)
        assert [dx is not None for dx in found] == list(needs)
        np.testing.assert_array_equal(found[k], everything[k])
