"""checkpoint: everything as without it, but that no arrays wait for the backward pass."""

from __future__ import annotations

import gc
import weakref
from collections import namedtuple

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential
from tinygrad_rnn.viz.annotate import saved_bytes
from tinygrad_rnn.viz.nodes import below

from ..autograd.both import as_torch, programs, refused_as_torch

Pair = namedtuple("Pair", "y state")


def plainly(function, *args, **kwargs):
    return function(*args, **kwargs)


class Net(nn.Module):
    """Dropout, two layers, nested structures, a checkpoint within a checkpoint."""

    def __init__(self, layer=nn.LSTM):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5))
        self.rnn = layer(4, 3, num_layers=2, dropout=0.3)
        self.gain = nn.Parameter(tg.full((3,), 1.5))

    def part(self, x, how):
        y, state = self.rnn(how(self.inner, x))
        return Pair(y, {"state": state})

    def forward(self, x, how):
        y, known = how(self.part, x, how=how)
        z = how(lambda pair: [pair.y * self.gain, pair.y.exp()], Pair(y, None))
        state = known["state"]
        return (z[0] ** 2).sum() + z[1].mean() + ((state[0] if isinstance(state, tuple) else state) ** 3).sum()


def trained(how, layer, fine, twice):
    """Loss, gradients, and what the generator gives afterwards."""
    tg.manual_seed(4)
    net, x = Net(layer), tg.randn(5, 2, 3, requires_grad=True)
    with tg.granularity(fine):
        loss = net(x, how)
    if twice:
        (dx,) = tg.autograd.grad(loss, x, create_graph=True)
        loss = loss + (dx**2).sum()
    loss.backward()
    return [loss.array, *[p.grad.array for p in net.parameters()], x.grad.array, tg.rand(1).array]


@pytest.mark.parametrize("twice", [False, True], ids=["once", "create_graph"])
@pytest.mark.parametrize("fine", ["sequence", "step", "op"])
@pytest.mark.parametrize("layer", [nn.RNN, nn.LSTM, nn.GRU])
def test_the_same_bits(layer, fine, twice):
    for found, expected in zip(
        trained(checkpoint, layer, fine, twice), trained(plainly, layer, fine, twice), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


# --- as in torch ----------------------------------------------------------------------------------------------------


def calls(m):
    x, w, seen = m.tensor([1.0, 2.0], requires_grad=True), m.tensor([3.0, 0.5], requires_grad=True), []

    def f(x, *, power):
        seen.append(m.is_grad_enabled())
        return (x * w).sin() ** power, None

    y, none = m.utils.checkpoint.checkpoint(f, x, power=2, use_reentrant=False)
    before = len(seen)
    dx, dw = m.autograd.grad(y.sum(), [x, w])
    return before, len(seen), seen[-1], none, y, dx, dw


def without_gradients(m):
    seen = []
    with m.no_grad():
        y = m.utils.checkpoint.checkpoint(lambda x: seen.append(1) or x.exp(), m.ones(2), use_reentrant=False)
    return y, y.requires_grad, len(seen)


def retained(m):
    x, seen = m.tensor([1.0, 2.0], requires_grad=True), []
    y = m.utils.checkpoint.checkpoint(lambda x: seen.append(1) or x.exp().sum(), x, use_reentrant=False)
    y.backward(retain_graph=True)
    y.backward()
    return x.grad, len(seen)


def graph_freed(m):
    x = m.ones(2, requires_grad=True)
    y = m.utils.checkpoint.checkpoint(lambda x: x.exp().sum(), x, use_reentrant=False)
    y.backward()
    y.backward()


def takes_another_way(m):
    ways = [lambda x: x.exp().sum(), lambda x: x.sum()]
    m.utils.checkpoint.checkpoint(
        lambda x: ways.pop(0)(x), m.ones(2, requires_grad=True), use_reentrant=False
    ).backward()


def in_contexts(m):
    import contextlib

    seen = []

    @contextlib.contextmanager
    def noted(name):
        seen.append(name)
        yield

    x = m.ones(2, requires_grad=True)
    y = m.utils.checkpoint.checkpoint(
        lambda x: x.exp().sum(), x, use_reentrant=False, context_fn=lambda: (noted("first"), noted("again"))
    )
    y.backward()
    return seen


def in_a_row(m):
    functions = [lambda x: x.exp(), lambda x: x.sin(), lambda x: x * x, lambda x: x.tanh(), lambda x: x.sum()]
    found = []
    for segments in (1, 2, 3, 5):
        x = m.tensor([0.1, 0.7], requires_grad=True)
        m.utils.checkpoint.checkpoint_sequential(functions, segments, x, use_reentrant=False).backward()
        found.append(x.grad)
    return tuple(found)


def too_many_segments(m):
    m.utils.checkpoint.checkpoint_sequential([lambda x: x], 2, m.ones(1), use_reentrant=False)


def unknown_check(m):
    m.utils.checkpoint.checkpoint(lambda x: x, m.ones(1), use_reentrant=False, determinism_check="strict")


@pytest.fixture
def _torch_has_it():
    pytest.importorskip("torch.utils.checkpoint")


@pytest.mark.usefixtures("_torch_has_it")
@programs(calls, without_gradients, retained, in_contexts, in_a_row)
def test_as_torch(program):
    as_torch(program)


def test_error_as_torch():
    torch = pytest.importorskip("torch.utils.checkpoint")
    assert CheckpointError.__name__ == torch.CheckpointError.__name__
    assert issubclass(CheckpointError, RuntimeError)
    for program in (graph_freed, too_many_segments, unknown_check):
        refused_as_torch(program)


def test_golden():
    """The same where torch is not installed."""
    before, after, recorded, none, y, dx, dw = calls(tg)
    assert (before, after, recorded, none) == (1, 2, True, None)
    np.testing.assert_allclose(y.detach(), np.sin([3.0, 1.0]) ** 2, rtol=1e-6)
    np.testing.assert_allclose(dx, np.sin([6.0, 2.0]) * [3.0, 0.5], rtol=1e-6)
    np.testing.assert_allclose(dw, np.sin([6.0, 2.0]) * [1.0, 2.0], rtol=1e-6)
    assert retained(tg)[1] == 3
    assert in_contexts(tg) == ["first", "again"]


# --- memory ---------------------------------------------------------------------------------------------------------


def nodes_of(y):
    return [node for node in below([y.node]) if node.op is not None]


def test_nothing_is_kept():
    seen = []

    def f(x):
        z = x.exp()
        seen.append(weakref.ref(z.array))
        return (z * x).sum()

    x = tg.randn(1000, requires_grad=True)
    plain, y = f(x), checkpoint(f, x)
    gc.collect()
    assert seen[0]() is not None
    assert seen[1]() is None
    assert saved_bytes(nodes_of(plain)) >= 8000
    assert saved_bytes(nodes_of(y)) == 0
    y.backward(retain_graph=True)
    assert saved_bytes(nodes_of(y)) == 0, "nor is it after a backward pass"
    gc.collect()
    assert seen[2]() is None


def test_an_outer_checkpoint_lets_go_of_what_an_inner_one_holds():
    seen = []

    def inner(z):
        return z.sin().sum()

    def outer(x):
        z = x.exp()
        seen.append(weakref.ref(z.array))
        return checkpoint(inner, z)

    x = tg.randn(1000, requires_grad=True)
    y = checkpoint(outer, x)
    gc.collect()
    assert seen[0]() is None
    y.backward()
    np.testing.assert_allclose(x.grad, np.cos(np.exp(x.detach())) * np.exp(x.detach()), rtol=1e-4, atol=1e-6)


def test_a_long_chain():
    """Backward and the end of the graph need no recursion."""
    x = tg.ones(2, dtype=tg.float64, requires_grad=True)
    y = x
    for _ in range(3000):
        y = checkpoint(lambda y: y * y.detach() ** 0, y)
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    del y
    y = x
    for _ in range(3000):
        y = checkpoint(lambda y: y * 1.0, y)
    del y


# --- inside ---------------------------------------------------------------------------------------------------------


def test_a_gradient_inside():
    inner = []

    def f(x):
        inner.append(x.exp())
        return inner[-1].sin().sum()

    y = checkpoint(f, tg.tensor([0.5, 1.0], requires_grad=True))
    (dz,) = tg.autograd.grad(y, inner[0])
    np.testing.assert_allclose(dz, np.cos(np.exp([0.5, 1.0])), rtol=1e-6)


def test_functions_views_and_writes_inside():
    class Cube(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return 3 * x * x * dy

    def f(x):
        y = Cube.apply(x) * 1.0
        y[0].mul_(2.0)
        y.add_(1.0)
        return (y * y).sum()

    found = []
    for how in (plainly, checkpoint):
        x = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        how(f, x).backward()
        found.append(x.grad.array)
    np.testing.assert_array_equal(*found)


def test_a_conflict_inside_is_the_same_error():
    def f(x):
        y = x.exp()
        z = y.sum()
        y.mul_(2.0)
        return z + y.sum()

    for how in (plainly, checkpoint):
        with pytest.raises(RuntimeError, match=r"modified by an inplace operation: `exp`.*mul_"):
            how(f, tg.ones(2, requires_grad=True)).backward()


def test_a_result_may_be_written_to():
    x = tg.tensor([0.5, 1.0], requires_grad=True)
    y = checkpoint(lambda x: x.exp(), x)
    y.mul_(3.0)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, 3 * np.exp([0.5, 1.0]), rtol=1e-6)


# --- random numbers -------------------------------------------------------------------------------------------------


def test_random_numbers_are_not_replayed_unless_asked():
    masks = []

    def f(x):
        y = nn.functional.dropout(x, 0.5)
        masks.append(y.detach().array != 0)
        return (y * x.exp()).sum()

    x = tg.ones(200, requires_grad=True)
    checkpoint(f, x).backward()
    assert (masks[0] == masks[1]).all()
    checkpoint(f, x, preserve_rng_state=False).backward()
    assert (masks[2] != masks[3]).any()


def test_a_generator_of_ones_own_is_noticed():
    own = tg.Generator().manual_seed(1)
    y = checkpoint(lambda x: (x * tg.rand(2, generator=own)).sum(), tg.ones(2, requires_grad=True))
    with pytest.raises(CheckpointError, match="gave other values"):
        y.backward()


# --- errors ---------------------------------------------------------------------------------------------------------


def test_a_step_between_forward_and_backward():
    net = nn.Linear(2, 2)
    y = checkpoint(lambda x: net(x).tanh().sum(), tg.ones(1, 2))
    with tg.no_grad():
        net.weight.mul_(2.0)
    with pytest.raises(CheckpointError, match="Was a parameter or an argument written to since"):
        y.backward()
    assert net.weight.grad is None


def test_another_way():
    with pytest.raises(CheckpointError, match=r"another way: 1 operations instead of 2, different from operation 0 on"):
        takes_another_way(tg)


def test_an_argument_written_to():
    def f(x, buffer):
        buffer.add_(1.0)
        return (x * buffer).sum()

    with pytest.raises(RuntimeError, match=r"add_.* wrote to an argument of the function, of shape \(2,\)"):
        checkpoint(f, tg.ones(2, requires_grad=True), buffer=tg.zeros(2))


@pytest.mark.parametrize(("call", "kind", "words"), [
    (lambda: checkpoint(tg.ones(2), tg.ones(2)), TypeError, "expected a function and its arguments, got Tensor first"),
    (lambda: checkpoint(tg.exp, tg.ones(2), determinism_check="x"), ValueError, "'default' or 'none', got 'x'"),
    (lambda: checkpoint_sequential([tg.exp], 0, tg.ones(2)), ValueError, "expected 1 to 1 segments, .* got 0"),
])  # fmt: skip
def test_errors(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_an_error_in_the_function_leaves_no_trace():
    places = []

    def f(x):
        places.append(tg.autograd.scope.frames())
        if len(places) == 2:
            raise KeyError("the second time")
        return nn.functional.dropout(x, 0.5).exp().sum()

    y = checkpoint(f, tg.ones(3, requires_grad=True))
    state = tg.get_rng_state()
    with tg.step(7), pytest.raises(KeyError):
        y.backward()
    assert (state == tg.get_rng_state()).all()
    assert places == [(), ()], "it runs again where it ran first"


# --- pictures -------------------------------------------------------------------------------------------------------


class Loop(nn.Module):
    """A loop of the user's own, each of whose steps is checkpointed."""

    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.GRUCell(2, 3), nn.Linear(3, 1)

    def forward(self, x, how):
        h = tg.zeros(1, 3)
        for t in range(len(x)):
            with tg.step(t):
                h = how(self.cell, x[t], h)
        return self.head(h).sum()


@pytest.mark.parametrize("level", ["module", "layer", "step", "op"])
@pytest.mark.parametrize("color", ["kind", "gradient"])
def test_the_picture_is_that_of_the_plain_graph(level, color):
    tg.manual_seed(0)
    net, x = Loop(), tg.randn(4, 1, 2)
    plain, drawn = (tg.draw(net(x, how), level=level, color=color).source for how in (plainly, checkpoint))
    assert _without_places(plain) == _without_places(drawn)


def _without_places(source):
    """Without the one thing a picture cannot know, that a state is zero, and where everything is because of it."""
    import re

    return re.sub(r' (pos|width|bb|lp)="?[^" ]*"?', "", source.replace(" = 0<", "<"))


def test_the_explorer_and_the_flow_of_gradients(tmp_path):
    tg.manual_seed(0)
    net, x = Loop(), tg.randn(4, 1, 2)
    plain, found = (tg.gradient_flow(net(x, how), net.cell)[0] for how in (plainly, checkpoint))
    np.testing.assert_array_equal(found.dh, plain.dh)
    tg.draw(net(x, checkpoint)).save(tmp_path / "page.html")
    assert '"problem":""' in (tmp_path / "page.html").read_text(encoding="utf-8").replace('": ', '":')


def test_where_nodes_say_they_are():
    net = Loop()
    with tg.autograd.record_source():
        y = net(tg.ones(3, 1, 2), checkpoint)
    node = next(node for node in nodes_of(y) if node.op.name == "gru_step")
    assert str(tg.autograd.scope.path(node.scope)) == "Loop / t=0 / cell"
    assert "how(self.cell, x[t], h)" in node.source.text
    with pytest.raises(AttributeError, match=r"the nearest there is: utils.checkpoint.checkpoint"):
        tg.utils.checkpoint.chekpoint  # noqa: B018
