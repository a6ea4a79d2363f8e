"""Sequences of different length in onnxruntime: `lengths=`, packed sequences, the last valid output."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.onnx.running import Wrapped, check, flat, operations, randn, run
from tinygrad_rnn import nn

I, H = 3, 4
KINDS = ["RNN", "LSTM", "GRU"]
rnn = nn.utils.rnn
LENGTHS = tg.tensor([2, 5]), tg.tensor([4, 7, 1, 4])


def inputs(batch_first: bool, lengths=LENGTHS, T=(5, 8)) -> list[tuple]:
    """x and lengths, twice."""
    return [(randn(*((len(each), t) if batch_first else (t, len(each))), I), each) for each, t in zip(lengths, T)]


def axes(batch_first: bool) -> dict:
    names = {"input_names": ["x", "lengths"]}
    return {**names, "dynamic_axes": {"x": {0: "N", 1: "T"} if batch_first else {0: "T", 1: "N"}, "lengths": {0: "N"}}}


def make(kind: str, **options) -> nn.RNNBase:
    tg.manual_seed(1)
    return getattr(nn, kind)(I, H, num_layers=2, bidirectional=True, **options)


@pytest.mark.parametrize(("kind", "batch_first"), [*itertools.product(KINDS, [False, True])])
def test_lengths(kind, batch_first):
    model = Wrapped(lambda self, x, lengths: self.rnn(x, lengths=lengths), rnn=make(kind, batch_first=batch_first))
    check(model, *inputs(batch_first), **axes(batch_first))


def test_lengths_by_way_of_numpy():
    """Lengths in other integers, or as a list, are still the input that they were."""
    for turned in (lambda n: n.int(), lambda n: n.tolist(), lambda n: n.numpy().copy()):
        model = Wrapped(lambda self, x, n, turned=turned: self.rnn(x, lengths=turned(n)), rnn=make("GRU"))
        check(model, *inputs(False), **axes(False))


def padded(x: tg.Tensor, lengths: tg.Tensor) -> tuple:
    """x [N, T, I] with zeros for padding, from which a model computes the lengths itself."""
    return (x * (tg.arange(x.size(1)) < lengths[:, None])[:, :, None],)


@pytest.mark.parametrize("turned", [lambda n: n, lambda n: n.cpu().int(), lambda n: n.tolist()])
def test_lengths_that_are_computed(turned):
    def forward(self, x):
        lengths = turned((x[:, :, 0] != 0).sum(1))
        packed = rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(x, lengths=lengths), rnn.pad_packed_sequence(self.rnn(packed)[0], batch_first=True)

    model = Wrapped(forward, rnn=make("LSTM", batch_first=True))
    given = [padded(*each) for each in inputs(True, (tg.tensor([4, 5]), tg.tensor([8, 3, 2])))]
    proto = check(model, *given, input_names=["x"], dynamic_axes={"x": {0: "N", 1: "T"}})
    assert "ReduceSum" in operations(proto)


def test_two_inputs_with_lengths():
    def forward(self, x, n, m):
        packed = lambda lengths: rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        return self.rnn(packed(n))[1], self.rnn(packed(m))[1]

    model = Wrapped(forward, rnn=nn.GRU(I, H))
    options = {"input_names": ["x", "n", "m"], "dynamic_axes": {"x": {0: "T", 1: "N"}, "n": {0: "N"}, "m": {0: "N"}}}
    given = [(x, n, n.flip(0)) for x, n in inputs(False)]
    check(model, *given, **options)
    same = tg.tensor([5, 5])
    check(model, (given[0][0], same, same), *given, **options)
    one = tg.tensor([1, 1])
    with pytest.raises(tg.onnx.OnnxExporterError, match=r"inputs \['n', 'm'\], which hold the same numbers"):
        tg.onnx.export(model, (given[0][0], one, one), **options)


@pytest.mark.parametrize("fixed", [tg.tensor([2, 5]), [2, 5]])
def test_lengths_that_are_fixed(fixed):
    model = Wrapped(lambda self, x: self.rnn(x, lengths=fixed), rnn=make("GRU"))
    check(model, (randn(5, 2, I),), (randn(8, 2, I),), input_names=["x"], dynamic_axes={"x": {0: "T"}})


@pytest.mark.parametrize(("kind", "batch_first"), [*itertools.product(KINDS, [False, True])])
def test_packed(kind, batch_first):
    """Packed, through a layer, and padded again, the states in the order before packing."""

    def forward(self, x, lengths):
        packed = rnn.pack_padded_sequence(x, lengths, batch_first, enforce_sorted=False)
        y, state = self.rnn(packed)
        return rnn.pad_packed_sequence(y, batch_first), state

    check(Wrapped(forward, rnn=make(kind)), *inputs(batch_first), **axes(batch_first))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_any_lengths(lengths):
    """One export serves all of them."""
    model, proto = packing_model()
    x, n = randn(max(lengths), len(lengths), I), tg.tensor(lengths)
    for found, expected in zip(run(proto, x, n), flat(model(x, n)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@cache
def packing_model():
    def forward(self, x, lengths):
        y, h = self.rnn(rnn.pack_padded_sequence(x, lengths, enforce_sorted=False))
        return rnn.pad_packed_sequence(y), h, self.rnn(x, lengths=lengths)

    model = Wrapped(forward, rnn=make("LSTM"))
    return model, tg.onnx.export(model, inputs(False)[0], **axes(False)).model_proto


@pytest.mark.parametrize("lengths", [[5], [5, 5], [5, 3], [3, 5], [1, 2, 3], [4, 4, 4]])
def test_packed_examples(lengths):
    """The example's lengths may be one or many, sorted or not."""

    def forward(self, x, lengths, h):
        y, h = self.rnn(rnn.pack_padded_sequence(x, lengths, enforce_sorted=False), h)
        return rnn.pad_packed_sequence(y)[0], h

    given = [
        (x, n, randn(4, len(n), H)) for x, n in inputs(False, (tg.tensor(lengths), LENGTHS[1], LENGTHS[0]), (5, 7, 5))
    ]
    options = axes(False)
    options["input_names"].append("h")
    options["dynamic_axes"]["h"] = {1: "N"}
    check(Wrapped(forward, rnn=make("GRU")), *given, **options)


def test_an_example_that_tells_too_little():
    def forward(self, x, lengths):
        return self.rnn(rnn.pack_padded_sequence(x, lengths, enforce_sorted=False))[1]

    model = Wrapped(forward, rnn=make("GRU"))
    with pytest.raises(tg.onnx.OnnxExporterError, match="too short or too much alike"):
        tg.onnx.export(model, (randn(1, 1, I), tg.tensor([1])), **axes(False))


def test_packed_in_order_and_from_a_state():
    def forward(self, x, lengths, h):
        y, h = self.rnn(rnn.pack_padded_sequence(x, lengths), h)
        return rnn.pad_packed_sequence(y, padding_value=-1.0, total_length=x.size(0))[0], h

    lengths = tg.tensor([5, 3]), tg.tensor([7, 7, 2, 1])
    given = [(x, n, randn(4, len(n), H)) for x, n in inputs(False, lengths)]
    options = axes(False)
    options["input_names"].append("h")
    options["dynamic_axes"]["h"] = {1: "N"}
    check(Wrapped(forward, rnn=make("GRU")), *given, **options)


def test_what_is_done_to_packed_data():
    def forward(self, x, lengths):
        packed = rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        y, _ = self.rnn(packed._replace(data=self.before(packed.data)))
        return rnn.pad_packed_sequence(y._replace(data=self.after(y.data).relu()))[0]

    model = Wrapped(forward, rnn=make("LSTM"), before=nn.Linear(I, I), after=nn.Linear(2 * H, 2))
    check(model, *inputs(False), **axes(False))


def test_packed_with_fixed_lengths():
    def forward(self, x):
        return rnn.pad_packed_sequence(self.rnn(rnn.pack_padded_sequence(x, [5, 3]))[0])

    check(Wrapped(forward, rnn=make("LSTM")), (randn(5, 2, I),), (randn(5, 2, I, seed=1),), input_names=["x"])


@pytest.mark.parametrize(("bidirectional", "batch_first"), [*itertools.product([False, True], repeat=2)])
def test_last_output(bidirectional, batch_first):
    layer = nn.GRU(I, H, bidirectional=bidirectional, batch_first=batch_first)
    options = {"bidirectional": bidirectional, "batch_first": batch_first}
    padded = Wrapped(lambda self, x, n: rnn.last_output(self.rnn(x, lengths=n)[0], n, **options), rnn=layer)
    check(padded, *inputs(batch_first), **axes(batch_first))
    whole = Wrapped(lambda self, x: rnn.last_output(self.rnn(x)[0], **options), rnn=layer)
    names = {0: "N", 1: "T"} if batch_first else {0: "T", 1: "N"}
    check(whole, (randn(5, 2, I),), (randn(3, 4, I),), input_names=["x"], dynamic_axes={"x": names})


def test_the_last_step_by_index():
    def forward(self, x, lengths):
        y, _ = self.rnn(x)
        by_index = y[tg.arange(x.size(0)), lengths - 1]
        by_gather = y.gather(1, (lengths - 1).view(-1, 1, 1).expand(-1, 1, y.size(2))).squeeze(1)
        return by_index, by_gather

    check(Wrapped(forward, rnn=make("GRU", batch_first=True)), *inputs(True), **axes(True))
