"""MinGRU and MinLSTM as modules: alike at every granularity, with lengths, packed, drawn, saved."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

each = pytest.mark.parametrize("kind", [nn.MinGRU, nn.MinLSTM])
DOUBLE = {"dtype": tg.float64}


def gradients(module, run):
    module.zero_grad()
    y, h = run()
    ((y * tg.arange(y.numel(), dtype=tg.float64).reshape(y.shape)).sum() + (h * h).sum()).backward()
    return [y.detach().numpy(), h.detach().numpy(), *[p.grad.numpy().copy() for p in module.parameters()]]


@each
@pytest.mark.parametrize("lengths", [None, [2, 5, 1]])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_granularities_agree(kind, bidirectional, lengths):
    tg.manual_seed(0)
    net = kind(3, 4, num_layers=2, bidirectional=bidirectional, **DOUBLE)
    x = tg.randn(5, 3, 3, dtype=tg.float64)

    def run(fine):
        with tg.granularity(fine):
            return net(x, lengths=lengths)

    expected = gradients(net, lambda: run("sequence"))
    for fine in ("step", "op"):
        for a, b in zip(gradients(net, lambda fine=fine: run(fine)), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@each
def test_each_sequence_alone_padded_and_packed(kind):
    tg.manual_seed(1)
    net, lengths = kind(3, 4, batch_first=True, bidirectional=True, **DOUBLE), [5, 2, 3]
    x = tg.randn(3, 5, 3, dtype=tg.float64)
    y, h = net(x, lengths=lengths)
    packed, h_packed = net(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
    unpacked, _ = pad_packed_sequence(packed, batch_first=True)
    np.testing.assert_allclose(unpacked.detach().numpy(), y.detach().numpy(), atol=1e-14)
    np.testing.assert_allclose(h_packed.detach().numpy(), h.detach().numpy(), atol=1e-14)
    for n, length in enumerate(lengths):
        alone, last = net(x[n : n + 1, :length])
        np.testing.assert_allclose(y[n, :length].detach().numpy(), alone[0].detach().numpy(), atol=1e-14)
        np.testing.assert_allclose(h[:, n].detach().numpy(), last[:, 0].detach().numpy(), atol=1e-14)
        assert not y[n, length:].detach().numpy().any()


@each
def test_parameters(kind):
    net = kind(3, 4, num_layers=2, bidirectional=True)
    G = 3 if kind is nn.MinLSTM else 2
    shapes = {name: tuple(p.shape) for name, p in net.named_parameters()}
    assert list(shapes)[:2] == ["weight_ih_l0", "bias_ih_l0"]
    assert shapes["weight_ih_l0_reverse"] == (G * 4, 3)
    assert shapes["weight_ih_l1"] == (G * 4, 8)
    assert max(float(p.abs().max()) for p in net.parameters()) <= 0.5
    assert repr(net) == f"{kind.__name__}(3, 4, num_layers=2, bidirectional=True)"
    other = kind(3, 4, num_layers=2, bidirectional=True)
    other.load_state_dict(net.state_dict())
    x = tg.randn(5, 2, 3)
    np.testing.assert_array_equal(net(x)[0].detach().numpy(), other(x)[0].detach().numpy())
    assert not dict(kind(3, 4, bias=False).named_parameters()).keys() & {"bias_ih_l0"}


@each
def test_the_state_is_carried_on(kind):
    net, x = kind(3, 4, **DOUBLE), tg.randn(6, 2, 3, dtype=tg.float64)
    y, h = net(x)
    first, between = net(x[:2])
    second, last = net(x[2:], between)
    np.testing.assert_allclose(tg.cat([first, second]).detach().numpy(), y.detach().numpy(), atol=1e-14)
    np.testing.assert_allclose(last.detach().numpy(), h.detach().numpy(), atol=1e-14)


@each
def test_second_order(kind):
    net, x = kind(2, 3, **DOUBLE), tg.randn(3, 2, 2, dtype=tg.float64, requires_grad=True)
    assert tg.autograd.gradgradcheck(lambda x: net(x)[0], (x,))


@each
@pytest.mark.parametrize("level", ["module", "layer", "step", "op"])
def test_drawn(kind, level):
    net = kind(2, 3, num_layers=2)
    source = tg.draw(net(tg.randn(3, 1, 2))[0], level=level).source
    assert ("t = 1" in source) == (level in ("step", "op"))


@each
@pytest.mark.parametrize("fine", ["sequence", "step"])
def test_drawn_by_name_and_with_its_gates(kind, fine):
    net = kind(2, 3)
    for p in net.parameters():
        p.requires_grad = False
    for frozen in (True, False):
        net.bias_ih_l0.requires_grad = net.weight_ih_l0.requires_grad = not frozen
        with tg.granularity(fine):
            y, _ = net(tg.randn(3, 1, 2, requires_grad=True))
        for freed in (False, True):
            source = tg.draw(y, level="step").source
            assert source.count(f"<b>{kind.__name__}</b>") == 3, (frozen, freed)
            source = tg.draw(y, level="op").source
            gates = {"z  sigmoid": "update"} if kind is nn.MinGRU else {"f  softplus": "forget", "i  softplus": "input"}
            for title, what in gates.items():
                assert source.count(title) == 3
                assert f"{what} 1 × 3" in source
            if not freed:
                y.sum().backward()


@each
def test_a_constant_input_is_forgotten_geometrically(kind):
    net = kind(1, 1, **DOUBLE)
    with tg.no_grad():
        for p in net.parameters():
            p.zero_()
    y, _ = net(tg.zeros(5, 1, 1, dtype=tg.float64), tg.ones(1, 1, 1, dtype=tg.float64))
    np.testing.assert_allclose(y.detach().numpy().ravel(), 0.5 ** np.arange(1, 6), rtol=1e-12)


@each
def test_gradient_flow(kind):
    net = kind(2, 3, **DOUBLE)
    x = tg.randn(6, 1, 2, dtype=tg.float64)
    y, _ = net(x)
    (layer,) = tg.gradient_flow(y[-1].sum(), net).layers
    assert len(layer.dh) == 6
    assert layer.cell == kind.__name__.lower()
    assert list(layer.dw) == ["weight_ih", "bias_ih"]
    for name, parts in layer.dw.items():
        assert parts.shape == (6,)
        assert (parts > 0).all(), name
    (states,) = net(x, return_states=True)[2]
    assert list(layer.gates) == list(states.gates)
    for name, gate in states.gates.items():
        np.testing.assert_allclose(layer.gates[name], gate.numpy(), rtol=1e-12)
    assert (np.diff(np.asarray(layer.dh).ravel()) > 0).all()  # no gate lets more through than it gets
