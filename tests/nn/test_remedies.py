"""What helps recurrent networks to remember and to generalise: normalised sums, masks that stay, open gates."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn

DOUBLE = {"dtype": tg.float64}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def normalised(x, weight=1.0, bias=0.0, eps=1e-5):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) * weight + bias


class TestLayerNormLSTMCell:
    def test_equations(self):
        tg.manual_seed(0)
        cell = nn.LayerNormLSTMCell(3, 4, **DOUBLE)
        with tg.no_grad():
            for p in cell.parameters():
                p.copy_(tg.randn(p.shape, dtype=tg.float64))
        x, h, c = (tg.randn(2, n, dtype=tg.float64) for n in (3, 4, 4))
        w = {name: p.detach().numpy() for name, p in cell.named_parameters()}
        a = normalised(x.numpy() @ w["weight_ih"].T, w["norm_ih.weight"], w["norm_ih.bias"])
        i, f, g, o = np.split(a + normalised(h.numpy() @ w["weight_hh"].T, w["norm_hh.weight"]), 4, -1)
        c_next = sigmoid(f) * c.numpy() + sigmoid(i) * np.tanh(g)
        h_next = sigmoid(o) * np.tanh(normalised(c_next, w["norm_c.weight"], w["norm_c.bias"]))
        found = cell(x, (h, c))
        np.testing.assert_allclose(found[0].detach().numpy(), h_next, atol=1e-13)
        np.testing.assert_allclose(found[1].detach().numpy(), c_next, atol=1e-13)

    @pytest.mark.parametrize("name", ["weight_ih", "weight_hh"])
    def test_the_scale_of_a_weight_does_not_matter(self, name):
        tg.manual_seed(0)
        layer = nn.Recurrent(nn.LayerNormLSTMCell(3, 8, eps=1e-12, **DOUBLE))
        x = tg.randn(6, 2, 3, dtype=tg.float64)
        before, _ = layer(x)
        with tg.no_grad():
            getattr(layer.cells[0], name).mul_(17.0)
        after, _ = layer(x)
        np.testing.assert_allclose(after.detach().numpy(), before.detach().numpy(), rtol=1e-7)

    def test_gradients(self):
        layer = nn.Recurrent(nn.LayerNormLSTMCell(2, 3, **DOUBLE))
        x = tg.randn(3, 2, 2, dtype=tg.float64, requires_grad=True)
        assert tg.autograd.gradcheck(lambda x, *_: layer(x)[0], (x, *layer.parameters()))

    def test_unbatched_and_refused(self):
        cell = nn.LayerNormLSTMCell(3, 4)
        assert tuple(cell(tg.ones(3))[0].shape) == (4,)
        with pytest.raises(RuntimeError, match=r"expected 3 input features, got \(2, 5\)"):
            cell(tg.ones(2, 5))
        with pytest.raises(ValueError, match="hidden_size must be at least 1"):
            nn.LayerNormLSTMCell(3, 0)


class TestVariationalDropout:
    @pytest.mark.parametrize("batch_first", [False, True])
    def test_one_mask_for_all_steps(self, batch_first):
        tg.manual_seed(0)
        y = nn.VariationalDropout(0.4, batch_first)(tg.ones(50, 40, 30)).numpy()
        y = y.swapaxes(0, 1) if batch_first else y
        assert (y == y[:1]).all()
        assert set(np.unique(y)) == {0.0, np.float32(1 / 0.6)}
        np.testing.assert_allclose((y[0] == 0).mean(), 0.4, atol=0.06)

    def test_nothing_in_evaluation_and_everything_at_one(self):
        x = tg.randn(3, 2, 4)
        module = nn.VariationalDropout(0.9).eval()
        assert module(x) is x
        assert not nn.VariationalDropout(1.0)(x).numpy().any()

    def test_refused(self):
        with pytest.raises(ValueError, match="between 0 and 1, but got 1.5"):
            nn.VariationalDropout(1.5)
        with pytest.raises(ValueError, match=r"\[T, N, H\], got shape \(3, 2\)"):
            nn.VariationalDropout()(tg.ones(3, 2))


class Echo(nn.Module):
    """A cell that gives back its state, whatever it reads."""

    def forward(self, x, state=None):
        return tg.ones_like(x) if state is None else state


class TestRecurrentDropout:
    def test_one_mask_for_a_sequence_and_another_for_the_next(self):
        tg.manual_seed(1)
        layer = nn.Recurrent(nn.RecurrentDropout(Echo(), 0.5))
        first, second = (layer(tg.zeros(4, 3, 40))[0].numpy() for _ in range(2))
        for y in (first, second):
            np.testing.assert_array_equal(y[1:] > 0, np.broadcast_to(y[1] > 0, y[1:].shape))  # the same units
            assert set(np.unique(y[3])) == {0.0, 8.0}  # scaled three times
        assert (first[1] != second[1]).any()

    def test_an_initial_state_begins_a_sequence_too(self):
        tg.manual_seed(1)
        layer = nn.Recurrent(nn.RecurrentDropout(Echo(), 0.5))
        one, other = (layer(tg.zeros(2, 3, 40), tg.ones(3, 40))[0].numpy()[0] for _ in range(2))
        assert (one != other).any()

    def test_the_lstm_keeps_its_c_and_evaluation_is_the_cell(self):
        cell = nn.LSTMCell(3, 4)
        dropped, x = nn.RecurrentDropout(cell, 1.0), tg.randn(2, 3)
        state = tg.randn(2, 4), tg.randn(2, 4)
        found, expected = dropped(x, state), cell(x, (tg.zeros(2, 4), state[1]))
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
        for a, b in zip(dropped.eval()(x, state), cell(x, state), strict=True):
            np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


class TestZoneout:
    def test_units_keep_their_value_as_often_as_they_should(self):
        tg.manual_seed(0)
        zone, h = nn.Zoneout(nn.GRUCell(3, 200), 0.3), tg.full((50, 200), 5.0)
        y = zone(tg.randn(50, 3), h).detach().numpy()
        np.testing.assert_allclose((y == 5).mean(), 0.3, atol=0.02)

    def test_the_mean_in_evaluation(self):
        cell, x, h = nn.GRUCell(3, 4), tg.randn(2, 3), tg.randn(2, 4)
        y = nn.Zoneout(cell, 0.25).eval()(x, h)
        np.testing.assert_allclose(y.detach().numpy(), 0.25 * h.numpy() + 0.75 * cell(x, h).detach().numpy(), rtol=1e-6)

    def test_rates_of_h_and_c(self):
        cell, x = nn.LSTMCell(3, 4), tg.randn(2, 3)
        state = tg.randn(2, 4), tg.randn(2, 4)
        h, c = nn.Zoneout(cell, (0.0, 1.0))(x, state)
        np.testing.assert_array_equal(c.detach().numpy(), state[1].numpy())
        np.testing.assert_array_equal(h.detach().numpy(), cell(x, state)[0].detach().numpy())
        with pytest.raises(ValueError, match="3 probabilities for a state of 2 parts"):
            nn.Zoneout(cell, (0.1, 0.1, 0.1))(x, state)

    def test_in_a_layer_from_no_state(self):
        layer = nn.Recurrent(nn.Zoneout(nn.LSTMCell(3, 4), 1.0))
        y, (h, c) = layer(tg.randn(5, 2, 3))
        assert not y.detach().numpy().any()
        assert not c.detach().numpy().any()

    def test_nothing_at_zero(self):
        cell, x = nn.RNNCell(3, 4), tg.randn(2, 3)
        np.testing.assert_array_equal(nn.Zoneout(cell, 0.0)(x).detach().numpy(), cell(x).detach().numpy())


class TestForgetBias:
    def test_every_layer_and_direction(self):
        lstm = nn.init.forget_bias_(nn.LSTM(3, 4, num_layers=2, bidirectional=True), 2.0)
        for name, p in lstm.named_parameters():
            if name.startswith("bias"):
                expected = 2.0 if "_ih" in name else 0.0
                np.testing.assert_array_equal(p[4:8].detach().numpy(), expected)
                assert (p[:4].detach().numpy() != expected).any()
                assert (p[8:].detach().numpy() != expected).any()

    def test_within_a_network(self):
        net = nn.Sequential(nn.Linear(2, 3), nn.LSTMCell(3, 4))
        nn.init.forget_bias_(net)
        assert net[1].bias_ih[4:8].tolist() == [1.0] * 4

    @pytest.mark.parametrize("module", [nn.GRU(2, 3), nn.LSTM(2, 3, bias=False), nn.Linear(2, 2)])
    def test_refused(self, module):
        with pytest.raises(ValueError, match=f"with biases, got {type(module).__name__}"):
            nn.init.forget_bias_(module)
