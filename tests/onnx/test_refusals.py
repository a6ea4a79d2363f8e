"""What ONNX cannot say is refused, in words, before anything is written."""

from __future__ import annotations

import pytest

import tinygrad_rnn as tg
from tests.onnx.running import Wrapped, randn, tokens
from tinygrad_rnn import nn

F = nn.functional
Refused, Untranslated = tg.onnx.OnnxExporterError, tg.onnx.UnsupportedOperatorError
NT = {"x": {0: "N", 1: "T"}}


def write_a_part(x):
    y = x * 1
    y[0] = 0
    return y


def write_the_same(x):
    """What stands there afterwards is by chance what was computed last."""
    y = x * 0 + x
    z = y.clone()
    y[0] = x[0]
    return z + y


def write_a_view(x):
    y = x * 1
    y[:, 0].add_(1)
    return y


def write_to_zeros(x):
    y = tg.zeros(x.shape)
    y[:, 0] = x[:, 0]
    return y


class Stateful(nn.Module):
    """Remembers its last input, which is then a constant of the next run."""

    last = None

    def forward(self, x):
        last, self.last = self.last, x.sum()
        return x if last is None else x + last.item()


@pytest.mark.parametrize(("function", "kind", "words"), [
    (lambda x: tg.stack([x[:, t] for t in range(x.size(1))]), Refused, "`stack` in .*leave the axis out"),
    (lambda x: tg.stack(list(x.unbind(1))), Refused, "Let nn.RNN, LSTM or GRU walk through time"),
    (lambda x: x.unbind(1)[-1], Refused, "other results of `unbind`"),
    (lambda x: x.exp() if x.size(0) > 3 else x.tanh(), Refused, "computes otherwise at other sizes"),
    (lambda x: x * x.sum().item(), Refused, "constant used by `mul`.*depends on the data.*operations on tensors"),
    (lambda x: x + tg.randn(4), Refused, "constant used by `add`"),
    (lambda x: x + tg.tensor(x.numpy() * 2), Refused, "constant used by `add`"),
    (lambda x: x[:, : x.size(1) // 2], Refused, "index of `getitem`"),
    (lambda x: x[:, int(x[0, 0, 0] > 0) :], Refused, "index of `getitem`.*it was [01] at .* and [01] at"),
    (lambda x: x.reshape(-1, x.size(1) // x.size(1) * 4), None, None),
    (write_a_part, Refused, "__setitem__ wrote to part.*where, cat, stack"),
    (write_the_same, Refused, "__setitem__ wrote to part"),
    (write_a_view, Refused, "add_ wrote to part"),
    (write_to_zeros, Refused, "written to by __setitem__"),
    (F.dropout, Untranslated, r"`dropout` in Wrapped \(it is random; pass training=self.training"),
    (lambda x: x.median(1), Untranslated, "no translation for `argmedian` in Wrapped.*Translated are: abs, "),
    (lambda x: F.one_hot(x.long().abs()), Refused, "num_classes"),
    (lambda x: nn.utils.rnn.pack_sequence([x[0]]), Refused, "output is a PackedSequence"),
    (lambda x: "nothing", Refused, "must return tensors, got str"),
])  # fmt: skip
def test_refused(function, kind, words, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    model = Wrapped(lambda self, x: function(x))
    if kind is None:  # at most a choice that was made for good
        tg.onnx.export(model, randn(2, 4, 4), path, input_names=["x"], dynamic_axes=NT)
        return
    with pytest.raises(kind, match=words):
        tg.onnx.export(model, randn(2, 4, 4), path, input_names=["x"], dynamic_axes=NT)
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["model.onnx"]


def test_an_example_that_is_a_case_of_its_own():
    """A batch of one has a way of its own: what was found at other lengths is not what the model does there."""
    model = Wrapped(lambda self, x: x.exp() if x.size(0) == 1 else x.tanh())
    with pytest.raises(Refused, match="on the example the model computes otherwise than at .*`exp` in .*not `tanh`"):
        tg.onnx.export(model, randn(1, 4), input_names=["x"], dynamic_axes={"x": {0: "N"}})


def test_a_model_with_a_memory():
    with pytest.raises(Refused, match="on the example the model computes otherwise"):
        tg.onnx.export(Stateful(), randn(2, 4), input_names=["x"], dynamic_axes={"x": {0: "N"}})


def test_statistics_of_a_batch():
    with pytest.raises(Untranslated, match="`batch_norm` in BatchNorm1d.*track_running_stats"):
        tg.onnx.export(nn.BatchNorm1d(4, track_running_stats=False), randn(5, 4))


def test_lengths_that_do_not_come_from_an_input():
    model = Wrapped(lambda self, x: self.rnn(x, lengths=[2] * x.size(1)), rnn=nn.LSTM(4, 6))
    tg.onnx.export(model, randn(5, 2, 4), input_names=["x"], dynamic_axes={"x": {1: "N"}})
    model = Wrapped(lambda self, x: self.rnn(x, lengths=range(1, x.size(1) + 1)), rnn=nn.LSTM(4, 6))
    tg.onnx.export(model, randn(9, 2, 4), input_names=["x"], dynamic_axes={"x": {1: "N"}})
    draw = lambda x: tg.randint(1, 5, (x.size(1),))
    model = Wrapped(lambda self, x: self.rnn(x, lengths=draw(x)), rnn=nn.LSTM(4, 6))
    with pytest.raises(Refused, match="constant used by `cast` in Wrapped / rnn"):
        tg.onnx.export(model, randn(9, 2, 4), input_names=["x"], dynamic_axes={"x": {1: "N"}})


# --- arguments ------------------------------------------------------------------------------------------------


def test_the_models_own_errors_are_its_own():
    with pytest.raises(RuntimeError, match="linear"):
        tg.onnx.export(nn.Linear(4, 3), randn(2, 5))
    with pytest.raises(IndexError, match="out of range"):
        tg.onnx.export(nn.Embedding(3, 2), tokens(2, 5) + 3)


def test_lengths_at_which_the_model_does_not_run():
    """Axes that go together, of which one was left out; an axis that is none."""
    gru = nn.GRU(4, 3, batch_first=True)
    with pytest.raises(Refused, match=r"Expected h_0 of size.*h_0 has a batch too"):
        tg.onnx.export(gru, (randn(2, 5, 4), randn(1, 2, 3)), input_names=["x", "h"], dynamic_axes={"x": {0: "N"}})
    with pytest.raises(Refused, match="not at other lengths such as"):
        tg.onnx.export(nn.Linear(4, 3), randn(2, 4), input_names=["x"], dynamic_axes={"x": {1: "features"}})


@pytest.mark.parametrize(("options", "kind", "words"), [
    ({"input_names": ["a", "b"]}, ValueError, "2 input_names"),
    ({"output_names": ["a", "b"]}, ValueError, "2 output_names"),
    ({"input_names": ["a"], "output_names": ["a"]}, ValueError, "'a'.*more than once"),
    ({"dynamic_axes": {"x": {0: "n"}}}, ValueError, "has 'x', but the inputs are called.*give input_names"),
    ({"input_names": ["x"], "dynamic_axes": {"x": {2: "n"}}}, ValueError, "has 2 dimensions and no axis 2"),
    ({"input_names": ["x"], "dynamic_axes": {"x": "n"}}, ValueError, "must be a dict or a list"),
    ({"dynamic_axes": {"input": [0]}, "dynamic_shapes": [[0]]}, ValueError, "not both"),
    ({"dynamic_shapes": {"y": {0: "n"}}}, ValueError, r"dynamic_shapes has \['y'\]"),
    ({"input_names": ["x"], "dynamic_axes": {"x": {0: "n", 1: "n"}}}, ValueError, "one name is for one length"),
    ({"kwargs": {"y": 1}}, TypeError, "do not fit the model's forward"),
])  # fmt: skip
def test_arguments_that_do_not_fit(options, kind, words):
    with pytest.raises(kind, match=words):
        tg.onnx.export(nn.Linear(4, 3), randn(2, 4), **options)


def test_what_is_no_model():
    with pytest.raises(TypeError, match=r"expected an nn\.Module, got function"):
        tg.onnx.export(lambda x: x, randn(2, 4))


def test_a_packed_input():
    packed = nn.utils.rnn.pack_sequence([randn(3, 4), randn(2, 4)])
    with pytest.raises(Refused, match="input is a PackedSequence, which ONNX has not"):
        tg.onnx.export(nn.GRU(4, 3), (packed,))


def test_an_empty_example():
    with pytest.raises(ValueError, match="0 long"):
        tg.onnx.export(nn.Linear(4, 3), tg.zeros(0, 4), input_names=["x"], dynamic_axes={"x": {0: "n"}})
