"""Hooks see the gradient that is complete, in torch's order, and may replace it."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg

from .both import as_torch, programs, refused_as_torch


def leaf(m):
    return m.tensor([1.0, 2.0, 3.0], requires_grad=True)


def sees(m):
    x, seen = leaf(m), []
    x.register_hook(lambda dx: seen.append(dx.clone()))
    (x * x + x).sum().backward()
    return x.grad, *seen


def sees_each_backward(m):
    x, seen = leaf(m), []
    x.register_hook(lambda dx: seen.append(dx.clone()))
    for _ in range(3):
        (x * 2).sum().backward()
    return x.grad, *seen


def replaces_at_a_leaf(m):
    x = leaf(m)
    x.register_hook(lambda dx: dx * 10)
    (x * x).sum().backward()
    return x.grad


def replaces_in_between(m):
    x = leaf(m)
    y = x * 2
    y.register_hook(lambda dy: dy.clamp(max=2.0))
    (y * y).sum().backward()
    return x.grad


def in_order_of_registration(m):
    x = leaf(m)
    x.register_hook(lambda dx: dx + 1)
    x.register_hook(lambda dx: dx * 2)
    x.register_hook(lambda dx: None)
    x.sum().backward()
    return x.grad


def removed(m):
    x = leaf(m)
    first = x.register_hook(lambda dx: dx + 1)
    second = x.register_hook(lambda dx: dx * 2)
    first.remove()
    first.remove()
    x.sum().backward()
    found = x.grad.clone()
    second.remove()
    x.sum().backward()
    return found, x.grad


def as_a_context(m):
    x = leaf(m)
    with x.register_hook(lambda dx: dx * 5):
        x.sum().backward()
    x.sum().backward()
    return x.grad


def handles_dropped_at_once(m):
    """The handle need not be kept."""
    x, seen = leaf(m), []
    for k in range(20):
        x.register_hook(lambda dx, k=k: seen.append(k))
    x.sum().backward()
    return seen


def after_a_complete_sum(m):
    x, seen = leaf(m), []
    y = x * 2
    y.register_hook(lambda dy: seen.append(dy.clone()))
    z = (y.exp() + y * y + y).sum()
    z.backward()
    return *seen, x.grad


def registered_after_use(m):
    x, seen = leaf(m), []
    y = x * 2
    z = (y * y).sum()
    y.register_hook(lambda dy: seen.append(dy.clone()))
    z.backward()
    return tuple(seen)


def on_one_output_of_several(m):
    x, seen = m.ones(3, 2, requires_grad=True), []
    a, b, _ = (x * 2).unbind(0)
    b.register_hook(lambda db: seen.append(db.clone()) or db * 3)
    (a * b * b).sum().backward()
    return *seen, x.grad


def of_the_root(m):
    x = leaf(m)
    y = (x * x).sum()
    y.register_hook(lambda dy: dy * 3)
    y.backward()
    return x.grad


def retained_gradient_is_the_replaced_one(m):
    x = leaf(m)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda dy: dy * 3)
    y.sum().backward()
    return y.grad, x.grad


def in_grad(m):
    """grad() hands out what the hooks made of it."""
    x = leaf(m)
    y = x * 2
    y.register_hook(lambda dy: dy * 3)
    x.register_hook(lambda dx: dx + 1)
    z = (y * y).sum()
    return m.autograd.grad(z, y, retain_graph=True), m.autograd.grad(z, x)


def not_called_without_a_gradient(m):
    x, other, seen = leaf(m), leaf(m), []
    other.register_hook(lambda dx: seen.append(1))
    (x * x).sum().backward()
    return seen


def with_create_graph(m):
    """A hook's own operations are part of the recorded backward pass."""
    x = leaf(m)
    y = x * x
    y.register_hook(lambda dy: dy * x)
    (dx,) = m.autograd.grad((y * y).sum(), x, create_graph=True)
    return m.autograd.grad(dx.sum(), x)


def a_second_backward_within(m):
    x, w = leaf(m), leaf(m)

    def hook(dx):
        with m.enable_grad():
            (w * w * dx.detach()).sum().backward()

    x.register_hook(hook)
    (x * x).sum().backward()
    return x.grad, w.grad


def the_gradient_is_detached(m):
    x, seen = leaf(m), []
    x.register_hook(lambda dx: seen.append(dx.requires_grad))
    (x * x).sum().backward()
    return seen


def a_hook_that_adds_a_hook(m):
    x, seen = leaf(m), []
    x.register_hook(lambda dx: x.register_hook(lambda dx: seen.append(1)) and None)
    x.sum().backward()
    first = len(seen)
    x.sum().backward()
    return first, len(seen)


@programs(
    sees, sees_each_backward, replaces_at_a_leaf, replaces_in_between, in_order_of_registration, removed,
    as_a_context, handles_dropped_at_once, after_a_complete_sum, registered_after_use,
    on_one_output_of_several, of_the_root, retained_gradient_is_the_replaced_one, in_grad,
    not_called_without_a_gradient, with_create_graph, a_second_backward_within, the_gradient_is_detached,
    a_hook_that_adds_a_hook,
)  # fmt: skip
def test_as_torch(program):
    as_torch(program)


def test_on_a_view_after_a_write():
    """(PyTorch 2.13 crashes here.)"""
    x, seen = leaf(tg), []
    y = x * 2
    v = y[1:]
    y.mul_(3)
    v.register_hook(lambda dv: seen.append(dv.numpy().tolist()))
    (v * v).sum().backward()
    assert seen == [[24.0, 36.0]]
    assert x.grad.numpy().tolist() == [0.0, 144.0, 216.0]


def on_a_constant(m):
    m.ones(2).register_hook(print)


def of_another_size(m):
    x = leaf(m)
    x.register_hook(lambda dx: dx[:1])
    x.sum().backward()


def no_tensor(m):
    x = leaf(m)
    x.register_hook(lambda dx: 3.0)
    x.sum().backward()


def raising(m):
    x = leaf(m)
    x.register_hook(lambda dx: [][0])
    x.sum().backward()


@programs(on_a_constant, of_another_size, no_tensor, raising)
def test_refused(program):
    refused_as_torch(program)


def test_an_error_in_a_hook_leaves_the_engine_usable():
    x = leaf(tg)
    handle = x.register_hook(lambda dx: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (x * x).sum().backward()
    assert tg.is_grad_enabled()
    handle.remove()
    with tg.step(1):
        (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2.0, 4.0, 6.0])


# --- of modules -------------------------------------------------------------------------------------------


def linear(m):
    module = m.nn.Linear(3, 2)
    with m.no_grad():
        module.weight.copy_(m.arange(6.0).reshape(2, 3))
        module.bias.fill_(1.0)
    return module


def module_sees(m):
    x, module, seen = leaf(m), linear(m), []
    module.register_full_backward_hook(lambda mod, dxs, dys: seen.extend([*dxs, *dys]))
    (module(x * 2) ** 2).sum().backward()
    return *seen, x.grad, module.weight.grad


def module_whose_input_needs_no_gradient(m):
    """The first layer of a network: the hook is called all the same, with None for its input."""
    module, seen = linear(m), []
    module.register_full_backward_hook(lambda mod, dxs, dys: seen.extend([*dxs, *dys]))
    module(m.ones(3)).sum().backward()
    return *seen, module.weight.grad


def module_replaces(m):
    x, module = leaf(m), linear(m)
    module.register_full_backward_hook(lambda mod, dxs, dys: (dxs[0] * 10,))
    module(x).sum().backward()
    return x.grad, module.weight.grad


def module_hooks_chain(m):
    x, module, order = leaf(m), linear(m), []
    module.register_full_backward_hook(lambda mod, dxs, dys: order.append(1) or (dxs[0] + 1,))
    second = module.register_full_backward_hook(lambda mod, dxs, dys: order.append(2) or (dxs[0] * 2,))
    module(x).sum().backward()
    second.remove()
    module(x).sum().backward()
    return order, x.grad


def module_of_several(m):
    class Two(m.nn.Module):
        def forward(self, a, b, k):
            return a * b * k, a + b

    a, b, module, seen = leaf(m), leaf(m), Two(), []
    module.register_full_backward_hook(lambda mod, dxs, dys: seen.extend([*dxs, *dys]))
    y, z = module(a, b, 2)
    (y * z).sum().backward()
    return *seen, a.grad


def module_at_second_order(m):
    x, module = leaf(m), linear(m)
    module.register_full_backward_hook(lambda mod, dxs, dys: (dxs[0] * x,))
    (dx,) = m.autograd.grad((module(x) ** 2).sum(), x, create_graph=True)
    return dx, *m.autograd.grad(dx.sum(), x)


def module_forward_hooks(m):
    x, module = leaf(m), linear(m)
    module.register_forward_pre_hook(lambda mod, args: (args[0] * 2,))
    module.register_forward_hook(lambda mod, args, y: y + args[0].sum())
    y = module(x)
    y.sum().backward()
    return y, x.grad


@programs(
    module_sees, module_whose_input_needs_no_gradient, module_replaces, module_hooks_chain, module_of_several,
    module_at_second_order, module_forward_hooks,
)  # fmt: skip
def test_modules_as_torch(program):
    as_torch(program)


def test_a_module_whose_output_is_unused_is_left_alone():
    x, module, seen = leaf(tg), linear(tg), []
    module.register_full_backward_hook(lambda *_: seen.append(1))
    module(x)
    (x * 2).sum().backward()
    assert seen == []


def test_what_a_hook_keeps_stays_as_it_was():
    rnn, kept = tg.nn.RNN(2, 3), []
    rnn.bias_hh_l0.register_hook(kept.append)
    y, _ = rnn(tg.ones(4, 1, 2))
    y.sum().backward(retain_graph=True)
    before = kept[0].tolist()
    y.sum().backward()
    assert kept[0].tolist() == before
    assert rnn.bias_hh_l0.grad.tolist() == [2 * dx for dx in before]
