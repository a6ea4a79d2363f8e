"""Where numbers end: the operation and the step that made them are named, at every granularity and in both passes."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.divergence import Diverged, back_origin, backward, origin

pytestmark = pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
LAYERS = {"tanh": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Net(nn.Module):
    def __init__(self, rnn) -> None:
        super().__init__()
        self.rnn, self.out = rnn, nn.Linear(5, 1)

    def forward(self, x):
        y, _ = self.rnn(x)
        return self.out(y[-1]).square().mean()


@pytest.mark.parametrize("granularity", ["sequence", "step", "op"])
@pytest.mark.parametrize("cell", LAYERS)
def test_names_the_step_of_an_input_that_is_no_number(cell, granularity):
    tg.manual_seed(0)
    net, x = Net(LAYERS[cell](2, 5)), tg.randn(9, 3, 2)
    x.array[6, 1, 0] = np.nan
    with tg.granularity(granularity):
        loss = net(x)
    assert origin(loss, net) == "the first is the input `x` (nan) of `linear` in Net / rnn / 0 / t=6"


@pytest.mark.parametrize("granularity", ["sequence", "step"])
def test_names_the_step_at_which_a_state_overflows(granularity):
    net = Net(nn.RNN(2, 5, nonlinearity="relu"))
    for parameter in net.rnn.parameters():
        nn.init.constant_(parameter, 1.0)
    nn.init.constant_(net.rnn.weight_hh_l0, 2e4)  # five units: 1e5 times as much a step
    with tg.granularity(granularity):
        loss = net(tg.ones(12, 1, 2))
    h, t = np.float32(4.0), 0
    while np.isfinite(h):  # the reference: one unit stands for all
        t, h = t + 1, np.float32(4.0) + np.float32(1e5) * h
    assert "(inf)" in (said := origin(loss, net))
    assert f"`linear` in Net / rnn / 0 / t={t}" in said


def test_names_a_parameter():
    net = Net(nn.LSTM(2, 5))
    net.out.bias.array[0] = np.inf
    assert origin(net(tg.randn(3, 1, 2)), net) == "the first is the input `bias` (inf) of `linear` in Net / out"


def test_a_gradient_that_is_not_finite_is_found_in_the_backward_pass():
    net = nn.Linear(1, 1)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)

    def loss():
        with tg.step(4):
            return net(tg.ones(1, 1)).sqrt().sum()

    assert back_origin(loss()) == "the first is what the gradient rule of `sqrt` in t=4 makes (inf)"
    said = "^the loss is 0, but the norm of its gradient became inf: the first is what the gradient rule of `sqrt` in"
    with pytest.raises(Diverged, match=said):
        backward(loss(), net, 1.0, loss)


def test_names_the_line_where_lines_are_recorded():
    x = tg.tensor([1.0], requires_grad=True)
    with tg.autograd.record_source():
        y = (x * tg.inf).sum()
    assert f", made at {__file__}:" in origin(y)


def test_what_is_finite_passes_and_is_clipped():
    net = nn.Linear(1, 1)
    loss = lambda: (10 * net(tg.ones(1, 1))).sum()
    assert backward(loss(), net, 1.0, loss) == pytest.approx(10 * np.sqrt(2), rel=1e-5)
    assert np.hypot(net.weight.grad.item(), net.bias.grad.item()) == pytest.approx(1.0, rel=1e-5)
    assert "nothing" in origin(loss(), net)
    assert "nothing" in back_origin(loss())
