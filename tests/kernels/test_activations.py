"""Sigmoid, tanh and relu over the whole range of their numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit

from tinygrad_rnn.kernels.activations import relu, sigmoid, tanh

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def exact_sigmoid(x):
    decay = np.exp(-abs(x))
    return np.where(x >= 0, 1, decay) / (1 + decay)


squashing = pytest.mark.parametrize(("f", "exact"), [(sigmoid, exact_sigmoid), (tanh, np.tanh)])


def applied(f, x):
    """f of every number, in one compiled loop."""

    @njit
    def fill(x, y):
        for j in range(x.size):
            y[j] = f(x[j])

    y = np.empty_like(x)
    with np.errstate(over="ignore"):  # not compiled, 2|x| may go to infinity, which NumPy reports
        fill(x, y)
    return y


def error_in_ulp(y, exact):
    """How many neighbouring numbers of y's dtype lie between y and the exact value."""
    return abs(y - exact) / np.spacing(abs(exact).astype(y.dtype)).astype(exact.dtype)


@squashing
def test_every_magnitude_of_float32_is_within_4_ulp(f, exact):
    bits = np.arange(0, 0x7F800000, 20011, dtype=np.uint32)
    x = np.concatenate([bits.view(np.float32), -bits.view(np.float32)])
    assert error_in_ulp(applied(f, x), exact(x.astype(np.float64))).max() <= 4


@squashing
@dtypes
def test_the_curved_part_is_within_4_ulp(f, exact, dtype):
    if np.finfo(np.longdouble).nmant <= 52:
        pytest.skip("no wider type to compare float64 with")
    x = np.linspace(-110, 110, 40001, dtype=dtype)
    x = np.concatenate([x, x / 100, x * dtype(1e-30), x * 6.7])
    assert error_in_ulp(applied(f, x), exact(x.astype(np.longdouble))).max() <= 4


@dtypes
def test_edges_are_exact(dtype):
    infinity, smallest = math.inf, np.finfo(dtype).smallest_subnormal
    edges = np.array([infinity, -infinity, 0, -0.0, smallest, -smallest], dtype)
    assert applied(sigmoid, edges).tolist() == [1, 0, 0.5, 0.5, 0.5, 0.5]
    assert applied(tanh, edges).tolist() == [1, -1, 0, 0, smallest, -smallest]
    assert applied(relu, edges).tolist() == [infinity, 0, 0, 0, smallest, 0]


@pytest.mark.parametrize("f", [sigmoid, tanh, relu])
@dtypes
def test_nan_stays_nan(f, dtype):
    assert np.isnan(applied(f, np.array([math.nan], dtype))).all()


@dtypes
def test_tanh_keeps_the_sign_of_zero(dtype):
    assert np.signbit(applied(tanh, np.array([0, -0.0], dtype))).tolist() == [False, True]


@pytest.mark.parametrize("f", [sigmoid, tanh, relu])
@dtypes
def test_the_type_stays(f, dtype):
    assert applied(f, np.ones(1, dtype)).dtype == dtype
