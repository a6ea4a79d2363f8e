"""What is a box, what is a cluster and what is an edge, at each level and in each view."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value, draw
from tinygrad_rnn.autograd.graph import Leaf
from tinygrad_rnn.viz import style
from tinygrad_rnn.viz.nodes import Given, Trace
from tinygrad_rnn.viz.pullback import pulled_back

from .helpers import clusters, edges, loop, lstm_output, members, nodes, step_labels, texts, titled, value_loop

LSTM_OPS = [
    "linear",
    "linear",
    "+",
    "split",
    "i  sigmoid",
    "f  sigmoid",
    "g  tanh",
    "o  sigmoid",
    "×",
    "×",
    "×",
    "+",
    "tanh",
]


@pytest.mark.parametrize(
    ("granularity", "T"), [("sequence", 1), ("sequence", 2), ("sequence", 5), ("step", 1), ("step", 4), ("op", 4)]
)
def test_a_column_for_each_step(granularity, T):
    with tg.granularity(granularity):
        source = draw(lstm_output(T)).source
    assert step_labels(source) == [f"t = {t}" for t in range(T)]
    for t in range(T):
        inside = [texts(nodes(source)[name])[0] for name in sorted(members(source, f"cluster_t{t}"))]
        assert len(inside) == 4, "x_t, two layers, y_t"
        assert "x" in inside
        assert "y" in inside


@pytest.mark.parametrize("granularity", ["sequence", "step", "op"])
def test_op_level_opens_every_cell(granularity):
    with tg.granularity(granularity):
        source = draw(lstm_output(3), level="op").source
    assert len(clusters(source, r"cluster_t\d+_\d+")) == 6, "two layers in three steps"
    assert len(step_labels(source)) == 3
    for t in range(3):
        for cell in [name for name in clusters(source, r"cluster_t\d+_\d+") if name.startswith(f"cluster_t{t}_")]:
            assert members(source, cell) < members(source, f"cluster_t{t}"), "nested in its step"
            titles = [texts(nodes(source)[name])[0] for name in members(source, cell)]
            assert sorted(titles) == sorted(LSTM_OPS)


@pytest.mark.parametrize("granularity", ["sequence", "step", "op"])
def test_packed_sequences_have_a_column_and_an_input_for_each_step(granularity):
    """Also where sequences end on the way."""
    packed = tg.nn.utils.rnn.pack_padded_sequence(tg.ones(5, 3, 4), [5, 3, 1])
    with tg.granularity(granularity):
        y, _ = tg.nn.GRU(4, 6, bidirectional=True)(packed)
    source = tg.draw(y.data, level="step").source
    assert len(clusters(source)) == 5
    assert source.count("<b>x</b><sub>") == 5


def test_freed_graph_opens_all_the_same():
    y = lstm_output(3)
    fresh = draw(y, level="op").source
    y.sum().backward()
    freed = draw(y, level="op").source
    assert nodes(freed).keys() == nodes(fresh).keys()
    assert edges(freed) == edges(fresh)


def test_layer_level_has_one_box_for_a_layer():
    source = draw(lstm_output(7), level="layer").source
    assert clusters(source) == []
    assert len(titled(source, "LSTM")) == 2


def test_module_level_has_one_box_for_a_call():
    class Net(tg.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.head = tg.nn.GRU(3, 4, num_layers=2), tg.nn.Linear(4, 2)

        def forward(self, x):
            return self.head(self.rnn(x)[0])

    source = draw(Net()(tg.randn(5, 1, 3)), level="module").source
    assert len(titled(source, "head")) == 2, "the module and its parameters"
    assert len([name for name in nodes(source) if "#334e68" in nodes(source)[name]]) == 2


def test_parameters_are_drawn_once_and_tapped_at_every_step():
    source = draw(lstm_output(6), level="op").source
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l1", "bias_hh_l1"):
        (box,) = titled(source, name)
        taps = [b for a, b in edges(source) if b.startswith(f"r{box[1:]}_")]
        assert len(taps) == 6
        for t in range(6):
            assert box not in members(source, f"cluster_t{t}")
    assert "16 × 3" in texts(nodes(source)[titled(source, "weight_ih_l0")[0]])[1]


def test_step_level_gathers_the_parameters_of_a_layer():
    source = draw(lstm_output(4)).source
    (box,) = titled(source, "layer 1")
    assert texts(nodes(source)[box])[1:] == [
        "weight_ih_l1  16 × 4", "weight_hh_l1  16 × 4", "bias_ih_l1  16", "bias_hh_l1  16",
    ]  # fmt: skip


def test_dotted_names():
    class Net(tg.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = tg.nn.Sequential(tg.nn.Linear(3, 3), tg.nn.GRU(3, 4))

        def forward(self, x):
            return self.encoder(x)[0]

    source = draw(Net()(tg.randn(2, 1, 3)), level="op").source
    assert titled(source, "encoder.0.weight")
    assert titled(source, "encoder.1.weight_hh_l0")


def test_bidirectional_layers_share_columns():
    source = draw(lstm_output(3, bidirectional=True)).source
    assert len(step_labels(source)) == 3
    for t in range(3):
        assert len(members(source, f"cluster_t{t}")) == 6, "x_t, two layers in two directions, y_t"
        (y,) = [name for name in titled(source, "y") if name in members(source, f"cluster_t{t}")]
        assert texts(nodes(source)[y]) == ["y", str(t), "2 × 8"]
        assert len([a for a, b in edges(source) if b == y]) == 2, "from both directions of the upper layer"


@pytest.mark.parametrize("last", [lambda y, h: y[-1], lambda y, h: h, lambda y, h: h[0]])
def test_what_reads_only_the_last_step_hangs_on_it(last):
    source = draw(last(*tg.nn.RNN(3, 4)(tg.randn(3, 1, 3))).sum()).source
    (loss,) = titled(source, "sum")
    (step,) = [name for name in titled(source, "RNN") if name in members(source, "cluster_t2")]
    assert [a for a, b in edges(source) if b == loss] == [step]
    assert not titled(source, "getitem") + titled(source, "unsqueeze") + titled(source, "stack")


@pytest.mark.parametrize("index", [slice(1, None), (slice(None), 0), [0, 2]])
def test_what_reads_more_than_one_step_is_drawn(index):
    assert titled(draw(tg.nn.RNN(3, 4)(tg.randn(3, 1, 3))[0][index].sum()).source, "getitem")


@pytest.mark.parametrize("level", ["layer", "step", "op"])
@pytest.mark.parametrize("layers", [1, 2])
def test_final_states_are_called_so(level, layers):
    source = draw(tg.nn.LSTM(3, 4, num_layers=layers)(tg.randn(2, 1, 3)), level).source
    assert len(titled(source, "h_n")) == len(titled(source, "c_n")) == 1


def test_an_input_that_wants_a_gradient_is_no_parameter():
    x = tg.randn(3, 1, 2, requires_grad=True)
    source = draw(tg.nn.RNN(2, 4)(x)[0]).source
    (box,) = titled(source, "x")
    assert "#e3f2fd" in nodes(source)[box]


@pytest.mark.parametrize("T", [1, 2])
def test_states_have_their_names_at_every_length(T):
    source = draw(tg.nn.LSTM(3, 4)(tg.randn(T, 1, 3))[0], level="op").source
    assert len(titled(source, "x")) == T
    assert len(titled(source, "h = 0")) == len(titled(source, "c = 0")) == 1


def test_a_cell_alone_shows_its_gates():
    source = draw(tg.nn.LSTMCell(3, 4)(tg.randn(1, 3)), level="op").source
    for gate in ("i  sigmoid", "f  sigmoid", "g  tanh", "o  sigmoid"):
        assert titled(source, gate)


def test_loop_of_the_user_with_steps():
    h, w, u = loop(4)
    source = draw(h, params={"W": w, "U": u}).source
    assert step_labels(source) == [f"t = {t}" for t in range(4)]
    assert len(titled(source, "4 operations")) == 4
    assert titled(source, "parameters")
    opened = draw(h, level="op", params={"W": w, "U": u}).source
    assert len(titled(opened, "W")) == len(titled(opened, "U")) == 1
    assert len(titled(opened, "linear")) == 8


def test_loop_of_the_user_without_steps():
    cell, head = tg.nn.LSTMCell(3, 4), tg.nn.Linear(4, 1)
    state, total = None, 0.0
    for x in tg.randn(4, 2, 3).unbind():
        state = cell(x, state)
        total = total + head(state[0]).sum()
    source = draw(total / 4).source
    assert step_labels(source) == [f"t = {t}" for t in range(4)]
    assert len(titled(source, "LSTM")) == 4
    assert not any(titled(source, "÷")[0] in members(source, f"cluster_t{t}") for t in range(4))


def test_encoder_and_decoder_have_columns_of_their_own():
    encoder, decoder = tg.nn.GRU(3, 4), tg.nn.GRUCell(3, 4)
    h = encoder(tg.randn(4, 1, 3))[1][0]
    for t in range(2):
        with tg.step(t):
            h = decoder(tg.randn(1, 3), h)
    assert len(step_labels(draw(h).source)) == 6


def starts(source: str) -> list[str]:
    return [texts(node)[0] for node in nodes(source).values() if 'tooltip="initial state"' in node]


def test_a_call_that_is_not_in_the_graph_takes_its_step():
    embed, cell, head = tg.nn.Linear(2, 2), tg.nn.RNNCell(2, 3), tg.nn.Linear(3, 1)
    h, y = tg.zeros(1, 3), []
    for t, x in enumerate(tg.randn(4, 1, 2)):
        h = cell(embed(x).detach() if t == 2 else embed(x), h)
        out = head(h)
        y += [out] if t != 1 else []
    source = draw(y).source
    assert starts(source) == ["h = 0"], "x is none"
    for t, drawn in enumerate([3, 2, 2, 3]):
        inside = members(source, f"cluster_t{t}")
        cells = [name for name in inside if texts(nodes(source)[name])[0] in ("RNN", "Linear")]
        assert len(cells) == drawn
        assert [name for name in titled(source, "x") if name in inside], "x_t"


@pytest.mark.parametrize("level", ["step", "op"])
def test_the_input_of_a_cell_is_no_state_where_it_reads_its_own_output_later(level):
    cell, head = tg.nn.RNNCell(2, 3), tg.nn.Linear(3, 2)
    h, y = tg.zeros(1, 3), []
    for x in [*tg.randn(2, 1, 2), None, None]:
        h = cell(y[-1] if x is None else x, h)
        y.append(head(h))
    source = draw(y, level).source
    assert starts(source) == ["h = 0"]
    assert len(titled(source, "x")) == 2, "those that were read"


def outputs(source: str) -> list[list[str]]:
    """What is written in the boxes of outputs, without shapes."""
    return sorted([texts(node)[:-1] for node in nodes(source).values() if style.LOOKS["output"].fill in node])


@pytest.mark.parametrize("level", ["module", "layer", "step", "op"])
def test_what_a_recurrent_module_returns_is_called_as_its_documentation_does(level):
    steps = level in ("step", "op")
    sequence = [["y", "0"], ["y", "1"]] if steps else [["y"]]
    assert outputs(draw(tg.nn.RNN(2, 3)(tg.randn(2, 1, 2)), level).source) == [["h_n"], *sequence]
    assert outputs(draw(tg.nn.LSTM(2, 3)(tg.randn(2, 1, 2)), level).source) == [["c_n"], ["h_n"], *sequence]


def test_a_list_of_one_is_a_list():
    h, w, u = loop(3)
    one = draw([h], "step").source
    assert outputs(one) == [["y", "2"]]
    (y,) = titled(one, "y")
    assert y in members(one, "cluster_t2")
    assert outputs(draw({"last": [h]}, "step").source) == [["last", "2"]]
    assert outputs(draw(h, "step").source) == [["y"]], "outside of the steps, as before"
    assert outputs(draw({"h[-1]": h}, "step").source) == [["h[-1]"]], "that is a name"
    assert outputs(draw((h, h * 2), "step").source) == [["y[0]"], ["y[1]"]]


@pytest.mark.parametrize("passes", ["><", "><>", "<>", ">>"])
@pytest.mark.parametrize("blocks", [1, 2])
def test_a_loop_that_runs_back_shares_the_columns(passes, blocks):
    """Each pass reads the one before it; a step may be entered more than once, by several `with` in a row."""
    h, w = [Value(0.1)] * 3, Value(0.5)
    for way in passes:
        state = Value(0.0)
        for t in range(3)[:: 1 if way == ">" else -1]:
            for _ in range(blocks):
                with tg.step(t):
                    h[t] = state = w * state + h[t]
    source = draw(h, level="step").source
    assert step_labels(source) == ["t = 0", "t = 1", "t = 2"]
    assert len(titled(source, f"{2 * blocks} operations")) == 3 * len(passes), "a box for each pass and step"


def test_what_a_decoder_does_around_its_cell_lies_in_its_steps():
    """Attention before the cell and a head after it, in a loop that only its modules tell."""
    encoder, decoder, head = tg.nn.GRUCell(2, 3), tg.nn.GRUCell(5, 3), tg.nn.Linear(3, 2)
    h, states, ys = tg.zeros(1, 3), [], []
    for x in tg.randn(4, 1, 2):
        h = encoder(x, h)
        states.append(h)
    memory = tg.stack(states, dim=1)
    for x in tg.randn(3, 1, 2):
        context = (tg.softmax(memory @ h.unsqueeze(2), dim=1) * memory).sum(dim=1)
        h = decoder(tg.cat([x, context], dim=1), h)
        ys.append(head(h))
    source = draw(ys).source
    assert step_labels(source) == [f"GRUCell  t = {t}" for t in (0, 1, 2, 3, 0, 1, 2)]
    for t in range(4):
        assert len(members(source, f"cluster_t{t}")) == 2, "x_t and the encoder"
    for t in range(4, 7):
        column = members(source, f"cluster_t{t}")
        assert len([name for name in titled(source, "GRU") if name in column]) == 1
        assert len([name for name in titled(source, "y") if name in column]) == 1
        assert len(column) == 4, "attention, the cell, the head, y_t"
    (stack,) = titled(source, "stack")
    assert not any([stack in members(source, f"cluster_t{t}") for t in range(7)])


def test_a_shared_module_without_weights_is_no_loop():
    relu, a, b = tg.nn.ReLU(), tg.nn.Linear(2, 2), tg.nn.Linear(2, 2)
    assert clusters(draw(relu(b(relu(a(tg.randn(1, 2)))))).source) == []


def test_values_show_data_and_gradient():
    a, b = Value(2.0), Value(-3.0)
    y = a * b + 10
    y.backward()
    source = draw(y, params={"a": a}).source
    (box,) = titled(source, "a")
    assert texts(nodes(source)[box]) == ["a", "data 2.0000", "grad -3.0000"]


def test_a_square_has_two_edges():
    x = Value(3.0)
    assert len(edges(draw(x * x).source)) == 2


@pytest.mark.parametrize("level", ["step", "op"])
def test_values_in_steps(level):
    source = draw(value_loop(3), level=level).source
    assert step_labels(source) == ["t = 0", "t = 1", "t = 2"]


def test_dtype_is_shown_where_it_is_not_float32():
    x = tg.tensor(np.ones(3), requires_grad=True)
    assert "float64" in draw(x * x).source
    assert "float32" not in draw(tg.randn(3, requires_grad=True) * 2.0).source


def test_cell_state_has_its_colour():
    source = draw(lstm_output(3)).source
    amber = [line for line in source.splitlines() if "->" in line and "#b4690e" in line]
    assert len(amber) == 2 * 3, "from c = 0 and twice onwards, in two layers"


def test_folded():
    source = draw(lstm_output(9), view="folded").source
    assert step_labels(source) == ["t = 0", "t = 1", "t = 2 … 7", "t = 8"]
    assert "6 steps" in source
    assert "6 of 9 steps are folded" in source


def test_rolled():
    source = draw(lstm_output(9), view="rolled").source
    assert step_labels(source) == ["t = 0 … 8"]
    assert len(titled(source, "LSTM")) == 2
    assert len([line for line in source.splitlines() if "->" in line and "dashed" in line]) == 4, (
        "h and c of two layers"
    )


def said_of_loops(source: str) -> list[str]:
    return re.findall(r'back\d+ \[label="([^"]*)"', source)


def test_rolled_says_from_which_step_a_state_comes():
    rnn = tg.nn.RNN(2, 3, bidirectional=True)
    assert sorted(said_of_loops(draw(rnn(tg.randn(4, 1, 2))[0], view="rolled").source)) == ["t + 1", "t − 1"]
    a, b, w = Value(0.0), Value(0.0), Value(0.5)
    for t in range(1, 6):
        with tg.step(t):
            a, b = b, w * b + w * a
    source = draw(b, view="rolled").source
    assert said_of_loops(source) == ["t − 1, t − 2"]
    assert step_labels(source) == ["t = 1 … 5"], "as they were numbered"


@pytest.mark.parametrize("level", ["step", "op"])
def test_rolled_cells_that_are_not_shared_take_turns(level):
    cells, head = [tg.nn.RNNCell(2, 3) for _ in range(3)], tg.nn.Linear(3, 1)
    h, y = tg.zeros(1, 3), []
    for cell in cells:
        h = cell(tg.randn(1, 2), h)
        y.append(head(h))
    source = draw(y, level, "rolled").source
    assert said_of_loops(source) == ["t − 1"]
    weights = [name for name, node in nodes(source).items() if style.LOOKS["parameter"].fill in node]
    assert len(weights) == (4 if level == "step" else 4 * 3 + 2), "those of each cell, and the head's"
    tapped = {a for a, _ in edges(source)}
    assert set(weights) <= tapped, "none lies there loose"
    height = lambda title: float(re.search(r'pos="[\d.-]+,([\d.-]+)"', nodes(source)[titled(source, title)[0]])[1])
    if level == "step":
        assert height("RNN") < height("Linear"), "as in every step"


def test_rolled_values_show_no_numbers_but_those_that_all_steps_share():
    source = draw(value_loop(3), view="rolled").source
    assert step_labels(source) == ["t = 0 … 2"]
    assert re.findall(r"data (-?[\d.]+)", source) == ["0.5000"], "the weight's"
    assert "number" in source, "in the place of the inputs'"


def test_gradient_nodes_lie_in_the_columns_of_their_steps():
    rnn = tg.nn.RNN(2, 3)
    loss = (rnn(tg.randn(3, 1, 2))[0] ** 2).sum()
    (dw,) = tg.autograd.grad(loss, [rnn.weight_hh_l0], create_graph=True)
    source = draw((dw**2).sum(), level="op").source
    assert len(step_labels(source)) == 3
    assert any("#9c7fc9" in nodes(source)[name] for name in members(source, "cluster_t1"))


def penalty(cell: str, granularity: str, T: int = 4):
    """(the squared norm of a gradient, the layer) in float64."""
    tg.manual_seed(0)
    with tg.granularity(granularity):
        layer = getattr(tg.nn, cell)(2, 3, dtype=tg.float64)
        loss = (layer(tg.randn(T, 1, 2, dtype=tg.float64))[0] ** 2).sum()
        (dw,) = tg.autograd.grad(loss, [layer.weight_hh_l0], create_graph=True)
    return (dw**2).sum(), layer


@pytest.mark.parametrize("granularity", ["sequence", "step", "op"])
@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
def test_a_recorded_backward_pass_has_one_box_a_step(cell, granularity):
    source = draw(penalty(cell, granularity)[0], "step").source
    titles = [texts(attributes)[0] for attributes in nodes(source).values() if texts(attributes)]
    forward, back = (cell, f"∇ {cell}") if granularity != "op" else ("layer 0", "∇ layer 0")
    for t in range(4):
        inside = [texts(nodes(source)[n])[0] for n in members(source, f"cluster_t{t}")]
        assert inside.count(back) == 1 == inside.count(forward)
    assert len([title for title in titles if title.endswith("= 0")]) == 1 and len(step_labels(source)) == 4
    assert not [title for title in titles if title.startswith("weight") and "_l0" not in title], "x turned is x"


@pytest.mark.parametrize("level", ["step", "op"])
@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
def test_what_a_backward_pass_computes_again_is_drawn_once_and_differentiates_right(cell, level):
    loss, layer = penalty(cell, "sequence")
    expected = dict(
        zip(
            ["weight_ih_l0", "weight_hh_l0"],
            tg.autograd.grad(loss, [layer.weight_ih_l0, layer.weight_hh_l0], retain_graph=True),
        )
    )
    trace = Trace([("", loss)], "all" if level == "op" else "steps")
    names = {layer.weight_ih_l0.node: "weight_ih_l0", layer.weight_hh_l0.node: "weight_hh_l0"}
    found = {names[node]: arrived[0] for node, arrived, _ in pulled_back(trace) if node in names}
    for name, dw in expected.items():
        np.testing.assert_allclose(found[name], dw.numpy(), rtol=1e-12)
    seen = set()
    for node in trace.nodes:
        made = [source.node for source in trace.sources(node) if source.node.__class__ not in (Given, Leaf)]
        assert seen.issuperset(made), "nothing is used before it is made"
        seen.add(node)


def test_a_list_of_outputs_of_several_steps():
    cell, h, outputs = tg.nn.GRUCell(2, 3), None, []
    for x in tg.randn(3, 1, 2).unbind():
        h = cell(x, h)
        outputs.append(h)
    source = draw(outputs).source
    for t in range(3):
        assert [name for name in titled(source, "y") if name in members(source, f"cluster_t{t}")]


def test_an_attention_reads_the_stack_by_one_rail():
    encoder, decoder = tg.nn.GRU(3, 4), tg.nn.GRUCell(3, 4)
    ys, h = encoder(tg.randn(6, 1, 3))
    h = h[0]
    for t in range(4):
        with tg.step(t):
            context = ((ys * h).sum(-1, keepdim=True).softmax(0) * ys).sum(0)
            h = decoder(tg.randn(1, 3), h + context)
    source = draw(h).source
    (stack,) = titled(source, "stack")
    assert len([b for a, b in edges(source) if b.startswith(f"r{stack[1:]}_")]) == 4


@pytest.mark.parametrize("granularity", ["sequence", "op"])
def test_initial_states_that_want_a_gradient_are_initial_states(granularity):
    h, c = tg.zeros(1, 2, 4, requires_grad=True), tg.zeros(1, 2, 4, requires_grad=True)
    with tg.granularity(granularity):
        y, _ = tg.nn.LSTM(3, 4)(tg.randn(3, 2, 3), (h, c))
    (start,) = titled(draw(y, "step").source, "h, c")
    assert "initial state" in nodes(draw(y, "step").source)[start]
    assert titled(draw(y, "step", params={"h0": h, "c0": c}).source, "h0, c0")
