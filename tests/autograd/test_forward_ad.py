"""Forward mode: every operation by duality and by central differences, levels within levels, and what it keeps."""

from __future__ import annotations

import gc
import threading
import tracemalloc
import warnings

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import func
from tinygrad_rnn.autograd.backward import grad
from tinygrad_rnn.autograd.forward_ad import dual_level, enter_dual_level, exit_dual_level, make_dual, unpack_dual
from tinygrad_rnn.autograd.graph import Dual, Tensor
from tinygrad_rnn.autograd.scope import levels, no_grad
from tinygrad_rnn.autograd.source import recorders

from ..ops.sampling import Sample
from ..ops.test_registry import SMOOTH, TWICE, applied, copies, directions, each, leaves, projected, pulled


@pytest.fixture(autouse=True)
def nothing_stays_open():
    yield
    assert levels() == () and recorders == []


def numbers(*shape, seed=0):
    return tg.tensor(np.random.default_rng(seed).standard_normal(shape))


def close(a, b, tolerance=1e-12):
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=tolerance, atol=tolerance)


# --- every operation ------------------------------------------------------------------------------------------


def pushed(sample: Sample, inputs, along: list) -> list:
    """The tangents of the outputs for these of the differentiable inputs; zeros where there is none."""
    ts = dict(zip(sample.differentiable(), along, strict=True))
    xs = [x if x is None or isinstance(x, Tensor) else Tensor(x) for x in inputs]
    with dual_level():
        duals = [make_dual(x, ts[i]) if i in ts else x for i, x in enumerate(xs)]
        pairs = [unpack_dual(y) for y in applied(sample, duals)]
    for y, t in pairs:
        assert t is None or (t.array.shape, t.array.dtype) == (y.array.shape, y.array.dtype)
    return [Tensor(np.zeros_like(y.array)) if t is None else t for y, t in pairs]


@each(SMOOTH)
def test_the_dual_of_the_gradient(sample):
    """<J t, u> = <t, J^T u>, and J t is the slope along t."""
    inputs = copies(sample)
    moved = [inputs[i] for i in sample.differentiable()]
    ts = directions(moved, 3)
    us = directions([y.array for y in applied(sample, leaves(sample))], 1)
    dys = pushed(sample, inputs, [Tensor(t) for t in ts])
    assert all(dy.node is None for dy in dys)
    found = sum(float(np.sum(u * dy.array)) for u, dy in zip(us, dys, strict=True))
    dxs = pulled(sample, leaves(sample), [Tensor(u) for u in us])
    dual = sum(float(np.sum(t * dx.array)) for t, dx in zip(ts, dxs, strict=True))
    np.testing.assert_allclose(found, dual, rtol=1e-10, atol=1e-11)
    ends, eps = [], 1e-6
    for sign in (1, -1):
        there = list(inputs)
        for i, x, t in zip(sample.differentiable(), moved, ts, strict=True):
            there[i] = x + sign * eps * t
        ends.append(projected(sample, there, us))
    np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * eps), rtol=1e-5, atol=1e-6)


@each(TWICE)
def test_second_derivatives_in_four_ways(sample):
    """Along t twice, of <u, y>: forward over forward and over reverse, reverse over forward and over reverse."""
    inputs = [None if x is None else Tensor(x) for x in copies(sample)]
    wanted = sample.differentiable()
    moved = tuple([inputs[i] for i in wanted])
    ts = tuple([Tensor(t) for t in directions([x.array for x in moved], 3)])
    us = [Tensor(u) for u in directions([y.array for y in applied(sample, leaves(sample))], 1)]

    def value(*xs):
        there = dict(zip(wanted, xs, strict=True))
        ys = applied(sample, [there.get(i, x) for i, x in enumerate(inputs)])
        return sum([(u * y).sum() for u, y in zip(us, ys, strict=True) if y.array.dtype.kind == "f"])

    def forward(f):
        return lambda *xs: func.jvp(f, xs, ts)[1]

    def reverse(f):
        def slope(*xs):
            dxs = func.grad(f, argnums=tuple(range(len(xs))))(*xs)
            return sum([(t * dx).sum() for t, dx in zip(ts, dxs, strict=True)])

        return slope

    found = [outer(inner(value))(*moved).item() for outer in (forward, reverse) for inner in (forward, reverse)]
    np.testing.assert_allclose(found, found[3], rtol=1e-9, atol=1e-9)


# --- levels ---------------------------------------------------------------------------------------------------


def test_perturbations_are_not_confused():
    x = tg.tensor(3.0)
    one = tg.ones(())

    def d(f):
        return lambda x: func.jvp(f, (x,), (one,))[1]

    assert d(lambda x: x * d(lambda y: x + y)(x))(x).item() == 1
    assert d(lambda x: x * d(lambda y: x * y)(x))(x).item() == 6
    assert d(lambda x: x * func.grad(lambda y: x * y)(x))(x).item() == 6
    assert func.grad(lambda x: x * d(lambda y: x * y)(x))(x).item() == 6
    assert d(d(d(d(lambda x: x**4))))(x).item() == 24


def test_levels_by_name():
    x, one = tg.tensor(3.0), tg.ones(())
    with dual_level() as outer:
        y = make_dual(x, one)
        with dual_level() as inner:
            z = make_dual(y, 2 * one)
            primal, dz = unpack_dual(z**3)
            assert dz.item() == 54 and unpack_dual(primal, level=outer).tangent.item() == 27
            assert unpack_dual(dz, level=outer).tangent.item() == 36 and unpack_dual(dz).tangent is None
            assert unpack_dual(y**2, level=inner).tangent is None
            with pytest.raises(RuntimeError, match="not the innermost"):
                exit_dual_level(level=outer)
        assert unpack_dual(z).tangent.item() == 1


@pytest.mark.parametrize("record", [True, False])
def test_through_backward(record):
    """A gradient taken inside by any way has a tangent: the Hessian times t."""
    x, t = numbers(3), numbers(3, seed=1)

    def by_backward(x):
        x = x.clone().requires_grad_()
        (x.exp() * x).sum().backward(create_graph=record)
        return x.grad

    def by_grad(x):
        x = x.requires_grad_()
        return grad((x.exp() * x).sum(), x, create_graph=record)[0]

    for f in by_backward, by_grad, func.grad(lambda x: (x.exp() * x).sum()):
        close(func.jvp(f, (x,), (t,))[1], (2 + x) * x.exp() * t)
    hvp = tg.autograd.functional.hvp
    close(func.jvp(lambda x: hvp(lambda x: (x**3).sum(), x, t)[1], (x,), (t,))[1], 6 * t * t)


def test_connected_to_what_requires_grad_outside():
    x, w = numbers(3).requires_grad_(), numbers(3, seed=1).requires_grad_()
    t = numbers(3, seed=2).requires_grad_()
    y, dy = func.jvp(lambda x: (x * w).tanh(), (x,), (t,))
    found = grad(dy.sum(), [x, w, t])
    f = lambda x, w, t: (t * func.grad(lambda x: (x * w).tanh().sum())(x)).sum()
    for a, b in zip(found, func.grad(f, argnums=(0, 1, 2))(x, w, t), strict=True):
        close(a, b)
    with no_grad():
        y, dy = func.jvp(lambda x: (x * w).tanh(), (x,), (t,))
    assert not (y.requires_grad or dy.requires_grad)


# --- layers ---------------------------------------------------------------------------------------------------


def layers():
    tg.manual_seed(0)
    recurrent = [kind(3, 4, **options) for kind in (tg.nn.RNN, tg.nn.GRU, tg.nn.LSTM, tg.nn.MinGRU)
                 for options in ({}, {"num_layers": 2})]  # fmt: skip
    attention = tg.nn.MultiheadAttention(4, 2)
    yield from [(layer, (5, 2, 3)) for layer in recurrent]
    yield (lambda x: attention(x, x, x)[0]), (5, 2, 4)
    attention.double()
    yield from [(layer, (5, 3)) for layer in (tg.nn.LayerNorm(3), tg.nn.Linear(3, 2), tg.nn.BatchNorm1d(3))]


@pytest.mark.parametrize("place", range(12))
@pytest.mark.parametrize("level", ["sequence", "op"])
def test_layers(place, level):
    layer, shape = list(layers())[place]
    if isinstance(layer, tg.nn.Module):
        layer.double()

    def f(x):
        y = layer(x)
        return y[0] if isinstance(y, tuple) else y

    x, t, eps = numbers(*shape), numbers(*shape, seed=1), 1e-6
    with tg.nn.granularity.granularity(level), no_grad():
        y, dy = func.jvp(f, (x,), (t,))
        close(y, f(x))
        close(dy, (f(x + eps * t) - f(x - eps * t)) / (2 * eps), 1e-6)


def test_by_the_weights_of_a_layer():
    tg.manual_seed(0)
    net, x = tg.nn.LSTM(2, 3).double(), numbers(4, 2, 2)
    weights = dict(net.named_parameters())
    ts = {name: tg.randn_like(w) for name, w in weights.items()}
    loss = lambda weights: func.functional_call(net, weights, x)[0].pow(2).sum()
    slope = func.grad(loss)(weights)
    close(func.jvp(loss, (weights,), (ts,))[1], sum([(slope[name] * ts[name]).sum() for name in ts]))
    over = func.jvp(func.grad(loss), (weights,), (ts,))[1]
    along = lambda weights: sum([(dw * ts[name]).sum() for name, dw in func.grad(loss)(weights).items()])
    for name, expected in func.grad(along)(weights).items():
        close(over[name], expected)


# --- what programs do besides ---------------------------------------------------------------------------------


def slope_along(f, x, t, eps=1e-6):
    return (f(x + eps * t) - f(x - eps * t)) / (2 * eps)


def in_place(x):
    b = tg.zeros(3, 3, dtype=tg.float64)
    b[0] = x
    v = b[1]
    v.add_(2 * x).mul_(x)
    b[2, 1:] = v[:2]
    w = b.t()
    w[0].exp_()
    return b


def through_ports(x):
    a, b = x.unbind(0)[:2]
    top = x.topk(2).values
    return tg.stack([a * b, top[0] * top[1], x.max(0).values, x[tg.tensor([2, 0, 0])].prod()])


def through_no_grad(x):
    with no_grad():
        y = x * x
    return y * x


@pytest.mark.parametrize("f", [in_place, through_ports, through_no_grad], ids=lambda f: f.__name__)
def test_programs(f):
    x, t = numbers(3), numbers(3, seed=1)
    y, dy = func.jvp(f, (x,), (t,))
    assert y.node is None and dy.node is None
    close(dy, slope_along(f, x, t), 1e-6)


def test_dtypes():
    x, t = numbers(3), numbers(3, seed=1)
    y, dy = func.jvp(lambda x: (x.float() * 2).double() * x, (x,), (t,))
    assert dy.dtype == y.dtype == tg.float64
    close(dy, 4 * x * t, 1e-6)
    y, dy = func.jvp(lambda x: (x.float() * 2).sum(dtype=tg.float64).float(), (x,), (t.float(),))
    assert dy.dtype == y.dtype == tg.float32
    close(dy, 2 * t.sum().float(), 1e-6)


def test_a_training_step_by_its_learning_rate():
    """Through backward() and through what no_grad writes into a parameter."""
    x, y = numbers(8, 2), numbers(8, 1, seed=1)

    def after_two_steps(rate):
        tg.manual_seed(0)
        net = tg.nn.Linear(2, 1).double()
        for _ in range(2):
            net.zero_grad()
            (net(x) - y).pow(2).mean().backward()
            with no_grad():
                for p in net.parameters():
                    p -= rate * p.grad
        return (net(x) - y).pow(2).mean()

    rate, one = tg.tensor(0.1, dtype=tg.float64), tg.ones((), dtype=tg.float64)
    close(func.jvp(after_two_steps, (rate,), (one,))[1], slope_along(after_two_steps, rate, one).detach(), 1e-7)


def test_what_stops_a_tangent():
    x, t = numbers(3), numbers(3, seed=1)
    for f in lambda x: x.detach(), lambda x: (x > 0).double(), lambda x: x.round(), lambda x: tg.ones(3):
        y, dy = func.jvp(f, (x,), (t,))
        assert dy.array.tolist() == [0, 0, 0] and dy.array.dtype == y.array.dtype

    @tg.inference_mode()
    def f(x):
        return x * x

    assert func.jvp(f, (x,), (t,))[1].array.tolist() == [0, 0, 0]
    with pytest.raises(RuntimeError, match="strict=True"):
        func.jvp(f, (x,), (t,), strict=True)


def test_the_mask_of_dropout_is_that_of_the_primal():
    x, t = numbers(100), numbers(100, seed=1)
    y, dy = func.jvp(lambda x: tg.nn.functional.dropout(x, 0.5, True), (x,), (t,))
    close(y / x, dy / t)
    tg.manual_seed(0)
    jacobian = func.jacfwd(lambda x: tg.nn.functional.dropout(x, 0.5, True))(x)
    assert set(jacobian.diagonal().tolist()) == {0, 2}
    tg.manual_seed(0)
    close(jacobian @ x, tg.nn.functional.dropout(x, 0.5, True))


def test_checkpoint():
    from tinygrad_rnn.utils.checkpoint import checkpoint

    x, t = numbers(3), numbers(3, seed=1)
    net = lambda x: (x.exp() * x).tanh()
    close(func.jvp(lambda x: checkpoint(net, x, use_reentrant=False), (x,), (t,))[1], func.jvp(net, (x,), (t,))[1])


def test_hooks_see_gradients_not_tangents():
    seen = []

    def f(x):
        y = (x * 2).requires_grad_()
        y.register_hook(lambda dy: seen.append(dy) or dy * 3)
        return func.grad(lambda z: 0 * z.sum() + y.sum())(x) * 0 + grad((y * y).sum(), y)[0]

    x, t = numbers(3), numbers(3, seed=1)
    close(func.jvp(f, (x,), (t,))[1], 12 * t)
    assert len(seen) == 1


# --- functions of the user's own ------------------------------------------------------------------------------


class Cube(tg.autograd.Function):
    @staticmethod
    def forward(ctx, x, k):
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)
        ctx.k = k
        return x**3 * k

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return 3 * x * x * dy * ctx.k, None


class Pushed(Cube):
    @staticmethod
    def jvp(ctx, t, k):
        assert k is None
        (x,) = ctx.saved_tensors
        return 3 * x * x * t * ctx.k


class Arrays(Cube):
    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return tg.tensor(3 * x.detach().numpy() ** 2 * dy.detach().numpy()), None


class Once(Cube):
    backward = staticmethod(tg.autograd.function.once_differentiable(Cube.backward))


@pytest.mark.parametrize("function", [Cube, Pushed])
def test_a_function_of_the_users_own(function):
    x, t = numbers(3), numbers(3, seed=1)
    f = lambda x: function.apply(x, 2)
    close(func.jvp(f, (x,), (t,))[1], 6 * x * x * t)
    close(func.jvp(lambda x: func.jvp(f, (x,), (t,))[1], (x,), (t,))[1], 12 * x * t * t)
    close(func.grad(lambda x: func.jvp(f, (x,), (t,))[1].sum())(x), 12 * x * t)


@pytest.mark.parametrize("function", [Arrays, Once])
def test_a_rule_that_cannot_be_transposed(function):
    x, t = numbers(3), numbers(3, seed=1)
    with pytest.raises(RuntimeError, match=f"`{function.__name__}` .*no derivative in forward mode.* method jvp"):
        func.jvp(lambda x: function.apply(x, 2), (x,), (t,))
    close(func.jvp(lambda x: x * x, (x,), (t,))[1], 2 * x * t)


# --- memory ---------------------------------------------------------------------------------------------------


def peak(T: int, w) -> int:
    def run(x):
        h = x
        for _ in range(T):
            h = (h @ w).tanh() * 0.9 + x
        return h

    x = tg.ones(50, 50)
    with no_grad():
        func.jvp(run, (x,), (x,))
        gc.disable()
        tracemalloc.start()
        try:
            func.jvp(run, (x,), (x,))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            gc.enable()


def test_memory_does_not_grow_with_time():
    w = tg.eye(50).requires_grad_()
    assert peak(60, w) < 1.1 * peak(6, w)


def test_no_cycle_remains():
    """Also where something requires grad, and a rule names its own output."""
    x = numbers(3).requires_grad_()
    gc.collect()
    gc.disable()
    try:
        func.jvp(lambda x: x.exp().tanh().softmax(0), (x,), (x,))
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_what_was_there_before_has_no_tangent_after():
    inside, buffer, p = [], tg.zeros(3), tg.zeros(3).requires_grad_()
    with dual_level():
        x = make_dual(tg.ones(3), tg.ones(3))
        buffer += x
        buffer[0] *= 2
        with no_grad():
            p += x
        inside.append(x * 2)
        assert unpack_dual(buffer).tangent.tolist() == [2, 1, 1] and unpack_dual(p).tangent.tolist() == [1, 1, 1]
    assert buffer.node is None and p.is_leaf and p.requires_grad and not getattr(p.node, "tangents", None)
    assert isinstance(inside[0].node, Dual) and not inside[0].requires_grad
    with dual_level():
        assert unpack_dual(inside[0]).tangent is None and unpack_dual(inside[0] * 2).tangent is None


# --- the edges ------------------------------------------------------------------------------------------------


def test_a_dual_tensor_does_not_require_grad():
    with dual_level():
        x = make_dual(tg.ones(3), tg.ones(3)) * 2
        assert not x.requires_grad and x.is_leaf and x.grad_fn is None and x.grad is None
        for call in (lambda: x.backward(tg.ones(3)), lambda: x.retain_grad(), lambda: x.register_hook(print)):
            with pytest.raises(RuntimeError, match="require"):
                call()
        assert repr(x) == "tensor([2., 2., 2.])"
        x.requires_grad_()
        assert x.requires_grad and unpack_dual(x).tangent.tolist() == [2, 2, 2]


def test_jacobians_of_inputs_in_any_order_in_memory():
    x = numbers(2, 3).t()
    f = lambda x: x.exp() @ x.flip(0).t()
    close(func.jacfwd(f)(x), func.jacrev(f)(x))
    close(func.hessian(lambda x: f(x).sum())(x), func.jacrev(func.jacrev(lambda x: f(x).sum()))(x))


def test_where_a_derivative_is_infinite():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = tg.tensor([0.0, 4.0])
        assert func.jvp(tg.sqrt, (x,), (tg.ones(2),))[1].tolist() == [float("inf"), 0.25]


def test_an_error_leaves_nothing_open():
    x = tg.ones(3)
    with pytest.raises(ZeroDivisionError):
        func.jvp(lambda x: func.jvp(lambda y: 1 // 0, (x,), (x,)), (x,), (x,))
    assert levels() == ()


def test_threads_have_their_own_levels():
    x, found = tg.ones(3), []

    def work():
        found.append(unpack_dual(x * 2))
        found.append(func.jvp(lambda x: x * x, (x,), (x,))[1])

    with dual_level():
        y = make_dual(x, x)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert unpack_dual(y * 3).tangent.tolist() == [3, 3, 3]
    assert found[0].tangent is None and found[1].tolist() == [2, 2, 2]


def test_errors_say_what_was_expected_and_what_came():
    x = tg.ones(3)
    double = lambda x: x * 2
    for call, error, message in [
        (lambda: func.jvp(double, x, (x,)), RuntimeError, "a tuple of primals.*got Tensor"),
        (lambda: func.jvp(double, (x,), (x, x)), RuntimeError, r"got tuple\(\*\) and tuple\(\*, \*\)"),
        (lambda: func.jvp(double, (x,), (x[:2],)), RuntimeError, r"the shape of the tensor, \(3,\), got \(2,\)"),
        (lambda: func.jvp(double, (x.long(),), (x,)), ValueError, "floating point, got int64"),
        (lambda: func.jvp(double, (x,), (1.0,)), TypeError, "tangent must be a tensor, got float"),
        (lambda: func.jvp(lambda x: 1.0, (x,), (x,)), RuntimeError, "only tensors, got float"),
        (lambda: func.jacfwd(double, randomness="no")(x), RuntimeError, "got 'no'"),
        (lambda: func.jacfwd(double)(1.0), ValueError, "made of tensors, got float"),
        (lambda: make_dual(x, x), RuntimeError, "no level is open"),
        (exit_dual_level, RuntimeError, "no level is open"),
    ]:
        with pytest.raises(error, match=message):
            call()
    with dual_level(), pytest.raises(RuntimeError, match="has a tangent of this level already"):
        make_dual(make_dual(x, x), x)


def test_entering_and_leaving_by_hand():
    level = enter_dual_level()
    x = make_dual(tg.ones(2), tg.ones(2))
    exit_dual_level(level=level)
    assert levels() == () and unpack_dual(x) == (x, None)
