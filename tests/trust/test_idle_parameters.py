"""A parameter that the loss does not depend on is warned of, once; what is meant to have no gradient is not."""

from __future__ import annotations

import warnings

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn, optim
from tinygrad_rnn.optim.optimizer import PATIENCE

KINDS = [optim.SGD, optim.Adam, optim.RMSprop]


class Forgetful(nn.Module):
    """Two layers, of which forward uses one."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.unused = nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x):
        return self.used(x)


def train(net, optimizer, steps, loss=lambda net: net(tg.ones(1, 2)).sum()):
    """The warnings of so many steps."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(steps):
            optimizer.zero_grad()
            loss(net).backward()
            optimizer.step()
    return caught


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_named_once(kind):
    net = Forgetful()
    optimizer = kind(net.parameters(), 0.1)
    assert not train(net, optimizer, PATIENCE - 1)
    caught = train(net, optimizer, 3 * PATIENCE)
    words = [str(each.message) for each in caught]
    assert [each.filename for each in caught] == [__file__] * 2
    assert f"{kind.__name__}.step: parameter 2 of group 0 (weight), of shape (2, 2), had no gradient in 10" in words[0]
    assert "parameter 3 of group 0 (bias)" in words[1]


def test_under_detect_anomaly_at_once():
    net = Forgetful()
    with tg.autograd.set_detect_anomaly(True):
        caught = train(net, optim.SGD(net.parameters(), 0.1), 3)
    assert ["this step" in str(each.message) for each in caught] == [True, True]


def frozen():
    net = Forgetful()
    net.unused.requires_grad_(False)
    return net, optim.SGD(net.parameters(), 0.1), None


def in_turns():
    """Two heads of which each step trains one."""
    net, turn = Forgetful(), [0]

    def loss(net):
        turn[0] += 1
        return (net.used if turn[0] % 5 else net.unused)(tg.ones(1, 2)).sum()

    return net, optim.Adam(net.parameters(), 0.1), loss


def two_optimisers():
    """As in a GAN: a loss depends on the parameters of another optimiser."""
    net = Forgetful()
    other = optim.SGD(net.unused.parameters(), 0.1)

    def loss(net):
        other.step()
        return net.unused(net.used(tg.ones(1, 2))).sum()

    return net, optim.SGD(net.used.parameters(), 0.1), loss


@pytest.mark.parametrize("make", [frozen, in_turns, two_optimisers])
def test_what_is_meant_is_silent(make):
    net, optimizer, loss = make()
    assert not train(net, optimizer, 3 * PATIENCE, *([loss] if loss else []))


def test_steps_without_any_gradient_are_silent():
    net = Forgetful()
    optimizer = optim.SGD(net.parameters(), 0.1)
    for _ in range(2 * PATIENCE):
        optimizer.step()  # warnings are errors


def test_one_that_had_a_gradient_before_is_silent():
    net = Forgetful()
    optimizer = optim.SGD(net.parameters(), 0.1)
    net.unused(net.used(tg.ones(1, 2))).sum().backward()
    optimizer.step()
    assert not train(net, optimizer, 2 * PATIENCE)
