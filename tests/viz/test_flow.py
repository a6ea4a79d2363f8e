"""Gradient flow: against brute force step by step, here and in torch; what it leaves alone; what it refuses."""

from __future__ import annotations

import sys
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.viz import flow as flow_module
from tinygrad_rnn.viz.flow import GradientFlow

from . import flow_reference as reference
from .flow_reference import H, I, N, T, loss_of

MODULES = [
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu", "num_layers": 2}),
    ("GRU", {"bias": False}),
    ("GRU", {"num_layers": 2, "bidirectional": True}),
    ("LSTM", {"num_layers": 2, "bidirectional": True}),
    ("LSTM", {"proj_size": 2}),
    ("LSTM", {"proj_size": 3, "num_layers": 2, "bidirectional": True, "bias": False}),
    ("MinGRU", {"bias": False}),
    ("MinGRU", {"num_layers": 2, "bidirectional": True}),
    ("MinLSTM", {"num_layers": 2, "bidirectional": True}),
]
LENGTHS = [None, [5, 1, 3], [4, 2, 3]]  # the last: at the last step there is no sequence left


def make(kind, **options):
    tg.manual_seed(3)
    return getattr(nn, kind)(I, H, **{"dtype": tg.float64, **options})


def data(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def last(module, x, **options):
    """A loss that looks at the last step."""
    y, _ = module(tg.tensor(x), **options)
    return (y[-1] * y[-1]).sum()


def agree(found, expected):
    assert [layer.name for layer in found] == [each["name"] for each in expected]
    for layer, each in zip(found, expected):
        for name in ("dh", "dc", "jacobian_h", "jacobian_c"):
            close(getattr(layer, name), each[name])
        for name in ("dw", "gates"):
            assert getattr(layer, name).keys() == each[name].keys()
            for key, values in each[name].items():
                close(getattr(layer, name)[key], values)


def close(found, expected):
    if expected is None:
        assert found is None
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-13)


# --- the numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", ["tinygrad_rnn", "torch"])
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize(("kind", "options"), MODULES)
def test_against_every_step_by_hand(kind, options, lengths, library):
    lib = pytest.importorskip(library)
    module, x = make(kind, **options), data(T, N, I)
    y, final = module(tg.tensor(x), lengths=lengths)
    loss = loss_of(tg, y, final if isinstance(final, tuple) else [final])
    agree(tg.gradient_flow(loss, module), reference.flow(lib, module, x, lengths))


@pytest.mark.parametrize(("kind", "options"), MODULES)
def test_packed_sequences_are_the_padded_ones(kind, options):
    module, x, lengths = make(kind, **options), tg.tensor(data(T, N, I)), [T, 3, 1]
    packed, _ = module(nn.utils.rnn.pack_padded_sequence(x, lengths))
    y, _ = nn.utils.rnn.pad_packed_sequence(packed)
    expected, _ = module(x, lengths=lengths)
    same(tg.gradient_flow((y * y).sum(), module), tg.gradient_flow((expected * expected).sum(), module))


def same(found, expected):
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        agree([replace(a, name="")], [{**vars(b), "name": ""}])


@pytest.mark.parametrize(("kind", "options"), MODULES)
def test_recorded_step_by_step_it_is_the_same(kind, options):
    module, x = make(kind, **options), data(T, N, I)
    expected = tg.gradient_flow(last(module, x), module)
    with tg.granularity("step"):
        found = tg.gradient_flow(last(module, x), module)
    same(found, expected)
    assert [layer.name for layer in found] == [layer.name for layer in expected]


@pytest.mark.parametrize("explicit", [True, False])
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_a_cell_in_a_loop_is_the_same(kind, explicit):
    module, x = make(kind), data(T, N, I)
    cell = getattr(nn, f"{kind}Cell")(I, H, dtype=tg.float64)
    cell.load_state_dict({name.removesuffix("_l0"): p for name, p in module.state_dict().items()})
    state = None
    for t in range(T):
        if explicit:
            with tg.step(t):
                state = cell(tg.tensor(x[t]), state)
        else:
            state = cell(tg.tensor(x[t]), state)
    h = state[0] if isinstance(state, tuple) else state
    found = tg.gradient_flow((h * h).sum(), cell)
    same(found, tg.gradient_flow(last(module, x), module))
    assert found[0].name == f"{kind}Cell"


@pytest.mark.parametrize("pieces", [[1] * T, [2, 3]])
@pytest.mark.parametrize("kind", ["GRU", "LSTM", "MinLSTM"])
def test_calls_that_go_on_from_each_other_are_one(kind, pieces):
    """A decoder called for one step at a time, a text read in pieces."""
    module, x = make(kind, num_layers=2), data(T, N, I)
    state, start = None, 0
    for length in pieces:
        y, state = module(tg.tensor(x[start : start + length]), state)
        start += length
    found = tg.gradient_flow((y[-1] * y[-1]).sum(), module)
    expected = tg.gradient_flow(last(module, x), module)
    same(found, expected)


def test_calls_that_do_not_go_on_stay_apart():
    module, x = make("GRU"), data(T, N, I)
    other = data(T - 2, 1, I, seed=1)
    found = tg.gradient_flow(last(module, x) + last(module, other), module)
    assert [layer.name for layer in found] == ["layer 0", "layer 0, run 2"]
    same(found[:1], tg.gradient_flow(last(module, x), module))
    same(found[1:], tg.gradient_flow(last(module, other), module))


def test_a_decoder_feeds_its_output_back():
    """The state reaches the end by way of the next input too."""
    tg.manual_seed(0)
    cell, back = nn.GRUCell(2, 3, dtype=tg.float64), nn.Linear(3, 2, dtype=tg.float64)
    h, x, states = tg.zeros(1, 3, dtype=tg.float64), tg.tensor(data(1, 2)), []
    for _ in range(3):
        h = cell(x, h)
        x = back(h)
        states.append(h)
    found = tg.gradient_flow(h.sum(), cell)[0]
    rows = [tg.autograd.grad(h[0, i], states, retain_graph=True) for i in range(3)]
    expected = [np.sqrt(sum((row[t].numpy() ** 2).sum() for row in rows)) for t in range(3)]
    np.testing.assert_allclose(found.jacobian_h, expected, rtol=1e-12)


def test_names_are_those_of_the_module():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.LSTM(I, H, num_layers=2, bidirectional=True)
            self.decoders = nn.ModuleList([nn.GRUCell(2 * H, 2)])

        def forward(self, x):
            return self.decoders[0](self.encoder(x)[0][-1])

    net = Net()
    flow = tg.gradient_flow(net(tg.ones(T, N, I)).sum(), net)
    assert [layer.name for layer in flow] == [
        "encoder layer 0", "encoder layer 0 reverse", "encoder layer 1", "encoder layer 1 reverse", "decoders.0",
    ]  # fmt: skip
    assert [layer.steps for layer in flow] == [T] * 4 + [1]
    assert [layer.cell for layer in tg.gradient_flow(net(tg.ones(T, N, I)).sum(), net.encoder)] == ["lstm"] * 4
    assert "decoders.0 (gru), 1 steps" in repr(flow)


def test_identity_keeps_the_gradient():
    """ReLU from the identity, driven by positive inputs: nothing is lost over a hundred steps."""
    rnn = nn.RNN(1, 4, nonlinearity="relu")
    for name, p in rnn.named_parameters():
        (nn.init.identity_ if name == "weight_hh_l0" else nn.init.zeros_ if "bias" in name else nn.init.ones_)(p)
    (layer,) = tg.gradient_flow(rnn(tg.ones(100, 2, 1))[0][-1].sum(), rnn)
    np.testing.assert_allclose(layer.jacobian_h, 2.0)
    np.testing.assert_allclose(layer.dh, np.sqrt(8))


def test_vanishing_gradients_have_a_norm():
    """The squares of what is left are below the least float32."""
    rnn = nn.RNN(1, 4)
    for p in rnn.parameters():
        nn.init.constant_(p, 0.06)
    (layer,) = tg.gradient_flow(rnn(tg.ones(60, 1, 1))[0][-1].sum(), rnn)
    assert 0 < layer.dh[0] < 1e-30


def test_many_units_are_estimated(monkeypatch):
    tg.manual_seed(3)
    module, x = nn.LSTM(I, 96, dtype=tg.float64), data(T, N, I)
    (estimated,) = tg.gradient_flow(last(module, x), module)
    (again,) = tg.gradient_flow(last(module, x), module)
    assert estimated.jacobian_h.tobytes() == again.jacobian_h.tobytes()
    monkeypatch.setattr(flow_module, "DIRECTIONS", 96)
    (exact,) = tg.gradient_flow(last(module, x), module)
    for name in ("jacobian_h", "jacobian_c"):
        np.testing.assert_allclose(getattr(estimated, name), getattr(exact, name), rtol=0.3)
    assert not np.array_equal(estimated.jacobian_h, exact.jacobian_h)


def test_parameters_that_need_no_gradient_are_left_out():
    module = make("GRU")
    module.bias_ih_l0.requires_grad = False
    (layer,) = tg.gradient_flow(last(module, data(T, N, I)), module)
    assert list(layer.dw) == ["weight_ih", "weight_hh", "bias_hh"]


# --- what it leaves alone -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("granularity", ["sequence", "step"])
def test_nothing_is_changed(granularity):
    def prepared():
        module, x = make("LSTM", num_layers=2), tg.tensor(data(T, N, I), requires_grad=True)
        with tg.granularity(granularity):
            y, _ = module(x)
        y.retain_grad()
        return module, x, y, (y[-1] * y[-1]).sum()

    module, x, y, loss = prepared()
    before = tg.draw(loss, level="op").source
    random, parameters = tg.get_rng_state(), [p.numpy(force=True).copy() for p in module.parameters()]
    with tg.no_grad():
        tg.gradient_flow(loss, module)
    assert tg.draw(loss, level="op").source == before
    assert all(p.grad is None for p in (x, y, *module.parameters()))
    assert np.array_equal(tg.get_rng_state().numpy(), random.numpy())
    assert all(np.array_equal(p.numpy(force=True), q) for p, q in zip(module.parameters(), parameters))
    loss.backward()
    other, other_x, other_y, other_loss = prepared()
    other_loss.backward()
    for a, b in zip((x, y, *module.parameters()), (other_x, other_y, *other.parameters())):
        assert np.array_equal(a.grad.numpy(), b.grad.numpy())


def test_hooks_act_as_in_a_backward_pass():
    module, x = make("LSTM"), data(T, N, I)
    plain = tg.gradient_flow(last(module, x), module)[0]
    y, _ = module(tg.tensor(x))
    y.register_hook(lambda dy: 2 * dy)
    doubled = tg.gradient_flow((y[-1] * y[-1]).sum(), module)[0]
    np.testing.assert_allclose(doubled.dh, 2 * plain.dh, rtol=1e-12)
    np.testing.assert_allclose(doubled.jacobian_h, plain.jacobian_h, rtol=1e-12)


# --- what it refuses ----------------------------------------------------------------------------------------------


def test_a_freed_graph():
    module = make("GRU")
    loss = last(module, data(T, N, I))
    loss.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        tg.gradient_flow(loss, module)


def test_weights_that_were_updated():
    module = make("GRU")
    loss = last(module, data(T, N, I))
    nn.init.zeros_(module.weight_hh_l0)
    with pytest.raises(RuntimeError, match=r"modified by an inplace operation.*w_hh.*init\.zeros_"):
        tg.gradient_flow(loss, module)


def test_padding_recorded_step_by_step():
    module = make("GRU")
    with tg.granularity("step"):
        loss = last(module, data(T, N, I), lengths=[5, 1, 3])
    with pytest.raises(ValueError, match="default granularity"):
        tg.gradient_flow(loss, module)


def test_layers_that_cannot_be_followed():
    module, other, x = make("GRU"), make("GRU"), data(T, N, I)
    with pytest.raises(ValueError, match="Pass the module that computed it"):
        tg.gradient_flow(last(module, x), other)
    with tg.granularity("op"), pytest.raises(ValueError, match="not 'op', and a cell"):
        tg.gradient_flow(last(module, x), module)


def test_a_batch_that_shrinks():
    module, x = make("GRU"), data(T, N, I)
    _, h = module(tg.tensor(x))
    y, _ = module(tg.tensor(x[:, :1]), h[:, :1])
    with pytest.raises(ValueError, match=r"another batch size than it began with \(\[1, 3\]\)"):
        tg.gradient_flow(y.sum(), module)


def test_what_is_no_loss_and_no_module():
    module, x = make("GRU"), tg.tensor(data(T, N, I))
    with pytest.raises(TypeError, match="expected loss to be a Tensor, got float"):
        tg.gradient_flow(1.0, module)
    with pytest.raises(TypeError, match="expected a Module with recurrent layers, got list"):
        tg.gradient_flow(module(x)[0].sum(), [module])
    with pytest.raises(RuntimeError, match="only for scalar outputs"):
        tg.gradient_flow(module(x)[0], module)
    with tg.no_grad(), pytest.raises(RuntimeError, match="does not require grad"):
        tg.gradient_flow(module(x)[0].sum(), module)


# --- the plot -----------------------------------------------------------------------------------------------------


def flows(T=T):
    found = []
    for kind, options in [("RNN", {}), ("GRU", {}), ("LSTM", {"num_layers": 2})]:
        module = make(kind, **options)
        found += tg.gradient_flow(last(module, data(T, N, I)), module)
    return GradientFlow(tuple(found))


@pytest.mark.parametrize(("suffix", "magic"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".PDF", b"%PDF")])
def test_a_plot_is_the_same_twice(tmp_path, suffix, magic):
    pytest.importorskip("matplotlib")
    found = flows()
    first, second = (found.save(tmp_path / f"{name}{suffix}").read_bytes() for name in "ab")
    assert first == second
    assert first.startswith(magic)


@pytest.mark.parametrize("name", ["a$x^2$ $\\frac", "<b>&amp;", "_hidden", "two\nlines", "日本"])
def test_names_are_shown_as_they_are(tmp_path, name):
    pytest.importorskip("matplotlib")
    found = GradientFlow((replace(flows()[1], name=name),))
    svg = ElementTree.parse(found.save(tmp_path / "x.svg"))
    words = ["".join(text.itertext()).strip() for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    shown = name.replace("\n", " ")
    assert shown in words
    assert f"gates of {shown}" in words


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_plots_of_few_steps_padding_and_zeros(tmp_path, steps):
    pytest.importorskip("matplotlib")
    module = make("LSTM")
    y, _ = module(tg.tensor(data(steps, N, I)), lengths=[1, 1, max(1, steps - 1)])
    flow = tg.gradient_flow(y.sum() * 0.0, module)
    assert not flow[0].dh.any()
    assert flow.save(tmp_path / "x.svg").exists()


def test_a_plot_shows_all_of_a_candidate_without_bound():
    pytest.importorskip("matplotlib")
    from tinygrad_rnn.viz.flow_plot import figure

    module = make("MinGRU")
    found = tg.gradient_flow(last(module, 50 * data(T, N, I)), module)
    *panels, gates = figure(found.layers).axes
    shown = [np.abs(line.get_ydata()).max() for line in gates.get_lines()]
    assert 1 < max(shown) < gates.get_ylim()[1]
    assert "W$_{ih}$" in panels[2].get_title()
    np.testing.assert_array_equal(panels[2].get_lines()[0].get_ydata(), found[0].dw["weight_ih"])
    mixed = figure([found[0], *flows()]).axes
    assert "W$_{ih, hh}$" in mixed[2].get_title()
    assert len(mixed[2].get_lines()) == len(flows()) + 1


def test_a_plot_that_cannot_be(tmp_path, monkeypatch):
    found = flows()
    with pytest.raises(ValueError, match=r"ends in \.svg, \.png, \.pdf, got 'x\.bmp'"):
        found.save(tmp_path / "x.bmp")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(RuntimeError, match="pip install matplotlib"):
        found.save(tmp_path / "x.svg")
    assert not list(tmp_path.iterdir())


def test_a_notebook_shows_the_plot_or_the_numbers(monkeypatch):
    found = flows()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert found._repr_png_() is None
    monkeypatch.undo()
    pytest.importorskip("matplotlib")
    assert found._repr_png_().startswith(b"\x89PNG")
