"""Value: numbers with gradients, against hand-derived ones, against Tensor, and against torch."""

from __future__ import annotations

import math
import random
import sys

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value, ops
from tinygrad_rnn.autograd.backward import grad


def test_the_example_of_micrograd():
    """The sanity check of its README, with the figures it prints."""
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


@pytest.mark.parametrize(
    ("function", "x", "slope"),
    [
        (lambda x: x * x, 3.0, 6.0),
        (lambda x: x + x, 3.0, 2.0),
        (lambda x: x - x, 3.0, 0.0),
        (lambda x: x / x, 3.0, 0.0),
        (lambda x: x * x * x, 2.0, 12.0),
        (lambda x: 5 - x, 2.0, -1.0),
        (lambda x: 6 / x, 2.0, -1.5),
        (lambda x: x**2, -3.0, -6.0),
        (lambda x: x**-1, 2.0, -0.25),
        (lambda x: x**0, 0.0, 0.0),
        (lambda x: x**2, 0.0, 0.0),
        (lambda x: 2**x, 3.0, 8 * math.log(2)),
        (lambda x: x**x, 2.0, 4 * (math.log(2) + 1)),
        (lambda x: abs(x), -2.0, -1.0),
        (lambda x: abs(x), 0.0, 0.0),
        (lambda x: -x, 2.0, -1.0),
        (lambda x: x.relu(), 0.0, 0.0),
        (lambda x: x.relu(), -1.0, 0.0),
        (lambda x: x.sigmoid(), -1000.0, 0.0),
        (lambda x: x.sigmoid(), 1000.0, 0.0),
        (lambda x: x.softplus(), 1000.0, 1.0),
        (lambda x: x.softplus(), -1000.0, 0.0),
        (lambda x: x.maximum(1.0), 1.0, 0.5),
        (lambda x: x.minimum(1.0), 1.0, 0.5),
        (lambda x: (x * 2).maximum(x), 1.0, 2.0),
    ],
)
def test_slopes_by_hand(function, x, slope):
    x = Value(x)
    function(x).backward()
    assert x.grad == pytest.approx(slope, abs=1e-300)
    assert type(x.grad) is float


def test_backward_adds_up_on_every_value():
    x = Value(3.0)
    y = x * x
    z = y * y
    z.backward()
    assert (x.grad, y.grad, z.grad) == (108.0, 18.0, 1.0)
    z.backward()
    assert (x.grad, y.grad) == (216.0, 36.0)


def test_a_chain_of_100_000_operations():
    limit = sys.getrecursionlimit()
    x = y = Value(1.0)
    for _ in range(50_000):
        y = y * 1.0 + 0.5
    y.backward()
    assert (y.data, x.grad) == (25_001.0, 1.0)
    assert repr(y) == "Value(data=25001.0, grad=1.0)"
    del y
    assert sys.getrecursionlimit() == limit


def test_every_order_of_derivative():
    x = Value(0.6)
    d = x.sin() * x.exp()
    for order in range(1, 6):
        (d,) = grad(d, x, create_graph=True)
        assert d.data == pytest.approx(math.sqrt(2) ** order * math.exp(0.6) * math.sin(0.6 + order * math.pi / 4))


# --- beside Tensor: the same rules, once on numbers and once on arrays ------------------------------------------

UNARY = {
    0.6: "abs acos asin atan ceil cos cosh elu erf exp exp2 expm1 floor gelu leaky_relu log log10 log1p log2 "
    "logsigmoid reciprocal relu rsqrt sigmoid sign silu sin sinh softplus sqrt square tan tanh trunc",
    -0.7: "abs asin atan ceil cos cosh elu erf exp expm1 floor gelu leaky_relu logsigmoid relu sigmoid sign silu sin "
    "sinh softplus square tan tanh trunc",
    30.0: "elu erf gelu leaky_relu logsigmoid relu sigmoid silu softplus tanh",
    -30.0: "elu erf gelu leaky_relu logsigmoid relu sigmoid silu softplus tanh",
}


def derivatives(y, x, orders: int = 2) -> list[float]:
    """y, dy/dx, and so on."""
    found = [float(y)]
    for _ in range(orders):
        (y,) = grad(y, x, create_graph=True, materialize_grads=True)
        found.append(float(y))
        if y.node is None:
            return [*found, *[0.0] * (orders + 1 - len(found))]
    return found


@pytest.mark.parametrize(("at", "name"), [(at, name) for at, names in UNARY.items() for name in names.split()])
def test_functions_equal_those_of_tensors(at, name):
    x, tensor = Value(at), tg.tensor(at, dtype=tg.float64, requires_grad=True)
    mine, expected = derivatives(getattr(x, name)(), x), derivatives(getattr(ops, name)(tensor), tensor)
    np.testing.assert_allclose(mine, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + 2,
        lambda x: 2 - x,
        lambda x: x * 3 / (1 + x),
        lambda x: x**3,
        lambda x: x**0.5,
        lambda x: 1.7**x,
        lambda x: x**x,
        lambda x: ops.atan2(x, 1 + x),
        lambda x: ops.maximum(x, x * x),
        lambda x: ops.minimum(x, x * x),
        lambda x: ops.elu(-x, 1.3),
        lambda x: ops.leaky_relu(-x, 0.2),
        lambda x: ops.softplus(x, beta=2.0, threshold=1.0),
        lambda x: ops.clamp(x, min=0.7) * x,
        lambda x: ops.where(x.data > 0, x * x, x) if isinstance(x, Value) else ops.where(x > 0, x * x, x),
        lambda x: ops.gelu(x, approximate="tanh"),
    ],
)
def test_expressions_equal_those_of_tensors(function):
    for at in (0.3, 0.9, 1.6):
        x, tensor = Value(at), tg.tensor(at, dtype=tg.float64, requires_grad=True)
        mine, expected = derivatives(function(x), x), derivatives(function(tensor), tensor)
        np.testing.assert_allclose(mine, expected, rtol=1e-13, atol=1e-15)


def expression(draw: random.Random, leaves: list, depth: int):
    """A random expression, smooth and of moderate size, of anything with operators and the methods named."""
    if depth == 0:
        return draw.choice(leaves)
    kind = draw.randrange(6)
    a = expression(draw, leaves, depth - 1)
    if kind < 3:
        b = expression(draw, leaves, depth - 1)
        return (a + b, a * b, a / (b * b + 1.5))[kind]
    return (a.tanh(), (a * 0.5).sin(), (a**2 + 1).log())[kind - 3]


@pytest.mark.parametrize("seed", range(12))
def test_random_expressions_beside_torch(seed):
    torch = pytest.importorskip("torch")
    draw = random.Random(seed)
    numbers = [draw.uniform(-1.5, 1.5) for _ in range(3)]
    plan = draw.getrandbits(32)
    mine = [Value(x) for x in numbers]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
    y, expected = (expression(random.Random(plan), leaves, 5) for leaves in (mine, theirs))
    assert y.data == pytest.approx(expected.item(), rel=1e-12)
    dxs = grad(y, mine, create_graph=True, materialize_grads=True)
    wanted = torch.autograd.grad(expected, theirs, create_graph=True, materialize_grads=True)
    for dx, want in zip(dxs, wanted, strict=True):
        assert dx.data == pytest.approx(want.item(), rel=1e-11, abs=1e-13)
    total, expected = dxs[0] + 2 * dxs[1] + 3 * dxs[2], wanted[0] + 2 * wanted[1] + 3 * wanted[2]
    seconds = grad(total, mine, materialize_grads=True)
    for dx, want in zip(seconds, torch.autograd.grad(expected, theirs, materialize_grads=True), strict=True):
        assert dx.data == pytest.approx(want.item(), rel=1e-10, abs=1e-12)


# --- the face ---------------------------------------------------------------------------------------------------


def test_a_value_is_a_number():
    x = Value(2)
    assert (float(x), x.item(), bool(x), bool(Value(0.0))) == (2.0, 2.0, True, False)
    assert x < 3 and x <= Value(2.0) and x > 1.5 and x >= 2
    assert (x + np.float64(1.5)).data == 3.5
    assert type((np.int64(3) * x).data) is float
    assert repr(x) == "Value(data=2.0, grad=0.0)"


def test_nothing_is_recorded_under_no_grad():
    x = Value(2.0)
    with tg.no_grad():
        y = x**2 + x.exp()
    assert y.node.inputs == ()
    y.backward()
    assert x.grad == 0.0


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda: Value("a"), TypeError),
        (lambda: Value(1.0) + "a", TypeError),
        (lambda: Value(1.0) ** [2], TypeError),
        (lambda: Value(-2.0) ** 0.5, ValueError),
        (lambda: Value(0.0).log(), ValueError),
        (lambda: Value(1.0) / 0, ZeroDivisionError),
        (lambda: Value(1.0).tanh(2), TypeError),
        (lambda: Value(1.0).backward(inputs=1), TypeError),
    ],
)
def test_errors_are_those_of_python_numbers(call, kind):
    with pytest.raises(kind):
        call()
