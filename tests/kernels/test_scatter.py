"""Adding rows to named rows against a naive loop and NumPy, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import ops
from tinygrad_rnn.kernels import scatter
from tinygrad_rnn.kernels.passes import accelerated
from tinygrad_rnn.ops import indexing

from .around import dtypes, normal, taken_over

shapes = pytest.mark.parametrize(("N", "K", "D"), [(1, 1, 1), (9, 3, 5), (40, 7, 65), (3, 20, 130), (50, 2, 1)])


def case(N, K, D, dtype):
    return normal(0, N, D, dtype=dtype), normal(1, K, D, dtype=dtype), np.random.default_rng(2).integers(0, K, N)


@shapes
@dtypes
def test_naive_loop_and_numpy_agree_to_the_bit(N, K, D, dtype):
    values, y, names = case(N, K, D, dtype)
    expected = y.copy()
    for n in range(N):
        for d in range(D):
            expected[names[n], d] += values[n, d]
    for module in (scatter, indexing):
        result = y.copy()
        module.add_rows(values, result, names)
        np.testing.assert_array_equal(result, expected)


def large_gradient():
    """The gradient of an embedding large enough for the kernel."""
    weight = tg.from_numpy(normal(0, 30, 64, dtype=np.float32)).requires_grad_()
    ids = np.random.default_rng(1).integers(0, 30, (20, 30))
    dy = normal(2, 20, 30, 64, dtype=np.float32)
    ops.embedding(tg.from_numpy(ids), weight, 3).backward(tg.Tensor(dy))
    expected = np.zeros((30, 64), np.float32)
    np.add.at(expected, ids, dy)
    expected[3] = 0
    np.testing.assert_array_equal(weight.grad.array, expected)
    return [weight.grad.array]


def test_the_gradient_of_a_large_embedding():
    large_gradient()


def test_where_compiling_fails_numpy_takes_over(monkeypatch):
    monkeypatch.setattr(indexing, "add_rows", accelerated("scatter", least=1)(indexing.add_rows.__wrapped__))
    taken_over(large_gradient, monkeypatch, scatter, "add_rows")


@pytest.mark.parametrize("bad", [-31, 30])
def test_a_wrong_index_is_refused_before_anything_is_changed(bad):
    names = np.zeros(600, np.int64)
    names[400] = bad
    y = tg.zeros(30, 64)
    with pytest.raises(IndexError, match="out of range"):
        ops.index_add(y, 0, tg.from_numpy(names), tg.ones(600, 64))
    assert not y.array.any()
