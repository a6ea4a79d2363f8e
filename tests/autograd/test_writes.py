"""A write that falsifies a gradient is refused at backward, and the message says who wrote, and where."""

from __future__ import annotations

import gc
import inspect

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.autograd.writes import Writes


def line_below() -> int:
    return inspect.currentframe().f_back.f_lineno + 1


def saved():
    """A computed tensor, and one computed from it by an operation that saved it."""
    b = tg.ones(3, 2, requires_grad=True) * 2
    return b, b * b


WRITERS = {
    "add_": lambda b: b.add_(1),
    "__imul__": lambda b: b.__imul__(2),
    "__setitem__": lambda b: b.__setitem__(0, 5.0),
    "zero_": lambda b: b.zero_(),
    "copy_": lambda b: b.copy_(tg.ones(2)),
    "masked_fill_": lambda b: b.masked_fill_(b > 0, 0.0),
    "normal_": lambda b: b.normal_(),
    "fill_": lambda b: b[1:].t().fill_(3.0),
    "exp_": lambda b: b.view(-1)[2:4].exp_(),
    "sub_": lambda b: b.detach().sub_(1),
    "mul_": lambda b: b.data.mul_(1),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_named(writer):
    b, y = saved()
    WRITERS[writer](b)
    with pytest.raises(RuntimeError, match=rf"`mul`.*\(3, 2\).*{writer} at {__file__}:\d+"):
        y.sum().backward()


def test_named_with_its_line():
    b, y = saved()
    line = line_below()
    b[0].mul_(3)
    with pytest.raises(RuntimeError, match=rf"mul_ at {__file__}:{line} "):
        y.sum().backward()


def test_named_with_the_place_of_the_reader():
    b = tg.ones(3, requires_grad=True) * 2
    with tg.step(7):
        y = b.exp() * b
    b.add_(1)
    with pytest.raises(RuntimeError, match=r"t=7"):
        y.sum().backward()


def test_a_write_before_the_read_is_none_of_its_business():
    x = tg.ones(3, requires_grad=True)
    b = x * 2
    b.add_(1)
    y = b * b
    y.sum().backward()
    assert x.grad.tolist() == [12.0] * 3


def test_a_write_to_what_was_not_saved():
    x = tg.ones(3, requires_grad=True)
    b = x * 2
    y, z = b + 1, b.exp()
    b.add_(1)
    (y + z).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 + 2 * np.exp([2.0, 2.0, 2.0]), rtol=1e-6)


def test_a_write_elsewhere():
    """Only nodes older than the latest write are looked at, and only for that memory."""
    x = tg.ones(3, requires_grad=True)
    y = x.exp()
    other = tg.ones(5)
    other.mul_(2)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())


def test_an_optimiser_step_between_forward_and_backward():
    w = tg.ones(3, requires_grad=True)
    y = (w * w).sum()
    optimiser = tg.optim.SGD([w], lr=0.1)
    w.grad = tg.ones(3)
    optimiser.step()
    with pytest.raises(RuntimeError, match="mul.*modified by an inplace|modified by an inplace.*mul"):
        y.backward()


def test_second_order_is_checked_as_well():
    x = tg.ones(3, requires_grad=True)
    b = x * 2
    (dx,) = tg.autograd.grad((b * b * b).sum(), x, create_graph=True)
    b.add_(1)
    with pytest.raises(RuntimeError, match="add_"):
        dx.sum().backward()


def test_a_fused_operation_checks_all_of_its_inputs():
    """Also those of which its kernel saved nothing: its body would be run again on them."""
    x = tg.randn(2, 3, requires_grad=True)
    b = x * 1
    h = tg.nn.functional.layer_norm(b, (3,))
    b.add_(1)
    with pytest.raises(RuntimeError, match="layer_norm.*add_"):
        tg.autograd.grad(h.sum(), x, create_graph=True)


def test_memory_that_is_gone_is_forgotten():
    gc.collect()
    before = len(Writes.by_owner)
    for _ in range(50):
        tg.ones(10).add_(1)
    assert len(Writes.by_owner) <= before + 1


ADVICE = {
    "a step": (lambda net, optimizer: optimizer.step(), "SGD.step at .*Call backward.. before the step"),
    "a load": (lambda net, _: net.load_state_dict(net.state_dict()), "load_state_dict at .*Write to parameters before"),
    "init": (lambda net, _: tg.nn.init.zeros_(net.weight_hh_l0), "init.zeros_ at .*Write to parameters before"),
    "by hand": (lambda net, _: net.weight_hh_l0.data.mul_(2), "mul_ at .*clone.. the tensor before"),
}


@pytest.mark.parametrize("granularity", ["sequence", "step", "op"])
@pytest.mark.parametrize("case", ADVICE)
def test_what_to_do_depends_on_who_wrote(case, granularity):
    write, said = ADVICE[case]
    net, x = tg.nn.RNN(2, 3), tg.randn(3, 1, 2, requires_grad=True)
    optimizer = tg.optim.SGD(net.parameters(), 0.1)
    with tg.granularity(granularity):
        loss = net(x)[0].sum()
        net(x)[0].sum().backward()
    write(net, optimizer)
    with pytest.raises(RuntimeError, match=said):
        loss.backward()


def test_a_second_backward_names_what_was_carried():
    net, state = tg.nn.LSTM(2, 3), None
    y, state = net(tg.randn(4, 1, 2), state)
    y.sum().backward()
    y, state = net(tg.randn(4, 1, 2), state)
    with pytest.raises(RuntimeError, match="lstm_sequence.*reached through its output `h_n` and `c_n`, freed.*detach"):
        y.sum().backward()
