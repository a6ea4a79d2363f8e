"""Numbers at the edges: losses of extreme scores, integers that overflow, dtypes that tensors cannot have."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn, ops

F = nn.functional
inf, nan = math.inf, math.nan

# --- losses and what they are made of, of extreme scores ------------------------------------------------------------

SCORES = [-3e38, -1e4, -100.0, 0.0, 100.0, 1e4, 3e38]
softplus = lambda x: float(np.logaddexp(0, x))
EXTREME = {  # of one score x: the value, and the gradient, which must not come near inf * 0
    "logsigmoid": (ops.logsigmoid, lambda x: -softplus(-x), lambda x: 1 - ops.sigmoid(x)),
    "softplus": (ops.softplus, softplus, ops.sigmoid),
    "binary_cross_entropy_with_logits 0": (
        lambda x: F.binary_cross_entropy_with_logits(x, tg.zeros_like(x)), softplus, ops.sigmoid),
    "binary_cross_entropy_with_logits 1": (
        lambda x: F.binary_cross_entropy_with_logits(x, tg.ones_like(x)), lambda x: softplus(-x),
        lambda x: ops.sigmoid(x) - 1),
    "soft_margin_loss": (
        lambda x: F.soft_margin_loss(x, tg.ones_like(x)), lambda x: softplus(-x), lambda x: ops.sigmoid(x) - 1),
    "multilabel_soft_margin_loss": (
        lambda x: F.multilabel_soft_margin_loss(x, tg.zeros_like(x)), softplus, ops.sigmoid),
    "cross_entropy": (
        lambda x: F.cross_entropy(ops.cat([x, tg.zeros_like(x)])[None], tg.tensor([1])), softplus, ops.sigmoid),
    "log_softmax": (lambda x: -ops.log_softmax(ops.cat([x, tg.zeros_like(x)]), 0)[1], softplus, ops.sigmoid),
    "logsumexp": (lambda x: ops.logsumexp(ops.cat([x, tg.zeros_like(x)]), 0), softplus, ops.sigmoid),
    "softmax": (lambda x: ops.softmax(ops.cat([x, tg.zeros_like(x)]), 0)[0], lambda x: math.exp(-softplus(-x)),
                lambda x: ops.sigmoid(x) * ops.sigmoid(-x)),
    "sigmoid": (ops.sigmoid, lambda x: math.exp(-softplus(-x)), lambda x: ops.sigmoid(x) * ops.sigmoid(-x)),
    "huber_loss": (lambda x: F.huber_loss(x, tg.zeros_like(x)), lambda x: max(abs(x) - 0.5, 0), ops.sign),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [tg.float32, tg.float64], ids=str)
@pytest.mark.parametrize("x", SCORES)
@pytest.mark.parametrize("name", EXTREME)
def test_extreme_scores(name, x, dtype):
    function, value, slope = EXTREME[name]
    score = tg.tensor([x], dtype=dtype, requires_grad=True)
    y = function(score).sum()
    (dx,) = tg.autograd.grad(y, score, create_graph=True)
    tolerance = 1e-6 if dtype == tg.float32 else 1e-15
    np.testing.assert_allclose(y.item(), value(x), rtol=tolerance, atol=1e-38)
    np.testing.assert_allclose(dx.item(), slope(tg.tensor([x], dtype=dtype)).item(), rtol=tolerance, atol=tolerance)
    (ddx,) = tg.autograd.grad(dx.sum(), score)
    assert np.isfinite(ddx.array).all()


@pytest.mark.parametrize(
    "function", [ops.norm, ops.std, lambda x: ops.logsumexp(x, 0)], ids=["norm", "std", "logsumexp"]
)
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_numbers_whose_squares_float32_cannot_hold(function, scale):
    x = np.array([3.0, 4.0, -1.0]) * scale
    single, double = [tg.tensor(x, dtype=dtype, requires_grad=True) for dtype in (tg.float32, tg.float64)]
    y, expected = function(single), function(double)
    y.backward(), expected.backward()
    np.testing.assert_allclose(y.item(), expected.item(), rtol=1e-6)
    np.testing.assert_allclose(single.grad.array, double.grad.array, rtol=1e-6, atol=1e-7)


def test_variance_far_from_0():
    x = np.random.default_rng(0).standard_normal(1000) + 1e6
    np.testing.assert_allclose(ops.var(tg.tensor(x)).item(), np.var(x - 1e6, ddof=1), rtol=1e-9)


# --- integers -------------------------------------------------------------------------------------------------------

LARGEST = 2**63 - 1
WRAPS = {  # as PyTorch, silently
    "int8 sum": (lambda: tg.tensor([127, 1], dtype=tg.int8) + 1, [-128, 2]),
    "int8 number": (lambda: tg.tensor(127, dtype=tg.int8) * 2, -2),
    "int8 abs": (lambda: tg.tensor(-128, dtype=tg.int8).abs(), -128),
    "uint8 difference": (lambda: tg.tensor([0], dtype=tg.uint8) - 1, [255]),
    "int64 sum": (lambda: tg.tensor(LARGEST) + 1, -LARGEST - 1),
    "int64 reduction": (lambda: tg.tensor([LARGEST, 1]).sum(), -LARGEST - 1),
    "int64 product": (lambda: tg.tensor([LARGEST, 2]).prod(), -2),
    "a quotient": (lambda: tg.tensor(-128, dtype=tg.int8) // -1, -128),
    "narrower": (lambda: tg.tensor([300]).to(tg.int8), [44]),
    "a reduction of int8 is int64": (lambda: tg.tensor([127, 127], dtype=tg.int8).sum(), 254),
}


@pytest.mark.parametrize("name", WRAPS)
def test_integers_wrap_around(name):
    call, expected = WRAPS[name]
    assert call().tolist() == expected


def test_a_number_that_does_not_fit_is_refused_in_words():
    for function in (operator.add, operator.mul, tg.maximum, tg.floor_divide):
        with pytest.raises(RuntimeError, match="300 cannot|cannot be converted to type int8 without overflow: 300"):
            function(tg.tensor([1, 2], dtype=tg.int8), 300)


@pytest.mark.parametrize("dtype", [tg.uint8, tg.int8, tg.int32, tg.int64], ids=str)
@pytest.mark.parametrize("number", [-(2**70), -100_000_000_000, 100_000_000_000, 2**70])
def test_comparing_with_a_number_that_does_not_fit(dtype, number):
    """As Python compares: `target != -100` of a uint8 target is True."""
    x = tg.tensor([0, 1, 127], dtype=dtype)
    for compare in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
        assert compare(x, number).tolist() == [compare(i, number) for i in (0, 1, 127)]
        assert compare(number, x).tolist() == [compare(number, i) for i in (0, 1, 127)]


# --- overflow of floats, other dtypes -------------------------------------------------------------------------------


OVERFLOWS = {
    "x + y": lambda x: x + 1.7e308,
    "x - y": lambda x: -x - 1.7e308,
    "x * y": lambda x: x * 2,
    "square": ops.square,
}


@pytest.mark.parametrize("call", OVERFLOWS.values(), ids=OVERFLOWS)
def test_overflow_of_arithmetic_is_inf_and_numpy_says_so(call):
    """The functions (`exp`, `softmax`, ...) are silent, as PyTorch; a look at every sum would double its time."""
    x = tg.tensor([1.7e308], dtype=tg.float64)
    with pytest.warns(RuntimeWarning, match="overflow"):
        assert np.isinf(call(x).array).all()


@pytest.mark.parametrize("dtype", ["f2", "c8", "u2", "u8", "S3", "O"])
def test_other_dtypes_are_refused_in_words(dtype):
    array = np.ones(3, dtype)
    for make in (tg.tensor, tg.as_tensor, tg.from_numpy):
        with pytest.raises(TypeError, match=r"is not supported; tensors are of float32, float64.*convert with .astype"):
            make(array)
    for function in (operator.add, operator.mul, tg.maximum, tg.matmul):
        with pytest.raises(TypeError, match=r"an array of .* cannot be a tensor; convert it with .astype"):
            function(tg.ones(3), array)


def test_a_number_of_numpy_in_float16_is_a_number():
    assert (tg.ones(2) + np.float16(0.5)).dtype == tg.float32
