"""What export takes, what it writes, and what it leaves as it was."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.onnx.running import Wrapped, check, flat, operations, randn, run
from tinygrad_rnn import nn

onnx = pytest.importorskip("onnx")


def small() -> nn.Module:
    tg.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5), nn.Tanh())


def names(proto) -> tuple[list[str], list[str]]:
    return [x.name for x in proto.graph.input], [y.name for y in proto.graph.output]


def dims(value) -> list:
    return [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]


def test_the_usual_call(tmp_path):
    """As scripts call PyTorch's."""
    lstm, path = nn.LSTM(4, 6, batch_first=True), tmp_path / "lstm.onnx"
    x, h = randn(1, 5, 4), (randn(1, 1, 6), randn(1, 1, 6, seed=1))
    tg.onnx.export(
        lstm, (x, h), str(path), export_params=True, opset_version=18, do_constant_folding=True,
        input_names=["input", "h0", "c0"], output_names=["output", "hn", "cn"],
        dynamic_axes={"input": {0: "batch", 1: "time"}, "h0": {1: "batch"}, "c0": {1: "batch"}, "output": {0: "batch"}},
    )  # fmt: skip
    proto = onnx.load(path)
    onnx.checker.check_model(proto, full_check=True)
    assert names(proto) == (["input", "h0", "c0"], ["output", "hn", "cn"])
    assert dims(proto.graph.input[1]) == [1, "batch", 6]
    assert dims(proto.graph.output[0]) == ["batch", "time", 6]
    x, h = randn(3, 2, 4), (randn(1, 3, 6), randn(1, 3, 6, seed=1))
    for y, expected in zip(run(proto, x, h), flat(lstm(x, h)), strict=True):
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    assert [p.name for p in tmp_path.iterdir()] == ["lstm.onnx"]


def test_parameters_have_their_names():
    model = nn.Sequential(nn.Linear(4, 3), nn.LSTM(3, 2))
    proto = tg.onnx.export(model, randn(5, 4), do_constant_folding=False).model_proto
    found = {each.name: onnx.numpy_helper.to_array(each) for each in proto.graph.initializer}
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(found[name], value.numpy())
    check(model, (randn(5, 4),), do_constant_folding=False)


def test_folded_parameters():
    gru = nn.GRU(3, 2)
    program = tg.onnx.export(gru, randn(5, 1, 3))
    assert isinstance(program, tg.onnx.ONNXProgram)
    proto = program.model_proto
    found = {each.name: onnx.numpy_helper.to_array(each) for each in proto.graph.initializer}
    r, z, n = gru.weight_ih_l0.detach().numpy().reshape(3, 2, 3)
    np.testing.assert_array_equal(found["weight_ih_l0.zrh"], np.concatenate([z, r, n])[None])
    assert not set(found) & set(gru.state_dict())


def test_without_parameters():
    """They are inputs then, under their names; the file holds none of them."""
    model = nn.Sequential(nn.Linear(4, 3), nn.LSTM(3, 2))
    proto = tg.onnx.export(model, randn(5, 4), export_params=False).model_proto
    inputs = names(proto)[0]
    assert set(inputs) == {"input", *model.state_dict()}
    state = [model.state_dict()[name] for name in inputs[1:]]
    for y, expected in zip(run(proto, randn(5, 4), state), flat(model(randn(5, 4))), strict=True):
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    assert sum(onnx.numpy_helper.to_array(each).size for each in proto.graph.initializer) < 30


def test_parameters_as_inputs_too():
    proto = tg.onnx.export(small(), randn(2, 4), keep_initializers_as_inputs=True).model_proto
    assert names(proto)[0] == ["input", "0.weight", "0.bias"]


def test_a_name_that_a_parameter_has():
    proto = check(nn.Linear(4, 3), (randn(2, 4),), input_names=["weight"], output_names=["bias"])
    assert names(proto) == (["weight"], ["bias"])


def test_names_of_what_has_none():
    def forward(x, pair, *, scale, k=2):
        return {"sum": x + pair[0] * scale, "rest": (pair[1]["a"] * k, None)}

    model = Wrapped(None)
    model.forward = forward
    args = randn(2), (randn(2), {"a": randn(3)})
    proto = tg.onnx.export(model, args, kwargs={"scale": randn(1)}).model_proto
    assert names(proto) == (["x", "pair_0", "pair_1_a", "scale"], ["output_sum", "output_rest_0"])
    proto = tg.onnx.export(model, args, kwargs={"scale": 3.0}, input_names=["a", "b"], output_names=["y"]).model_proto
    assert names(proto) == (["a", "b", "pair_1_a"], ["y", "output_rest_0"])


def test_results_that_are_inputs_or_come_twice():
    model = Wrapped(lambda self, x: (x, x.exp(), x.exp(), tg.ones(2), self.w), w=nn.Parameter(randn(3)))

    def same(self, x):
        y = x.exp()
        return y, y

    check(model, (randn(2, 3),))
    check(Wrapped(same), (randn(2, 3),))


def test_inputs_that_are_not_used():
    proto = tg.onnx.export(Wrapped(lambda self, x, y: x + 1), (randn(2), randn(3))).model_proto
    assert len(proto.graph.input) == 2


# --- dynamic axes ---------------------------------------------------------------------------------------------


def add(self, x, y):
    return x + y[: x.size(0)]


@pytest.mark.parametrize("said", [
    {"dynamic_axes": {"x": {0: "n"}, "y": {0: "m"}}},
    {"dynamic_axes": {"x": {0: "n"}, "y": {-2: "m"}}},
    {"dynamic_axes": {"x": [0], "y": [0]}},
    {"dynamic_shapes": ({0: "n"}, {0: "m"})},
    {"dynamic_shapes": [[type("n", (), {}), None], (type("m", (), {}), 4)]},
    {"dynamic_shapes": {"x": {0: "n"}, "y": {0: "m"}}},
])  # fmt: skip
def test_ways_to_say_them(said):
    model = Wrapped(None)
    model.forward = lambda x, y: add(None, x, y)
    proto = check(model, (randn(2, 4), randn(9, 4)), (randn(5, 4), randn(6, 4)), input_names=["x", "y"], **said)
    found = [dims(x)[0] for x in proto.graph.input]
    assert found == (["x_dim_0", "y_dim_0"] if isinstance(said.get("dynamic_axes", {}).get("x"), list) else ["n", "m"])
    assert dims(proto.graph.output[0]) == [found[0], 4]


def test_axes_without_names_are_one_where_they_are_equally_long():
    axes = {"x": [0, 1], "h": [1]}
    proto = check(nn.GRU(4, 3, batch_first=True), (randn(2, 5, 4), randn(1, 2, 3)), (randn(3, 7, 4), randn(1, 3, 3)),
                  input_names=["x", "h"], dynamic_axes=axes)  # fmt: skip
    assert [dims(x) for x in proto.graph.input] == [["x_dim_0", "x_dim_1", 4], [1, "x_dim_0", 3]]


def test_names_of_the_results_axes():
    model = Wrapped(lambda self, x: (x.flatten(), x[x > 0], x[:, 0]))
    proto = tg.onnx.export(model, randn(2, 3), input_names=["x"], output_names=["a", "b", "c"], dynamic_axes={
        "x": {0: "n", 1: "t"}, "b": {0: "found"}, "c": [0],
    }).model_proto  # fmt: skip
    assert [dims(y) for y in proto.graph.output] == [["n*t"], ["found"], ["n"]]


# --- where it goes, and what stays as it was ----------------------------------------------------------------------


def test_to_a_file_and_from_a_program(tmp_path):
    file = io.BytesIO()
    program = tg.onnx.export(small().eval(), randn(2, 4), file)
    again = onnx.load_from_string(file.getvalue())
    assert again == program.model_proto
    program.save(tmp_path / "a.onnx")
    assert onnx.load(tmp_path / "a.onnx") == again
    (y,) = program(randn(2, 4))
    np.testing.assert_allclose(y.numpy(), run(again, randn(2, 4))[0])
    with pytest.raises(TypeError, match="expected 1 inputs"):
        program(randn(2, 4), randn(2, 4))


def test_the_same_bytes():
    export = lambda: tg.onnx.export(small(), randn(2, 4), dynamic_axes={"x": [0]}, input_names=["x"]).model_proto
    assert export().SerializeToString() == export().SerializeToString()


def test_modes_are_restored():
    model = small()
    model[1].eval()
    model[0].weight.grad = tg.ones(3, 4)
    before = [module.training for module in model.modules()]
    state = tg.get_rng_state()
    x = randn(2, 4).requires_grad_()
    proto = tg.onnx.export(model, x).model_proto
    assert operations(proto) == ["Gemm", "Tanh"]
    assert [module.training for module in model.modules()] == before
    assert model[0].weight.grad.sum() == 12
    assert x.grad is None
    assert tg.is_grad_enabled()
    assert np.array_equal(tg.get_rng_state(), state)


class Counting(nn.Module):
    """Writes to a buffer and to its input while it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", tg.zeros(1))
        self.weight = nn.Parameter(randn(4))

    def forward(self, x):
        scale = self.weight * 2
        before = x + scale
        scale.clamp_(min=0.0)
        self.count.add_(1)
        return before, x.mul_(2) * scale + self.count


def test_what_the_model_writes_to_is_as_it_was():
    model, x = Counting(), randn(2, 4)
    proto = tg.onnx.export(model, x, input_names=["x"], dynamic_axes={"x": {0: "n"}}).model_proto
    assert model.count.item() == 0
    np.testing.assert_array_equal(x, randn(2, 4))
    y = randn(3, 4)
    for found, expected in zip(run(proto, y), flat(model(y.clone())), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_modes():
    model = small()
    with pytest.raises(tg.onnx.UnsupportedOperatorError, match=r"`dropout` in Sequential / 1 \(it is random"):
        tg.onnx.export(model, randn(2, 4), training=tg.onnx.TrainingMode.PRESERVE)
    assert model.training
    assert operations(tg.onnx.export(model.eval(), randn(2, 4), training=tg.onnx.TrainingMode.PRESERVE).model_proto)
    with pytest.raises(ValueError, match="TRAINING is not supported"):
        tg.onnx.export(model, randn(2, 4), training=tg.onnx.TrainingMode.TRAINING)


def test_verify_and_verbose(capsys):
    tg.onnx.export(small(), randn(2, 4), verify=True, verbose=True)
    assert "Gemm" in capsys.readouterr().out


def test_the_opset():
    with pytest.warns(UserWarning, match="opset_version 11 is lower"):
        proto = tg.onnx.export(small(), randn(2, 4), opset_version=11).model_proto
    assert proto.opset_import[0].version == 18
    with pytest.raises(ValueError, match="from 18 to"):
        tg.onnx.export(small(), randn(2, 4), opset_version=99)


def test_options_of_pytorch():
    tg.onnx.export(small(), randn(2, 4), dynamo=True, external_data=False, optimize=True)
    with pytest.raises(TypeError, match="not supported: custom_opsets"):
        tg.onnx.export(small(), randn(2, 4), custom_opsets={})


def test_without_the_package():
    """Nothing is imported before it is needed, and the error says what to type."""
    code = """
import sys
sys.modules["onnx"] = None
import tinygrad_rnn as tg
tg.onnx.TrainingMode
try:
    tg.onnx.export(tg.nn.Linear(2, 2), tg.ones(1, 2))
except ImportError as error:
    print(error)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'tinygrad-rnn[onnx]'" in out.stdout
    code = "import sys, tinygrad_rnn as tg; tg.onnx; print('onnx' in sys.modules, 'tinygrad_rnn.onnx' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "True"]
