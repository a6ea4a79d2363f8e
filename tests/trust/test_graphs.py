"""What every graph has in common: nothing of it outlives its handles, and no error leaves the engine changed."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn, optim
from tinygrad_rnn.autograd.scope import frames
from tinygrad_rnn.utils.checkpoint import checkpoint

from ..autograd.test_lifetime import grows
from .graphs import deep, threaded, wide

# --- kinds of graphs ------------------------------------------------------------------------------------------------


def x_of(*shape: int) -> tg.Tensor:
    return tg.ones(*shape, requires_grad=True)


def layer(kind: Callable, granularity: str, **options):
    net = kind(3, 4, **options)

    def run():
        with tg.granularity(granularity):
            y, *_ = net(x_of(5, 2, 3))
        y.square().sum().backward()
        net.zero_grad()

    return run


def states_of_a_layer():
    net = nn.LSTM(3, 4)
    return lambda: net(x_of(5, 2, 3), return_states=True)[0].sum().backward()


def second_order_of_a_layer():
    net = nn.GRU(3, 4)

    def run():
        x = x_of(4, 1, 3)
        (dx,) = tg.autograd.grad(net(x)[0].sum(), x, create_graph=True)
        dx.square().sum().backward()
        net.zero_grad()

    return run


def hooks_everywhere():
    net = nn.Linear(3, 4)

    def run():
        handles = [net.register_forward_hook(lambda *_: None), net.register_full_backward_hook(lambda *_: None)]
        x = x_of(2, 3)
        y = net(x)
        y.retain_grad()
        handles += [y.register_hook(lambda dy: dy * 2), net.weight.register_hook(lambda dw: dw)]
        y.sum().backward()
        for handle in handles:
            handle.remove()
        net.zero_grad()

    return run


def views_of_views():
    def run():
        b = x_of(4, 6) * 1
        v = b[1:].T.reshape(6, 3)[2]
        v.mul_(2)
        b[0, :3].add_(v)
        first, *_ = b.unbind(0)
        (first.sum() + v.sum()).backward()

    return run


def a_view_alone():
    return lambda: (x_of(4) * 1)[1:]


def functional():
    f = lambda x: x.square() * x

    def run():
        x = x_of(3)
        tg.autograd.functional.jvp(f, x, tg.ones(3))
        tg.autograd.functional.hessian(lambda x: f(x).sum(), x, create_graph=True)
        tg.func.grad(lambda x: f(x).sum())(x)
        tg.func.jacrev(f)(x)

    return run


def checkpoints():
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3))

    def run():
        y = checkpoint(net, x_of(2, 3), use_reentrant=False)
        y.sum().backward()
        checkpoint(net, x_of(2, 3), use_reentrant=False)  # nobody asks for its gradient
        net.zero_grad()

    return run


def drawn():
    net = nn.LSTM(2, 3)
    return lambda: tg.draw(net(x_of(3, 1, 2))[0].sum(), color="gradient").source


def anomalies():
    def run():
        with tg.autograd.set_detect_anomaly(True), np.errstate(all="ignore"):
            for program in (lambda: x_of(2).neg().log(), lambda: (x_of(2) * 0).sqrt().sum().backward()):
                try:
                    program()
                except RuntimeError:
                    continue

    return run


class Failing(tg.autograd.Function):
    @staticmethod
    def forward(ctx, x, fails):
        ctx.save_for_backward(x)
        if fails:
            raise OSError("forward")
        return x * 2

    @staticmethod
    def backward(ctx, dy):
        raise OSError("backward")


def errors_of_the_user():
    def hook(dy):
        raise OSError("hook")

    def in_a_hook():
        y = x_of(3) * 2
        y.register_hook(hook)
        y.exp().sum().backward()

    def run():
        for program in (
            lambda: Failing.apply(x_of(3) * 1, True),
            lambda: (Failing.apply(x_of(3) * 1, False) * 2).sum().backward(),
            in_a_hook,
        ):
            try:
                program()
            except OSError:
                continue

    return run


KINDS: dict[str, Callable] = {
    **{
        f"{kind.__name__} {granularity}": lambda kind=kind, granularity=granularity: layer(kind, granularity)
        for kind in (nn.RNN, nn.LSTM, nn.GRU)
        for granularity in ("sequence", "step", "op")
    },
    "two directions, two layers": lambda: layer(nn.LSTM, "sequence", bidirectional=True, num_layers=2, dropout=0.5),
    "projected": lambda: layer(nn.LSTM, "sequence", proj_size=2),
    **{
        make.__name__: make
        for make in (states_of_a_layer, second_order_of_a_layer, hooks_everywhere, views_of_views, a_view_alone,
                     functional, checkpoints, drawn, anomalies, errors_of_the_user)
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_freed_by_reference_counting_alone(kind):
    assert grows(KINDS[kind](), rounds=10) <= 5


# --- size and threads -----------------------------------------------------------------------------------------------


def test_deep():
    deep(20_000)


def test_wide():
    wide(2_000)


def test_threads():
    threaded(4, 50)


def test_layers_in_threads():
    """One module, its kernels and its parameters, used by several threads at once."""
    net, x = nn.LSTM(3, 4, dtype=tg.float64), tg.randn(6, 2, 3, dtype=tg.float64)
    net(x)[0].sum().backward()
    expected = [20 * p.grad.numpy() for p in net.parameters()]
    net.zero_grad()
    threads = [threading.Thread(target=lambda: [net(x)[0].sum().backward() for _ in range(5)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for p, dp in zip(net.parameters(), expected, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), dp, rtol=1e-12)


# --- after an error the engine is as before -------------------------------------------------------------------------


def raising(where: str) -> None:
    """Fail there, deep within the engine."""

    def fail(*_):
        raise KeyboardInterrupt if where.startswith("Ctrl-C") else OSError(where)

    x = x_of(3)
    y = x * 2
    if where == "module":
        net = nn.Sequential(nn.Linear(3, 3))
        net[0].register_forward_hook(fail)
        with tg.no_grad(), tg.step(2):
            net(x)
    elif where == "forward of a Function":
        Failing.apply(y, True)
    elif where == "backward of a Function":
        Failing.apply(y, False).sum().backward(create_graph=True)
    elif where == "checkpoint":
        calls = []

        def function(x):
            calls.append(None)
            return fail() if len(calls) > 1 else x.exp()

        checkpoint(function, y, use_reentrant=False).sum().backward()
    elif where == "rule":
        odd = tg.autograd.primitive(lambda x: x * 1)
        odd.vjp(dx=lambda dy: fail())
        odd(y).sum().backward()
    else:
        y.register_hook(fail)
        y.exp().sum().backward(create_graph="recorded" in where)


@pytest.mark.parametrize(
    "where",
    ["module", "forward of a Function", "backward of a Function", "checkpoint", "rule", "hook", "hook, recorded",
     "Ctrl-C in a hook"],
)  # fmt: skip
def test_usable_after(where):
    for _ in range(3):
        with pytest.raises((OSError, KeyboardInterrupt)):
            raising(where)
        assert tg.is_grad_enabled()
        assert frames() == ()
        x = x_of(3)
        (x * x).sum().backward()
        assert x.grad.tolist() == [2.0, 2.0, 2.0]


# --- copies ---------------------------------------------------------------------------------------------------------


def pickled(x):
    return pickle.loads(pickle.dumps(x))


@pytest.mark.parametrize("again", [copy.deepcopy, pickled])
def test_a_training_goes_on_in_its_copy(again):
    """Module, optimiser and schedule, copied together in the middle of a training, go on to the same bits."""
    tg.manual_seed(0)
    net = nn.LSTM(3, 4, num_layers=2)
    optimizer = optim.Adam(net.parameters(), lr=0.1)
    schedule = optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
    x = tg.randn(5, 2, 3)

    def train(net, optimizer, schedule, steps=3):
        for _ in range(steps):
            optimizer.zero_grad()
            net(x)[0].square().sum().backward()
            optimizer.step()
            schedule.step()
        return [p.detach().numpy().copy() for p in net.parameters()]

    train(net, optimizer, schedule)
    before = [p.detach().numpy().copy() for p in net.parameters()]
    copied = again((net, optimizer, schedule))
    there = train(*copied)
    for p, values in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), values)  # the original is not in the copy's way
    for values, expected in zip(there, train(net, optimizer, schedule), strict=True):
        np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("again", [copy.deepcopy, pickled])
def test_tensors(again):
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    x.sum().backward()
    y = again(x)
    assert y.requires_grad
    assert y.is_leaf
    assert y.tolist() == [1.0, 2.0]
    y.array[0] = 5.0
    (y * 1).sum().backward()
    assert (x.tolist(), x.grad.tolist()) == ([1.0, 2.0], [1.0, 1.0])
    plain = again(tg.arange(3))
    assert plain.dtype == tg.int64
    assert not plain.requires_grad


def test_a_computed_tensor_is_not_copied_silently():
    y = x_of(2) * 2
    with pytest.raises(RuntimeError, match="deepcopy"):
        copy.deepcopy(y)
