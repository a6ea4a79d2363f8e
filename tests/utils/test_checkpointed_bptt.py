"""bptt: the loss and the gradients of the loop, bit for bit, in as many forward steps as the schedule says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.bench.resident import STATUS
from tinygrad_rnn.utils.checkpoint import CheckpointError, bptt, checkpoint, forward_steps
from tinygrad_rnn.utils.schedule import KEEPS


class Own(nn.Module):
    """A cell of the user's own: one weight twice in a step, dropout, a state that is a dict with a counter."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.into, self.round, self.drop = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Dropout(0.4)

    def forward(self, x, state):
        state = state or {"count": 0, "h": tg.zeros(len(x), self.round.in_features), "seen": tg.tensor([0])}
        h = tg.tanh(self.into(x) + self.round(self.drop(state["h"])))
        h = self.round(h) * 0.5 + state["h"]
        return {"count": state["count"] + 1, "h": h, "seen": state["seen"] + 1}


def h_of(state):
    return state["h"] if isinstance(state, dict) else state[0] if isinstance(state, tuple) else state


def loop(step, inputs, state=None):
    """What bptt stands for."""
    total = None
    for x in inputs:
        loss, state = step(x, state)
        if loss is not None:
            total = loss if total is None else total + loss
    return total, state


class Case:
    """A network, a sequence, and everything that training on it gives."""

    def __init__(self, make, T, lengths=None, start=False):
        tg.manual_seed(5)
        self.cell, self.head, self.run = make(3, 4), nn.Linear(4, 1), 0
        self.x, target = tg.randn(T, 2, 3, requires_grad=True), tg.randn(T, 2, 1)
        on = tg.ones(T, 2, 1) if lengths is None else (tg.arange(T)[:, None] < tg.tensor(lengths))[..., None].float()
        self.inputs = list(zip(tg.unbind(self.x), target, on, strict=True))
        self.first = tg.randn(2, 4, requires_grad=True) if start else None

    def step(self, inputs, state):
        self.run += 1
        x, target, on = inputs
        after = self.cell(x, state)
        if not on.all():
            after = tg.where(on.bool(), after, tg.zeros(2, 4) if state is None else state)
        return (((self.head(h_of(after)) - target) * on) ** 2).sum(), after

    def trained(self, way, **options):
        loss, state = way(self.step, self.inputs, self.first, **options)
        (loss * 0.5 + (h_of(state) ** 2).sum()).backward()
        leaves = [
            *self.cell.parameters(),
            *self.head.parameters(),
            self.x,
            *([] if self.first is None else [self.first]),
        ]
        return [loss.array, h_of(state).array, *[x.grad.array for x in leaves], tg.rand(1).array]


Case.__test__ = False
CELLS = [nn.RNNCell, nn.LSTMCell, nn.GRUCell, Own]


def assert_same_bits(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize("make", CELLS)
def test_the_same_bits(make, keep):
    for T in (1, 2, 3, 12):
        expected = Case(make, T).trained(loop)
        for memory in (1, 2, 3, T, 2 * T):
            case = Case(make, T)
            assert_same_bits(case.trained(bptt, memory=memory, keep=keep), expected)
            assert case.run == forward_steps(T, memory, keep)


@pytest.mark.parametrize("make", [nn.LSTMCell, Own])
def test_the_same_bits_over_many_rows(make):
    """The weights' gradients are collected over several hundred rows: these must be the same rows."""
    assert_same_bits(Case(make, 600).trained(bptt, memory=9), Case(make, 600).trained(loop))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 30), st.integers(1, 12), st.sampled_from(KEEPS), st.sampled_from([nn.RNNCell, nn.GRUCell]), st.data()
)
def test_lengths_and_a_first_state(T, memory, keep, make, data):
    lengths = data.draw(st.lists(st.integers(1, T), min_size=2, max_size=2))
    found = Case(make, T, lengths, start=True).trained(bptt, memory=memory, keep=keep)
    assert_same_bits(found, Case(make, T, lengths, start=True).trained(loop))


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize("make", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("fine", ["sequence", "step"])
def test_chunks_of_a_layer(make, keep, fine):
    """The chunks' loop bit for bit, the layer over the whole sequence in float64 but for rounding."""
    T, size = 24, 5

    def trained(way, dropout=0.3):
        tg.manual_seed(6)
        net, head = make(3, 4, num_layers=2, dropout=dropout).double(), nn.Linear(4, 1).double()
        x = tg.randn(T, 2, 3, dtype=tg.float64, requires_grad=True)

        def step(chunk, state):
            y, state = net(chunk, state)
            return (head(y) ** 2).sum(), state

        with tg.granularity(fine):
            if way is None:
                loss, state = step(x, None)
            else:
                loss, state = way(step, x.split(size))
        loss.backward()
        return [loss.array, *[p.grad.array for p in [*net.parameters(), *head.parameters(), x]]]

    def checkpointed(step, inputs):
        return bptt(step, inputs, memory=2, keep=keep)

    assert_same_bits(trained(checkpointed), trained(loop))
    for found, expected in zip(trained(checkpointed, 0.0), trained(None, 0.0), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())


def test_lengths_of_a_layer():
    """Chunks with the lengths that are left in them."""
    tg.manual_seed(0)
    gru, x = nn.GRU(3, 4), tg.randn(9, 2, 3)
    chunks = [(x[:4], [4, 4]), (x[4:8], [4, 2]), (x[8:], None)]

    def step(chunk, state):
        y, state = gru(*chunk[:1], state, lengths=chunk[1])
        return (y**2).sum(), state

    expected, _ = loop(step, chunks)
    expected.backward()
    gradients = [p.grad.array for p in gru.parameters()]
    gru.zero_grad()
    loss, _ = bptt(step, chunks, memory=1)
    loss.backward()
    assert_same_bits([p.grad.array for p in gru.parameters()], gradients)
    assert loss.item() == expected.item()


# --- what it is given, and what it gives ----------------------------------------------------------------------------


def simple(T=6, **options):
    w = tg.tensor(0.5, requires_grad=True)
    seen = []

    def step(x, h):
        seen.append(x)
        h = tg.tanh(w * h + x)
        return h * h, h

    return (w, seen, *bptt(step, tg.linspace(-1, 1, T), tg.tensor(0.1), **options))


def test_a_tensor_is_taken_step_by_step():
    w, seen, loss, h = simple()
    assert [x.shape for x in seen] == [()] * 6
    assert (loss.shape, h.shape, loss.requires_grad, h.requires_grad) == ((), (), True, True)
    assert tg.autograd.grad(loss, w, retain_graph=True)[0].item() != tg.autograd.grad(h, w)[0].item()


def test_the_default_memory_is_the_root():
    for T in (1, 4, 5, 9, 10):
        _, seen, loss, _ = simple(T)
        loss.backward()
        assert len(seen) == forward_steps(T, int(np.ceil(np.sqrt(T))))


def test_inputs_made_when_they_are_asked_for():
    class Chunks:
        def __len__(self):
            return 5

        def __getitem__(self, t):
            return tg.full((2,), float(t)) * scale

    scale = tg.tensor(2.0, requires_grad=True)
    loss, state = bptt(lambda x, h: ((x**2).sum(), h), Chunks(), memory=1)
    assert (loss.item(), state) == (2 * 4 * (0 + 1 + 4 + 9 + 16), None)
    loss.backward()
    assert scale.grad.item() == 2 * 2 * 2 * 30


def test_a_loss_at_the_end_alone():
    """Many to one: steps without a loss, then a head on the last state."""
    cell, x = nn.GRUCell(3, 4), tg.randn(7, 2, 3)
    loss, h = bptt(lambda x, h: (None, cell(x, h)), x, memory=2)
    assert loss is None
    (h**2).sum().backward()
    found = [p.grad.array for p in cell.parameters()]
    cell.zero_grad()
    _, h = loop(lambda x, h: (None, cell(x, h)), x)
    (h**2).sum().backward()
    assert_same_bits(found, [p.grad.array for p in cell.parameters()])


def test_a_state_that_is_used_as_it_is():
    """Passed on, returned from outside, in a tuple twice, and of integers."""
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    first = tg.tensor([3.0, 4.0], requires_grad=True)

    def step(x, state):
        a, b, c, n = state
        return (a * x).sum(), (b, w, b * x, n + 1)

    found = []
    for way in (loop, bptt):
        w.grad = first.grad = None
        loss, (a, b, c, n) = way(
            step, [tg.tensor(float(t)) for t in range(1, 6)], (first, first, first, tg.tensor([0]))
        )
        (loss + (a * b * c).sum()).backward()
        assert (n.tolist(), n.requires_grad, c.requires_grad) == ([5], False, True)
        found.append([loss.array, a.array, b.array, c.array, w.grad.array, first.grad.array])
    assert_same_bits(*found)


def test_a_step_may_write_to_its_state():
    w = tg.tensor([1.5, 0.5], requires_grad=True)

    def step(x, h):
        h.mul_(x)
        h = h + w
        return h.exp().sum(), h

    found = []
    for way in (loop, bptt):
        w.grad, first = None, tg.ones(2)
        loss, _ = way(step, [tg.tensor(0.1 * t) for t in range(8)], first.clone())
        loss.backward()
        found.append([loss.array, w.grad.array])
    assert_same_bits(*found)


def test_hooks_run_once():
    w, seen = tg.tensor(0.5, requires_grad=True), []
    w.register_hook(lambda dw: seen.append(dw.item()) or dw * 2)
    loss, _ = bptt(lambda x, h: (h * w * x, h * w), tg.ones(5), tg.tensor(1.0))
    loss.backward()
    assert seen == [w.grad.item() / 2]


def test_checkpoints_within_and_without():
    cell, x = nn.LSTMCell(3, 4), tg.randn(9, 2, 3)

    def step(x, state):
        state = checkpoint(cell, x, state)
        return (state[0] ** 2).sum(), state

    found = []
    for way in (loop, bptt, lambda *args: checkpoint(bptt, *args)):
        cell.zero_grad()
        loss, _ = way(step, list(x))
        loss.backward()
        found.append([loss.array, *[p.grad.array for p in cell.parameters()]])
    assert_same_bits(found[0], found[1])
    assert_same_bits(found[0], found[2])


def test_twice_through_a_retained_graph():
    w, seen, loss, _ = simple(memory=2)
    (first,) = tg.autograd.grad(loss, w, retain_graph=True)
    (second,) = tg.autograd.grad(loss, w)
    assert first.item() == second.item()
    assert len(seen) == 2 * forward_steps(6, 2)
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time: `bptt`"):
        loss.backward()


def test_without_gradients():
    with tg.no_grad():
        _, seen, loss, h = simple(memory=1)
    assert (len(seen), loss.requires_grad, h.requires_grad) == (6, False, False)
    with_gradients = simple(memory=1)
    assert (loss.item(), h.item()) == (with_gradients[2].item(), with_gradients[3].item())
    loss, h = bptt(lambda x, h: (x * 2, h), tg.ones(3), tg.tensor(1.0, requires_grad=True))
    assert (loss.requires_grad, h.requires_grad) == (False, True)


def test_the_picture():
    _, _, loss, h = simple()
    source = tg.draw([loss, h], level="op").source
    assert "bptt" in source


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("call", "kind", "words"), [
    (lambda: bptt(3, [1]), TypeError, r"expected a function \(input, state\) -> \(loss, state\), got int"),
    (lambda: bptt(lambda x, h: (x, h), iter([1])), TypeError, "Make a list of them"),
    (lambda: bptt(lambda x, h: (x, h), []), ValueError, "at least one step, got 0"),
    (lambda: simple(memory=0), ValueError, "memory for at least one state, got 0"),
    (lambda: simple(keep="all"), ValueError, "keep must be one of 'state', 'graph', got 'all'"),
    (lambda: bptt(lambda x, h: x * 1, tg.ones(3)), TypeError, r"the pair \(loss, state\), got Tensor"),
    (lambda: bptt(lambda x, h: (1.0, h), tg.ones(3)), TypeError, "a Tensor or None, got float"),
    (lambda: bptt(lambda x, h: (x, h), tg.ones(3, 2)), ValueError, r"one number, got shape \(2,\); take its sum"),
])  # fmt: skip
def test_errors(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_create_graph_is_refused():
    w, _, loss, _ = simple()
    with pytest.raises(RuntimeError, match=r"cannot be recorded \(create_graph=True\)"):
        tg.autograd.grad(loss, w, create_graph=True)


def test_another_loss_is_noticed():
    w, _, loss, _ = simple()
    w.array[...] = 1.0  # behind the back of the engine, which would name the writer
    with pytest.raises(CheckpointError, match="step [0-4] gave another loss. Was a parameter"):
        loss.backward()
    assert w.grad is None


def test_after_an_error_in_the_backward_pass():
    """Whoever mends it may try again."""
    w, fails = tg.tensor(0.5, requires_grad=True), []

    def step(x, h):
        if fails and x.item() == 1:
            raise KeyError(fails.pop())
        h = tg.tanh(w * h + x)
        return h * h, h

    loss, _ = bptt(step, tg.arange(5.0), tg.tensor(0.1), memory=2)
    (expected,) = tg.autograd.grad(loss, w, retain_graph=True)
    fails.append("once")
    with pytest.raises(KeyError, match="once"):
        loss.backward()
    loss.backward()
    assert w.grad.item() == expected.item()


def test_another_parameter_is_noticed():
    w, turns = [tg.tensor(float(k), requires_grad=True) for k in range(20)], iter(range(20))

    def step(x, h):
        h = h * w[next(turns)]
        return None, h

    _, h = bptt(step, tg.ones(4), tg.tensor(1.0), memory=1)
    with pytest.raises(CheckpointError, match=r"step \d uses leaf .*, which no step used the first time"):
        h.backward()


# --- memory ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize("memory", [1, 3, 5])
def test_how_much_lives(keep, memory):
    """Of all states there are never more than are kept (a graph has that before its step too), and those of a step."""
    w, alive, most = tg.tensor(0.9, requires_grad=True), set(), 0

    def step(x, h):
        nonlocal most
        h = tg.tanh(h * w + x)
        alive.add(key := object())
        weakref.finalize(h.array, alive.discard, key)
        most = max(most, len(alive))
        return h.sum(), h

    loss, h = bptt(step, tg.zeros(40), tg.ones(100), memory=memory, keep=keep)
    del h
    loss.backward()
    assert most <= (memory if keep == "state" else 2 * memory) + 3


@pytest.mark.skipif(not STATUS.exists(), reason="the system does not tell what training alone takes")
def test_a_long_sequence_in_little_memory():
    """A tenth of what plain BPTT takes; the program's docstring has the full size."""
    program = Path(__file__).parent / "long_sequence.py"

    def taken(*options):
        command = [sys.executable, str(program), "--steps", "4000", "--chunk", "40", "--updates", "1", *options]
        environment = {**os.environ, "PYTHONPATH": str(Path(tg.__file__).parent.parent)}
        out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        return float(re.search(r"of it (\S+) MB", out)[1])

    plain, found = taken("--keep", "graph"), taken("--memory", "20")
    assert plain > 4000 * 8 * 256 * 6 * 4 / 1e6, "gates, h and c of every step"
    assert found < plain / 10
