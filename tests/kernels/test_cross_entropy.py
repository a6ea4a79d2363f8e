"""Softmax with cross entropy in one pass against NumPy, float64 and torch."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import ops
from tinygrad_rnn.kernels import cross_entropy
from tinygrad_rnn.kernels.jit import COMPILED
from tinygrad_rnn.ops import loss

from .around import assert_same_at_any_number_of_threads, dtypes, normal, taken_over

shapes = pytest.mark.parametrize(("N", "C"), [(1, 1), (3, 2), (2, 16), (5, 17), (65, 7), (130, 33), (4, 103)])
INF, NAN = math.inf, math.nan


def case(N, C, dtype):
    names = np.random.default_rng(1).integers(0, C, N)
    return 10 * normal(0, N, C, dtype=dtype), names, normal(2, N, dtype=dtype), normal(3, N, dtype=dtype)


def naive(x, names, factor, share):
    """Maximum, sum, picked and gradient of every row, one number at a time."""
    top, total, picked, dx = [], [], [], np.zeros(x.shape)
    for n, row in enumerate(x.astype(np.float64)):
        top.append(max(row))
        total.append(sum(math.exp(number - top[n]) for number in row))
        picked.append(row[names[n]] - top[n])
        for c, number in enumerate(row):
            dx[n, c] = math.exp(number - top[n]) * factor[n] - (share[n] if c == names[n] else 0)
    return top, total, picked, dx


@shapes
@dtypes
def test_naive_loop_and_numpy_agree(N, C, dtype):
    x, names, factor, share = case(N, C, dtype)
    tolerance = 200 * np.finfo(dtype).eps
    for module in (cross_entropy, loss):
        results = module.normalizers(x, names)
        dx = module.gradient(x, results[0], factor, names, share)
        for y, exact in zip((*results, dx), naive(x, names, factor, share), strict=True):
            np.testing.assert_allclose(y, exact, rtol=tolerance, atol=tolerance)


@dtypes
@pytest.mark.parametrize(
    "row",
    [[1e4, 0.0, -INF], [-INF, -INF, -INF], [INF, 0.0, 1.0], [NAN, 1.0, 2.0], [1.0, -NAN, 2.0], [-0.0, 0.0, -0.0],
     [-1e30, -1e30, -1e30]],
    ids=str,
)  # fmt: skip
def test_naive_extremes_show_as_in_numpy(row, dtype):
    x, names = np.array([row, [1.0, 2.0, 3.0]], dtype), np.array([1, 2])
    with np.errstate(all="ignore"):
        expected, results = loss.normalizers(x, names), cross_entropy.normalizers(x, names)
        one = np.ones(2, dtype)
        dx = [module.gradient(x, expected[0], one, names, one) for module in (loss, cross_entropy)]
    np.testing.assert_allclose(results[1], expected[1], rtol=1e-6)
    np.testing.assert_allclose(results[2], expected[2], rtol=1e-6)
    np.testing.assert_allclose(dx[1], dx[0], rtol=1e-6)


@pytest.mark.skipif(not COMPILED, reason="it would take long")
def test_errors_in_float32_are_at_most_those_of_torch():
    torch = pytest.importorskip("torch")
    x, names = 3 * normal(0, 512, 103, dtype=np.float32), np.random.default_rng(1).integers(0, 103, 512)

    def errors(function, make, array):
        scores, exact = make(x), make(x.astype(np.float64))
        for given in (scores, exact):
            given.requires_grad_()
            function(given, make(names), reduction="none").sum().backward()
        losses = [array(function(given, make(names), reduction="none").detach()) for given in (scores, exact)]
        gradients = [array(given.grad) for given in (scores, exact)]
        return [np.abs(a.astype(np.float64) - b).max() for a, b in (losses, gradients)]

    ours = errors(ops.cross_entropy, lambda x: tg.from_numpy(x.copy()), lambda x: x.array)
    theirs = errors(torch.nn.functional.cross_entropy, torch.tensor, lambda x: x.numpy())
    assert ours[0] <= theirs[0]
    assert ours[1] <= theirs[1]


@dtypes
def test_the_number_of_threads_does_not_change_a_bit(dtype, monkeypatch):
    x, names, factor, share = case(301, 37, dtype)

    def compute():
        top, total, picked = cross_entropy.normalizers(x, names)
        return [top, total, picked, cross_entropy.gradient(x, top, factor, names, share)]

    assert_same_at_any_number_of_threads(compute, monkeypatch)


def large_loss(dtype=np.float32, **options):
    """A loss large enough for the kernel, and the gradient of its input."""
    x = tg.from_numpy(normal(0, 200, 103, dtype=dtype)).requires_grad_()
    names = np.random.default_rng(1).integers(0, 103, 200)
    names[7] = options.get("ignore_index", 0)
    y = ops.cross_entropy(x, tg.from_numpy(names), **options)
    y.backward(tg.from_numpy(np.ones(y.shape, dtype)))
    return [y.array, x.grad.array]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("options", [{}, {"ignore_index": 3}, {"label_smoothing": 0.1}, {"weight": True}], ids=str)
def test_large_losses_take_the_kernel_and_equal_numpy(options, reduction, monkeypatch):
    if "weight" in options:
        options = {"weight": tg.from_numpy(np.random.default_rng(2).uniform(0.5, 2, 103))}
    used = []
    for name in ("normalize_rows", "pull_rows"):
        monkeypatch.setattr(cross_entropy, name, recording(name, getattr(cross_entropy, name), used))
    results = large_loss(np.float64, reduction=reduction, **options)
    assert used == ["normalize_rows", "pull_rows"]
    monkeypatch.setattr(loss, "normalizers", loss.normalizers.__wrapped__)
    monkeypatch.setattr(loss, "gradient", loss.gradient.__wrapped__)
    for a, b in zip(results, large_loss(np.float64, reduction=reduction, **options), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def recording(name, function, used):
    def record(*arguments):
        used.append(name)
        return function(*arguments)

    return record


def test_where_compiling_fails_numpy_takes_over(monkeypatch):
    expected = large_loss()
    results = taken_over(large_loss, monkeypatch, cross_entropy, "normalize_rows")
    for a, b in zip(results, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
