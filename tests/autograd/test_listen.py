"""Everything that is applied is told, whether or not it is recorded; nobody pays while nobody listens."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.autograd import fastcall
from tinygrad_rnn.autograd.listen import listening
from tinygrad_rnn.autograd.op import Op
from tinygrad_rnn.autograd.writes import Writes


class Notes:
    def __init__(self) -> None:
        self.heard: list[str] = []
        self.told: list[tuple] = []

    def applied(self, op, inputs, attrs, outputs) -> None:
        self.heard.append(op.name)
        self.told.append((inputs, attrs, outputs))

    def written(self, array, writer, result) -> None:
        self.heard.append(writer)


def names(function) -> list[str]:
    notes = Notes()
    with listening(notes):
        function()
    return notes.heard


x = tg.tensor([[1.0, -2.0], [3.0, 4.0]])
i = tg.tensor([1, 0])
gru = tg.nn.GRU(2, 3)


@pytest.mark.parametrize(("function", "expected"), [
    (lambda: x + 1.0, ["add"]),
    (lambda: 1.0 - x, ["sub"]),
    (lambda: x.tanh().sum(0), ["tanh", "sum"]),
    (lambda: i + i, ["add"]),
    (lambda: x > 0, ["gt"]),
    (lambda: i * 0.5, ["cast", "mul"]),
    (lambda: x[i], ["getitem"]),
    (lambda: x.view(4).split(2), ["reshape", "split"]),
    (lambda: tg.nn.functional.embedding(i, x), ["embedding"]),
    (lambda: x.clone().relu_(), ["clone", "relu", "relu_"]),
    (lambda: gru(x[None])[1], ["getitem", "gru_sequence", "unsqueeze"]),
    (lambda: tg.Value(1.0) * 2.0, []),
])  # fmt: skip
def test_everything_applied_is_told(function, expected):
    with tg.no_grad():
        heard = names(function)
    assert heard == expected


def test_what_is_told():
    notes = Notes()
    with listening(notes):
        y = x.sum(1, keepdim=True)
    ((inputs, attrs, outputs),) = notes.told
    assert inputs[0] is x.array
    assert attrs == {"dim": 1, "keepdim": True}
    assert outputs[0] is y.array


def test_results_are_the_same():
    w = tg.tensor([[0.5, -1.0], [2.0, 0.0]], requires_grad=True)

    def run():
        w.grad = None
        y = ((x @ w).tanh() * 2 + w.T[0]).exp().sum(-1).mean()
        y.backward()
        return y.item(), w.grad.numpy().copy()

    plain = run()
    with listening(Notes()):
        heard = run()
    assert plain[0] == heard[0]
    np.testing.assert_array_equal(plain[1], heard[1])


def test_only_this_thread_and_only_inside():
    notes, elsewhere = Notes(), []
    before = fastcall.quick, Op.apply, Writes.note
    with listening(notes):
        thread = threading.Thread(target=lambda: elsewhere.append(x + x))
        thread.start()
        thread.join()
        with listening(Notes()):
            x.exp()
        x.tanh()
    assert notes.heard == ["tanh"]
    assert len(elsewhere) == 1
    assert (fastcall.quick, Op.apply, Writes.note) == before
    x.tanh()
    assert notes.heard == ["tanh"]


def test_an_error_ends_it():
    before = fastcall.quick, Op.apply
    with pytest.raises(RuntimeError, match="matmul"), listening(Notes()):
        x @ tg.ones(3, 3)
    assert (fastcall.quick, Op.apply) == before
