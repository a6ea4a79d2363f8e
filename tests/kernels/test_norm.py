"""The sum of squares against exact sums, and clipping by it against NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinygrad_rnn.kernels import norm
from tinygrad_rnn.nn.utils import clip_grad, clip_grad_norm_
from tinygrad_rnn.tensor import Tensor

from .around import assert_same_at_any_number_of_threads, dtypes, normal, sizes, taken_over


@sizes
@dtypes
def test_naive_sum_of_squares(size, dtype):
    x = normal(size, size, dtype=dtype)
    exact = math.fsum(float(number) ** 2 for number in x)
    np.testing.assert_allclose(norm.sum_of_squares(x), exact, rtol=20 * np.finfo(dtype).eps)


@pytest.mark.parametrize("number", [3e30, 1e-30, 0.0, math.inf, math.nan])
def test_the_norm_of_many_extreme_numbers(number):
    norm = clip_grad.get_total_norm(Tensor(np.full(22_500, number, np.float32)))
    np.testing.assert_allclose(norm.item(), 150 * float(np.float32(number)), rtol=1e-6)


@dtypes
def test_the_number_of_threads_does_not_change_a_bit(dtype, monkeypatch):
    x = normal(0, 5 * norm.BLOCK // 2, dtype=dtype)
    assert_same_at_any_number_of_threads(lambda: [norm.sum_of_squares(x)], monkeypatch)


def clipped(dtype=np.float32):
    """The norm, and gradients that together are large enough for the kernel; one of them is not contiguous."""
    params = [Tensor(np.zeros(shape, dtype)).requires_grad_() for shape in [(200, 170), (5,), (3, 4)]]
    for i, p in enumerate(params):
        p.grad = Tensor(normal(i, *p.shape, dtype=dtype))
    params[2].grad = Tensor(normal(2, 4, 3, dtype=dtype).T)
    return [clip_grad_norm_(params, 1.0).array, *[p.grad.array for p in params]]


@dtypes
def test_large_gradients_are_clipped_as_small_ones(dtype, monkeypatch):
    results = clipped(dtype)
    np.testing.assert_allclose(math.sqrt(sum((x.astype(np.float64) ** 2).sum() for x in results[1:])), 1, rtol=1e-5)
    monkeypatch.setattr(clip_grad, "sum_of_squares", clip_grad.sum_of_squares.__wrapped__)
    tolerance = 1e-6 if dtype == np.float32 else 1e-14
    for a, b in zip(results, clipped(dtype), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=0)


def test_where_compiling_fails_numpy_takes_over(monkeypatch):
    expected = clipped()
    for a, b in zip(taken_over(clipped, monkeypatch, norm, "squares_of_blocks"), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
