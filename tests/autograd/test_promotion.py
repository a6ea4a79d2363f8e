"""In which dtype operands meet: torch's `result_type`, over all pairs of dtypes and of dimensions."""

from __future__ import annotations

import operator
from itertools import product

import numpy as np
import pytest

import tinygrad_rnn as tg

DTYPES = ["float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool"]
NUMBERS = [2.5, 2, True]
OPERATORS = [operator.add, operator.mul, operator.truediv, operator.eq, operator.lt]


def operands(m):
    """Tensors of 0 and 1 dimensions in every dtype, and Python's numbers."""
    made = {f"{name}{list(shape)}": m.ones(shape, dtype=getattr(m, name)) for name in DTYPES for shape in ((), (2,))}
    return made | {repr(number): number for number in NUMBERS}


def result(op, a, b) -> tuple:
    try:
        y = op(a, b)
    except (RuntimeError, TypeError) as error:
        return (type(error),)
    return str(y.dtype).removeprefix("torch."), tuple(y.shape), y.tolist()


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
def test_all_pairs(torch, op):
    ours, theirs = operands(tg), operands(torch)
    differing = []
    for a, b in product(theirs, theirs):
        if a in map(repr, NUMBERS) and b in map(repr, NUMBERS):
            continue
        found, expected = result(op, ours[a], ours[b]), result(op, theirs[a], theirs[b])
        if found != expected:
            differing.append((a, b, found, expected))
    assert not differing


@pytest.mark.parametrize("op", ["cat", "stack"])
def test_any_number_of_operands(torch, op):
    for a, b in product(DTYPES, DTYPES):
        found, expected = (
            getattr(m, op)([m.ones(2, dtype=getattr(m, a)), m.ones(2, dtype=getattr(m, b)), m.ones(2, dtype=m.bool)])
            for m in (tg, torch)
        )
        assert found.dtype == str(expected.dtype).removeprefix("torch."), (a, b)


@pytest.mark.parametrize("default", ["float32", "float64"])
def test_default_dtype(torch, default):
    try:
        for m in (tg, torch):
            m.set_default_dtype(getattr(m, default))
        for program in (
            lambda m: m.ones(2, dtype=m.int64) * 0.5,
            lambda m: m.ones(2, dtype=m.int64) / 2,
            lambda m: m.tensor([1.5]),
            lambda m: m.ones(2, dtype=m.float32) * 0.5,
            lambda m: m.ones(2, dtype=m.float32).exp(),
            lambda m: m.ones(2, dtype=m.float32)[0],
            lambda m: m.ones(2, dtype=m.int32).exp(),
            lambda m: m.zeros(1),
        ):
            assert program(tg).dtype == str(program(torch).dtype).removeprefix("torch.")
    finally:
        for m in (tg, torch):
            m.set_default_dtype(m.float32)


def test_default_dtype_is_float32_or_float64():
    for wrong in (tg.int64, np.float16):
        with pytest.raises(TypeError, match="float32 or float64"):
            tg.set_default_dtype(wrong)


@pytest.mark.parametrize("number", [np.float64(2), np.float32(2), np.int64(2), np.int8(2)], ids=type)
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_scalars_of_numpy_count_as_numbers(torch, number, dtype):
    for op in (operator.add, operator.mul, operator.truediv):
        found, expected = (op(m.ones(2, dtype=getattr(m, dtype)), number) for m in (tg, torch))
        assert found.dtype == str(expected.dtype).removeprefix("torch.")
        reflected = op(number, tg.ones(2, dtype=getattr(tg, dtype)))
        assert isinstance(reflected, tg.Tensor)
        assert reflected.dtype == found.dtype


def test_arrays_beside_tensors():
    x = tg.ones(2, requires_grad=True)
    array = np.array([2.0, 3.0], np.float32)
    for y in (x * array, array * x, array + x, array - x, array / x, x @ array, array @ x, array**x):
        assert isinstance(y, tg.Tensor)
        assert y.requires_grad
        assert y.dtype == tg.float32


def test_gradient_has_the_dtype_of_its_tensor():
    """The cast that lets two dtypes meet is part of the graph, and is undone for each of them."""
    a = tg.ones(3, dtype=tg.float32, requires_grad=True)
    b = tg.tensor([2.0, 3.0, 4.0], dtype=tg.float64, requires_grad=True)
    c = tg.tensor(5.0, dtype=tg.float64, requires_grad=True)
    y = a * b + tg.arange(3) * a * c
    assert y.dtype == tg.float64
    y.sum().backward()
    assert (a.grad.dtype, b.grad.dtype, c.grad.dtype) == (tg.float32, tg.float64, tg.float64)
    np.testing.assert_array_equal(a.grad.numpy(), [2.0, 8.0, 14.0])
    np.testing.assert_array_equal(b.grad.numpy(), [1.0, 1.0, 1.0])
    assert c.grad.item() == 3.0
    (a * c).sum().backward()
    assert (a * c).dtype == tg.float32
    assert c.grad.dtype == tg.float64


def test_casts_are_differentiable_and_integers_are_not():
    x = tg.tensor([1.5, 2.5], requires_grad=True)
    (x.double() ** 2).sum().backward()
    assert x.grad.dtype == tg.float32
    np.testing.assert_array_equal(x.grad.numpy(), [3.0, 5.0])
    for whole in (x.long(), x.int(), x.bool(), x > 1, x.argmax(), x.to(tg.uint8), x.sort().indices, x.max(0).indices):
        assert not whole.requires_grad
        assert whole.grad_fn is None


def test_float32_stays_float32():
    """No Python number and no constant of a rule lifts a float32 graph to float64."""
    x = tg.full((3,), 0.4, requires_grad=True)
    y = (1.5 * x + 2) / 3 - x**2 + 2**x - x.exp().log() + x.mean() + x.sigmoid() + np.float64(2.0) * x
    dx = tg.autograd.grad(y.sum(), x, create_graph=True)[0]
    ddx = tg.autograd.grad(dx.sum(), x)[0]
    assert {y.dtype, dx.dtype, ddx.dtype} == {np.dtype("float32")}


def test_what_is_no_number():
    x = tg.ones(2)
    for other in ("a", None, [1.0, 2.0], object(), 1j):
        with pytest.raises(TypeError):
            x + other
        with pytest.raises(TypeError):
            other * x


def test_a_number_too_large_for_the_dtype():
    with pytest.raises(RuntimeError, match="overflow"):
        tg.ones(2, dtype=tg.uint8) + 300
