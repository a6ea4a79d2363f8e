"""Compiling ahead of time what would otherwise be compiled at first use."""

from __future__ import annotations

import numpy as np

from . import cross_entropy, dropout, gru, lstm, minimal, norm, rnn, scatter, updates
from .multiplier import tall_multiplier


def warmup(dtype: type = np.float32) -> None:
    """Compile every kernel of a training step for a dtype, or load it from the disk's cache, by running it once."""
    size = 2
    cases = (lstm, 4, 2, (None,), ()), (gru, 3, 1, (), ()), (rnn, 1, 1, (), ("tanh",))
    for module, gates, states, projection, attributes in cases:
        weights: list = [np.zeros((gates * size, size), dtype)] * 2 + [np.zeros(gates * size, dtype)] * 2
        for T, N in ((1, 9), (2, 9), (2, 16)):  # one step, and many rows, are multiplied in ways of their own
            y: np.ndarray = np.zeros((T, N, size), dtype)
            inputs = y, *[y[0]] * states, *weights, *projection
            _, *kept = module.sequence(*inputs, *attributes, False, None)
            cotangents, needs = (y, *[y[0]] * states), (True,) * len(inputs)
            module.sequence_vjp(*cotangents, *inputs, y, *kept[states:], *attributes, False, None, needs)
    for shared_out, gates in (False, 2), (True, 3):
        weights = [np.zeros((gates * size, size), dtype), np.zeros(gates * size, dtype)]
        y = np.zeros((2, 2, size), dtype)
        _, h, sums = minimal.sequence(y, y[0], *weights, shared_out, False, None)
        minimal.sequence_vjp(y, h, y, y[0], *weights, y, sums, shared_out, False, None, (True,) * 4)
    tall_multiplier(np.dtype(dtype))
    around(dtype)


def around(dtype: type) -> None:
    """Run the passes around the recurrence once."""
    x: np.ndarray = np.ones((2, 3), dtype)
    names = np.zeros(2, np.int64)
    top, *_ = cross_entropy.normalizers(x, names)
    cross_entropy.gradient(x, top, top, names, top)
    scatter.add_rows(x, x.copy(), names)
    dropout.drop(x, 0, 0.5)
    norm.sum_of_squares(x)
    rules = (
        (updates.sgd, 3, 6),
        (updates.adam, 5, 8),
        (updates.rmsprop, 5, 7),
        (updates.adagrad, 3, 4),
        (updates.adadelta, 4, 6),
    )
    for update, arrays, numbers in rules:
        update(*[np.ones(3, dtype) for _ in range(arrays)], *[0.5] * numbers)
