"""RNN, LSTM, GRU and their cells in onnxruntime, at lengths other than those they were exported at."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.onnx.running import Wrapped, check, operations, randn, run
from tinygrad_rnn import nn

I, H = 3, 4
KINDS = ["RNN", "LSTM", "GRU"]
XY = {"input_names": ["x"], "output_names": ["y"]}


def make(kind: str, **options) -> nn.RNNBase:
    tg.manual_seed(3)
    return getattr(nn, kind)(I, H, **options)


@pytest.mark.parametrize(("kind", "options"), [
    *itertools.product(KINDS, [
        {}, {"batch_first": True}, {"bias": False}, {"bidirectional": True}, {"num_layers": 2, "dropout": 0.5},
        {"num_layers": 2, "bidirectional": True, "batch_first": True},
    ]),
    ("RNN", {"nonlinearity": "relu"}),
])  # fmt: skip
def test_layers(kind, options):
    axes = {"x": {0: "batch", 1: "time"} if options.get("batch_first") else {0: "time", 1: "batch"}}
    proto = check(
        make(kind, **options), (randn(5, 2, I),), (randn(9, 6, I),), (randn(1, 1, I),), **XY, dynamic_axes=axes
    )
    layers, directions = options.get("num_layers", 1), 2 if options.get("bidirectional") else 1
    assert operations(proto).count(kind) == layers * directions
    dims = [[d.dim_param or d.dim_value for d in y.type.tensor_type.shape.dim] for y in proto.graph.output]
    order = ["batch", "time"] if options.get("batch_first") else ["time", "batch"]
    assert dims[0] == [*order, H * directions]
    assert dims[1] == [layers * directions, "batch", H]


@settings(deadline=None, max_examples=25)
@given(
    kind=st.sampled_from(KINDS), layers=st.integers(1, 2), bidirectional=st.booleans(), batch_first=st.booleans(),
    bias=st.booleans(), example=st.tuples(st.integers(1, 4), st.integers(1, 4)), T=st.integers(1, 9),
    N=st.integers(1, 5), state=st.booleans(), lengths=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
def test_any_layer(kind, layers, bidirectional, batch_first, bias, example, T, N, state, lengths, seed):
    """Any options, exported at one length and run at another."""
    layer = make(kind, num_layers=layers, bidirectional=bidirectional, batch_first=batch_first, bias=bias)
    rng = np.random.default_rng(seed)

    def arguments(T: int, N: int) -> tuple:
        x = randn(*((N, T, I) if batch_first else (T, N, I)), seed=seed)
        h = randn(layers * (1 + bidirectional), N, H, seed=seed)
        hx = ((h, h * 0.5) if kind == "LSTM" else h) if state else None
        return x, hx, tg.tensor(rng.integers(1, T + 1, N)) if lengths else None

    names = ["x", *(["h", "c"][: 1 + (kind == "LSTM")] if state else []), *(["lengths"] if lengths else [])]
    axes = {
        "x": {0: "N", 1: "T"} if batch_first else {0: "T", 1: "N"},
        "h": {1: "N"},
        "c": {1: "N"},
        "lengths": {0: "N"},
    }
    dynamic = {name: axes[name] for name in names}
    check(layer, arguments(*example), arguments(T, N), input_names=names, dynamic_axes=dynamic)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("options", [{}, {"bias": False}, {"num_layers": 2, "bidirectional": True}])
def test_projection(options, dtype):
    """ONNX's LSTM has none: the steps are written out, once, in a Scan."""
    layer = make("LSTM", proj_size=2, dtype=np.dtype(dtype), **options)
    axes = {"x": {0: "T", 1: "N"}, "lengths": {0: "N"}}
    inputs = [(randn(*shape, I, dtype=dtype),) for shape in ((5, 2), (9, 6), (1, 1))]
    proto = check(layer, *inputs, **XY, dynamic_axes={"x": axes["x"]})
    assert operations(proto).count("Scan") == layer.num_layers * layer.directions
    model = Wrapped(lambda self, x, lengths: self.rnn(x, lengths=lengths), rnn=layer)
    given = [(inputs[0][0], tg.tensor([3, 5])), (inputs[1][0], tg.tensor([1, 9, 4, 4, 2, 7]))]
    check(model, *given, input_names=["x", "lengths"], dynamic_axes=axes)


@pytest.mark.parametrize("kind", KINDS)
def test_without_dynamic_axes(kind):
    proto = check(make(kind), (randn(5, 2, I),), **XY)
    assert [d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim] == [5, 2, I]


@pytest.mark.parametrize("kind", KINDS)
def test_unbatched(kind):
    check(make(kind, bidirectional=True), (randn(5, I),), (randn(3, I),), **XY, dynamic_axes={"x": {0: "time"}})


@pytest.mark.parametrize("kind", KINDS)
def test_cells(kind):
    tg.manual_seed(0)
    cell = getattr(nn, f"{kind}Cell")(I, H)
    check(cell, (randn(2, I),), (randn(5, I),), **XY, dynamic_axes={"x": {0: "batch"}})
    state = lambda n: (randn(n, H), randn(n, H, seed=1)) if kind == "LSTM" else randn(n, H)
    names = ["x", "h", "c"][: 3 if kind == "LSTM" else 2]
    axes = {name: {0: "batch"} for name in names}
    check(cell, (randn(2, I), state(2)), (randn(5, I), state(5)), input_names=names, dynamic_axes=axes)
    check(cell, (randn(I),))


def test_a_loop_over_a_fixed_number_of_steps():
    cell = nn.GRUCell(I, H)

    def loop(self, x):
        h = tg.zeros(x.size(0), H)
        for t in range(x.size(1)):
            h = self.cell(x[:, t], h)
        return h

    proto = check(
        Wrapped(loop, cell=cell), (randn(2, 4, I),), (randn(5, 4, I),), **XY, dynamic_axes={"x": {0: "batch"}}
    )
    assert operations(proto).count("GRU") == 4


def test_the_granularity_makes_no_difference():
    lstm = make("LSTM")
    with tg.granularity("op"):
        proto = check(lstm, (randn(5, 2, I),), (randn(3, 1, I),), **XY, dynamic_axes={"x": {0: "T", 1: "N"}})
    assert operations(proto).count("LSTM") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_initial_zeros_are_left_out(kind):
    """Zeros are what ONNX starts from, whether or not the script made them itself."""

    def forward(self, x):
        h = tg.zeros(2, x.size(1), H)
        return self.rnn(x, (h, h) if kind == "LSTM" else h)

    model = Wrapped(forward, rnn=make(kind, num_layers=2))
    proto = check(model, (randn(5, 2, I),), (randn(3, 4, I),), **XY, dynamic_axes={"x": {0: "T", 1: "N"}})
    assert all(len(node.input) == 4 for node in proto.graph.node if node.op_type == kind)


def test_tied_and_reused_layers():
    model = Wrapped(lambda self, x: self.rnn(self.rnn(x)[0]), rnn=nn.LSTM(H, H))
    proto = check(model, (randn(5, 2, H),), (randn(3, 4, H),), **XY, dynamic_axes={"x": {0: "T", 1: "N"}})
    assert len([each.name for each in proto.graph.initializer if "weight" in each.name]) == 2


def test_weights_that_are_computed():
    """A weight need not be a parameter: then its gates are brought in order by nodes."""
    from tinygrad_rnn import ops

    def forward(self, x, w):
        h = tg.zeros(x.size(1), H)
        return ops.gru_sequence(x, h, self.w * w, self.u.tanh(), self.b, self.b)

    model = Wrapped(
        forward, w=nn.Parameter(randn(3 * H, I)), u=nn.Parameter(randn(3 * H, H)), b=nn.Parameter(randn(3 * H))
    )
    check(model, (randn(5, 2, I), randn(1)), (randn(3, 4, I), randn(1, seed=2)), input_names=["x", "w"],
          dynamic_axes={"x": {0: "T", 1: "N"}})  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_torchs_weights(kind):
    """A state dict of PyTorch's layer, by way of ours and ONNX, gives PyTorch's numbers."""
    torch = pytest.importorskip("torch")
    options = {"num_layers": 2, "bidirectional": True, "batch_first": True}
    theirs = getattr(torch.nn, kind)(I, H, **options)
    ours = make(kind, **options)
    ours.load_state_dict({name: value.detach().numpy() for name, value in theirs.state_dict().items()})
    proto = tg.onnx.export(ours, randn(2, 3, I), **XY, dynamic_axes={"x": {0: "N", 1: "T"}}).model_proto
    x = randn(4, 7, I, seed=5)
    with torch.no_grad():
        y, state = theirs(torch.from_numpy(x.numpy()))
    expected = [y, *(state if kind == "LSTM" else [state])]
    for found, wanted in zip(run(proto, x), expected, strict=True):
        np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-5, atol=1e-5)
