"""A fused operation: a fast kernel whose body, in simpler operations, is its definition at every order."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.autograd import expand, fused
from tinygrad_rnn.autograd import op as engine

calls: list[str] = []


def _kernel(x, h, w, b=None):
    calls.append("forward")
    a = x * w + h * w
    if b is not None:
        a = a + b
    return np.tanh(a), a * a, a


def _kernel_vjp(dh, dn, x, h, w, b, h_next, a, needs):
    calls.append("vjp")
    da = dh * (1 - h_next * h_next) + dn * 2 * a
    return da * w, da * w, da * (x + h), None if b is None else da


@pytest.fixture(scope="module", autouse=True)
def cell():
    before = dict(engine.registry)
    global cell_step

    @fused(forward=_kernel, vjp=_kernel_vjp, outputs="h_next n", hidden="a")
    def cell_step(x, h, w, b: engine.Array | None = None):
        """h' = tanh(a), n = a^2, a = x w + h w + b."""
        a = x * w + h * w
        if b is not None:
            a = a + b
        return tg.tanh(a), a * a

    yield
    engine.registry.clear()
    engine.registry.update(before)


def body(x, h, w, b=None):
    """The definition itself, in place of the kernel."""
    return cell_step.op.body(x, h, w, b)


def leaves(n=4, seed=0):
    random = np.random.default_rng(seed)
    return [tg.tensor(random.uniform(0.2, 0.8, (3,)), requires_grad=True) for _ in range(n)]


def unrolled(step, T=3, bias=True):
    """A recurrent loop; the weight enters every step, the first input, the first state and the loss."""

    def run(x, h, w, b):
        h = h * w
        total = (w * w).sum()
        for t in range(T):
            h, n = step(x * (t + 1) * w if t == 0 else x, h, w, b if bias else None)
            total = total + n.sum()
        return total + (h * w).sum()

    return run


@pytest.mark.parametrize("bias", [True, False])
def test_first_order(bias):
    xs, ys = leaves(), leaves()
    unrolled(cell_step, bias=bias)(*xs).backward()
    unrolled(body, bias=bias)(*ys).backward()
    for x, y in zip(xs, ys):
        if bias or x is not xs[3]:
            np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("bias", [True, False])
def test_second_order_with_the_weight_also_outside(bias):
    """Pulling past the aliases would count w twice; detaching would lose its second order."""
    found = []
    for step in (cell_step, body):
        xs = leaves()[: 4 if bias else 3]
        run = lambda *xs: unrolled(step, bias=bias)(*xs, *([None] if not bias else []))  # noqa: B023
        dxs = tg.autograd.grad(run(*xs), xs, create_graph=True)
        found.append(tg.autograd.grad(sum((dx * dx * (k + 1)).sum() for k, dx in enumerate(dxs)), xs))
    for one, other in zip(*found):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-12)


def test_third_order():
    found = []
    for step in (cell_step, body):
        x, h, w, b = leaves()
        y = unrolled(step, T=2)(x, h, w, b)
        for _ in range(3):
            (dw,) = tg.autograd.grad(y, w, create_graph=True)
            y = (dw * dw).sum()
        found.append(dw.detach().numpy())
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_checks():
    assert tg.autograd.gradcheck(cell_step, leaves())
    assert tg.autograd.gradgradcheck(cell_step, leaves())
    assert tg.autograd.gradgradcheck(lambda x, h, w: cell_step(x, h, w)[0], leaves(3))
    assert tg.autograd.gradgradcheck(lambda w: cell_step(tg.ones(3), tg.ones(3), w)[1], leaves(1))


def test_an_unused_output():
    x, h, w, b = leaves()
    cell_step(x, h, w, b)[1].sum().backward()
    a = (x * w + h * w + b).detach().numpy()
    np.testing.assert_allclose(b.grad.numpy(), 2 * a)


def test_kernel_and_rule_serve_the_first_order_alone():
    calls.clear()
    x, h, w, b = leaves()
    y = cell_step(x, h, w, b)[0].sum()
    y.backward(retain_graph=True)
    assert calls == ["forward", "vjp"]
    tg.autograd.grad(y, w, create_graph=True)
    assert calls == ["forward", "vjp"]  # the body ran instead


def test_expand():
    x, h, w, b = leaves()
    h_next, _ = cell_step(x, h, w, b)
    node = h_next.node.inputs[0]
    aliases, outputs = expand(node)
    assert [alias.node.name for alias in aliases] == ["alias"] * 4
    assert [alias.node.inputs[0] for alias in aliases] == [x.node, h.node, w.node, b.node]
    np.testing.assert_allclose(outputs[0].detach().numpy(), h_next.detach().numpy())
    assert outputs[0].node.name == "tanh"
    assert any(frame.name == "cell_step" and frame.kind == "op" for frame in outputs[0].node.scope)


def test_expand_after_the_graph_was_freed():
    """The structure remains, traced on zeros."""
    x, h, w, _ = leaves()
    h_next, n = cell_step(x, h, w)
    node = h_next.node.inputs[0]
    (h_next + n).sum().backward()
    aliases, outputs = expand(node)
    assert aliases[3] is None
    assert outputs[0].node.name == "tanh"
    assert not outputs[0].detach().numpy().any()
    with pytest.raises(RuntimeError, match=r"second time.*cell_step"):
        h_next.sum().backward()


def test_expand_in_no_grad_and_of_what_cannot_be_opened():
    x, h, w, _ = leaves()
    node = cell_step(x, h, w)[0].node.inputs[0]
    with tg.no_grad():
        _, outputs = expand(node)
    assert outputs[0].node is not None
    for closed in ((x * 2).node, x.node):
        with pytest.raises(ValueError, match="not a fused operation"):
            expand(closed)


def test_constants_among_the_inputs():
    _, _, w, _ = leaves()
    x = tg.ones(3, dtype=tg.float64)
    h_next, _ = cell_step(x, x, w)
    (dw,) = tg.autograd.grad(h_next.sum(), w, create_graph=True)
    (ddw,) = tg.autograd.grad(dw.sum(), w)
    t = np.tanh(2 * w.detach().numpy())
    np.testing.assert_allclose(ddw.numpy(), -8 * t * (1 - t * t))


def test_broadcast_inputs():
    x, h, _, _ = leaves()
    w = tg.tensor(0.7, dtype=tg.float64, requires_grad=True)
    assert tg.autograd.gradcheck(lambda w: cell_step(x.detach(), h.detach(), w)[1], [w])
    assert tg.autograd.gradgradcheck(lambda w: cell_step(x.detach(), h.detach(), w)[1], [w])


def test_mixed_dtypes_meet_before_the_kernel():
    x, h, w, _ = leaves()
    h_next, _ = cell_step(x.detach().float().requires_grad_(), h, w)
    assert h_next.dtype == tg.float64
    (dw,) = tg.autograd.grad(h_next.sum(), w, create_graph=True)
    assert dw.dtype == tg.float64
