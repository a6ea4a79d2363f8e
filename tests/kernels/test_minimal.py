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


def test_chunks_change_nothing(monkeypatch):
    inputs = arrays(60, 24, 40, 50, True, np.float64)  # enough for a product of its own
    for lengths in (None, np.random.default_rng(2).integers(1, 61, 24)):
        for reverse in (False, True):
            monkeypatch.setattr(minimal, "NEAR", 1 << 30)
            expected = results(minimal, inputs, True, reverse, lengths)
            monkeypatch.setattr(minimal, "NEAR", 1 << 18)
            found = results(minimal, inputs, True, reverse, lengths)
            y, last, _ = minimal.inference(*inputs, True, reverse, lengths)
            for a, b in zip((*found, y, last), (*expected, *expected[:2]), strict=True):
                np.testing.assert_allclose(a, b, rtol=0, atol=1e-12 * max(1.0, np.abs(b).max()))


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


FAR_OUT = [-3000.0, -1000.0, -300.0, -100.0, -88.0, -20.0, -1.0, -0.0, 1e-3, 5.0, 40.0, 120.0, 1000.0, 4000.0]


def exact(f, i):
    """z, 1 - z, and the derivatives of z by f and by i, rounded once."""
    with localcontext() as context:
        context.prec = 60
        a, c = (-Decimal(float(f))).exp(), (-Decimal(float(i))).exp()
        z, rest = (1 + a) / (2 + a + c), (1 + c) / (2 + a + c)
        return [float(each) for each in (z, rest, -z * rest * a / (1 + a), z * rest * c / (1 + c))]


def exact_alone(x):
    """z = sigmoid(x), 1 - z and the derivative, rounded once."""
    with localcontext() as context:
        context.prec = 60
        a = (-Decimal(float(x))).exp()
        return [float(each) for each in (1 / (1 + a), a / (1 + a), a / (1 + a) ** 2)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shared_out", [False, True])
def test_gates_and_their_gradients_are_exact_far_out(dtype, shared_out):
    pairs = np.meshgrid(FAR_OUT, FAR_OUT) if shared_out else [np.array(FAR_OUT)]
    sums = [each.ravel().astype(dtype) for each in pairs]
    H, one = sums[0].size, np.ones((1, 1, 1), dtype)
    h, w = np.zeros((1, H), dtype), np.zeros(((len(sums) + 1) * H, 1), dtype)
    b = np.concatenate([*sums, np.ones(H, dtype)])
    y, _, kept = minimal.sequence(one, h, w, b, shared_out, False, None)
    dy = np.ones_like(y)
    _, dh, _, db = minimal.sequence_vjp(dy, h, one, h, w, b, y, kept, shared_out, False, None, (True,) * 4)
    *derivatives, dn = db.reshape(-1, H)
    expected = np.array([(exact if shared_out else exact_alone)(*each) for each in zip(*sums, strict=True)]).T
    eps, tiny = np.finfo(dtype).eps, np.finfo(dtype).tiny
    for found, each in zip((y[0, 0], dh[0], *derivatives), expected, strict=True):
        # the difference of two numbers of a few thousand, rounded, is an exponent
        np.testing.assert_allclose(found, each, rtol=1000 * eps, atol=tiny)
    np.testing.assert_allclose(dn, y[0, 0], rtol=4 * eps, atol=0)


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
