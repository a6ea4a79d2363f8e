"""Vectors of numbers inside kernels: whole ones and the ends of rows, compiled and as NumPy arrays."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_rnn.kernels.jit import kernel
from tinygrad_rnn.kernels.simd import like, read, select, with_sign_of, write
from tinygrad_rnn.kernels.tile import lanes

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
lengths = pytest.mark.parametrize("length", [0, 1, 3, 4, 7, 8, 15, 16, 17, 33, 40])


@kernel
def calculate(a, b, y, H):
    for j in range(0, H, lanes(a.dtype.type(0))):
        left = H - j
        p, q = read(a, j, left), read(b, j, left)
        larger = select(p > q, p, q) - select(p < q, p, q)
        same = select(p <= q, like(p, 1.0), like(p, 2.0))
        write(y, j, left, with_sign_of(abs(p) / (larger + same), -q) * q + p)


@dtypes
@lengths
def test_every_operation_works_on_each_number_and_nothing_beyond_the_row_changes(dtype, length):
    r = np.random.default_rng(length)
    a, b, y = r.standard_normal((3, length + 50)).astype(dtype)
    before = y.copy()
    calculate(a, b, y, length)
    larger, same = abs(a - b), np.where(a <= b, 1, 2)
    expected = np.copysign(abs(a) / (larger + same), -b) * b + a
    np.testing.assert_allclose(y[:length], expected[:length], rtol=0, atol=20 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(y[length:], before[length:])


@dtypes
def test_nan_and_infinity_stay_where_they_are(dtype):
    a = np.array([1, np.nan, np.inf, -np.inf, 0, -0.0, 2, 3, 4] * 5, dtype)
    b, y = np.ones_like(a), np.empty_like(a)
    with np.errstate(invalid="ignore"):  # not compiled, NumPy reports inf / inf
        calculate(a, b, y, a.size)
    np.testing.assert_array_equal(np.isfinite(y), np.isfinite(a))
