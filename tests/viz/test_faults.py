"""What is not finite is painted black, in both passes, and what was so first says it."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value, draw
from tinygrad_rnn.autograd.anomaly import AnomalyError

from .helpers import clusters, nodes, texts

pytestmark = pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")


def black(source: str) -> dict[str, list[str]]:
    """Title -> lines below it, of the black boxes."""
    words = [texts(box) for box in nodes(source).values() if "fillcolor=black" in box]
    return {title: lines for title, *lines in words}


def root_of_zero():
    x = tg.tensor([0.0, 1.0], requires_grad=True)
    return (x.sqrt() * tg.tensor([0.0, 2.0])).sum(), {"x": x}


def test_a_rule_that_gives_nan():
    loss, params = root_of_zero()
    found = black(draw(loss, "op", color="finite", params=params).source)
    assert found == {"sqrt": ["2", "its rule gives nan, the first"], "x": ["2", "gradient nan"]}


def test_beside_a_backward_pass_it_is_the_gradients_that_are_black():
    loss, params = root_of_zero()
    found = black(draw(loss, "op", color="finite", params=params, backward=True).source)
    assert {title: lines[-1] for title, lines in found.items()} == {
        "∇ sqrt": "its rule gives nan, the first", "∇ x": "gradient nan"
    }  # fmt: skip


@pytest.mark.parametrize("granularity", ["sequence", "step"])
def test_the_step_at_which_a_state_overflows(granularity):
    net = tg.nn.RNN(1, 1, nonlinearity="relu")
    for parameter in net.parameters():
        tg.nn.init.constant_(parameter, 1.0)
    tg.nn.init.constant_(net.weight_hh_l0, 1e10)
    with tg.granularity(granularity):
        y, _ = net(tg.ones(6, 1, 1))
    h, t = np.float32(3.0), 0
    while np.isfinite(h):  # the reference
        t, h = t + 1, np.float32(3.0) + np.float32(1e10) * h
    source = draw(y, color="finite").source
    steps = source.split("subgraph cluster_t")[1:]
    assert len(steps) == len(clusters(source)) == 6
    assert ["value inf" in step for step in steps] == [k >= t for k in range(6)]
    assert ["value inf, the first" in step for step in steps] == [k == t for k in range(6)]
    assert "this is no loss" in source


def test_what_the_error_carries():
    x = tg.tensor([1.0, -1.0], requires_grad=True)
    with pytest.raises(AnomalyError) as caught, tg.autograd.set_detect_anomaly(True):
        (x * 2).log().sum()
    found = black(draw(caught.value.tensor, "op", color="finite").source)
    assert found["log"][-1] == "value nan, the first"
    assert "×" not in found


def test_after_an_anomaly_in_a_backward_pass_the_graph_is_whole():
    loss, _ = root_of_zero()
    with pytest.raises(AnomalyError) as caught, tg.autograd.set_detect_anomaly(True):
        loss.backward()
    assert "its rule gives nan, the first" in draw(caught.value.tensor, "op", color="finite").source


def test_values():
    source = draw(Value(1e308) * 10.0, color="finite").source
    assert black(source)["×"][-1] == "value inf, the first"


def test_nothing_is_wrong():
    x = tg.ones(2, requires_grad=True)
    loss = x.exp().sum()
    source = draw(loss, "op", color="finite").source
    assert not black(source)
    assert "nothing that is known is nan or infinite" in source
    loss.backward()
    assert "an earlier backward has freed the graph" in draw(loss, "op", color="finite").source
