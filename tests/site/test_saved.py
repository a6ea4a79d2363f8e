"""What the reference says an operation keeps is what its nodes keep."""

from __future__ import annotations

import numpy as np
import pytest
from machinery import saved

import tinygrad_rnn as tg

BINARY = "for the gradient of ``a``: ``b``; for the gradient of ``b``: ``a``."


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tanh", "``y``."),
        ("sin", "``x``."),
        ("mul", BINARY),
        ("div", "for the gradient of ``a``: ``b``; for the gradient of ``b``: ``b``, ``y``."),
        ("neg", "nothing."),
        ("sum", "``x_shape``, ``dim``, ``keepdim``."),
    ],
)
def test_what_is_saved(name, words):
    assert saved.sentence(saved.operation(name, getattr(tg, name))) == words


def test_the_rule_stands_below():
    said = saved.lines("tanh", tg.tanh)
    assert said[0] == f"**Saved for the backward pass** (:doc:`why <{saved.CHAPTER}>`): ``y``."
    assert "   tanh.vjp(" in "\n".join(said)


def test_an_operation_without_gradient_keeps_nothing_to_speak_of():
    assert saved.lines("argmax", tg.argmax) == saved.lines("manual_seed", tg.manual_seed) == []


def test_it_is_what_a_node_has():
    x = tg.tensor([0.5, 2.0], requires_grad=True)
    y = x.exp()
    assert saved.kept(tg.exp.op, ["x"]) == list(y.node.rule.saves)
    np.testing.assert_array_equal(y.node.saved[0], y.detach().numpy())
