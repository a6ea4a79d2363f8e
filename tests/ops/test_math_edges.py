"""Mathematics at its edges: the values PyTorch gives there, and the same calls side by side with it."""

from __future__ import annotations

import math
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, localcontext

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import ops
from tinygrad_rnn.autograd.backward import grad
from tinygrad_rnn.kernels.quiet import quiet
from tinygrad_rnn.nn import functional as F

inf, nan = math.inf, math.nan


def leaf(values, dtype=np.float32):
    return tg.tensor(np.array(values, dtype), requires_grad=True)


# --- known values ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "x", "y", "dx"),
    [
        (ops.tanh, [-inf, inf, nan], [-1, 1, nan], [0, 0, nan]),
        (ops.softplus, [1000, -1000, 0], [1000, 0, math.log(2)], [1, 0, 0.5]),
        (ops.logsigmoid, [1000, -1000, 0], [0, -1000, -math.log(2)], [0, 1, 0.5]),
        (ops.relu, [-1, 0, 2, nan, inf], [0, 0, 2, nan, inf], [0, 0, 1, 1, 1]),
        (ops.abs, [-2, 0, 3], [2, 0, 3], [-1, 0, 1]),
        (ops.sqrt, [0, 4, -1], [0, 2, nan], [inf, 0.25, nan]),
        (ops.log, [0, 1, -1], [-inf, 0, nan], [inf, 1, -1]),
        (ops.exp, [1000, -1000], [inf, 0], [inf, 0]),
        (ops.elu, [-1000, 0, 1000], [-1, 0, 1000], [0, 1, 1]),
        (ops.silu, [-1000, 0, 1000], [0, 0, 1000], [0, 0.5, 1]),
        (ops.gelu, [-30, 0, 30], [0, 0, 30], [0, 0.5, 1]),
        (ops.floor, [1.5, -1.5], [1, -2], [0, 0]),
        (ops.round, [0.5, 1.5, -2.5], [0, 2, -2], [0, 0, 0]),
        (ops.sign, [-3, 0, 2], [-1, 0, 1], [0, 0, 0]),
        (lambda x: x**0, [0, 2, -1], [1, 1, 1], [0, 0, 0]),
        (lambda x: x**2, [0, 3], [0, 9], [0, 6]),
        (lambda x: x**-1, [0, 2], [inf, 0.5], [-inf, -0.25]),
        (lambda x: 0.0**x, [0, 1, -1], [1, 0, inf], [0, 0, -inf]),
        (lambda x: ops.maximum(x, tg.tensor([1.0, 1.0])), [1, 2], [1, 2], [0.5, 1]),
        (lambda x: ops.minimum(x, tg.tensor([1.0, 1.0])), [1, 2], [1, 1], [0.5, 0]),
        (lambda x: ops.clamp(x, 0, 1), [-1, 0, 0.5, 1, 2, nan], [0, 0, 0.5, 1, 1, nan], [0, 1, 1, 1, 0, 0]),
        (lambda x: ops.max(x), [1, 1, 0], 1, [0.5, 0.5, 0]),
        (lambda x: ops.max(x, 0).values, [1, 1, 0], 1, [1, 0, 0]),
        (lambda x: ops.prod(x), [0, 0, 3], 0, [0, 0, 0]),
        (lambda x: ops.cumprod(x, 0), [2, 0, 3], [2, 0, 0], [1, 8, 0]),
        (lambda x: ops.cumprod(x, 0), 0, 0, 1),
        (lambda x: ops.norm(x), [0, 0], 0, [0, 0]),
        (lambda x: ops.norm(x, 1.5), [0, 0], 0, [0, 0]),
        (lambda x: ops.norm(x), [3e30, 4e30], 5e30, [0.6, 0.8]),
        (lambda x: ops.norm(x), [3e-30, 4e-30], 5e-30, [0.6, 0.8]),
        (lambda x: ops.norm(x), [3 * 2.0**-140, 4 * 2.0**-140], 5 * 2.0**-140, [0.6, 0.8]),  # subnormal in float32
        (lambda x: ops.std(x), [2, 2, 2], 0, [0, 0, 0]),
        (lambda x: ops.std(x), [1e30, 2e30], math.sqrt(0.5) * 1e30, [-math.sqrt(0.5), math.sqrt(0.5)]),
        (lambda x: ops.var(x), [1], nan, [nan]),
        (lambda x: ops.mean(x), [], nan, []),
        (lambda x: ops.logsumexp(x, 0), [-inf, -inf], -inf, [0, 0]),
        (lambda x: ops.logsumexp(x, 0), [1e4, 0, -inf], 1e4, [1, 0, 0]),
        (lambda x: ops.logcumsumexp(x, 0), [-inf, 0, 1e4], [-inf, 0, 1e4], [0, 1, 1]),
        (lambda x: ops.relu(x).sqrt(), [-1, 4], [0, 2], [0, 0.25]),  # inf does not leak through relu's zeros
        (lambda x: ops.where(x > 0, x, 0.0), [nan, 2], [0, 2], [0, 1]),
        (lambda x: ops.nan_to_num(x), [nan, 1.5], [0, 1.5], [0, 1]),
        (lambda x: ops.sum(x), [inf, -inf], nan, [1, 1]),
    ],
)
def test_known_values(function, x, y, dx):
    x = leaf(x)
    result = function(x)
    assert result.array.dtype == np.float32
    np.testing.assert_allclose(result.array, np.array(y, np.float32), rtol=1e-6, atol=1e-30)
    result.backward(tg.ones(*result.shape))
    np.testing.assert_allclose(x.grad.array, np.array(dx, np.float32), rtol=1e-6, atol=1e-30)


def test_a_product_of_zeros_has_the_right_hessian():
    x = leaf([0.0, 2.0, 0.0, 5.0], np.float64)
    (dx,) = grad(ops.prod(x), x, create_graph=True)
    np.testing.assert_array_equal(dx.array, [0, 0, 0, 0])
    rows = [grad(dx[i], x, retain_graph=True)[0].array for i in range(4)]
    expected = np.zeros((4, 4))
    expected[0, 2] = expected[2, 0] = 10  # the others of the two zeros
    np.testing.assert_array_equal(rows, expected)


def erf_series(x: float) -> Decimal:
    """2 / sqrt(pi) * sum of (-1)^n x^(2n+1) / (n! (2n+1)), in 60 digits."""
    square, power, total = Decimal(x) ** 2, Decimal(x), Decimal(0)
    for n in range(150):
        total += power / (2 * n + 1)
        power *= -square / (n + 1)
    return total * 2 / Decimal("3.14159265358979323846264338327950288419716939937510582097494").sqrt()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_erf_to_the_last_bit(dtype):
    x = np.concatenate([np.linspace(-5, 5, 201), np.logspace(-30, -1, 30)]).astype(dtype)
    with localcontext(prec=60):
        for value, y in zip(x, ops.erf(tg.tensor(x)).array, strict=True):
            error = abs(Decimal(float(y)) - erf_series(float(value)))
            assert error <= Decimal(float(np.spacing(np.abs(y))))
    np.testing.assert_array_equal(ops.erf(tg.tensor(np.array([nan, inf, -inf], dtype))).array, [nan, 1, -1])
    assert np.signbit(ops.erf(tg.tensor(np.array(-0.0, dtype))).array)


def test_functions_of_small_integers_are_not_computed_in_float16():
    for x in (np.array([0, 1, 11], np.uint8), np.array([False, True])):
        y = ops.exp(tg.tensor(x))
        np.testing.assert_array_equal(y.array, np.exp(x.astype(np.float32)))
        assert y.array.dtype == np.float32


def test_a_large_mask_zeroes_exactly():
    random = np.random.default_rng(0)
    x, mask = random.standard_normal((70, 90)), random.random((70, 90)) < 0.5
    x[mask] = random.choice([nan, inf, -inf], mask.sum())
    for dtype in (np.float32, np.float64):
        y = ops.masked_fill(tg.tensor(x.astype(dtype)), tg.tensor(mask), 0.0).array
        np.testing.assert_array_equal(y, np.where(mask, 0, x).astype(dtype))
        assert y.dtype == dtype


def test_the_chosen_element_alone_receives_the_gradient():
    x = leaf([[1.0, 3.0, 3.0], [nan, 0.0, 2.0]])
    values, indices = x.max(1)
    np.testing.assert_array_equal(indices.array, [1, 0])
    assert indices.node is None
    assert indices.array.dtype == np.int64
    values.sum().backward()
    np.testing.assert_array_equal(x.grad.array, [[0, 1, 0], [1, 0, 0]])


def test_median_is_the_lower_of_two_and_nan_wins():
    x = leaf([[4.0, 1.0, 3.0, 2.0], [1.0, nan, 0.0, 5.0]])
    values, indices = x.median(1)
    np.testing.assert_array_equal(values.array, [2, nan])
    np.testing.assert_array_equal(indices.array, [3, 1])
    values.sum().backward()
    np.testing.assert_array_equal(x.grad.array, [[0, 0, 0, 1], [0, 1, 0, 0]])
    assert leaf([7.0, 5.0, 6.0]).median().item() == 6


def test_weight_gradients_of_long_batches_are_one_product():
    """No [T, I, O] of small products is made to be summed: the peak would show it."""
    x, weight = leaf(np.ones((200, 4, 32))), leaf(np.ones((64, 32)))
    for y in (ops.linear(x, weight), x @ weight.mT):
        tracemalloc.start()
        y.backward(tg.ones(200, 4, 64))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 200 * 32 * 64 * 4, "as much as one product for each step"
    np.testing.assert_array_equal(weight.grad.array, np.full((64, 32), 1600))


def test_silence_is_of_one_thread_and_one_call():
    zeros = np.zeros(1000, np.float32)
    outside = np.geterr()
    with ThreadPoolExecutor(4) as pool:
        for y in pool.map(lambda _: ops.log(tg.tensor(zeros)).array, range(40)):
            assert np.all(y == -inf)
    nested = quiet(lambda x: quiet(np.log)(x) + np.log(x))
    assert np.all(nested(zeros) == -inf)
    with pytest.raises(RuntimeError, match="linear"):
        ops.linear(tg.ones(2), tg.ones(3, 3))
    assert ops.log(tg.tensor(0.0)).item() == -inf
    assert np.geterr() == outside
    with pytest.raises(RuntimeWarning):
        np.log(zeros)


# --- errors ---------------------------------------------------------------------------------------------------

matrix, vector = tg.ones(2, 3), tg.ones(3)
ERRORS = {
    "exp of a text": (lambda: tg.exp("one"), TypeError, "exp: expected a tensor"),
    "tanh of a text": (lambda: tg.tanh("one"), TypeError, "tanh: expected a tensor"),
    "exp of nothing": (lambda: tg.exp(None), TypeError, "exp: expected a tensor, got NoneType"),
    "sum of nothing": (lambda: tg.sum(None), TypeError, "sum: expected a tensor, got NoneType"),
    "relu of a list": (lambda: tg.relu([1.0]), TypeError, "relu: expected a tensor, got list"),
    "matmul of lists": (lambda: tg.matmul([[1.0]], [[1.0]]), TypeError, "matmul: expected a tensor, got list"),
    "mean of integers": (lambda: tg.tensor([1, 2]).mean(), RuntimeError, "mean: expected a floating point.*int64"),
    "var of integers": (lambda: tg.tensor([1, 2]).var(), RuntimeError, "var: expected a floating point.*int64"),
    "norm of integers": (lambda: tg.tensor([1, 2]).norm(), RuntimeError, "norm: expected a floating point.*int64"),
    "dimension": (lambda: matrix.sum(2), IndexError, "sum: axis 2 is out of bounds"),
    "amax along nothing": (lambda: tg.ones(0, 3).amax(0), IndexError, "amax: expected dimension 0"),
    "amax of nothing": (lambda: tg.ones(0).amax(), RuntimeError, "amax: zero-size"),
    "clamp": (lambda: matrix.clamp(), RuntimeError, "clamp: at least one"),
    "int ** -1": (lambda: tg.tensor([2]) ** -1, RuntimeError, "pow: Integers to negative integer powers"),
    "int % 0": (lambda: tg.tensor([2]) % 0, RuntimeError, "remainder: ZeroDivisionError"),
    "mm": (lambda: ops.mm(matrix, vector), RuntimeError, r"mm: expected mat2 of 2 dimensions, got shape \(3,\)"),
    "mm inner": (lambda: ops.mm(matrix, matrix), RuntimeError, r"matmul: .*a: float32 \(2, 3\)"),
    "bmm": (lambda: ops.bmm(tg.ones(2, 1, 3), tg.ones(3, 3, 1)), RuntimeError, "bmm: expected batches of equal size"),
    "mv": (lambda: ops.mv(vector, vector), RuntimeError, "mv: expected input of 2"),
    "dot": (lambda: ops.dot(matrix, vector), RuntimeError, "dot: expected input of 1"),
    "dot length": (lambda: ops.dot(vector, tg.ones(2)), RuntimeError, "matmul"),
    "outer": (lambda: ops.outer(matrix, vector), RuntimeError, "outer: expected input of 1"),
    "matmul 0-d": (lambda: ops.matmul(tg.tensor(1.0), vector), RuntimeError, "matmul"),
    "linear": (lambda: ops.linear(matrix, tg.ones(4, 2)), RuntimeError, "linear: expected x with last dimension 2"),
    "prod": (lambda: matrix.prod((0, 1)), TypeError, "prod: dim must be one int"),
    "gelu": (lambda: ops.gelu(matrix, approximate="erf"), RuntimeError, "gelu: approximate must be"),
    "norm": (lambda: ops.norm(matrix, "nuc"), RuntimeError, "norm: p must be"),
    "einsum terms": (lambda: ops.einsum("ij,jk", matrix), RuntimeError, "1 operands, but 2 terms"),
    "einsum dims": (lambda: ops.einsum("ijk", matrix), RuntimeError, "2 dimensions does not fit 'ijk'"),
    "einsum twice": (lambda: ops.einsum("ii->i", matrix), RuntimeError, "'i' stands for 2 and 3 in one operand"),
    "einsum result": (lambda: ops.einsum("ij->k", matrix), RuntimeError, "a letter that no operand has"),
    "einsum repeats": (lambda: ops.einsum("ij->ii", matrix), RuntimeError, "repeats a letter"),
    "einsum signs": (lambda: ops.einsum("i!->i", matrix), RuntimeError, "other characters"),
    "solve, B too short": (
        lambda: tg.linalg.solve(tg.eye(3), tg.ones(2, 2)),
        RuntimeError,
        "shapes do not fit A y = B",
    ),
    "solve, B too long": (lambda: tg.linalg.solve(tg.eye(3), tg.ones(4, 2)), RuntimeError, "do not fit A y = B"),
    "classes": (lambda: F.cross_entropy(matrix, tg.tensor([0, 7])), IndexError, r"target 7 is .* in \[0, 3\)"),
    "bag": (lambda: F.embedding_bag(tg.tensor([[0, 1]]), matrix, padding_idx=4), RuntimeError, "must be within the 2"),
    "searchsorted": (lambda: tg.searchsorted(matrix, tg.ones(3, 3)), RuntimeError, "first N-1 dimensions of both"),
    "margin": (lambda: F.multi_margin_loss(matrix, tg.tensor(1)), RuntimeError, r"for each example, got shape \(\)"),
    "padding": (lambda: F.pad(vector, (-4, 4)), RuntimeError, r"\(-4, 4\) cuts off more than there is of \(3,\)"),
    "channels": (
        lambda: F.feature_alpha_dropout(vector, 0.5, True),
        RuntimeError,
        r"expected .* \(N, C, ...\)",
    ),
    "attention": (lambda: F.scaled_dot_product_attention(*[tg.ones(2, 3).long()] * 3), RuntimeError, "floating dtype"),
    "heads": (
        lambda: F.scaled_dot_product_attention(tg.ones(2, 5, 3, 4), *[tg.ones(2, 3, 3, 4)] * 2, enable_gqa=True),
        RuntimeError,
        "key has 3 heads, which do not divide the 5 of query",
    ),
    "rounding": (lambda: tg.div(matrix, 2.0, rounding_mode="up"), RuntimeError, "rounding_mode"),
    "einsum sizes": (lambda: ops.einsum("ij,jk->ik", matrix, matrix), RuntimeError, "contract"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, kind, words = ERRORS[name]
    with pytest.raises(kind, match=words):
        call()


# --- side by side with torch ----------------------------------------------------------------------------------

a = np.array([[1.0, -2.0, 3.0], [0.0, 5.0, -6.5]], np.float32)
row = np.array([2.0, -3.0, 0.5], np.float32)
n = np.array([[1, 2, 3], [4, 0, -6]])
odd = np.array([-200.0, 200, nan, 0, -0.5, inf, -inf, 88, -95], np.float32)
flags = np.array([True, False, True])
bytes_ = np.array([0, 1, 200], np.uint8)
SMOOTH = (
    "exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "reciprocal", "sin", "cos", "tan", "asin", "atan", "sinh",
    "cosh", "tanh", "sigmoid", "erf",
)  # fmt: skip
FLAT = (
    "floor", "ceil", "round", "trunc", "relu", "square", "isnan", "isinf", "isfinite", "nan_to_num", "logical_not",
)  # fmt: skip
PAIRS = ("maximum", "minimum", "fmod", "remainder", "atan2", "eq", "ne", "lt", "le", "gt", "ge", "floor_divide")
LOGIC = ("bitwise_and", "bitwise_or", "bitwise_xor", "logical_and", "logical_or", "logical_xor")
REDUCTIONS = (
    "sum", "mean", "amax", "amin", "var", "std", "logsumexp", "all", "any", "prod", "argmax", "argmin", "max",
    "min", "median",
)  # fmt: skip
ALONG = (
    "sum", "amax", "amin", "all", "any", "prod", "cumsum", "cumprod", "count_nonzero", "argmax", "max", "min",
    "mean", "var", "logsumexp",
)  # fmt: skip
PRODUCTS = ("matmul", "mm", "bmm", "mv", "dot", "outer")
BOTH = {  # name: (call of (library, *tensors), inputs)
    **{
        f"{name} {kind}": (lambda lib, x, name=name: getattr(lib, name)(x), [x])
        for name in SMOOTH
        for kind, x in {"odd": odd, "int": n[0], "bool": flags, "uint8": bytes_, "0-d": np.float32(0.5)}.items()
    },
    **{
        f"{name} {kind}": (lambda lib, x, name=name: getattr(lib, name)(x), [x])
        for name in FLAT
        for kind, x in {"odd": odd, "int": n[0], "uint8": bytes_}.items()
    },
    **{
        f"{name} {kind}": (lambda lib, x, y, name=name: getattr(lib, name)(x, y), [x, y])
        for name in PAIRS
        for kind, (x, y) in {
            "floats": (odd, odd[::-1].copy()), "ints": (n, np.array([3, -2, 5])), "mixed": (n[0], row),
            "rows": (a, row), "misfit": (row, row[:2]),
        }.items()
        if name != "floor_divide" or kind == "ints"
    },
    **{
        f"{name} {kind}": (lambda lib, x, y, name=name: getattr(lib, name)(x, y), [x, y])
        for name in LOGIC
        for kind, (x, y) in {"bools": (flags, ~flags), "ints": (n[0], n[1]), "mixed": (flags, n[0])}.items()
    },
    **{f"x ** {p}": (lambda lib, x, p=p: x**p, [a]) for p in (0, 1, 2, 3, -1, 0.5, 2.5)},
    **{f"{p} ** x": (lambda lib, x, p=p: p**x, [a]) for p in (0, 1, 2.5)},
    **{f"int ** {p}": (lambda lib, x, p=p: x**p, [n]) for p in (0, 2, -1, 0.5)},
    "pow": (lambda lib, x, p: lib.pow(x, p), [np.abs(a), row]),
    **{
        f"{name} {args} {kwargs}": (lambda lib, x, f=name, p=args, k=kwargs: getattr(x, f)(*p, **k), [a])
        for name in REDUCTIONS
        for args, kwargs in [
            ((), {}), ((0,), {}), ((-1,), {}), ((1, True), {}), ((), {"dim": 1, "keepdim": True}), ((5,), {}),
            ((), {"axis": 0, "keepdims": True}),
        ]
    },
    **{
        f"{name} of {kind}": (lambda lib, x, f=name: getattr(x, f)(-1), [x])
        for name in ALONG
        for kind, x in {"int": n, "int32": n.astype(np.int32), "0-d": np.float32(2.0), "empty": a[:, :0]}.items()
        if (name, kind) not in [("var", "0-d"), ("var", "empty")]  # torch warns
    },
    **{
        f"cum{f} {d}": (lambda lib, x, f=f, d=d: getattr(x, f"cum{f}")(d), [a])
        for f in ("sum", "prod")
        for d in (0, -1)
    },
    "logcumsumexp": (lambda lib, x: lib.logcumsumexp(x, dim=1), [a]),
    "sum dtype": (lambda lib, x: x.sum(dtype=lib.float64), [a]),
    "sum of ints in float": (lambda lib, x: lib.sum(x, 1, dtype=lib.float64), [n]),
    "mean dtype": (lambda lib, x: x.mean(dtype=lib.float32), [n]),
    "cumsum dtype": (lambda lib, x: x.cumsum(0, dtype=lib.float64), [a]),
    "count_nonzero": (lambda lib, x: lib.count_nonzero(x, dim=0), [a]),
    "max of two": (lambda lib, x, y: lib.max(x, y), [a, row]),
    "min other": (lambda lib, x, y: lib.min(x, other=y), [a, row]),
    "max indices": (lambda lib, x: x.max(1)[1], [a]),
    "max values": (lambda lib, x: x.max(dim=1, keepdim=True).values, [a]),
    "var biased": (lambda lib, x: x.var(unbiased=False), [a]),
    "var biased first": (lambda lib, x: x.var(False), [a]),
    "var biased second": (lambda lib, x: x.var(1, False), [a]),
    "var kept third": (lambda lib, x: x.var(1, False, True), [a]),
    "var correction": (lambda lib, x: x.var(1, correction=0), [a]),
    "std correction": (lambda lib, x: x.std(0, keepdim=True, correction=0), [a]),
    "var_mean": (lambda lib, x: lib.var_mean(x, dim=1, keepdim=True), [a]),
    "var_mean biased": (lambda lib, x: lib.var_mean(x, False), [a]),
    **{f"norm {p}": (lambda lib, x, p=p: lib.norm(x, p), [a]) for p in (1, 2, 3, 0.5, 2.5, inf, -inf, "fro")},
    **{f"norm {p} rows": (lambda lib, x, p=p: x.norm(p=p, dim=1, keepdim=True), [a]) for p in (1, 2, 3, inf)},
    "clamp min": (lambda lib, x: x.clamp(min=0), [odd]),
    "clamp max": (lambda lib, x: x.clamp(max=1), [odd]),
    "clamp both": (lambda lib, x: lib.clamp(x, -0.5, 0.5), [odd]),
    "clamp crossed": (lambda lib, x: x.clip(2.0, 1.0), [odd]),
    "clamp ints": (lambda lib, x: x.clamp(min=0.5), [n]),
    "clamp tensors": (lambda lib, x, low, high: lib.clamp(x, low, high), [a, row - 2, np.abs(row)]),
    "clamp nothing": (lambda lib, x: x.clamp(), [a]),
    "where": (lambda lib, x: lib.where(x > 0, x, 0.0), [odd]),
    "where numbers": (lambda lib, x: lib.where(x > 0, 1.0, 0.0), [a]),
    "where ints": (lambda lib, x: lib.where(x > 0, 1, 0), [a]),
    "where int and float": (lambda lib, x: lib.where(x > 0, x, 2.5), [n]),
    "where two dtypes": (lambda lib, x, y: lib.where(x > 0, x, y), [a, row.astype(np.float64)]),
    "where indices": (lambda lib, x: lib.where(x > 0), [a]),
    "where 0-d indices": (lambda lib, x: lib.where(x > 0), [np.float32(5.0)]),
    "masked_fill": (lambda lib, x: x.masked_fill(x > 0, -inf), [a]),
    "masked_fill int": (lambda lib, x: x.masked_fill(x > 0, 1.5), [n]),
    "masked_fill tensor": (lambda lib, x, v: x.masked_fill(x > 0, v), [a, np.float32(5.0)]),
    **{
        f"{name} {x.shape} {y.shape}": (lambda lib, x, y, name=name: getattr(lib, name)(x, y), [x, y])
        for name in PRODUCTS
        for x, y in [
            (a, a.T.copy()), (row, row), (a, row), (row, a.T.copy()), (a[None], a.T.copy()), (a, a),
            (a[None], a.T[None].copy()), (a[:0], a.T.copy()), (a[:, :0], a[:0]),
            (a[None], np.ones((2, 3, 1), np.float32)),
        ]
    },
    "addmm": (lambda lib, x, y, z: lib.addmm(z, x, y, beta=2, alpha=3), [a, a.T.copy(), np.ones(2, np.float32)]),
    "baddbmm": (
        lambda lib, x, y, z: lib.baddbmm(z, x, y, beta=0), [a[None], a.T[None].copy(), np.full((1, 2, 2), nan, "f4")]
    ),
    **{
        f"einsum {equation}": (lambda lib, *xs, e=equation: lib.einsum(e, *xs), xs)
        for equation, xs in {
            "ij,jk": [a, a.T.copy()], "ij,jk->ik": [a, a.T.copy()], "ba": [a], "ij->": [a], "ij->kj": [a],
            "...j,jk->...k": [a, a.T.copy()], "i...->...": [a], "...i,...i->...": [a, row], "i ... , j": [a, row],
            "ij,ij,ij->i": [a, a, a],
        }.items()
    },
    "einsum list": (lambda lib, x: lib.einsum("ij,ij->i", [x, x]), [a]),
    "equal": (lambda lib, x: lib.equal(x, x), [a]),
    "equal shapes": (lambda lib, x, y: lib.equal(x, y), [a, row]),
    "equal nan": (lambda lib, x: lib.equal(x, x), [odd]),
    "allclose": (lambda lib, x: lib.allclose(x, x + 1e-6), [a]),
    "allclose nan": (lambda lib, x: lib.allclose(x, x, equal_nan=True), [odd]),
    "isclose": (lambda lib, x: lib.isclose(x, x * 1.00001, rtol=1e-4), [odd]),
}  # fmt: skip


def outcome(lib, call, inputs):
    """What a call gives: type of the error, or values, dtypes and gradients."""
    xs = [lib.tensor(x.tolist(), dtype=getattr(lib, x.dtype.name)) for x in inputs]
    for x in xs:
        x.requires_grad_(x.dtype.is_floating_point if hasattr(x.dtype, "is_floating_point") else x.dtype.kind == "f")
    try:
        y = call(lib, *xs)
    except Exception as error:
        return type(error), str(error)
    ys = list(y) if isinstance(y, tuple) else [y]
    if isinstance(y, bool):
        return ys, [], [], []
    roots = [v for v in ys if v.requires_grad]
    if roots:
        sum((v.double() * weights(lib, v)).sum() for v in roots).backward()
    grads = [None if x.grad is None else x.grad.tolist() for x in xs] if roots else []
    return [v.tolist() for v in ys], [str(v.dtype).removeprefix("torch.") for v in ys], [bool(roots)], grads


def weights(lib, y):
    return lib.arange(1, y.numel() + 1, dtype=lib.float64).reshape(*y.shape) if y.ndim else lib.tensor(1.5)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_beside_torch(name):
    torch = pytest.importorskip("torch")
    call, inputs = BOTH[name]
    ours, theirs = outcome(tg, call, inputs), outcome(torch, call, inputs)
    if isinstance(theirs[0], type):
        assert issubclass(ours[0], theirs[0]) if isinstance(ours[0], type) else False, (ours, theirs)
        return
    assert ours[1:3] == theirs[1:3]
    for mine, his in zip(ours[0] + ours[3], theirs[0] + theirs[3], strict=True):
        assert (mine is None) == (his is None)
        if mine is not None:
            np.testing.assert_allclose(mine, his, rtol=2e-6, atol=1e-6)
