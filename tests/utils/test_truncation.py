"""Truncated backpropagation through time: the numbers of the whole sequence, the gradients of each chunk."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.utils import bptt
from tinygrad_rnn.utils.nested import mapped

DOUBLE = {"dtype": tg.float64}


def clones(net):
    other = type(net)(net.input_size, net.hidden_size, batch_first=net.batch_first, **DOUBLE)
    other.load_state_dict(net.state_dict())
    return other


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("length", [1, 3, 7, 20])
def test_numbers_of_the_whole_and_gradients_of_chunks(kind, batch_first, length):
    tg.manual_seed(0)
    net = kind(2, 3, batch_first=batch_first, **DOUBLE)
    dim = int(batch_first)
    x = tg.randn((4, 7, 2) if batch_first else (7, 4, 2), dtype=tg.float64)
    whole, last = net(x)
    chunks = bptt(x, length, dim=dim)
    assert len(chunks) == -(-7 // length)
    ys = []
    for chunk, state in chunks:
        y, chunks.state = net(chunk, state)
        y.sum().backward()
        ys.append(y.detach())
    np.testing.assert_allclose(tg.cat(ys, dim).numpy(), whole.detach().numpy(), atol=1e-14)
    h = chunks.state[0] if kind is nn.LSTM else chunks.state
    expected = last[0] if kind is nn.LSTM else last
    np.testing.assert_allclose(h.detach().numpy(), expected.detach().numpy(), atol=1e-14)

    by_hand, state = clones(net), None
    for chunk in x.split(length, dim):
        y, state = by_hand(chunk, state)
        y.sum().backward()
        state = tuple(s.detach() for s in state) if kind is nn.LSTM else state.detach()
    for p, q in zip(net.parameters(), by_hand.parameters(), strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), atol=1e-13)


def test_one_chunk_is_the_whole():
    x = tg.randn(5, 1, 2)
    chunks = bptt(x, 100)
    ((chunk, state),) = [(chunk, state) for chunk, state in chunks]
    assert state is None
    assert chunk.shape == x.shape


def test_several_sequences_are_cut_alike():
    x, target = tg.arange(10).reshape(5, 2), tg.arange(5)
    chunks, seen = bptt((x, target), 2, tg.zeros(1)), []
    for (part, wanted), state in chunks:
        assert len(part) == len(wanted)
        seen.append(wanted.tolist())
        chunks.state = state
    assert seen == [[0, 1], [2, 3], [4]]


def test_a_state_of_any_shape_is_detached():
    Pair = namedtuple("Pair", "h c")
    x = tg.ones(2, requires_grad=True) * 2
    found = mapped(tg.Tensor.detach, {"a": [x, (x, None)], "b": Pair(x, 3), "n": None})
    assert not found["a"][0].requires_grad
    assert not found["a"][1][0].requires_grad
    assert isinstance(found["b"], Pair)
    assert not found["b"].h.requires_grad
    assert found["b"].c == 3
    assert np.shares_memory(found["b"].h.numpy(), x.detach().numpy())


def test_the_loop_starts_anew():
    x = tg.randn(4, 1, 2)
    net = nn.LSTM(2, 3)
    chunks = bptt(x, 2)
    for _ in range(2):  # epochs: the second goes on from the first, unless the state is set
        for chunk, state in chunks:
            _, chunks.state = net(chunk, state)
    chunks.state = None
    (_, state), *_ = [(chunk, state) for chunk, state in bptt(x, 4, chunks.state)]
    assert state is None


@pytest.mark.parametrize(
    ("sequences", "length", "error", "words"),
    [
        ([1, 2], 2, TypeError, "expected Tensors, got int"),
        (tg.ones(3), 0, ValueError, "an integer from 1 on, got 0"),
        (tg.ones(3), 2.0, ValueError, "got 2.0"),
        (tg.ones(0, 2), 2, ValueError, r"at least 1, along dim 0; got shapes \(0, 2\)"),
        ((tg.ones(3), tg.ones(4)), 2, ValueError, r"of one length.*\(3,\), \(4,\)"),
    ],
)
def test_refused(sequences, length, error, words):
    with pytest.raises(error, match=words):
        bptt(sequences, length)


def test_a_state_that_is_not_carried_on_is_told():
    with pytest.raises(RuntimeError, match="assign it in the loop"):
        for _ in bptt(tg.ones(4), 2):
            pass
