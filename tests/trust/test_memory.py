"""A training loop leaves no object behind, with the collector off: the loops of `tests.trust.memory`, briefly."""

from __future__ import annotations

import gc

import pytest

import tinygrad_rnn as tg

from ..autograd.test_lifetime import grows
from .memory import LOOPS, growth


@pytest.mark.parametrize("name", LOOPS)
def test_no_object_is_left(name):
    tg.manual_seed(0)
    assert grows(LOOPS[name]()) <= 5


def test_the_measure_sees_a_cycle():
    def leaking():
        w = tg.ones(1000, requires_grad=True)

        def step():
            cycle = [w * 2]
            cycle.append(cycle)

        return step

    before = tg.get_num_threads()
    try:
        grown = growth(leaking, 5, 105)
        assert grown.python > 100 * 4000
        assert grown.garbage >= 100
    finally:
        tg.set_num_threads(before)
        gc.collect()
