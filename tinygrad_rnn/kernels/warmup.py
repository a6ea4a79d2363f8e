"""Compiling ahead of time what would otherwise be compiled at first use."""

from __future__ import annotations

import numpy as np

from . import gru, lstm, rnn


def warmup(dtype: type = np.float32) -> None:
    """Compile every recurrent kernel for a dtype, or load it from the disk's cache, by running it once."""
    N, size = 9, 2  # rows enough for the products of single steps
    cases = (lstm, 4, 2, (None,), ()), (gru, 3, 1, (), ()), (rnn, 1, 1, (), ("tanh",))
    for module, gates, states, projection, attributes in cases:
        weights: list = [np.zeros((gates * size, size), dtype)] * 2 + [np.zeros(gates * size, dtype)] * 2
        for T in (1, 2):  # one step is computed in its own way
            y: np.ndarray = np.zeros((T, N, size), dtype)
            inputs = y, *[y[0]] * states, *weights, *projection
            _, *kept = module.sequence(*inputs, *attributes, False, None)
            cotangents, needs = (y, *[y[0]] * states), (True,) * len(inputs)
            module.sequence_vjp(*cotangents, *inputs, y, *kept[states:], *attributes, False, None, needs)
